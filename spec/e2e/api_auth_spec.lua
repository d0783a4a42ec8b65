-- SPDX-License-Identifier: Apache-2.0
-- Who may do what (interface.md section 3, points-contract.md section 6).
local hookd = require 'hookd'
local http = require 'http'
local stage = require 'stage'

local NOBODY = '00000000-0000-4000-8000-000000000000'

describe('authentication', function()
  local daemon, merchant, key, other, other_key

  setup(function()
    daemon = hookd.start()
    merchant, other = daemon:create_merchant(), daemon:create_merchant { name = 'Other' }
    key, other_key = daemon:create_key(merchant.id), daemon:create_key(other.id)
  end)

  teardown(stage.clear)

  local function ask(path, headers, method)
    return assert(http.request(daemon:to(), { method = method, path = path, headers = headers }))
  end

  it('answers 400 to a merchant without a key, in the words of the contract', function()
    local got = ask '/api/v1/webhooks'
    assert.are.equal(400, got.status)
    assert.are.same({ status = false, message = 'API key is required', appended_data = {} },
      got.json)
  end)

  it('answers 400 to a wrong key', function()
    for _, wrong in ipairs { 'x', key .. 'x', key:sub(1, -2), key:upper(), 'hkm_' } do
      local got = ask('/api/v1/webhooks', { ['x-api-key'] = wrong })
      assert.are.equal(400, got.status)
      assert.are.same({ status = false, message = 'Invalid or inactive API key',
        appended_data = {} }, got.json)
    end
  end)

  it('takes the name of the header in any case', function()
    assert.are.equal(200, ask('/api/v1/webhooks', { ['X-API-Key'] = key }).status)
  end)

  it('answers 401 to a platform route without the platform key', function()
    for _, path in ipairs { '/api/v1/merchants', '/api/v1/stats', '/api/v1/tail',
      '/api/v1/merchants/1/webhooks', '/api/v1/merchants/1/keys', '/api/v1/merchants/1' } do
      assert.are.equal(401, ask(path).status, path)
      assert.are.equal(401, ask(path, { ['x-api-key'] = key }).status, path)
      assert.are.equal(401, ask(path, { Authorization = 'Bearer wrong' }).status, path)
      assert.are.equal(401, ask(path, { Authorization = daemon.platform_key }).status, path)
    end
  end)

  it('does not tell a merchant route to the platform without a merchant', function()
    local got = ask('/api/v1/webhooks', { Authorization = 'Bearer ' .. daemon.platform_key })
    assert.are.equal(400, got.status)
  end)

  it('ends a key at once when it is deleted', function()
    local made = daemon:expect(200, { method = 'POST', json = {},
      path = ('/api/v1/merchants/%d/keys'):format(merchant.id) })
    assert.are.equal(200, ask('/api/v1/webhooks', { ['x-api-key'] = made.key }).status)
    daemon:expect(200, { method = 'DELETE',
      path = ('/api/v1/merchants/%d/keys/%s'):format(merchant.id, made.id) })
    assert.are.equal(400, ask('/api/v1/webhooks', { ['x-api-key'] = made.key }).status)
  end)

  it("answers 404 to what is another merchant's, as to what is not there", function()
    local theirs = daemon:create_endpoint(other.id, { url = 'https://other.example/' })
    local event = daemon:send_event(other.id, { event = 'approved' })
    for _, uuid in ipairs { theirs.uuid, NOBODY } do
      for _, method in ipairs { 'GET', 'PUT', 'PATCH', 'DELETE' } do
        local got = daemon:request { method = method, key = key, path = '/api/v1/webhooks/' .. uuid,
          json = method ~= 'GET' and method ~= 'DELETE' and { name = 'x' } or nil }
        assert.are.equal(404, got.status)
        assert.are.same({ status = false, message = 'Not found.', appended_data = {} }, got.json)
      end
    end
    for _, id in ipairs { event, NOBODY } do
      assert.are.equal(404, daemon:request({ key = key, path = '/api/v1/events/' .. id }).status)
    end
    assert.are.equal(200, daemon:request({ key = other_key, path = '/api/v1/events/' .. event })
      .status)
    assert.are.equal(404, daemon:request({
      path = ('/api/v1/merchants/%d/events/%s'):format(merchant.id, event) }).status)
  end)

  it('takes every peer of the control socket for the platform', function()
    assert.are.equal(200, daemon:control({ path = '/api/v1/merchants' }).status)
    assert.are.equal(200, daemon:control({
      path = ('/api/v1/merchants/%d/webhooks'):format(merchant.id) }).status)
    assert.are.equal(200, daemon:control({ path = '/api/v1/webhooks',
      headers = { ['x-api-key'] = key } }).status)
  end)

  it('keeps keys out of its log', function()
    local log = daemon:log()
    for _, secret in ipairs { key, other_key, daemon.platform_key } do
      assert.is_nil(log:find(secret, 1, true))
    end
  end)
end)
