-- SPDX-License-Identifier: Apache-2.0
-- Workers that are kept busy, hang, are killed or cannot be started: nothing is lost, others go on.
local eventually = require 'eventually'
local hookd = require 'hookd'
local process = require 'process'
local sinker = require 'sinker'
local stage = require 'stage'
local temp = require 'temp'

local LOOP = 'return {\n  api = 1,\n  route = function()\n    while true do end\n  end,\n}\n'
local GOOD = 'return { api = 1, enrich = function(_, _, request) request.body.good = true end }\n'
-- Keys that all fall into one place of Lua's hash when the table grows to 2^17: the growth is one
-- instruction and takes seconds, which no eye of the worker sees.
local COLLIDE = [[
return {
  api = 1,
  route = function()
    local t = {}
    for i = 1, 70000 do t[i * 131071] = true end
  end,
}
]]
local COLLIDE_AT_LOAD = 'local t = {}\nfor i = 1, 70000 do t[i * 131071] = true end\n'
  .. 'return { api = 1 }\n'
-- Some milliseconds of work, so that runs are out when something happens to a worker.
local SLOW = [[
return {
  api = 1,
  enrich = function(_, _, request)
    local n = 0
    for i = 1, 300000 do n = n + i % 3 end
    request.body.n = n
  end,
}
]]

