-- SPDX-License-Identifier: Apache-2.0
-- Held events: what a policy that fails keeps back, what plans it again, and that a plan which was
-- made is not made again.
local eventually = require 'eventually'
local hookd = require 'hookd'
local http = require 'http'
local sinker = require 'sinker'
local stage = require 'stage'

local BROKEN = [[
return {
  api = 1,
  route = function(event)
    return event.body.nothing.more
  end,
}
]]

-- A policy that writes a mark into the body and a header.
local function marking(mark)
  return ([[
return {
  api = 1,
  enrich = function(event, endpoint, request)
    request.body.mark = %q
    request.headers["X-Mark"] = %q
  end,
}
]]):format(mark, mark)
end

-- Fails until the lookup table is there.
local BY_TABLE = [[
return {
  api = 1,
  lookup = function(event) return { city = { table = "cities", key = event.body.city } } end,
  enrich = function(event, endpoint, request, found) request.body.name = found.city.name end,
}
]]

local EVENT = '{"event":"approved","n":0.10}'

describe('an event whose policy fails', function()
  local daemon, sink

  local function start(policy, config)
    sink = sinker.start()
    daemon = hookd.new { config = config }
    if policy then daemon:write_policy('shop', policy) end
    daemon:run()
    daemon:create_merchant { id = 1, policy = 'shop' }
    daemon:create_endpoint(1, { url = sink:url('/1'), schedule = { 0, 1 }, attempts = 3 })
  end

  local function held()
    local id = daemon:send_event(1, EVENT)
    return id, daemon:wait_event(1, id, 'held')
  end

  -- What came of an event: every copy.
  local function copies(id)
    local list = {}
    for _, request in ipairs((sink:requests('/1'))) do
      if request:header('X-Webhook-Id') == id then list[#list + 1] = request end
    end
    return list
  end

  local function assert_marked(id, mark)
    local event = daemon:wait_event(1, id, 'finished')
    local got = copies(id)
    assert.are.equal(1, #got)
    assert.are.equal(('{"event":"approved","n":0.10,"mark":"%s"}'):format(mark), got[1].bytes)
    assert.are.equal(mark, got[1]:header('X-Mark'))
    return event
  end

  after_each(stage.clear)

  it('is held with file and line, sends nothing, and goes out when a reload mends it', function()
    start(BROKEN)
    local id, event = held()
    assert.is_truthy(event.error:find('^shop%.lua:4: in route: '), event.error)
    assert.are.same({}, event.deliveries)
    assert.are.equal(0, sink:count().requests)
    daemon:write_policy('shop', marking('a'))
    daemon:reload()
    assert.are.equal(2, assert_marked(id, 'a').policy.generation)
    assert.are.equal(0, daemon:expect(200, { path = '/api/v1/stats' }).events_held)
  end)

  it('stays held, and is planned by its newest policy, over a kill', function()
    start(BROKEN)
    local id = held()
    daemon:stop('KILL')
    daemon:run()
    assert.is_truthy(daemon:wait_event(1, id, 'held').error:find('^shop%.lua:4: in route: '))
    daemon:stop('KILL')
    daemon:write_policy('shop', marking('b'))
    daemon:run()
    assert_marked(id, 'b')
  end)

  it('is planned again by `hookctl policy retry`', function()
    start([[
return {
  api = 1,
  route = function(event, endpoints)
    return hook.table.get("cities", "x") and endpoints
  end,
}
]])
    local id = held()
    local calls = daemon:policies().shop.calls
    local got = daemon:ctl('policy', 'retry', 'shop')
    assert.are.equal(0, got.code)
    eventually(function() return daemon:policies().shop.calls > calls end)
    daemon:wait_event(1, id, 'held')
  end)

  it('is planned again when its lookup table has come', function()
    start(BY_TABLE)
    local id = daemon:send_event(1, '{"event":"approved","city":7}')
    local event = daemon:wait_event(1, id, 'held')
    assert.is_truthy(event.error:find("no table 'cities'", 1, true), event.error)
    daemon:write_table('cities.json', '{"7":{"name":"Lviv"}}')
    daemon:reload()
    daemon:wait_event(1, id, 'finished')
    assert.are.equal('{"event":"approved","city":7,"name":"Lviv"}', copies(id)[1].bytes)
  end)

  it('is planned again when its policy has left and come back', function()
    start(BROKEN)
    local id = held()
    local text = [[
return { api = 1, route = function() error("once more") end }
]]
    daemon:write_policy('shop', text)
    daemon:reload()
    eventually(function() return daemon:get_event(1, id).error:find('once more', 1, true) end)
    os.remove(daemon.policy_dir .. '/shop.lua')
    daemon:reload()
    eventually(function() return daemon:get_event(1, id).error:find('no such policy', 1, true) end)
    daemon:write_policy('shop', text)
    daemon:reload()
    eventually(function() return daemon:get_event(1, id).error:find('once more', 1, true) end)
  end)

  it('waits for a policy that is not there yet', function()
    start()
    local id, event = held()
    assert.is_truthy(event.error:find('^shop%.lua: there is no such policy'), event.error)
    daemon:write_policy('shop', marking('c'))
    daemon:reload()
    assert_marked(id, 'c')
  end)

  it('goes out by another policy that its merchant is given', function()
    start(BROKEN)
    local id = held()
    daemon:write_policy('other', marking('d'))
    daemon:reload()
    daemon:expect(200, { method = 'PATCH', path = '/api/v1/merchants/1',
      json = { policy = 'other' } })
    assert.are.equal('other', assert_marked(id, 'd').policy.name)
  end)

  it('is dropped when its time has passed', function()
    start(BROKEN)
    local soon = os.date('!%Y-%m-%dT%H:%M:%SZ', os.time() + 2)
    local id = daemon:send_event(1, EVENT, { ['X-Hookd-Deliver-Before'] = soon })
    local event = daemon:wait_event(1, id, 'dropped')
    assert.are.equal('expired', event.reason)
    assert.are.equal(0, daemon:expect(200, { path = '/api/v1/stats' }).events_held)
    assert.are.equal(0, sink:count().requests)
  end)

  it('is dropped with its merchant', function()
    start(BROKEN)
    held()
    daemon:expect(200, { method = 'DELETE', path = '/api/v1/merchants/1' })
    eventually(function()
      local stats = daemon:expect(200, { path = '/api/v1/stats' })
      return stats.events_held == 0 and stats.events_planning == 0
    end)
    daemon:restart('KILL')
    daemon:write_policy('shop', marking('e'))
    daemon:reload()
    local stats = daemon:expect(200, { path = '/api/v1/stats' })
    assert.are.equal(0, stats.events_held + stats.events_planning)
    assert.are.equal(0, sink:count().requests)
  end)

  it('goes out without the policy once the config says so', function()
    start(BROKEN)
    local id = held()
    daemon:configure { policy = { on_error = 'default' } }
    daemon:reload()
    daemon:wait_event(1, id, 'finished')
    assert.are.equal(EVENT, copies(id)[1].bytes)
  end)

  it('goes out without the policy when the config says so, and says why', function()
    start(BROKEN, { policy = { on_error = 'default' } })
    local id = daemon:send_event(1, EVENT)
    daemon:wait_event(1, id, 'finished')
    assert.are.equal(EVENT, copies(id)[1].bytes)
    local trail = daemon:why(1, id)
    assert.are.equal('default', trail.decided_by)
    assert.is_truthy(trail.error:find('^shop%.lua:4: in route: '), trail.error)
    daemon:restart('KILL')
    assert.are.equal(1, #copies(id))
  end)
end)

describe('a plan', function()
  local daemon, sink

  after_each(stage.clear)

  it('is sent byte for byte at each attempt, over kills and other scripts', function()
    sink = sinker.start()
    daemon = hookd.new()
    daemon:write_policy('shop', marking('first'))
    daemon:run()
    daemon:create_merchant { id = 1, policy = 'shop' }
    daemon:create_endpoint(1, { url = sink:url('/1'), attempts = 20, schedule = { 4 } })
    sink:set('/1', { status = 500 })
    local ids, by_id = {}, {}
    for i = 1, 20 do
      ids[i] = daemon:send_event(1, ('{"event":"approved", "n":%d.10,"t":"\\u0041\\/"}'):format(i))
    end
    sink:wait('/1', 20)
    for i = 1, 2 do
      daemon:write_policy('shop', i == 2 and BROKEN or marking('later' .. i))
      daemon:restart('KILL')
      sink:wait('/1', sink:count('/1').requests + 20)
    end
    daemon:write_policy('shop', 'return { api = 1, filter = function() return false, "no" end }')
    daemon:reload()
    sink:set('/1', { status = 200 })
    for _, id in ipairs(ids) do
      local event = daemon:wait_event(1, id, 'finished')
      assert.are.same({ name = 'shop', generation = 1 }, event.policy)
      assert.are.equal(1, #event.deliveries)
    end
    for _, request in ipairs((sink:requests('/1', { limit = 1000 }))) do
      local id = request:header('X-Webhook-Id')
      by_id[id] = by_id[id] or {}
      table.insert(by_id[id], request)
    end
    for i, id in ipairs(ids) do
      assert.is_true(#by_id[id] >= 4)
      for _, request in ipairs(by_id[id]) do
        assert.are.equal(('{"event":"approved", "n":%d.10,"t":"\\u0041\\/","mark":"first"}')
          :format(i), request.bytes)
        assert.are.equal('first', request:header('X-Mark'))
      end
    end
  end)
end)

describe('what a retry hook decides', function()
  local daemon, sink

  local function start(verdict)
    sink = sinker.start()
    daemon = hookd.new()
    daemon:write_policy('shop',
      ('return { api = 1, retry = function(delivery, outcome) return %s end }\n'):format(verdict))
    daemon:run()
    daemon:create_merchant { id = 1, policy = 'shop' }
    local endpoint = daemon:create_endpoint(1, { url = sink:url('/1'), schedule = { 600 },
      attempts = 3 })
    sink:set('/1', { status = 500 }, { status = 200 })
    return endpoint, daemon:send_event(1, EVENT)
  end

  after_each(stage.clear)

  it('brings the next attempt forward', function()
    local _, id = start('{ delay_ms = 10 }')
    assert.are.equal(2, #daemon:wait_event(1, id, 'finished').deliveries[1].attempts)
  end)

  it('puts it off, also over a kill', function()
    local _, id = start('{ delay_ms = 3600000 }')
    eventually(function() return daemon:policies().shop.calls == 1 end)
    local before = daemon:get_event(1, id).deliveries[1]
    daemon:restart('KILL')
    local after = daemon:get_event(1, id).deliveries[1]
    assert.are.equal(before.state, after.state)
    assert.are.equal(1, #after.attempts)
    assert.are.equal(1, sink:count('/1').requests)
  end)

  it('gives up, and stays so over a kill', function()
    local _, id = start('"give_up"')
    local function check()
      local delivery = daemon:wait_event(1, id, 'finished').deliveries[1]
      assert.are.equal('dead', delivery.state)
      assert.are.equal('gave_up', delivery.reason)
    end
    check()
    daemon:restart('KILL')
    assert.are.equal(1, sink:count('/1').requests)
  end)

  it('disables the endpoint, and it stays so over a kill', function()
    local endpoint, id = start('"disable"')
    daemon:wait_event(1, id, 'finished')
    local path = '/api/v1/merchants/1/webhooks/' .. endpoint.uuid
    assert.is_false(daemon:expect(200, { path = path }).enabled)
    daemon:restart('KILL')
    assert.is_false(daemon:expect(200, { path = path }).enabled)
    local other = daemon:send_event(1, EVENT)
    assert.are.equal('no_endpoint', daemon:wait_event(1, other, 'dropped').reason)
    assert.are.equal(http.null, daemon:get_event(1, other).error)
  end)
end)
