-- SPDX-License-Identifier: Apache-2.0
-- Events over HTTP: accepted, repeated, looked up.
local hookd = require 'hookd'
local json = require 'json'
local sinker = require 'sinker'
local stage = require 'stage'

describe('events', function()
  local daemon, sink, merchant, path

  setup(function()
    daemon, sink = hookd.start(), sinker.start()
  end)

  teardown(stage.clear)

  before_each(function()
    merchant = daemon:create_merchant()
    path = ('/api/v1/merchants/%d/events'):format(merchant.id)
  end)

  local function send(body, headers)
    headers = headers or {}
    headers['Content-Type'] = headers['Content-Type'] or 'application/json'
    return daemon:request { method = 'POST', path = path, body = body, headers = headers }
  end

  it('are answered 202 with an id of version 7', function()
    local got = send '{"event":"approved"}'
    assert.are.equal(202, got.status)
    assert.is_true(got.json.status)
    assert.are.same({}, got.json.appended_data)
    assert.is_truthy(got.json.data.id:match('^%x+%-%x+%-7%x+%-[89ab]%x+%-%x+$'))
    assert.is_nil(got.headers['idempotent-replayed'])
  end)

  it('are found at once after the 202, also after a crash', function()
    local id = send('{"event":"approved"}').json.data.id
    daemon:restart('KILL')
    assert.are.equal(id, daemon:get_event(merchant.id, id).id)
  end)

  it('are repeated by their Idempotency-Key', function()
    local one = send('{"event":"approved"}', { ['Idempotency-Key'] = 'k 1' })
    local two = send('{"event":"approved"}', { ['Idempotency-Key'] = 'k 1' })
    assert.are.equal(202, two.status)
    assert.are.equal(one.json.data.id, two.json.data.id)
    assert.is_nil(one.headers['idempotent-replayed'])
    assert.are.equal('true', two.headers['idempotent-replayed'])
    assert.are.equal(409, send('{"event":"refunded"}', { ['Idempotency-Key'] = 'k 1' }).status)
    local other = send('{"event":"approved"}', { ['Idempotency-Key'] = 'k 2' })
    assert.are_not.equal(one.json.data.id, other.json.data.id)
    daemon:restart('KILL')
    two = send('{"event":"approved"}', { ['Idempotency-Key'] = 'k 1' })
    assert.are.equal(one.json.data.id, two.json.data.id)
  end)

  it('have idempotency keys of one merchant only', function()
    local one = send('{"event":"approved"}', { ['Idempotency-Key'] = 'shared' })
    local other = daemon:create_merchant()
    local id = daemon:send_event(other.id, '{"event":"approved"}',
      { ['Idempotency-Key'] = 'shared' })
    assert.are_not.equal(one.json.data.id, id)
  end)

  it('take keys of 1 to 255 bytes', function()
    for _, name in ipairs { 'Idempotency-Key', 'X-Hookd-Key' } do
      for _, case in ipairs { { 0, 422 }, { 1, 202 }, { 255, 202 }, { 256, 422 } } do
        local got = send('{"event":"approved"}', { [name] = ('k'):rep(case[1]) })
        assert.are.equal(case[2], got.status)
        if case[2] == 422 then assert.is_table(got.json.errors[name]) end
      end
    end
  end)

  it('have an ordering key: the header, else order.id', function()
    local cases = {
      { '{"event":"a","order":{"id":"o-1"}}', {}, 'o-1' },
      { '{"event":"a","order":{"id":42}}', {}, '42' },
      { '{"event":"a","order":{"id":"o-1"}}', { ['X-Hookd-Key'] = 'mine' }, 'mine' },
      { '{"event":"a"}', {}, json.null },
      { '{"event":"a","order":{"id":null}}', {}, json.null },
    }
    for _, case in ipairs(cases) do
      local id = send(case[1], case[2]).json.data.id
      assert.are.equal(case[3], daemon:get_event(merchant.id, id).key)
    end
  end)

  it('may have a time before which they must be delivered', function()
    local before = { ['X-Hookd-Deliver-Before'] = '2099-01-01T00:00:00Z' }
    assert.are.equal(202, send('{"event":"a"}', before).status)
    for _, text in ipairs { 'tomorrow', '2026-05-02', '2026-13-02T08:00:00Z', '' } do
      local got = send('{"event":"a"}', { ['X-Hookd-Deliver-Before'] = text })
      assert.are.equal(422, got.status)
      assert.is_table(got.json.errors['X-Hookd-Deliver-Before'])
    end
  end)

  it('take any valid number and \\u0000, and show the bytes that came', function()
    local body = ' {"event" : "a.b_1", "n":[0.10, 1E400, 18446744073709551616, -0],\n'
      .. '"s":"\\u0000\\ud83d\\ude00é","e":{},"l":[]} '
    local id = send(body).json.data.id
    local got = daemon:request { path = path .. '/' .. id }
    assert.is_truthy(got.body:find('"body":' .. body .. ',', 1, true))
  end)

  it('may be nested 64 levels deep', function()
    local function nested(levels)
      return '{"event":"a","x":' .. ('['):rep(levels - 1) .. (']'):rep(levels - 1) .. '}'
    end
    assert.are.equal(202, send(nested(64)).status)
    assert.are.equal(400, send(nested(65)).status)
  end)

  it('are shown with deliveries and attempts', function()
    sink:set('/e', { status = 503, body = 'no "thanks"' }, { status = 200 })
    local endpoint = daemon:create_endpoint(merchant.id,
      { url = sink:url('/e'), schedule = { 10 } })
    local id = send('{"event":"approved","order":{"id":"o"}}').json.data.id
    local event = daemon:wait_event(merchant.id, id, 'finished')
    assert.are.equal(id, event.id)
    assert.are.equal('approved', event.event)
    assert.are.equal(merchant.id, event.merchant_id)
    assert.are.equal(json.null, event.reason)
    assert.are.equal(json.null, event.error)
    assert.are.equal(json.null, event.policy)
    assert.are.equal('o', event.key)
    assert.is_truthy(event.received_at:match('^%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%dZ$'))
    assert.are.same({ event = 'approved', order = { id = 'o' } }, event.body)
    assert.are.equal(1, #event.deliveries)
    local delivery = event.deliveries[1]
    assert.are.equal(id .. '.1', delivery.id)
    assert.are.equal(endpoint.uuid, delivery.webhook)
    assert.are.equal(sink:url('/e'), delivery.url)
    assert.are.equal('primary', delivery.role)
    assert.are.equal('delivered', delivery.state)
    assert.are.equal(json.null, delivery.next_attempt_at)
    local first, second = delivery.attempts[1], delivery.attempts[2]
    assert.are.equal(1, first.number)
    assert.are.equal(503, first.status)
    assert.are.equal('status', first.outcome)
    assert.are.equal('no "thanks"', first.response)
    assert.are.equal(200, second.status)
    assert.are.equal('success', second.outcome)
    for _, name in ipairs { 'dns', 'connect', 'tls', 'first_byte', 'total' } do
      assert.is_number(second.timings_ms[name])
    end
  end)

  it('without an endpoint are dropped, with the reason', function()
    local id = send('{"event":"approved"}').json.data.id
    local event = daemon:wait_event(merchant.id, id, 'dropped')
    assert.are.equal('no_endpoint', event.reason)
    assert.are.same({}, event.deliveries)
  end)

  it('show a denied address as an unreachable one', function()
    local closed = sink:listen('none')
    sink:close(closed)
    daemon:create_endpoint(merchant.id, { url = 'http://169.254.169.254/', attempts = 1 })
    daemon:create_endpoint(merchant.id, { url = ('http://127.0.0.1:%d/'):format(closed),
      attempts = 1 })
    local id = send('{"event":"approved"}').json.data.id
    local event = daemon:wait_event(merchant.id, id, 'finished')
    local seen = {}
    for _, delivery in ipairs(event.deliveries) do
      local attempt = delivery.attempts[1]
      table.insert(seen, { attempt.outcome, attempt.error, attempt.status, attempt.response })
    end
    assert.are.equal('connect', seen[1][1])
    assert.are.same(seen[1], seen[2])
  end)

  it('are bounded for each merchant', function()
    local small = hookd.start { config = { limits = { merchant_pending_max = 2 } } }
    local one, two = small:create_merchant(), small:create_merchant()
    sink:set('/hang', { action = 'hang' })
    for _, each in ipairs { one, two } do
      small:create_endpoint(each.id, { url = sink:url('/hang') })
    end
    local refused
    for number = 1, 10 do
      refused = small:request { method = 'POST', json = { event = 'a', n = number },
        path = ('/api/v1/merchants/%d/events'):format(one.id) }
      if refused.status ~= 202 then break end
    end
    assert.are.equal(429, refused.status)
    assert.is_number(tonumber(refused.headers['retry-after']))
    assert.is_false(refused.json.status)
    small:send_event(two.id, { event = 'a' }) -- another merchant is not touched
  end)

  it('have a closed set of types where the config says so', function()
    local closed = hookd.start { config = { event_types = { 'approved' } } }
    local one = closed:create_merchant()
    closed:send_event(one.id, { event = 'approved' })
    local got = closed:request { method = 'POST', json = { event = 'refunded' },
      path = ('/api/v1/merchants/%d/events'):format(one.id) }
    assert.are.equal(422, got.status)
    assert.is_table(got.json.errors.event)
  end)
end)
