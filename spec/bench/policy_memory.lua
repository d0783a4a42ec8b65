-- SPDX-License-Identifier: Apache-2.0
-- How much memory is resident when very many merchants have a script of their own and have used it.
local hookd = require 'hookd'
local load_run = require 'load'
local sinker = require 'sinker'
local temp = require 'temp'
local usage = require 'usage'

local policy_memory = {}

local MERCHANTS = 10000
-- bench_load gives each connection one merchant, and has this many at most.
local CONNECTIONS = 2500

local TEXT = [[
local policy = { api = 1 }

function policy.route(event, endpoints)
  if event.body.order.total_price >= %d then return endpoints end
end

function policy.enrich(_, endpoint, request)
  request.body.order.department = endpoint.name
end

return policy
]]

local function resident_bytes(pid)
  local text = assert(temp.read(('/proc/%d/status'):format(pid)), 'a process has ended')
  return tonumber(text:match('VmRSS:%s*(%d+) kB')) * 1024
end

local function start(sink)
  local daemon = hookd.new { config = { log = { level = 'warn' } } }
  for id = 1, MERCHANTS do daemon:write_policy(tostring(id), TEXT:format(id)) end
  daemon:run()
  for id = 1, MERCHANTS do
    daemon:create_merchant { id = id }
    daemon:create_endpoint(id, { url = sink:url('/' .. id) })
  end
  return daemon
end

-- Sends every merchant at least one event, and waits until all are delivered.
local function use(daemon, sink)
  local count = 0
  for first = 0, MERCHANTS - 1, CONNECTIONS do
    local sent = load_run.run {
      port = daemon.port,
      path = '/api/v1/merchants/%/events',
      first = first,
      merchants = CONNECTIONS,
      key = daemon.platform_key,
      connections = CONNECTIONS,
      seconds = 0.01,
    }
    assert(sent.accepted >= CONNECTIONS and sent.accepted == sent.sent, 'events were refused')
    count = count + sent.accepted
    sink:wait(nil, count, 'answered_2xx', 120)
  end
end

-- { daemon_mib, workers_mib, all_mib }
function policy_memory.measure()
  local sink = sinker.start { arguments = { '--bench' } }
  local daemon = start(sink)
  use(daemon, sink)
  local own, workers = resident_bytes(daemon.process.pid), 0
  for _, pid in ipairs(usage.children(daemon.process.pid)) do
    workers = workers + resident_bytes(pid)
  end
  daemon:stop('KILL')
  sink:stop()
  return { daemon_mib = own / 1048576, workers_mib = workers / 1048576,
    all_mib = (own + workers) / 1048576 }
end

return policy_memory
