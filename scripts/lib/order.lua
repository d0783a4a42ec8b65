-- SPDX-License-Identifier: Apache-2.0
-- order: what the shop events of Points have in common, read without surprises.
--
-- Not every event has an order (low_balance_warning has none), and not every order has every
-- field.
local order = {}

local EMPTY = {}

local REFUNDS = { refunded = true, auto_refunded = true }

local function table_or_empty(value)
  return type(value) == 'table' and value or EMPTY
end

-- The order of an event, or an empty table.
function order.of(event)
  return table_or_empty(event.body.order)
end

-- What the merchant attached to the order when it was made, or an empty table.
function order.metadata(event)
  return table_or_empty(order.of(event).metadata)
end

-- Does the event give money or points back?
function order.is_refund(event)
  return REFUNDS[event.type] == true
end

return order
