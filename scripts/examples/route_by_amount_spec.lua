-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'route_by_amount'

-- The names of the endpoints that get an approved order of this price.
local function desks(total_price)
  return policy:plan({
    body = { event = 'approved', order = { id = 'o-1', total_price = total_price } },
    endpoints = {
      { name = 'key accounts', labels = { desk = 'large' } },
      { name = 'everyday', labels = { desk = 'small' } },
    },
  }).endpoints
end

describe('route_by_amount', function()
  it('sends orders below the limit to the small desk', function()
    assert.same({ 'everyday' }, desks(80.5))
    assert.same({ 'everyday' }, desks(999.99))
  end)

  it('sends orders from the limit on to the large desk', function()
    assert.same({ 'key accounts' }, desks(1000))
    assert.same({ 'key accounts' }, desks(25000.00))
  end)

  it('reads amounts that are text', function()
    assert.same({ 'everyday' }, desks('999.99'))
    assert.same({ 'key accounts' }, desks('1000.00'))
  end)

  it('sends what has no amount to everybody', function()
    assert.same({ 'key accounts', 'everyday' }, desks(nil))
    assert.same({ 'key accounts', 'everyday' }, desks('a lot'))
    assert.same({ 'key accounts', 'everyday' }, desks(hook.json.null))
  end)
end)
