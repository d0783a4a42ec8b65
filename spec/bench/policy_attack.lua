-- SPDX-License-Identifier: Apache-2.0
-- What a merchant feels of another one whose policy never ends, at the same rate of events.
local hookd = require 'hookd'
local load_run = require 'load'
local place = require 'place'
local sinker = require 'sinker'

local policy_attack = {}

local GOOD = [[
return {
  api = 1,
  enrich = function(_, _, request) request.body.order.metadata.cashier = nil end,
}
]]
local LOOP = 'return { api = 1, route = function() while true do end end }\n'
local IDS = { good = 1, loop = 2 }
local EVENTS_A_S = 200
local CONNECTIONS = 16

local function load_of(daemon, id, seconds)
  return load_run.start {
    port = daemon.port,
    path = ('/api/v1/merchants/%d/events'):format(id),
    key = daemon.platform_key,
    connections = CONNECTIONS,
    seconds = seconds,
    rate = EVENTS_A_S,
  }
end

-- Waits for the good merchant's events; the receiver's p99 in ms, which is of them only.
local function p99_of(sink, running, had)
  local sent = running:wait()
  assert(sent.accepted > 0 and sent.accepted == sent.sent, 'events were refused')
  sink:wait(nil, had + sent.accepted, 'answered_2xx', 60)
  return sink:histogram().p99_us / 1e3, had + sent.accepted
end

-- { alone_p99_ms, beside_p99_ms, p99_ratio }. options: seconds.
function policy_attack.measure(options)
  local sink = sinker.start { arguments = { '--bench' } }
  local daemon = hookd.new { config = { log = { level = 'error' } } }
  daemon:write_policy('good', GOOD)
  daemon:write_policy('loop', LOOP)
  daemon:run()
  place.move(sink.process.pid, place.peer)
  for name, id in pairs(IDS) do
    daemon:create_merchant { id = id, policy = name }
    daemon:create_endpoint(id, { url = sink:url('/' .. name) })
  end
  local _, had = p99_of(sink, load_of(daemon, IDS.good, 1), 0)
  sink:control('DELETE', '/histogram')
  local alone_ms, beside_ms
  alone_ms, had = p99_of(sink, load_of(daemon, IDS.good, options.seconds), had)
  sink:control('DELETE', '/histogram')
  local attacker = load_of(daemon, IDS.loop, options.seconds)
  beside_ms = p99_of(sink, load_of(daemon, IDS.good, options.seconds), had)
  attacker:wait()
  daemon:stop('KILL')
  sink:stop()
  return { alone_p99_ms = alone_ms, beside_p99_ms = beside_ms, p99_ratio = beside_ms / alone_ms }
end

return policy_attack
