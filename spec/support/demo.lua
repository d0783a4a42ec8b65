-- SPDX-License-Identifier: Apache-2.0
-- The demo: hookd at work on loopback, with a crash half way, and a table that must come out right.
-- Usage: lua5.4 demo.lua [--keep]; HOOKD_BIN_DIR names the folder of the programs.
local folder = arg[0]:match('^(.*)/[^/]*$') or '.'
package.path = folder .. '/?.lua;' .. package.path

local demo_policy = require 'demo_policy'
local eventually = require 'eventually'
local events = require 'events'
local hookd = require 'hookd'
local json = require 'json'
local process = require 'process'
local sinker = require 'sinker'
local socket = require 'socket'
local stage = require 'stage'

local MERCHANTS = { { id = 7, name = 'Bakery' }, { id = 9, name = 'Bookshop' } }
local FLAKY_ATTEMPTS = 8 -- enough for two failures and what the crash cuts short
local DOWN_ATTEMPTS = 3
local WITHIN_S = 50

local keeps = false
for _, word in ipairs(arg) do
  if word == '--keep' then
    keeps = true
  else
    io.stderr:write('usage: demo.lua [--keep]\n')
    os.exit(2)
  end
end

local has_color = not os.getenv('NO_COLOR') and os.execute('test -t 1')

local function painted(color, text)
  return has_color and ('\27[%dm%s\27[0m'):format(color, text) or text
end

local function say(format, ...)
  io.stdout:write('== ', format:format(...), '\n')
  io.stdout:flush()
end

-- [[ Attempts, as they happen ]]

local tail = { names = {}, shown = {} }

local function follows(line)
  if line.state == 'waiting' then return 'again in a moment' end
  if line.state == 'delivered' then return painted(32, 'delivered') end
  return painted(31, ('%s (%s)'):format(line.state, line.reason))
end

local function attempt_print(line)
  tail.shown[('%s#%d'):format(line.delivery, line.attempt)] = true
  local came = tonumber(line.status) and line.status > 0 and ('%d'):format(line.status)
    or line.outcome
  io.stdout:write(('   %-8s %-23s %s  %-16s attempt %d  %-9s %7.1f ms  %s\n'):format(
    line.at:match('T(%d+:%d+:%d+)'), line.type, line.event:sub(-12),
    tail.names[line.endpoint] or line.endpoint, line.attempt, came, line.total_ms, follows(line)))
end

-- Prints what has come since the last call.
function tail.show()
  local text = tail.process:stdout()
  for line in text:sub(tail.seen + 1):gmatch('([^\n]*)\n') do
    tail.seen = tail.seen + #line + 1
    local attempt = json.decode(line)
    if attempt then attempt_print(attempt) end
  end
  io.stdout:flush()
end

function tail.start(daemon)
  tail.seen = 0
  tail.process = process.start({ process.program('hookctl'), '--socket', daemon.control_socket,
    '--json', 'tail' })
  socket.sleep(0.2)
end

-- [[ The stage ]]

local function endpoints_make(daemon, sink, merchant)
  local base = '/' .. merchant.name:lower()
  local closed = sink:listen('none')
  sink:close(closed)
  sink:set(base .. '/flaky', { status = 503 }, { status = 503 }, { status = 200 })
  merchant.flaky, merchant.audit = base .. '/flaky', base .. '/audit'
  local made = {
    flaky = { url = sink:url(merchant.flaky), attempts = FLAKY_ATTEMPTS,
      schedule = { 300, 600, 900 } },
    down = { url = ('http://127.0.0.1:%d/down'):format(closed), attempts = DOWN_ATTEMPTS,
      schedule = { 300, 900 } },
    audit = { url = sink:url(merchant.audit), role = 'audit', attempts = FLAKY_ATTEMPTS,
      schedule = { 300, 600, 900 } },
  }
  for name, fields in pairs(made) do
    fields.name = name
    local endpoint = daemon:create_endpoint(merchant.id, fields)
    tail.names[endpoint.uuid] = ('%s/%s'):format(merchant.name, name)
  end
end

local function send(daemon, merchant, first, last)
  for number = first, last do
    local text = events.text(events.TYPES[number], number)
    local id = daemon:send_event(merchant.id, text)
    table.insert(merchant.events, { id = id, text = text })
  end
end

-- [[ The count ]]

-- Attempts of the moments in which nobody listened: hookd had not yet its listener back.
local function unseen_print(event)
  for _, delivery in ipairs(event.deliveries) do
    for _, attempt in ipairs(delivery.attempts) do
      if not tail.shown[('%s#%d'):format(delivery.id, attempt.number)] then
        local is_last = attempt.number == #delivery.attempts
        attempt_print({ at = attempt.started_at, type = event.event, event = event.id,
          delivery = delivery.id, endpoint = delivery.webhook, attempt = attempt.number,
          status = attempt.status, outcome = attempt.outcome,
          total_ms = attempt.timings_ms.total, reason = delivery.reason,
          state = is_last and delivery.state or 'waiting' })
      end
    end
  end
end

local function all_events()
  local list = {}
  for _, merchant in ipairs(MERCHANTS) do
    for _, event in ipairs(merchant.events) do
      table.insert(list, { merchant = merchant, id = event.id, text = event.text })
    end
  end
  return list
