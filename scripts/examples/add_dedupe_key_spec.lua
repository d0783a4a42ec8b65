-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'add_dedupe_key'

local function key_of(event, order, received_at)
  local plan = policy:plan {
    body = { event = event, order = order },
    received_at = received_at,
    endpoints = { { name = 'main' } },
  }
  return plan.requests.main.headers['X-Dedupe-Key']
end

local function refund(left_amount)
  return { id = 'o-1', order_status = 'partially_refunded', refund_amount = 30.0,
    left_amount = left_amount }
end

describe('add_dedupe_key', function()
  it('adds a hash', function()
    assert.matches('^' .. ('%x'):rep(64) .. '$', key_of('refunded', refund(70)))
  end)

  it('is the same for an event that is sent twice', function()
    assert.equal(key_of('refunded', refund(70), '2026-05-05T10:00:00Z'),
      key_of('refunded', refund(70), '2026-05-05T11:00:00Z'))
  end)

  it('tells two partial refunds of one order apart', function()
    assert.is_false(key_of('refunded', refund(70)) == key_of('refunded', refund(40)))
  end)

  it('tells events of one order apart', function()
    assert.is_false(key_of('approved', { id = 'o-1' }) == key_of('completed', { id = 'o-1' }))
  end)

  it('tells a field that is empty from one that is missing', function()
    assert.is_false(key_of('approved', { id = 'o-1', status = '' }) ==
      key_of('approved', { id = 'o-1' }))
  end)

  it('adds nothing to events without an order', function()
    assert.is_nil(key_of('low_balance_warning', nil))
  end)
end)
