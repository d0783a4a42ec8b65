-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'drop_test_orders'

local function plan(order)
  return policy:plan {
    body = { event = 'approved', order = order },
    endpoints = { { name = 'main' } },
  }
end

describe('drop_test_orders', function()
  it('drops orders whose metadata says test', function()
    local dropped = plan { order_number = 'A-1001', metadata = { test = true } }
    assert.equal('filtered', dropped.dropped)
    assert.equal('test order: metadata.test', dropped.why)
  end)

  it('drops orders whose number starts with TEST-', function()
    local dropped = plan { order_number = 'TEST-7' }
    assert.equal('filtered', dropped.dropped)
    assert.equal('test order: TEST-7', dropped.why)
  end)

  it('keeps real orders', function()
    assert.same({ 'main' }, plan({ order_number = 'A-1001' }).endpoints)
    assert.same({ 'main' }, plan({ order_number = 'A-TEST-1' }).endpoints)
    assert.same({ 'main' }, plan({ metadata = { test = false } }).endpoints)
    assert.same({ 'main' }, plan({ metadata = hook.json.null }).endpoints)
  end)

  it('keeps events without an order', function()
    assert.is_nil(plan(nil).dropped)
  end)
end)
