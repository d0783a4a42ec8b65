-- SPDX-License-Identifier: Apache-2.0
-- Drops the events of test orders before anybody is called.
--
-- For a shop whose testers buy in the real shop. An order is a test when its metadata says so
-- ({"test": true}) or when its number starts with TEST-. What was dropped, and why, stays visible:
-- hookctl why EVENT. An audit endpoint still gets it: policies do not see those.
--
-- To adapt: say in `why_test` how you tell a test order; nil is a real one.
local order = hook.require 'order'

local function why_test(event)
  if order.metadata(event).test == true then return 'test order: metadata.test' end
  local number = order.of(event).order_number
  if type(number) == 'string' and hook.text.starts_with(number, 'TEST-') then
    return 'test order: ' .. number
  end
  return nil
end

local function filter(event)
  local why = why_test(event)
  if why then return false, why end
  return true
end

return { api = 1, filter = filter }
