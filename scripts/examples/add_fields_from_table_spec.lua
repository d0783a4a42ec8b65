-- SPDX-License-Identifier: Apache-2.0
-- The table is tables/branches.csv.
local policy = spec.policy 'add_fields_from_table'

-- The order as the endpoint gets it.
local function sent(order)
  local plan = policy:plan {
    body = { event = 'approved', order = order },
    endpoints = { { name = 'accounting' } },
  }
  return plan.requests.accounting.body.order
end

describe('add_fields_from_table', function()
  it('adds what the table says of the branch', function()
    local order = sent { id = 'o-1', metadata = { branch = 'x1' } }
    assert.same({ name = 'Olaya', city = 'Riyadh', cost_centre = '4100' }, order.branch)
    assert.equal('o-1', order.id)
  end)

  it('reads cells that hold commas', function()
    assert.equal('Corniche, North', sent({ metadata = { branch = 'x3' } }).branch.name)
  end)

  it('leaves orders of unknown branches as they are', function()
    assert.is_nil(sent({ metadata = { branch = 'x9' } }).branch)
  end)

  it('leaves orders without a branch as they are', function()
    assert.is_nil(sent({ id = 'o-1' }).branch)
    assert.is_nil(sent({ metadata = hook.json.null }).branch)
    assert.is_nil(sent({ metadata = { branch = 7 } }).branch)
  end)
end)
