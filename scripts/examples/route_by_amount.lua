-- SPDX-License-Identifier: Apache-2.0
-- Sends large orders to one desk and all others to another.
--
-- For a shop whose key-account people want to see orders of 1,000 SAR and more. Its endpoints
-- carry a label, desk=large or desk=small:
--
--   hookctl endpoint create 9 --name "key accounts" --url https://... --label desk=large
--
-- To adapt: change LIMIT and the labels. Events without an amount (low_balance_warning) go to all
-- endpoints, as they would without a policy.
local money = hook.require 'money'
local order = hook.require 'order'
local pick = hook.require 'pick'

local LIMIT = money.coins('1000.00')

local function route(event, endpoints)
  local total = money.coins(order.of(event).total_price)
  if not total then return nil end
  return pick.where(endpoints, 'desk', total >= LIMIT and 'large' or 'small')
end

return { api = 1, route = route }
