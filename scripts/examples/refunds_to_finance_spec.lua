-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'refunds_to_finance'

local function receivers(event, order)
  return policy:plan({
    body = { event = event, order = order },
    endpoints = {
      { name = 'shop' },
      { name = 'finance', labels = { system = 'finance' } },
      { name = 'manager', labels = { system = 'manager' } },
    },
  }).endpoints
end

describe('refunds_to_finance', function()
  it('sends refunds to finance alone', function()
    assert.same({ 'finance' }, receivers('refunded', { refund_amount = 30.0 }))
    assert.same({ 'finance' }, receivers('auto_refunded', { refund_amount = 500 }))
  end)

  it('shows large ones to the manager, too', function()
    assert.same({ 'finance', 'manager' }, receivers('refunded', { refund_amount = 500.01 }))
  end)

  it('does not guess amounts that are not there', function()
    assert.same({ 'finance' }, receivers('refunded', { refund_points = 600 }))
  end)

  it('sends everything else to the others', function()
    assert.same({ 'shop' }, receivers('approved', { total_price = 9000 }))
    assert.same({ 'shop' }, receivers('cancelled', {}))
    assert.same({ 'shop' }, receivers('low_balance_warning', nil))
  end)
end)
