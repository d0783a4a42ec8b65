-- SPDX-License-Identifier: Apache-2.0
-- Runs of bench_load, the producer.
local json = require 'json'
local place = require 'place'
local process = require 'process'

local load_run = {}

local NAMES = { 'port', 'path', 'merchants', 'first', 'key', 'connections', 'seconds', 'rate' }

local running = {}
running.__index = running

-- Starts to send events for a time.
-- options: port, path, merchants, first, key, connections, seconds, rate.
function load_run.start(options)
  local argv = { process.program('bench_load') }
  for _, name in ipairs(NAMES) do
    if options[name] then
      table.insert(argv, '--' .. name)
      table.insert(argv, tostring(options[name]))
    end
  end
  return setmetatable({ process = process.start(place.on(place.peer, argv)),
    timeout_s = options.seconds + 60 }, running)
end

-- Waits for its end and returns what bench_load measured (see bench_load.c).
function running:wait()
  local code = self.process:wait(self.timeout_s)
  self.process:finish()
  local text = self.process:stdout()
  if code ~= 0 then error('bench_load: ' .. self.process:stderr() .. text, 2) end
  return assert(json.decode(text))
end

-- The same at once.
function load_run.run(options)
  return load_run.start(options):wait()
end

-- The moment of now on the clock of bench_load (CLOCK_MONOTONIC), in seconds, to 10 ms.
function load_run.now_s()
  local file = assert(io.open('/proc/uptime'))
  local seconds = file:read('n')
  file:close()
  return seconds
end

return load_run
