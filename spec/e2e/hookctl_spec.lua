-- SPDX-License-Identifier: Apache-2.0
-- hookctl against a real hookd: what an operator types, and what comes back.
local hookd = require 'hookd'
local json = require 'json'
local process = require 'process'
local sinker = require 'sinker'
local stage = require 'stage'
local temp = require 'temp'

local UUID = '%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x'

describe('hookctl', function()
  local daemon, sink

  setup(function()
    sink = sinker.start()
    daemon = hookd.start { config = { deliver = { attempts = 2 } } }
  end)

  teardown(stage.clear)

  -- Runs it; must end with `code`.
  local function ctl(code, ...)
    local got = daemon:ctl(...)
    assert.are.equal(code, got.code, got.stdout .. got.stderr)
    return got
  end

  local function data(...)
    return json.decode(ctl(0, '--json', ...).stdout).data
  end

  -- A merchant with one endpoint at `path`, whose second attempt follows soon.
  local function shop(path)
    local merchant = data('merchant', 'create', '--name', 'Shop')
    local endpoint = data('endpoint', 'create', tostring(merchant.id), '--name', 'main', '--url',
      sink:url(path), '--schedule', '50')
    return tostring(merchant.id), endpoint.uuid
  end

  it('shows the status', function()
    local got = ctl(0, 'status')
    assert.is_truthy(got.stdout:find('events accepted', 1, true))
    assert.is_number(data('status').events_accepted)
  end)

  it('makes, lists, shows, changes and deletes merchants', function()
    local made = data('merchant', 'create', '--name', 'Ünïcode 日本', '--id', '4711')
    assert.are.equal(4711, made.id)
    assert.is_truthy(ctl(0, 'merchant', 'list').stdout:find('4711  Ünïcode 日本', 1, true))
    ctl(0, 'merchant', 'update', '4711', '--name', 'Other', '--verified', 'false')
    local shown = data('merchant', 'show', '4711')
    assert.are.equal('Other', shown.name)
    assert.is_false(shown.verified)
    assert.are.equal('4711 deleted\n', ctl(0, 'merchant', 'delete', '4711').stdout)
    assert.is_truthy(ctl(1, 'merchant', 'show', '4711').stderr:find('404', 1, true))
  end)

  it('makes a key that works, lists it without its value, and deletes it', function()
    local id = shop('/key')
    local key = data('key', 'create', id)
    assert.are.equal(200, daemon:request { path = '/api/v1/webhooks', key = key.key }.status)
    local listed = ctl(0, 'key', 'list', id).stdout
    assert.is_truthy(listed:find(key.id, 1, true))
    assert.is_nil(listed:find(key.key, 1, true))
    ctl(0, 'key', 'delete', id, key.id)
    assert.are.equal(400, daemon:request { path = '/api/v1/webhooks', key = key.key }.status)
  end)

  it('gives an endpoint every field, and takes them back', function()
    local id, uuid = shop('/fields')
    ctl(0, 'endpoint', 'update', id, uuid, '--events', 'approved,refunded', '--role', 'audit',
      '--enabled', 'false', '--signature', 'points', '--schedule', '100,200', '--attempts', '4',
      '--timeout-ms', '2000', '--no-retry-statuses', '404,410', '--on-gone', 'disable',
      '--disable-after-s', '3600', '--rate-limit', '0.5', '--concurrency', '2', '--ordering', 'key',
      '--ordering-skip-s', '60', '--header', 'X-One: 1', '--header', 'X-Two: 2', '--auth',
      'basic:me:secret', '--label', 'tier=gold', '--description', 'all of it')
    local shown = data('endpoint', 'show', id, uuid)
    assert.are.same({ 'approved', 'refunded' }, shown.events)
    assert.are.same({ 100, 200 }, shown.schedule)
    assert.are.same({ 404, 410 }, shown.no_retry_statuses)
    assert.are.same({ ['X-One'] = '1', ['X-Two'] = '2' }, shown.headers)
    assert.are.same({ tier = 'gold' }, shown.labels)
    assert.are.equal(0.5, shown.rate_limit)
    assert.are.equal('audit', shown.role)
    assert.are.equal('all of it', shown.description)
    local table_text = ctl(0, 'endpoint', 'update', id, uuid, '--rate-limit', '0.1').stdout
    assert.is_truthy(table_text:match('rate_limit +0%.1\n'), table_text)
    ctl(0, 'endpoint', 'update', id, uuid, '--events', 'null', '--rate-limit', 'null', '--auth',
      'null', '--description', 'null')
    shown = data('endpoint', 'show', id, uuid)
    assert.are.equal(json.null, shown.events)
    assert.are.equal(json.null, shown.rate_limit)
    assert.is_truthy(ctl(0, 'endpoint', 'list', id).stdout:find(uuid, 1, true))
    ctl(0, 'endpoint', 'delete', id, uuid)
    ctl(1, 'endpoint', 'show', id, uuid)
  end)

  it('tells what the server refuses, field by field', function()
    local id = shop('/refused')
    local got = ctl(1, 'endpoint', 'create', id, '--name', 'x', '--url', 'nonsense')
    assert.is_truthy(got.stderr:match('^hookctl: 422 [^\n]+\nhookctl:   url: '))
    assert.are.equal('', got.stdout)
  end)

  it('sends the bytes of a file, once for an idempotency key', function()
    local id = shop('/send')
    local body = '{ "event":"approved", "total":0.10, "big":123456789012345678901234567890 }'
    local file = temp.write(temp.folder('event') .. '/event.json', body)
    local first = ctl(0, 'send', id, file, '--idempotency-key', 'once').stdout
    assert.is_truthy(first:match('^' .. UUID .. '\n$'))
    assert.are.equal(first, ctl(0, 'send', id, file, '--idempotency-key', 'once').stdout)
    sink:wait('/send', 1)
    daemon:wait_event(id, first:sub(1, -2), 'finished')
    assert.are.equal(1, sink:count('/send').requests)
    assert.are.equal(body, sink:requests('/send')[1].bytes)
    ctl(1, 'send', id, file .. '.none')
    ctl(1, 'send', id, '--event', 'NOT A TYPE')
  end)

  it('shows what became of an event', function()
    local id, uuid = shop('/show')
    sink:set('/show', { status = 503 }, { status = 200 })
    local event = ctl(0, 'send', id, '--event', 'approved', '--order-key', 'k-1').stdout:sub(1, -2)
    daemon:wait_event(id, event, 'finished')
    local shown = ctl(0, 'event', 'show', event).stdout
    for _, text in ipairs { 'event     ' .. event, 'type      approved', 'state     finished',
      'key       k-1', 'delivered', uuid, 'attempt 1   503', 'attempt 2   200',
      '{"event":"approved"}' } do
      assert.is_truthy(shown:find(text, 1, true), text .. ' is not in:\n' .. shown)
    end
    assert.are.equal(2, #data('event', 'show', event).deliveries[1].attempts)
    ctl(1, 'event', 'show', '00000000-0000-7000-8000-000000000000')
  end)

  it('tails each attempt as it happens', function()
    local id = shop('/tail')
    sink:set('/tail', { status = 500 }, { status = 200 })
    local tail = process.start { process.program('hookctl'), '--socket', daemon.control_socket,
      'tail', '--count', '2' }
    -- A tail shows nothing until something happens: events are sent until it has its two lines.
    local last
    repeat
      last = ctl(0, 'send', id, '--event', 'approved').stdout:sub(1, -2)
      daemon:wait_event(id, last, 'finished')
    until tail:ended()
    assert.are.equal(0, (tail:wait(20)))
    local lines = {}
    for line in tail:stdout():gmatch('[^\n]+') do table.insert(lines, line) end
    assert.are.equal(2, #lines)
    for _, line in ipairs(lines) do
      assert.is_truthy(line:match('^%d+%-%d+%-%d+T[%d:.]+Z +' .. id .. '  approved +' .. UUID),
        line)
    end
  end)

  it('speaks HTTP with a key from the environment or a file', function()
    local url = ('http://127.0.0.1:%d'):format(daemon.port)
    local program = process.program('hookctl')
    local function run(env, ...)
      return process.run({ program, '--server', url, ... }, { env = env })
    end
    local file = temp.write(temp.folder('key') .. '/key', hookd.PLATFORM_KEY .. '\n')
    assert.are.equal(0, run({ HOOKCTL_KEY = hookd.PLATFORM_KEY }, 'status').code)
    assert.are.equal(0, run({ HOOKCTL_KEY = false }, 'status', '--key-file', file).code)
    assert.are.equal(2, run({ HOOKCTL_KEY = false }, 'status').code)
    local got = run({ HOOKCTL_KEY = 'wrong' }, 'status')
    assert.are.equal(1, got.code)
    assert.is_truthy(got.stderr:find('401', 1, true))
  end)

  it('finds the socket in its environment, and says so when nobody is there', function()
    local function run(socket)
      return process.run({ process.program('hookctl'), 'status' },
        { env = { HOOKCTL_SOCKET = socket } })
    end
    assert.are.equal(0, run(daemon.control_socket).code)
    local got = run('/nowhere/control.sock')
    assert.are.equal(1, got.code)
    assert.is_truthy(got.stderr:find('cannot reach hookd on /nowhere/control.sock', 1, true))
  end)

  it('writes no colour when it is not on a terminal', function()
    assert.is_nil(ctl(0, 'merchant', 'list').stdout:find('\27', 1, true))
  end)
end)
