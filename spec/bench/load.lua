-- SPDX-License-Identifier: Apache-2.0
-- Runs of bench_load, the producer.
local json = require 'json'
local place = require 'place'
local process = require 'process'

local load_run = {}

-- Sends events for a time and returns what bench_load measured (see bench_load.c).
-- options: port, path, merchants, key, connections, seconds, rate.
function load_run.run(options)
  local argv = { process.program('bench_load') }
  for _, name in ipairs { 'port', 'path', 'merchants', 'key', 'connections', 'seconds', 'rate' } do
    if options[name] then
      table.insert(argv, '--' .. name)
      table.insert(argv, tostring(options[name]))
    end
  end
  local got = process.run(place.on(place.peer, argv), { timeout_s = options.seconds + 60 })
  if got.code ~= 0 then error('bench_load: ' .. got.stderr .. got.stdout, 2) end
  return assert(json.decode(got.stdout))
end

-- The moment of now on the clock of bench_load (CLOCK_MONOTONIC), in seconds, to 10 ms.
function load_run.now_s()
  local file = assert(io.open('/proc/uptime'))
  local seconds = file:read('n')
  file:close()
  return seconds
end

return load_run
