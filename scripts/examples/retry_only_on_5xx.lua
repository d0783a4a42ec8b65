-- SPDX-License-Identifier: Apache-2.0
-- Tries again only where that can help: on 5xx, and when no answer came.
--
-- For a merchant whose receiver means it when it says no: a 401 (wrong secret) or a 422 (it does
-- not like the event) will be the same in a minute. The delivery ends as dead with the reason
-- gave_up and can be sent again by hand.
--
-- To adapt: PASSING lists the answers below 500 that pass by themselves. To switch the endpoint
-- off altogether, return "disable" in place of "give_up".
local PASSING = {
  [408] = true, -- Request Timeout
  [425] = true, -- Too Early
  [429] = true, -- Too Many Requests; Retry-After is obeyed by the schedule
}

local function retry(_, outcome)
  local status = outcome.status
  if status == nil or status >= 500 or PASSING[status] then return nil end
  return 'give_up'
end

return { api = 1, retry = retry }
