-- SPDX-License-Identifier: Apache-2.0
-- The merchant's webhooks, to the letter of points-contract.md sections 5 and 6.
local hookd = require 'hookd'
local json = require 'json'
local stage = require 'stage'

local PATH = '/api/v1/webhooks'

describe('webhooks', function()
  local daemon, merchant, key

  setup(function()
    daemon = hookd.start { config = { limits = { merchant_endpoints_max = 20 } } }
  end)

  teardown(stage.clear)

  before_each(function()
    merchant = daemon:create_merchant()
    key = daemon:create_key(merchant.id)
  end)

  local function ask(status, method, path, value)
    local data, got = daemon:expect(status, { method = method, path = path, key = key,
      json = value })
    return data, got.json, got
  end

  local function create(fields)
    fields.name = fields.name or 'orders'
    return ask(200, 'POST', PATH, fields)
  end

  it('has the seven fields of the contract', function()
    local made, envelope = create { name = 'orders', url = 'https://shop.example/hooks' }
    assert.is_true(envelope.status)
    assert.are.equal('', envelope.message)
    assert.are.same({}, envelope.appended_data)
    assert.is_truthy(made.uuid:match('^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$'))
    assert.are.equal(merchant.id, made.merchant_id)
    assert.are.equal('orders', made.name)
    assert.are.equal('https://shop.example/hooks', made.url)
    assert.are.equal(60, #made.secret)
    assert.is_truthy(made.secret:match('^[%w+/]+$'))
    assert.is_truthy(made.created_at:match('^%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%dZ$'))
    assert.are.equal(made.created_at, made.updated_at)
  end)

  it('shows the secret on every read, in the list too', function()
    local made = create { url = 'https://shop.example/' }
    assert.are.equal(made.secret, ask(200, 'GET', PATH .. '/' .. made.uuid).secret)
    assert.are.equal(made.secret, ask(200, 'GET', PATH)[1].secret)
    local changed = ask(200, 'PATCH', PATH .. '/' .. made.uuid, { name = 'x' })
    assert.are.equal(made.secret, changed.secret)
  end)

  it('keeps secrets sealed on disk and out of the log', function()
    local made = create { url = 'https://shop.example/', auth = { type = 'bearer',
      token = 'a-token-that-is-secret' } }
    local grep = io.popen(("cd '%s' && grep -rlaF -e '%s' -e 'a-token-that-is-secret' . '%s'")
      :format(daemon.state_dir, made.secret, daemon.log_file))
    assert.are.equal('', grep:read('a'))
    grep:close()
  end)

  it('changes what is given, by PUT as by PATCH', function()
    local made = create { url = 'https://shop.example/' }
    for _, method in ipairs { 'PUT', 'PATCH' } do
      local changed = ask(200, method, PATH .. '/' .. made.uuid, { name = method })
      assert.are.equal(method, changed.name)
      assert.are.equal('https://shop.example/', changed.url)
      assert.are.equal(made.created_at, changed.created_at)
      ask(422, method, PATH .. '/' .. made.uuid, {})
    end
  end)

  it('deletes, without data in the answer', function()
    local made = create { url = 'https://shop.example/' }
    local _, envelope = ask(200, 'DELETE', PATH .. '/' .. made.uuid)
    assert.are.same({ status = true, message = '', appended_data = {} }, envelope)
    ask(404, 'GET', PATH .. '/' .. made.uuid)
    ask(404, 'DELETE', PATH .. '/' .. made.uuid)
  end)

  it('refuses the same URL twice for one merchant, however it is spelt', function()
    create { url = 'https://shop.example/hooks' }
    create { url = 'https://shop.example' }
    for _, url in ipairs { 'https://shop.example/hooks', 'HTTPS://Shop.Example:443/hooks',
      'https://shop.example/', 'https://SHOP.example:443' } do
      local _, envelope = ask(400, 'POST', PATH, { name = 'again', url = url })
      assert.are.same({ status = false, message = 'The url has already been taken.',
        appended_data = {} }, envelope)
    end
    create { url = 'https://shop.example/Hooks' } -- a path has its case
    local made = create { url = 'https://other.example/' }
    local _, envelope = ask(400, 'PATCH', PATH .. '/' .. made.uuid,
      { url = 'https://shop.example/hooks' })
    assert.are.equal('The url has already been taken.', envelope.message)
    ask(200, 'PATCH', PATH .. '/' .. made.uuid, { url = 'https://OTHER.example/' }) -- its own
    daemon:create_endpoint(daemon:create_merchant().id, { url = 'https://shop.example/hooks' })
  end)

  it('pages as the contract does, newest first', function()
    for number = 1, 17 do create { name = 'n' .. number, url = 'https://a.example/' .. number } end
    local page, envelope = ask(200, 'GET', PATH)
    assert.are.equal(15, #page)
    assert.are.equal('n17', page[1].name)
    assert.are.same({ current_page = 1, from = 1, last_page = 2, per_page = 15, to = 15,
      total = 17 }, envelope.meta)
    assert.are.equal(json.null, envelope.links.prev)
    assert.is_truthy(envelope.links.next:match('^http://.*/api/v1/webhooks%?page=2$'))
    page, envelope = ask(200, 'GET', PATH .. '?page=2')
    assert.are.equal(2, #page)
    assert.are.equal('n1', page[2].name)
    assert.are.equal(json.null, envelope.links.next)
    page = ask(200, 'GET', PATH .. '?per_page=100')
    assert.are.equal(17, #page)
    page, envelope = ask(200, 'GET', PATH .. '?page=9')
    assert.are.same({}, page)
    assert.are.equal(json.null, envelope.meta.from)
    for _, query in ipairs { 'page=0', 'page=-1', 'page=x', 'per_page=0', 'per_page=101' } do
      local _, refused = ask(422, 'GET', PATH .. '?' .. query)
      assert.is_table(refused.errors[query:match('^[^=]+')])
    end
  end)

  it('has an empty list of one page', function()
    local page, envelope = ask(200, 'GET', PATH)
    assert.are.same({}, page)
    assert.are.same({ current_page = 1, from = json.null, last_page = 1, per_page = 15,
      to = json.null, total = 0 }, envelope.meta)
  end)

  it('names what is wrong by field', function()
    local cases = {
      { {}, 'name', 'url' },
      { { name = '', url = '' }, 'name', 'url' },
      { { name = json.null, url = json.null }, 'name', 'url' },
      { { name = 7, url = {} }, 'name', 'url' },
      { { name = ('é'):rep(256), url = 'https://a.example/' }, 'name' },
      { { name = 'x', url = 'https://a.example/' .. ('é'):rep(483) }, 'url' },
      { { name = 'x', url = 'http://user@a.example/' }, 'url' },
      { { name = 'x', url = 'ftp://a.example/' }, 'url' },
      { { name = 'x', url = 'a.example' }, 'url' },
      { { name = 'x', url = 'https://a.example/', attempts = 21, role = 'x' }, 'attempts', 'role' },
      { { name = 'x', url = 'https://a.example/', headers = { Host = 'x' } }, 'headers.Host' },
    }
    for _, case in ipairs(cases) do
      local _, envelope = ask(422, 'POST', PATH, case[1])
      assert.is_false(envelope.status)
      assert.are.equal('The given data was invalid.', envelope.message)
      local count = 0
      for _, sentences in pairs(envelope.errors) do
        count = count + 1
        assert.is_string(sentences[1])
      end
      assert.are.equal(#case - 1, count)
      for at = 2, #case do assert.is_table(envelope.errors[case[at]]) end
    end
    create { name = ('é'):rep(255), url = 'https://a.example/' .. ('é'):rep(482) }
  end)

  it('shows the optional fields, and what was set in them', function()
    local made = create { url = 'https://a.example/' }
    local defaults = { events = json.null, enabled = true, role = 'primary', signature = 'points',
      schedule = json.null, attempts = json.null, timeout_ms = json.null, no_retry_statuses = {},
      on_gone = 'retry', disable_after_s = 0, rate_limit = json.null, concurrency = json.null,
      ordering = 'none', ordering_skip_s = 3600, headers = {}, auth = json.null, labels = {},
      description = json.null }
    for name, value in pairs(defaults) do assert.are.same(value, made[name], name) end
    local set = { events = { 'approved', 'refunded' }, enabled = false, role = 'audit',
      schedule = { 1000, 2000 }, attempts = 5, timeout_ms = 2000, no_retry_statuses = { 404 },
      on_gone = 'disable', disable_after_s = 3600, rate_limit = 0.5, concurrency = 2,
      ordering = 'key', ordering_skip_s = 60, headers = { ['X-Shop'] = '9' },
      labels = { team = 'é' }, description = 'for the warehouse' }
    local changed = ask(200, 'PATCH', PATH .. '/' .. made.uuid, set)
    for name, value in pairs(set) do assert.are.same(value, changed[name], name) end
    local read = ask(200, 'GET', PATH .. '/' .. made.uuid)
    assert.are.same(changed, read)
    local reset = {}
    for name in pairs(defaults) do reset[name] = json.null end
    changed = ask(200, 'PATCH', PATH .. '/' .. made.uuid, reset)
    for name, value in pairs(defaults) do assert.are.same(value, changed[name], name) end
  end)

  it('never shows what auth sends', function()
    local made, _, got = create { url = 'https://a.example/',
      auth = { type = 'basic', user = 'u', password = 'pass-word' } }
    assert.are.same({ type = 'basic', user = 'u' }, made.auth)
    assert.is_nil(got.body:find('pass-word', 1, true))
    local _, _, changed = ask(200, 'PATCH', PATH .. '/' .. made.uuid,
      { auth = { type = 'bearer', token = 'to-ken' } })
    assert.are.same({ type = 'bearer' }, changed.json.data.auth)
    assert.is_nil(changed.body:find('to-ken', 1, true))
  end)

  it('keeps every field over a restart', function()
    local made = create { url = 'https://a.example/', schedule = 'standard', labels = { a = 'b' },
      headers = { ['X-A'] = 'b' }, auth = { type = 'basic', user = 'u', password = 'p' } }
    daemon:restart('KILL')
    assert.are.same(made, ask(200, 'GET', PATH .. '/' .. made.uuid))
  end)

  it('reads for an unverified merchant but changes nothing', function()
    local made = create { url = 'https://a.example/' }
    daemon:expect(200, { method = 'PATCH', path = '/api/v1/merchants/' .. merchant.id,
      json = { verified = false } })
    ask(403, 'POST', PATH, { name = 'x', url = 'https://b.example/' })
    ask(403, 'PATCH', PATH .. '/' .. made.uuid, { name = 'x' })
    ask(403, 'PUT', PATH .. '/' .. made.uuid, { name = 'x' })
    local _, envelope = ask(403, 'DELETE', PATH .. '/' .. made.uuid)
    assert.is_false(envelope.status)
    ask(200, 'GET', PATH)
    ask(200, 'GET', PATH .. '/' .. made.uuid)
    daemon:expect(200, { method = 'PATCH', json = { name = 'by the platform' },
      path = ('/api/v1/merchants/%d/webhooks/%s'):format(merchant.id, made.uuid) })
  end)

  it('has a bound on how many a merchant may have', function()
    for number = 1, 20 do create { url = 'https://a.example/' .. number } end
    local _, envelope = ask(400, 'POST', PATH, { name = 'x', url = 'https://a.example/21' })
    assert.is_false(envelope.status)
  end)
end)
