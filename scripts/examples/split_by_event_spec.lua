-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'split_by_event'

local function receivers(event, endpoints)
  return policy:plan({
    body = { event = event, order = { id = 'o-1' } },
    endpoints = endpoints or {
      { name = 'shop', labels = { system = 'shop' } },
      { name = 'warehouse', labels = { system = 'warehouse' } },
      { name = 'accounting', labels = { system = 'accounting' } },
    },
  }).endpoints
end

describe('split_by_event', function()
  it('gives each system its part', function()
    assert.same({ 'shop', 'warehouse', 'accounting' }, receivers 'approved')
    assert.same({ 'warehouse' }, receivers 'shipping_status_updated')
    assert.same({ 'shop', 'accounting' }, receivers 'refunded')
    assert.same({ 'accounting' }, receivers 'low_balance_warning')
  end)

  it('gives an event that is not listed to everybody', function()
    assert.same({ 'shop', 'warehouse', 'accounting' }, receivers 'something_new')
  end)

  it('gives all endpoints of a system their part', function()
    local twins = {
      { name = 'north', labels = { system = 'warehouse' } },
      { name = 'south', labels = { system = 'warehouse' } },
      { name = 'unlabelled' },
    }
    assert.same({ 'north', 'south' }, receivers('cancelled', twins))
  end)
end)
