-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'redact_personal_data'

local BODY = [[{
  "event": "approved",
  "order": {
    "id": "o-1",
    "total_price": 80.50,
    "metadata": {
      "customer": { "full_name": "Huda", "phone_number": "0500000000", "email": null, "vip": true },
      "parcels": [ { "address": { "city": "Riyadh" } }, { "weight": 1.0 } ]
    }
  }
}]]

describe('redact_personal_data', function()
  local plan

  before_each(function()
    plan = policy:plan {
      body = BODY,
      endpoints = {
        { name = 'analytics' },
        { name = 'crm', labels = { personal_data = 'yes' } },
      },
    }
  end)

  it('blanks personal fields wherever they are', function()
    local metadata = plan.requests.analytics.body.order.metadata
    assert.equal('[redacted]', metadata.customer.full_name)
    assert.equal('[redacted]', metadata.customer.phone_number)
    assert.equal('[redacted]', metadata.parcels[1].address)
  end)

  it('leaves the rest, and null, as they are', function()
    local order = plan.requests.analytics.body.order
    assert.equal('o-1', order.id)
    assert.equal(80.5, order.total_price)
    assert.is_true(order.metadata.customer.vip)
    assert.is_true(hook.json.is_null(order.metadata.customer.email))
    assert.equal(1.0, order.metadata.parcels[2].weight)
  end)

  it('gives everything to endpoints that may have it', function()
    assert.equal('Huda', plan.requests.crm.body.order.metadata.customer.full_name)
    assert.equal('Riyadh', plan.requests.crm.body.order.metadata.parcels[1].address.city)
  end)
end)
