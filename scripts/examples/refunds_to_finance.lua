-- SPDX-License-Identifier: Apache-2.0
-- Sends refunds to finance, and large ones also to the manager who must sign them.
--
-- For a shop whose order system has no use for refunds. Its endpoints carry the labels
-- system=finance and system=manager; all others get everything but refunds.
--
-- To adapt: change LIMIT and the labels. What counts as a refund stands in lib/order.lua: refunded
-- and auto_refunded. A cancelled order is none: no money has moved.
local money = hook.require 'money'
local order = hook.require 'order'

local LIMIT = money.coins('500.00')

local function is_for(endpoint, event)
  local system = endpoint.labels.system
  if not order.is_refund(event) then return system ~= 'finance' and system ~= 'manager' end
  if system == 'finance' then return true end
  local amount = money.coins(order.of(event).refund_amount)
  return system == 'manager' and amount ~= nil and amount > LIMIT
end

local function route(event, endpoints)
  local picked = {}
  for _, endpoint in ipairs(endpoints) do
    if is_for(endpoint, event) then table.insert(picked, endpoint) end
  end
  return picked
end

return { api = 1, route = route }
