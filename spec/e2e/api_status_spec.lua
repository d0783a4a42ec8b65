-- SPDX-License-Identifier: Apache-2.0
-- Health, figures, and the tail over the control socket.
local eventually = require 'eventually'
local hookd = require 'hookd'
local http = require 'http'
local json = require 'json'
local sinker = require 'sinker'
local stage = require 'stage'

describe('status', function()
  local daemon

  setup(function()
    daemon = hookd.start()
  end)

  teardown(stage.clear)

  it('needs no key for health and readiness', function()
    for _, path in ipairs { '/healthz', '/readyz' } do
      local got = http.request(daemon:to(), { path = path })
      assert.are.equal(200, got.status)
      assert.is_true(got.json.status)
      got = http.request(daemon:to(), { method = 'HEAD', path = path })
      assert.are.equal(200, got.status)
    end
  end)

  it('counts', function()
    local before = daemon:expect(200, { path = '/api/v1/stats' })
    local merchant = daemon:create_merchant()
    daemon:send_event(merchant.id, { event = 'approved' })
    local after = daemon:expect(200, { path = '/api/v1/stats' })
    assert.are.equal(before.events_accepted + 1, after.events_accepted)
    assert.are.equal(before.merchants + 1, after.merchants)
    assert.is_string(after.version)
  end)

  it('streams attempts as they end', function()
    local sink = sinker.start()
    local merchant = daemon:create_merchant()
    local endpoint = daemon:create_endpoint(merchant.id,
      { url = sink:url('/t'), schedule = { 10 } })
    sink:set('/t', { status = 500 }, { status = 200 })
    local tail = assert(http.connect { unix = daemon.control_socket })
    tail:send_request { path = '/api/v1/tail' }
    assert.are.equal('HTTP/1.1 200 OK', tail.stream:receive('*l'))
    repeat until tail.stream:receive('*l') == ''
    local id = daemon:send_event(merchant.id, { event = 'approved' })
    local lines = {}
    repeat
      local line = tail.stream:receive('*l')
      if line:sub(1, 1) == '{' then lines[#lines + 1] = json.decode(line) end
    until #lines == 2
    assert.are.equal(id, lines[1].event)
    assert.are.equal(id .. '.1', lines[1].delivery)
    assert.are.equal(endpoint.uuid, lines[1].endpoint)
    assert.are.equal('approved', lines[1].type)
    assert.are.equal(1, lines[1].attempt)
    assert.are.equal(500, lines[1].status)
    assert.are.equal('waiting', lines[1].state)
    assert.are.equal(2, lines[2].attempt)
    assert.are.equal('delivered', lines[2].state)
    tail:close()
  end)

  it('lets a bounded number of tails run, and forgets those that have left', function()
    local tails = {}
    local function open()
      local tail = assert(http.connect { unix = daemon.control_socket })
      tail:send_request { path = '/api/v1/tail' }
      local status = tail.stream:receive('*l')
      return tail, status
    end
    local status
    repeat
      tails[#tails + 1], status = open()
    until status ~= 'HTTP/1.1 200 OK' or #tails > 64
    assert.are.equal('HTTP/1.1 503 Service Unavailable', status)
    for _, tail in ipairs(tails) do tail:close() end
    eventually(function()
      local tail, again = open()
      tail:close()
      return again == 'HTTP/1.1 200 OK'
    end)
  end)

  it('ends while tails run and requests hang half sent', function()
    local own = hookd.start()
    local tail = assert(http.connect { unix = own.control_socket })
    tail:send_request { path = '/api/v1/tail' }
    assert.are.equal('HTTP/1.1 200 OK', tail.stream:receive('*l'))
    local half = assert(http.connect(own:to()))
    half:send 'POST /api/v1/merchants HTTP/1.1\r\nHost: x\r\n'
    assert.are.equal(0, own:stop())
    tail:close()
    half:close()
  end)
end)
