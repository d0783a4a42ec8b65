-- SPDX-License-Identifier: Apache-2.0
-- What a receiver sees of hookd, and what hookd makes of what a receiver does.
local eventually = require 'eventually'
local events = require 'events'
local hookd = require 'hookd'
local http = require 'http'
local sinker = require 'sinker'
local socket = require 'socket'
local stage = require 'stage'

local QUICK = { 30, 30 }

describe('delivery', function()
  local sink, daemon

  setup(function()
    sink = sinker.start { https = true }
    daemon = hookd.start { config = { deliver = { ca_file = sink.ca_file } } }
    daemon:create_merchant { id = 1 }
  end)

  teardown(stage.clear)

  local made = {}

  before_each(function()
    sink:unset()
    sink:clear()
  end)

  after_each(function()
    for _, target in ipairs(made) do
      daemon:request { method = 'DELETE', path = '/api/v1/merchants/1/webhooks/' .. target.uuid }
    end
    made = {}
  end)

  local function endpoint(path, fields)
    local all = { name = path, url = path:match('^https?:') and path or sink:url(path),
      schedule = QUICK }
    for name, value in pairs(fields or {}) do all[name] = value end
    table.insert(made, daemon:create_endpoint(1, all))
    return made[#made]
  end

  local function send(text, headers)
    return (daemon:send_event(1, text or events.text('approved', 1), headers))
  end

  local function delete(target)
    daemon:expect(200, { method = 'DELETE', path = '/api/v1/merchants/1/webhooks/' .. target.uuid })
  end

  -- Sends one event to one endpoint, waits for its end; the one delivery.
  local function deliver(path, fields, text)
    endpoint(path, fields)
    local id = send(text)
    local delivery = daemon:wait_event(1, id, 'finished').deliveries[1]
    delete(table.remove(made))
    return delivery, id
  end

  local function outcomes(delivery)
    local list = {}
    for _, attempt in ipairs(delivery.attempts) do table.insert(list, attempt.outcome) end
    return list
  end

  describe('a request', function()
    it('carries the headers of the contract, an id and an attempt, and the exact bytes', function()
      local text = '{ "event":"approved",\t"order":{"id":"\\u0041-1","total_price":0.10,'
        .. '"big":123456789012345678901234567890,"e":1E400}, "text":"\u{1F600}\\ud83d\\ude00" }'
      local target = endpoint('/hook?source=points')
      local id = send(text)
      sink:wait('/hook', 1)
      local request = sink:requests('/hook')[1]
      assert.equal('POST', request.method)
      assert.equal('/hook?source=points', request.target)
      assert.equal(text, request.bytes)
      assert.equal('application/json', request:header('Content-Type'))
      assert.equal(target.secret, request:header('X-Webhook-Secret'))
      assert.equal('approved', request:header('X-Webhook-Event'))
      assert.equal(id, request:header('X-Webhook-Id'))
      assert.equal('1', request:header('X-Webhook-Attempt'))
      assert.matches('^hookd/%d+%.%d+%.%d+$', request:header('User-Agent'))
      assert.is_nil(request:header('Expect'))
      assert.is_nil(request:header('Accept-Encoding'))
    end)

    it('carries the endpoint\'s own headers and its Authorization', function()
      endpoint('/own', { headers = { ['X-Tenant'] = 'a b' },
        auth = { type = 'basic', user = 'u', password = 'p' } })
      send()
      sink:wait('/own', 1)
      local request = sink:requests('/own')[1]
      assert.equal('a b', request:header('X-Tenant'))
      assert.equal('Basic dTpw', request:header('Authorization'))
    end)

    it('goes over a connection that is used again', function()
      endpoint('/again', { concurrency = 1 })
      for number = 1, 5 do send(events.text('captured', number)) end
      sink:wait('/again', 5)
      local connections = {}
      for _, request in ipairs(sink:requests('/again')) do
        connections[request.connection] = true
      end
      local count = 0
      for _ in pairs(connections) do count = count + 1 end
      assert.equal(1, count)
    end)

    it('goes over TLS, with the certificate verified', function()
      local delivery = deliver(sink:https_url('/tls'))
      assert.same({ 'success' }, outcomes(delivery))
      assert.is_true(sink:requests('/tls')[1].tls)
      assert.is_true(delivery.attempts[1].timings_ms.tls > 0)
    end)
  end)

  describe('an answer', function()
    it('of any 2xx ends the delivery', function()
      for _, status in ipairs { 200, 201, 202, 204, 299 } do
        sink:set('/s' .. status, { status = status })
        local delivery = deliver('/s' .. status)
        assert.equal('delivered', delivery.state)
        assert.equal(status, delivery.attempts[1].status)
      end
    end)

    it('of any other status is tried again, three times in all, then the delivery is dead',
      function()
        for _, status in ipairs { 301, 400, 401, 404, 410, 429, 500, 503 } do
          sink:set('/s' .. status, { status = status, body = 'no\u{e9}' })
          local delivery = deliver('/s' .. status)
          assert.equal('dead', delivery.state)
          assert.equal('attempts_spent', delivery.reason)
          assert.same({ 'status', 'status', 'status' }, outcomes(delivery))
          assert.equal(status, delivery.attempts[3].status)
          assert.equal('no\u{e9}', delivery.attempts[3].response)
          assert.equal(3, sink:count('/s' .. status).requests)
        end
      end)

    it('that fails first and then works is delivered at the second attempt', function()
      sink:set('/flaky', { status = 500 }, { status = 200 })
      local delivery, id = deliver('/flaky')
      assert.equal('delivered', delivery.state)
      local got = sink:requests('/flaky')
      assert.same({ '1', '2' }, { got[1]:header('X-Webhook-Attempt'),
        got[2]:header('X-Webhook-Attempt') })
      assert.same({ id, id }, { got[1]:header('X-Webhook-Id'), got[2]:header('X-Webhook-Id') })
      assert.equal(got[1].bytes, got[2].bytes)
    end)

    it('with Retry-After is waited for at least that long', function()
      sink:set('/later', { status = 503, headers = { ['Retry-After'] = '2' } }, { status = 200 })
      deliver('/later')
      local got = sink:requests('/later')
      assert.is_true(got[2].mono_us - got[1].mono_us >= 2000000)
    end)

    it('that redirects is a failure and is not followed', function()
      sink:set('/moved', { action = 'redirect', location = sink:url('/elsewhere') })
      local delivery = deliver('/moved')
      assert.equal('dead', delivery.state)
      assert.equal(302, delivery.attempts[1].status)
      assert.equal(0, sink:count('/elsewhere').requests)
    end)

    it('with a body without end is a success, cut', function()
      sink:set('/endless', { action = 'endless_body' })
      assert.same({ 'success' }, outcomes(deliver('/endless')))
    end)

    it('whose body breaks off is a failure', function()
      sink:set('/part', { action = 'partial_body', after = 'close', body = 'x' })
      assert.same({ 'transport' }, outcomes(deliver('/part', { attempts = 1 })))
    end)

    it('that does not come within the time is a failure: never answers, drips, never reads',
      function()
        sink:set('/hang', { action = 'hang' })
        sink:set('/drip', { action = 'drip', drip_ms = 200, body = ('x'):rep(100) })
        sink:set('/ignore', { action = 'ignore' })
        for _, path in ipairs { '/hang', '/drip', '/ignore' } do
          local delivery = deliver(path, { attempts = 1, timeout_ms = 1000 })
          assert.same({ 'timeout' }, outcomes(delivery))
          assert.is_true(delivery.attempts[1].timings_ms.total >= 1000)
        end
      end)

    it('that is no HTTP, or a reset at any stage, is a failure', function()
      sink:set('/garbage', { action = 'garbage' })
      assert.same({ 'transport' }, outcomes(deliver('/garbage', { attempts = 1 })))
      for _, where in ipairs { 'headers', 'answer_head', 'answer_body' } do
        sink:set('/reset-' .. where, { action = 'reset', stage = where, body = ('x'):rep(100) })
        assert.same({ 'transport' }, outcomes(deliver('/reset-' .. where, { attempts = 1 })))
      end
    end)

    it('with header lines without end is a failure', function()
      sink:set('/bomb', { action = 'endless_headers' })
      assert.same({ 'transport' }, outcomes(deliver('/bomb', { attempts = 1 })))
    end)
  end)

  describe('a connection', function()
    it('that is refused is a failure', function()
      local port = sink:listen('none')
      sink:close(port)
      local delivery = deliver(('http://127.0.0.1:%d/'):format(port))
      assert.same({ 'connect', 'connect', 'connect' }, outcomes(delivery))
      assert.equal(http.null, delivery.attempts[1].status)
    end)

    it('with a bad certificate is a failure, and nothing of the event is sent', function()
      for _, kind in ipairs { 'expired', 'wrong_host', 'self_signed', 'garbage' } do
        local port = sink:listen(kind)
        local delivery = deliver(('https://localhost:%d/%s'):format(port, kind), { attempts = 1 })
        assert.same({ 'tls' }, outcomes(delivery), kind)
        assert.equal(0, sink:count('/' .. kind).requests)
      end
    end)

    it('that hangs while it opens does not spoil those after it', function()
      local port = sink:listen('never_accept')
      for _ = 1, 4 do
        local delivery = deliver(('http://127.0.0.1:%d/'):format(port), { attempts = 1,
          timeout_ms = 1000 })
        assert.same({ 'timeout' }, outcomes(delivery))
        assert.same({ 'success' }, outcomes(deliver('/after', { attempts = 1 })))
        sink:control('DELETE', '/connections')
      end
    end)

    it('to a name that does not exist is a failure', function()
      assert.same({ 'dns' }, outcomes(deliver('http://nowhere.invalid/', { attempts = 1 })))
    end)
  end)

  describe('an endpoint', function()
    it('gets only the types it subscribed to; audit endpoints get all', function()
      endpoint('/some', { events = { 'refunded' } })
      endpoint('/audit', { role = 'audit', events = { 'refunded' } })
      local refund = send(events.text('refunded', 1))
      local other = send(events.text('captured', 2))
      sink:wait('/audit', 2)
      sink:wait('/some', 1)
      assert.equal('finished', daemon:wait_event(1, refund, 'finished').state)
      local dropped = daemon:wait_event(1, other, 'dropped')
      assert.equal('no_endpoint', dropped.reason)
      assert.equal(1, sink:count('/some').requests)
    end)

    it('that is deleted gets no further attempt', function()
      sink:set('/deleted', { status = 500 })
      local target = endpoint('/deleted', { schedule = { 300 }, attempts = 10 })
      local id = send()
      sink:wait('/deleted', 1)
      delete(target)
      local event = daemon:wait_event(1, id, 'finished')
      assert.equal('dropped', event.deliveries[1].state)
      assert.equal('endpoint_deleted', event.deliveries[1].reason)
      local count = sink:count('/deleted').requests
      socket.sleep(0.5)
      assert.equal(count, sink:count('/deleted').requests)
    end)

    it('whose URL changes is tried at the new one from the next attempt on', function()
      sink:set('/old', { status = 500 })
      local target = endpoint('/old', { schedule = { 300 }, attempts = 10 })
      local id = send()
      sink:wait('/old', 1)
      daemon:expect(200, { method = 'PATCH', path = '/api/v1/merchants/1/webhooks/'
        .. target.uuid, json = { url = sink:url('/new') } })
      daemon:wait_event(1, id, 'finished')
      assert.equal(1, sink:count('/new').requests)
    end)

    it('that never answers does not keep another waiting', function()
      sink:set('/stuck', { action = 'hang' })
      endpoint('/stuck', { attempts = 1, timeout_ms = 30000 })
      endpoint('/free')
      for number = 1, 200 do send(events.text('captured', number)) end
      assert.equal(200, sink:wait('/free', 200, 'answered_2xx').answered_2xx)
      assert.is_true(sink:count('/stuck').requests <= 16)
    end)

    it('on an address that is not allowed is never dialled, and it does not show', function()
      local strict = hookd.start { config = { deliver = { allow_networks = {} } } }
      strict:create_merchant { id = 1 }
      strict:create_endpoint(1, { name = 'in', url = sink:url('/inside'), attempts = 1 })
      local port = sink:listen('none')
      sink:close(port)
      local before = sink:connections().accepted
      local id = strict:send_event(1, events.text('approved', 1))
      local denied = strict:wait_event(1, id, 'finished').deliveries[1].attempts[1]
      assert.equal(before, sink:connections().accepted)
      assert.equal('connect', denied.outcome)
      local refused = deliver(('http://127.0.0.1:%d/'):format(port), { attempts = 1 })
      assert.equal(refused.attempts[1].error, denied.error)
    end)
  end)

  describe('an event', function()
    it('without any endpoint is dropped, with the reason', function()
      local event = daemon:wait_event(1, send(), 'dropped')
      assert.equal('no_endpoint', event.reason)
    end)

    it('that may not be delivered after a moment is not', function()
      endpoint('/late')
      local id = send(nil, { ['X-Hookd-Deliver-Before'] = '2020-01-01T00:00:00Z' })
      local delivery = daemon:wait_event(1, id, 'finished').deliveries[1]
      assert.same({ 'dropped', 'expired' }, { delivery.state, delivery.reason })
      assert.equal(0, sink:count('/late').requests)
    end)

    it('is delivered from disk when its body is no longer in memory', function()
      local small = hookd.start()
      small:create_merchant { id = 1 }
      sink:set('/cold', { status = 500 }, { status = 200 })
      small:create_endpoint(1, { name = 'cold', url = sink:url('/cold'), schedule = { 700 } })
      local text = events.text('approved', 77)
      local id = small:send_event(1, text)
      sink:wait('/cold', 1)
      eventually(function() return #small:get_event(1, id).deliveries[1].attempts == 1 end)
      small:restart()
      small:wait_event(1, id, 'finished')
      assert.equal(text, sink:requests('/cold')[2].bytes)
      local stats = small:expect(200, { path = '/api/v1/stats' })
      assert.is_true(stats.bodies_loaded >= 1)
    end)
  end)
end)
