-- SPDX-License-Identifier: Apache-2.0
-- The platform's side: merchants and their keys.
local hookd = require 'hookd'
local json = require 'json'
local stage = require 'stage'

describe('merchants', function()
  local daemon

  setup(function()
    daemon = hookd.start()
  end)

  teardown(stage.clear)

  local function ask(status, method, path, value)
    local data, got = daemon:expect(status, { method = method, path = path, json = value })
    return data, got.json
  end

  -- A merchant as it was made: how it uses its policy is policy_api_spec's.
  local function read(path)
    local merchant = ask(200, 'GET', path)
    assert.is_table(merchant.policy_use)
    merchant.policy_use = nil
    return merchant
  end

  it('are made with an id of choice or the next free one', function()
    local made = ask(200, 'POST', '/api/v1/merchants', { id = 100, name = 'é' })
    assert.are.equal(100, made.id)
    assert.are.equal('é', made.name)
    assert.is_true(made.verified)
    assert.are.equal(json.null, made.policy)
    local _, envelope = ask(400, 'POST', '/api/v1/merchants', { id = 100, name = 'again' })
    assert.is_false(envelope.status)
    local one, two = daemon:create_merchant(), daemon:create_merchant()
    assert.are_not.equal(one.id, two.id)
  end)

  it('are read, changed, listed and deleted', function()
    local made = daemon:create_merchant { name = 'a', verified = false, policy = 'special' }
    local path = '/api/v1/merchants/' .. made.id
    assert.are.same(made, read(path))
    local changed = ask(200, 'PATCH', path, { verified = true, policy = json.null })
    assert.is_true(changed.verified)
    assert.are.equal(json.null, changed.policy)
    assert.are.equal('a', changed.name)
    local list, envelope = ask(200, 'GET', '/api/v1/merchants?per_page=100')
    assert.are.equal(#list, envelope.meta.total)
    local _, deleted = ask(200, 'DELETE', path)
    assert.is_nil(deleted.data)
    ask(404, 'GET', path)
    ask(404, 'PATCH', path, { name = 'x' })
    ask(404, 'DELETE', path)
    ask(404, 'POST', path .. '/keys', {})
    ask(404, 'POST', path .. '/webhooks', { name = 'x', url = 'https://a.example/' })
  end)

  it('take their keys and webhooks with them', function()
    local made = daemon:create_merchant()
    local key = daemon:create_key(made.id)
    daemon:create_endpoint(made.id, { url = 'https://a.example/' })
    ask(200, 'DELETE', '/api/v1/merchants/' .. made.id)
    assert.are.equal(400, daemon:request({ key = key, path = '/api/v1/webhooks' }).status)
  end)

  it('are refused with the fields that are wrong', function()
    for field, value in pairs { name = '', id = -1, verified = 'yes', policy = '../x' } do
      local fields = { name = 'x' }
      fields[field] = value
      local _, envelope = ask(422, 'POST', '/api/v1/merchants', fields)
      assert.is_table(envelope.errors[field])
    end
    ask(422, 'PATCH', '/api/v1/merchants/' .. daemon:create_merchant().id, {})
  end)

  it('have keys that are shown once and kept as digests', function()
    local made = daemon:create_merchant()
    local path = ('/api/v1/merchants/%d/keys'):format(made.id)
    local key = ask(200, 'POST', path, {})
    assert.is_truthy(key.key:match('^hkm_%x+$'))
    local list, envelope = ask(200, 'GET', path)
    assert.are.equal(1, envelope.meta.total)
    assert.are.equal(key.id, list[1].id)
    assert.is_nil(list[1].key)
    local grep = io.popen(("grep -rlaF '%s' '%s'"):format(key.key, daemon.state_dir))
    assert.are.equal('', grep:read('a'))
    grep:close()
    ask(200, 'DELETE', path .. '/' .. key.id)
    ask(404, 'DELETE', path .. '/' .. key.id)
  end)

  it('are there again after a crash, with their keys', function()
    local made = daemon:create_merchant { name = 'kept' }
    local key = daemon:create_key(made.id)
    daemon:restart('KILL')
    assert.are.same(made, read('/api/v1/merchants/' .. made.id))
    assert.are.equal(200, daemon:request({ key = key, path = '/api/v1/webhooks' }).status)
  end)

  it('that have an id of a deleted one do not see its events; the platform does', function()
    local own = hookd.start()
    own:create_merchant { id = 60 }
    local id = own:send_event(60, { event = 'approved', secret = 'old' })
    own:wait_event(60, id, 'dropped')
    own:expect(200, { method = 'DELETE', path = '/api/v1/merchants/60' })
    own:create_merchant { id = 60 }
    local key = own:create_key(60)
    own:expect(404, { key = key, path = '/api/v1/events/' .. id })
    own:expect(200, { path = '/api/v1/events/' .. id })
    own:restart()
    own:expect(404, { key = key, path = '/api/v1/events/' .. id })
  end)
end)
