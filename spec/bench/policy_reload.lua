-- SPDX-License-Identifier: Apache-2.0
-- A reload of many scripts, all of them changed, while events come in at a low rate: how long it
-- takes, how long it stops the main thread, and what the events feel of it.
local hookd = require 'hookd'
local load_run = require 'load'
local place = require 'place'
local sinker = require 'sinker'
local socket = require 'socket'

local policy_reload = {}

local SCRIPTS = 1000
local MERCHANTS = 16
local EVENTS_A_S = 200
local LEAD_S = 0.5

local TEXT = [[
local policy = { api = 1 }

function policy.route(event)
  if event.body.order.total_price >= %d then return { 'endpoint' } end
end

return policy
]]

-- Writes all scripts anew, so that each of them has changed.
local function write_scripts(daemon, version)
  for number = 1, SCRIPTS do
    daemon:write_policy(('script-%04d'):format(number), TEXT:format(version * SCRIPTS + number))
  end
end

local function start(sink)
  local daemon = hookd.new { config = { log = { level = 'warn' } } }
  write_scripts(daemon, 0)
  daemon:run()
  for number = 1, MERCHANTS do
    daemon:create_merchant { id = number, policy = ('script-%04d'):format(number) }
    daemon:create_endpoint(number, { url = sink:url('/' .. number) })
  end
  return daemon
end

local function load_of(daemon, seconds)
  return load_run.start {
    port = daemon.port,
    path = '/api/v1/merchants/%/events',
    merchants = MERCHANTS,
    key = daemon.platform_key,
    connections = MERCHANTS,
    seconds = seconds,
    rate = EVENTS_A_S,
  }
end

local function reload(daemon)
  local begun_s = socket.gettime()
  local data = (daemon:expect(200, { method = 'POST', path = '/api/v1/reload', timeout_s = 60 }))
  local seconds, changed = socket.gettime() - begun_s, 0
  for _, line in ipairs(data.policies) do
    changed = changed + (line.what == 'swapped' and 1 or 0)
  end
  assert(changed == SCRIPTS, ('%d scripts of %d were changed'):format(changed, SCRIPTS))
  return seconds, data.pause_ms
end

local function checked(sent)
  assert(sent.accepted > 0 and sent.accepted == sent.sent, 'events were refused')
  return sent.max_us / 1e3
end

-- One reload beside as much load without one: { reload_s, pause_ms, ingest_max_ms,
-- quiet_ingest_max_ms }. options: seconds.
function policy_reload.measure(options)
  local sink = sinker.start { arguments = { '--bench' } }
  local daemon = start(sink)
  place.move(sink.process.pid, place.peer)
  local quiet_ms = checked(load_of(daemon, options.seconds):wait())
  write_scripts(daemon, 1)
  local running = load_of(daemon, options.seconds)
  socket.sleep(LEAD_S)
  local seconds, pause_ms = reload(daemon)
  local busy_ms = checked(running:wait())
  assert(daemon:stop() == 0, 'hookd did not end well:\n' .. daemon:log())
  sink:stop()
  return { reload_s = seconds, pause_ms = pause_ms, ingest_max_ms = busy_ms,
    quiet_ingest_max_ms = quiet_ms }
end

return policy_reload
