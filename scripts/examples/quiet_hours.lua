-- SPDX-License-Identifier: Apache-2.0
-- Lets a receiver that failed at night sleep until the morning.
--
-- For a shop whose system is down for its nightly close. The first attempt is made at once, also
-- at night: a policy cannot hold an event back, only say when a failed delivery is tried again.
-- When that attempt fails in the quiet hours, the next one waits for their end, and those after it
-- follow the schedule.
--
-- To adapt: change the hours and OFFSET_MINUTES (180: Riyadh; hooks know no time zones, so a place
-- with summer time needs a change in spring and in autumn). To spread the load of the morning, the
-- deliveries of different events wait up to SPREAD_MINUTES longer.
local QUIET_FROM, QUIET_TO = 22, 7 -- o'clock
local OFFSET_MINUTES = 180
local SPREAD_MINUTES = 15

local MINUTE_MS = 60 * 1000
local HOUR_MS = 60 * MINUTE_MS

local function is_quiet(hour)
  if QUIET_FROM <= QUIET_TO then return hour >= QUIET_FROM and hour < QUIET_TO end
  return hour >= QUIET_FROM or hour < QUIET_TO
end

-- From a moment in the quiet hours to their end.
local function ms_until_morning(now)
  local hours = (QUIET_TO - now.hour) % 24
  return hours * HOUR_MS - now.minute * MINUTE_MS - now.second * 1000 - now.ms
end

local function retry(delivery, outcome)
  if delivery.attempt > 1 then return nil end
  -- Hooks have no clock; when the first attempt failed is known all the same.
  local failed_at = hook.time.parse(delivery.first_attempt_at) + outcome.total_ms
  local now = hook.time.parts(failed_at, OFFSET_MINUTES)
  if not is_quiet(now.hour) then return nil end
  return { delay_ms = ms_until_morning(now) + hook.random(0, SPREAD_MINUTES * MINUTE_MS) }
end

return { api = 1, retry = retry }
