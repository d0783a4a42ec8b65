-- SPDX-License-Identifier: Apache-2.0
-- Policies as the platform and a merchant see them over the API: lists, trails, retry.
local eventually = require 'eventually'
local hookd = require 'hookd'
local http = require 'http'
local sinker = require 'sinker'
local stage = require 'stage'

local REFUNDS = [[
return {
  api = 1,
  filter = function(event)
    if event.body.order.is_test then return false, "a test order" end
  end,
  route = function(event, endpoints)
    local wanted = {}
    for _, endpoint in ipairs(endpoints) do
      if endpoint.labels.kind == "finance" or event.body.order.total > 100 then
        wanted[#wanted + 1] = endpoint
      end
    end
    return wanted
  end,
  enrich = function(event, endpoint, request)
    if endpoint.labels.kind ~= "finance" then return false, "finance only" end
    request.body.order.branch = { city = "Lviv" }
    request.body.order.secret = nil
    request.headers["X-Branch"] = "7"
  end,
}
]]

local BROKEN = 'return {\n  api = 1,\n  route = function(event)\n'
  .. '    return event.body.nope.nothing\n  end,\n}\n'

describe('policies over the API', function()
  local daemon, sink, key, finance, shop

  setup(function()
    sink = sinker.start()
    daemon = hookd.new()
    daemon:write_policy('refunds', REFUNDS)
    daemon:write_policy('broken', BROKEN)
    daemon:write_policy('never', 'return {\n')
    daemon:run()
    daemon:create_merchant { id = 1, policy = 'refunds' }
    daemon:create_merchant { id = 2, policy = 'broken' }
    daemon:create_merchant { id = 3 }
    key = daemon:create_key(1)
    finance = daemon:create_endpoint(1, { url = sink:url('/finance'), name = 'finance',
      labels = { kind = 'finance' } })
    shop = daemon:create_endpoint(1, { url = sink:url('/shop'), name = 'shop' })
    for id = 2, 3 do daemon:create_endpoint(id, { url = sink:url('/' .. id) }) end
  end)

  teardown(stage.clear)

  local function order(total, more)
    return ('{"event":"refunded","order":{"total":%s,"secret":"s","n":0.10%s}}'):format(total,
      more or '')
  end

  local function why(id, with_key)
    return daemon:expect(200, { path = '/api/v1/events/' .. id .. '/why', key = with_key })
  end

  it('tells of each policy what it is and how it goes', function()
    local id = daemon:send_event(1, order('20.50'))
    daemon:wait_event(1, id, 'finished')
    local policies = daemon:policies()
    local refunds = policies.refunds
    assert.are.equal(1, refunds.generation)
    assert.are.same({ 'filter', 'route', 'enrich' }, refunds.hooks)
    assert.are.equal(1, refunds.merchants)
    assert.is_true(refunds.calls >= 1)
    assert.are.equal(0, refunds.errors)
    assert.is_true(refunds.cpu_ms > 0)
    assert.is_truthy(refunds.loaded_at:find('^%d%d%d%d%-%d%d%-%d%dT'))
    assert.are.equal(http.null, refunds.fault)
    assert.are.equal(0, policies.never.generation)
    assert.are.equal(http.null, policies.never.loaded_at)
    assert.is_truthy(policies.never.fault:find(daemon.policy_dir .. '/never.lua:', 1, true))
    assert.are.equal(1, policies.default.merchants) -- what ships is found beside the program
    assert.are.same({}, policies.default.hooks)
  end)

  it('shows the platform how a merchant uses its policy', function()
    local use = daemon:expect(200, { path = '/api/v1/merchants/1' }).policy_use
    assert.are.equal('refunds', use.policy)
    assert.are.equal(1, use.generation)
    assert.is_true(use.calls >= 1)
    assert.is_true(use.memory_bytes > 1000)
    assert.is_false(use.suspended)
    assert.are.equal(http.null, use.error)
    assert.are.equal('default',
      daemon:expect(200, { path = '/api/v1/merchants/3' }).policy_use.policy)
  end)

  it('tells why an event was dropped', function()
    local id = daemon:send_event(1, order('5', ',"is_test":true'))
    local event = daemon:wait_event(1, id, 'dropped')
    assert.are.equal('filtered', event.reason)
    assert.are.same({ name = 'refunds', generation = 1 }, event.policy)
    local trail = why(id)
    assert.are.equal('policy', trail.decided_by)
    assert.are.same({ reason = 'filtered', why = 'a test order' }, trail.dropped)
    assert.are.same({ name = 'refunds', generation = 1, hooks = { 'filter' } }, trail.policy)
    assert.are.same({}, trail.deliveries)
  end)

  it('tells what was routed, skipped and changed, with the exact texts', function()
    local id = daemon:send_event(1, order('120.50'))
    daemon:wait_event(1, id, 'finished')
    local got = daemon:request { path = '/api/v1/events/' .. id .. '/why', key = key }
    local trail = got.json.data
    assert.are.equal(id, trail.id)
    assert.are.same({ 'filter', 'route', 'enrich' }, trail.policy.hooks)
    local by_webhook = {}
    for _, delivery in ipairs(trail.deliveries) do by_webhook[delivery.webhook] = delivery end
    local sent, skipped = by_webhook[finance.uuid], by_webhook[shop.uuid]
    assert.are.equal('delivered', sent.state)
    assert.are.equal(200, sent.attempts[1].status)
    assert.are.same({ ['X-Branch'] = '7' }, sent.headers)
    assert.are.same({
      { op = 'remove', path = '/order/secret', from = 's' },
      { op = 'add', path = '/order/branch', to = { city = 'Lviv' } },
    }, sent.diff)
    assert.is_false(sent.diff_is_cut)
    assert.are.equal('skipped_by_policy', skipped.reason)
    assert.are.equal('finance only', skipped.why)
    assert.are.same({}, skipped.diff)
    assert.is_truthy(got.body:find('"path":"/order/branch","to":{"city":"Lviv"}', 1, true))
    for _, request in ipairs((sink:requests('/finance'))) do
      if request:header('X-Webhook-Id') == id then
        assert.are.equal('{"event":"refunded","order":{"total":120.50,"n":0.10,'
          .. '"branch":{"city":"Lviv"}}}', request.bytes)
      end
    end
  end)

  it('tells it to the platform and to the merchant, and to nobody else', function()
    local id = daemon:send_event(1, order('20'))
    daemon:wait_event(1, id, 'finished')
    local other = daemon:create_key(2)
    assert.are.equal(id, why(id, key).id)
    assert.are.equal(id, daemon:why(1, id).id)
    assert.are.equal(404, daemon:request({ path = '/api/v1/events/' .. id .. '/why',
      key = other }).status)
    assert.are.equal(404, daemon:request({
      path = '/api/v1/merchants/2/events/' .. id .. '/why' }).status)
    assert.are.equal(404, daemon:request({
      path = '/api/v1/events/00000000-0000-4000-8000-000000000000/why' }).status)
    for _, path in ipairs { '/api/v1/policies', '/api/v1/policies/refunds/events' } do
      assert.are.equal(401, daemon:request({ path = path, key = key }).status)
    end
  end)

  it('tells of an event without a policy that hookd decided', function()
    local id = daemon:send_event(3, { event = 'approved' })
    daemon:wait_event(3, id, 'finished')
    local trail = why(id)
    assert.are.equal('default', trail.decided_by)
    assert.are.equal(http.null, trail.policy)
    assert.are.same({}, trail.deliveries[1].diff)
  end)

  it('shows why events are held, and plans them again when it is asked to', function()
    local held = {}
    for i = 1, 3 do held[i] = daemon:send_event(2, { event = 'approved', n = i }) end
    for _, id in ipairs(held) do
      local event = daemon:wait_event(2, id, 'held')
      assert.is_truthy(event.error:find('broken.lua:4: in route: ', 1, true), event.error)
      assert.are.equal('broken', event.policy.name)
      assert.are.same({}, event.deliveries)
      local trail = why(id)
      assert.are.equal(http.null, trail.decided_by)
      assert.are.equal(event.error, trail.error)
    end
    local use = daemon:expect(200, { path = '/api/v1/merchants/2' }).policy_use
    assert.are.equal(3, use.held)
    assert.is_truthy(use.error:find('broken.lua:4: ', 1, true))
    assert.is_true(use.errors >= 3)
    assert.are.equal(3, daemon:policies().broken.held)
    local calls = daemon:policies().broken.calls
    assert.are.same({ events = 3 }, (daemon:expect(200, { method = 'POST',
      path = '/api/v1/policies/broken/retry' })))
    eventually(function() return daemon:policies().broken.calls >= calls + 3 end)
    -- With the policy mended they are planned, and go out.
    daemon:write_policy('broken', 'return { api = 1, filter = function() return true end }')
    local got = daemon:request { method = 'POST', path = '/api/v1/reload' }
    assert.are.equal(422, got.status) -- never.lua is still there
    for _, id in ipairs(held) do
      local event = daemon:wait_event(2, id, 'finished')
      assert.are.same({ name = 'broken', generation = 2 }, event.policy)
      assert.are.equal(http.null, event.error)
    end
    assert.are.equal(0, daemon:policies().broken.held)
  end)

  it('lists the last events of a policy', function()
    local ids = daemon:expect(200, { path = '/api/v1/policies/refunds/events?last=2' })
    assert.are.equal(2, #ids)
    local newest = daemon:send_event(1, order('20'))
    daemon:wait_event(1, newest, 'finished')
    ids = daemon:expect(200, { path = '/api/v1/policies/refunds/events?last=2' })
    assert.are.equal(newest, ids[1])
    assert.are.equal(422,
      daemon:request({ path = '/api/v1/policies/refunds/events?last=0' }).status)
  end)

  it('knows no policy that is not there', function()
    assert.are.equal(404, daemon:request({ method = 'POST',
      path = '/api/v1/policies/nobody/retry' }).status)
    assert.are.same({}, daemon:expect(200, { path = '/api/v1/policies/nobody/events' }))
    assert.are.equal(404, daemon:request({ path = '/api/v1/policies/..%2f/events' }).status)
  end)

  it('counts policies and their workers in the stats', function()
    local stats = daemon:expect(200, { path = '/api/v1/stats' })
    assert.is_true(stats.policy_calls > 0)
    assert.is_true(stats.policy_errors >= 3)
    assert.is_true(stats.policy_workers_wanted >= 1)
    assert.are.equal(stats.policy_workers_wanted, stats.policy_workers_running)
    assert.are.equal(http.null, stats.policy_workers_error)
  end)
end)
