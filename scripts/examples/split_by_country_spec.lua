-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'split_by_country'

local ENDPOINTS = {
  { name = 'riyadh', labels = { region = 'gulf' } },
  { name = 'berlin', labels = { region = 'europe' } },
  { name = 'headquarters', labels = { region = 'other' } },
}

local function plan(metadata, endpoints)
  return policy:plan {
    body = { event = 'approved', order = { id = 'o-1', metadata = metadata } },
    endpoints = endpoints or ENDPOINTS,
  }
end

describe('split_by_country', function()
  it('sends an order to the region of its country', function()
    assert.same({ 'riyadh' }, plan({ country = 'SA' }).endpoints)
    assert.same({ 'riyadh' }, plan({ country = 'ae' }).endpoints)
    assert.same({ 'berlin' }, plan({ country = 'DE' }).endpoints)
  end)

  it('sends countries of no region, and of one without an endpoint, to region=other', function()
    assert.same({ 'headquarters' }, plan({ country = 'BR' }).endpoints)
    assert.same({ 'headquarters' }, plan({ country = 'EG' }).endpoints)
  end)

  it('sends orders without a country to region=other', function()
    assert.same({ 'headquarters' }, plan({}).endpoints)
    assert.same({ 'headquarters' }, plan(nil).endpoints)
    assert.same({ 'headquarters' }, plan(hook.json.null).endpoints)
    assert.same({ 'headquarters' }, plan({ country = 966 }).endpoints)
  end)

  it('drops what no endpoint is there for', function()
    local dropped = plan({ country = 'BR' }, { ENDPOINTS[1] })
    assert.equal('no_endpoint', dropped.dropped)
    assert.same({}, dropped.endpoints)
  end)
end)