describe('policy workers', function()
  local daemon, sink

  local function merchant(id, policy)
    daemon:create_merchant { id = id, policy = policy }
    daemon:create_endpoint(id, { url = sink:url('/' .. id), schedule = { 1, 1, 1 } })
  end

  local function use(id)
    return daemon:expect(200, { path = '/api/v1/merchants/' .. id }).policy_use
  end

  local function stats()
    return (daemon:expect(200, { path = '/api/v1/stats' }))
  end

  -- The processes that hookd has started.
  local function workers()
    local pipe = assert(io.popen(('cat /proc/%d/task/*/children'):format(daemon.process.pid)))
    local pids = {}
    for pid in pipe:read('a'):gmatch('%d+') do pids[#pids + 1] = pid end
    pipe:close()
    return pids
  end

  local function signal_workers(signal)
    for _, pid in ipairs(workers()) do
      os.execute(('kill -%s %s 2>/dev/null'):format(signal, pid))
    end
  end

  local function wait_for_workers()
    eventually(function()
      local now = stats()
      return now.policy_workers_running == now.policy_workers_wanted
    end)
  end

  -- Asks for the held events of a policy to be planned again until all of these have gone out, and
  -- checks that each did so once.
  local function retry_until_finished(id, policy, events)
    eventually(function()
      daemon:expect(200, { method = 'POST', path = '/api/v1/policies/' .. policy .. '/retry' })
      for _, event in ipairs(events) do
        if daemon:get_event(id, event).state ~= 'finished' then return false end
      end
      return true
    end, { within = 40, every = 0.2, what = 'all events to go out' })
    local ids = sink:ids('/' .. id)
    for _, event in ipairs(events) do assert.are.equal(1, ids[event].times) end
  end

  after_each(stage.clear)

  it('are not one merchant\'s alone: his overruns pause him, and all others go on', function()
    sink, daemon = sinker.start(), hookd.new { config = { policy = { time_ms_max = 20 } } }
    daemon:write_policy('loop', LOOP)
    daemon:write_policy('good', GOOD)
    daemon:run()
    merchant(1, 'loop')
    for id = 2, 5 do merchant(id, 'good') end
    local bad, good = {}, {}
    for i = 1, 200 do
      bad[i] = daemon:send_event(1, { event = 'approved', n = i })
      good[i] = daemon:send_event(2 + i % 4, { event = 'approved', n = i })
    end
    for i, id in ipairs(good) do daemon:wait_event(2 + i % 4, id, 'finished') end
    for _, id in ipairs(bad) do daemon:wait_event(1, id, 'held') end
    local used = use(1)
    assert.are.equal(200, used.held)
    -- What was out before the first one had come back (64 at most), and one after each pause.
    assert.is_true(used.calls >= 3 and used.calls <= 64 + 20, used.calls)
    assert.is_truthy(used.error:find('loop.lua:4: in route: out of time', 1, true), used.error)
    assert.is_false(used.suspended)
    assert.are.equal(0, stats().policy_workers_restarts)
  end)

  it('that hang are killed, and three kills suspend the merchant\'s policy', function()
    sink, daemon = sinker.start(), hookd.new { config = { policy = { kill_ms = 400 } } }
    daemon:write_policy('hang', COLLIDE)
    daemon:write_policy('good', GOOD)
    daemon:run()
    merchant(1, 'hang')
    for id = 2, 9 do merchant(id, 'good') end
    local bad, good = {}, {}
    for i = 1, 8 do
      bad[i] = daemon:send_event(1, { event = 'approved', n = i })
      good[i] = daemon:send_event(1 + i, { event = 'approved', n = i })
    end
    for _, id in ipairs(bad) do
      local event = daemon:wait_event(1, id, 'held', 60)
      assert.are.equal(0, #event.deliveries)
      assert.is_string(event.error)
    end
    for i, id in ipairs(good) do
      daemon:wait_event(1 + i, id, 'finished')
      assert.are.equal(0, use(1 + i).errors) -- nobody else is blamed
    end
    local used = use(1)
    assert.is_true(used.suspended)
    assert.are.equal(8, used.held)
    assert.are.equal(1, daemon:policies().hang.suspended)
    assert.is_truthy(daemon:log():find('had to be killed', 1, true))
    local restarts = stats().policy_workers_restarts
    assert.is_true(restarts >= 3 and restarts <= 6, restarts)
    -- Suspended, it runs no more.
    daemon:wait_event(1, daemon:send_event(1, { event = 'approved' }), 'held')
    assert.are.equal(restarts, stats().policy_workers_restarts)
    -- Mended, all of it goes out.
    daemon:write_policy('hang', GOOD)
    daemon:reload()
    for _, id in ipairs(bad) do daemon:wait_event(1, id, 'finished') end
    assert.is_false(use(1).suspended)
  end)

  it('that hang while a script loads refuse it, and nothing else', function()
    sink, daemon = sinker.start(), hookd.new { config = { policy = { kill_ms = 400 } } }
    daemon:write_policy('hang', COLLIDE_AT_LOAD)
    daemon:write_policy('good', GOOD)
    daemon:write_policy('zzz', GOOD)
    daemon:run()
    local listed = daemon:policies()
    assert.is_truthy(listed.hang.fault:find('hang.lua', 1, true), listed.hang.fault)
    assert.are.equal(1, listed.zzz.generation)
    merchant(1, 'hang')
    merchant(2, 'zzz')
    daemon:wait_event(2, daemon:send_event(2, { event = 'approved' }), 'finished')
    daemon:wait_event(1, daemon:send_event(1, { event = 'approved' }), 'held')
    assert.are.equal(0, stats().policy_workers_restarts)
  end)

  it('that are killed from outside come back, and nothing is lost or sent twice', function()
    sink, daemon = sinker.start(), hookd.new { config = { policy = { time_ms_max = 5000 } } }
    daemon:write_policy('slow', SLOW)
    daemon:run()
    merchant(1, 'slow')
    local sent = {}
    for _ = 1, 3 do
      wait_for_workers()
      for _ = 1, 10 do sent[#sent + 1] = daemon:send_event(1, { event = 'approved', n = #sent }) end
      assert.is_true(#workers() > 0)
      signal_workers('KILL')
    end
    wait_for_workers()
    retry_until_finished(1, 'slow', sent)
    assert.is_true(stats().policy_workers_restarts >= 3)
    assert.is_string(stats().policy_workers_error)
  end)

  it('that are stopped are killed and replaced', function()
    sink, daemon = sinker.start(), hookd.new { config = { policy = { kill_ms = 100 } } }
    daemon:write_policy('good', GOOD)
    daemon:run()
    merchant(1, 'good')
    daemon:wait_event(1, daemon:send_event(1, { event = 'approved' }), 'finished')
    signal_workers('STOP')
    local sent = {}
    for i = 1, 10 do sent[i] = daemon:send_event(1, { event = 'approved', n = i }) end
    eventually(function() return stats().policy_workers_restarts > 0 end, { within = 40 })
    wait_for_workers()
    retry_until_finished(1, 'good', sent)
  end)

  it('that cannot be started are shown, and what is planned is delivered', function()
    local folder = temp.folder('bin')
    for _, name in ipairs { 'hookd', 'hookd-policy' } do
      assert(os.execute(('cp %s %s'):format(temp.quote(process.program(name)),
        temp.quote(folder))))
    end
    sink = sinker.start()
    daemon = hookd.new { program = folder .. '/hookd', config = { policy = { kill_ms = 300 } } }
    daemon:write_policy('good', GOOD)
    daemon:run()
    merchant(1, 'good')
    sink:set('/1', { status = 500 }, { status = 500 }, { status = 200 })
    local planned = daemon:send_event(1, { event = 'approved', n = 1 })
    sink:wait('/1', 1)
    assert(os.rename(folder .. '/hookd-policy', folder .. '/away'))
    signal_workers('KILL')
    eventually(function()
      local now = stats()
      return now.policy_workers_running == 0 and type(now.policy_workers_error) == 'string'
        and now.policy_workers_error:find('hookd-policy', 1, true)
    end)
    assert.is_truthy(daemon:log():find('a policy worker cannot be started', 1, true))
    local waits = daemon:send_event(1, { event = 'approved', n = 2 })
    daemon:wait_event(1, planned, 'finished')
    local held = daemon:wait_event(1, waits, 'held')
    assert.is_truthy(held.error:find('no policy worker runs', 1, true), held.error)
    assert(os.rename(folder .. '/away', folder .. '/hookd-policy'))
    wait_for_workers()
    retry_until_finished(1, 'good', { waits })
    assert.is_true(sink:requests('/1')[1].json.good)
  end)
end)