end

local function wait_for_end(daemon)
  eventually(function()
    tail.show()
    local stats = daemon:expect(200, { path = '/api/v1/stats' })
    return stats.deliveries_pending == 0
  end, { within = WITHIN_S, every = 0.1, what = 'all deliveries to end' })
  socket.sleep(0.2)
  tail.show()
end

-- Did each path get the exact bytes?
local function is_lost(sink, event)
  for _, path in ipairs { event.merchant.flaky, event.merchant.audit } do
    local got = false
    for _, request in ipairs(sink.seen[path]) do
      got = got or (request:header('X-Webhook-Id') == event.id and request.answer.status == 200
        and request.bytes == event.text)
    end
    if not got then return true end
  end
  return false
end

local function deliveries_count(daemon, counts, event)
  local found = daemon:get_event(event.merchant.id, event.id)
  unseen_print(found)
  for _, delivery in ipairs(found.deliveries) do
    counts[delivery.state] = (counts[delivery.state] or 0) + 1
    counts.retried = counts.retried + #delivery.attempts - 1
  end
end

local function count(daemon, sink)
  say('what was tried while hookd came back, before anybody listened again')
  local counts = { accepted = 0, delivered = 0, dead = 0, retried = 0, lost = 0, duplicates = 0 }
  sink.seen = {}
  for _, merchant in ipairs(MERCHANTS) do
    for _, path in ipairs { merchant.flaky, merchant.audit } do
      sink.seen[path] = sink:requests(path)
      counts.duplicates = counts.duplicates + sink:count(path).repeats_after_2xx
    end
  end
  for _, event in ipairs(all_events()) do
    counts.accepted = counts.accepted + 1
    deliveries_count(daemon, counts, event)
    if is_lost(sink, event) then counts.lost = counts.lost + 1 end
  end
  return counts
end

local function table_print(counts)
  local rows = { { 'accepted', 16 }, { 'delivered', 32 }, { 'retried' }, { 'dead', 16 },
    { 'lost', 0 }, { 'duplicates' } }
  local is_right = true
  io.stdout:write('\n')
  for _, row in ipairs(rows) do
    local name, wanted = row[1], row[2]
    local ok = not wanted or counts[name] == wanted
    is_right = is_right and ok
    io.stdout:write(('   %-12s %5d%s\n'):format(name, counts[name],
      ok and '' or painted(31, ('   WRONG: %d it should be'):format(wanted))))
  end
  io.stdout:write('\n')
  return is_right
end

-- [[ The play ]]

local function play_keep(daemon, sink)
  io.stdout:write(([[
hookd runs on; Ctrl-C ends it.

  URL            http://127.0.0.1:%d
  platform key   %s
  control socket %s
  receiver       %s (any path; what it got: http://127.0.0.1:%d/requests)
]]):format(daemon.port, daemon.platform_key, daemon.control_socket, sink:url('/anything'),
    sink.control_port))
  for _, merchant in ipairs(MERCHANTS) do
    io.stdout:write(('  %-14s merchant %d, x-api-key %s\n'):format(merchant.name, merchant.id,
      daemon:create_key(merchant.id)))
  end
  io.stdout:write(([[

  curl -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \
    http://127.0.0.1:%d/api/v1/merchants/%d/events -d '{"event":"approved","order":{"id":"1"}}'
  %s --socket %s status
]]):format(daemon.platform_key, daemon.port, MERCHANTS[1].id, process.program('hookctl'),
    daemon.control_socket))
  io.stdout:flush()
  while daemon.process:is_running() do
    socket.sleep(0.2)
    tail.show()
  end
end

local function play()
  say('starting a receiver and hookd, with an empty state')
  local sink = sinker.start()
  local daemon = hookd.start({ config = { log = { level = 'info' } } })
  say('two merchants with three endpoints each: one fails twice, one is down, one is for audit')
  for _, merchant in ipairs(MERCHANTS) do
    merchant.events = {}
    daemon:create_merchant({ id = merchant.id, name = merchant.name })
    endpoints_make(daemon, sink, merchant)
  end
  tail.start(daemon)
  say('twelve of sixteen events')
  send(daemon, MERCHANTS[1], 1, 8)
  send(daemon, MERCHANTS[2], 1, 4)
  socket.sleep(0.15)
  tail.show()
  say('%s hookd with SIGKILL, half way', painted(31, 'killing'))
  daemon:stop('KILL')
  tail.process:finish()
  daemon:run()
  say('hookd is back; its journal told it everything')
  tail.start(daemon)
  send(daemon, MERCHANTS[2], 5, 8)
  wait_for_end(daemon)
  local is_right = table_print(count(daemon, sink))
  say(is_right and painted(32, 'nothing was lost') or painted(31, 'the numbers are wrong'))
  local is_decided = demo_policy.play(daemon, sink, say)
  say(is_decided and painted(32, 'every event went where its policy said')
    or painted(31, 'an event went where no policy said'))
  is_right = is_right and is_decided
  if keeps then play_keep(daemon, sink) end
  return is_right
end

local ok, result = xpcall(play, debug.traceback)
if not ok then io.stderr:write('demo: ', tostring(result), '\n') end
stage.clear()
os.exit(ok and result and 0 or 1)
