-- SPDX-License-Identifier: Apache-2.0
-- The eight events of the merchant contract, as a platform would send them.
local events = {}

events.TYPES = { 'approved', 'authorized', 'captured', 'cancelled', 'completed',
  'shipping_status_updated', 'refunded', 'auto_refunded' }

-- What each type adds to the order, as JSON text: a body's bytes must arrive as they were sent.
local EXTRA = {
  cancelled = ',"reason":"Order cancelled via API"',
  shipping_status_updated = ',"status":"ready_shipping","status_label":"Ready"',
  refunded = ',"refund_amount":30.00,"reason":"one item back","refund_points":600,'
    .. '"left_points":1400,"left_amount":50.50',
  auto_refunded = ',"refund_amount":80.50,"refund_points":240,'
    .. '"reason":"auto_refund_missing_transaction"',
}

local STATUS = { approved = 'approved', authorized = 'authorized', captured = 'captured',
  cancelled = 'cancelled', completed = 'approved', shipping_status_updated = 'approved',
  refunded = 'partially_refunded', auto_refunded = 'fully_refunded' }

local TEMPLATE = [[{"event":"%s","order":{"id":"0b8f5a52-6c1e-4f0e-9a57-%012d",]]
  .. [["reference_number":"REF-%d","order_number":"A-%d","type":"replacing","total_price":80.50,]]
  .. [["total_points":240,"payment_status":"fully_paid","order_status":"%s","metadata":null,]]
  .. [["created_at":"2026-05-02T08:00:00Z","updated_at":"2026-05-02T08:03:10Z"%s},]]
  .. [["timestamp":"2026-05-02T08:03:10Z"}]]

-- The JSON text of an event about order `number`.
function events.text(type, number)
  return TEMPLATE:format(type, number, 7000 + number, 1000 + number, assert(STATUS[type]),
    EXTRA[type] or '')
end

return events
