-- SPDX-License-Identifier: Apache-2.0
-- The quiet hours are 22:00 to 07:00 in Riyadh: 19:00 to 04:00 UTC.
local policy = spec.policy 'quiet_hours'

local SPREAD_MS = 15 * 60 * 1000

local function retry(first_attempt_at, attempt)
  return policy:retry {
    first_attempt_at = first_attempt_at,
    attempt = attempt or 1,
    class = 'timeout',
    total_ms = 10000,
  }
end

-- Is the delay right, give or take the spread?
local function waits(ms, decided)
  return decided ~= nil and decided.delay_ms >= ms and decided.delay_ms <= ms + SPREAD_MS
end

describe('quiet_hours', function()
  it('leaves failures of the day to the schedule', function()
    assert.is_nil(retry '2026-05-02T04:00:00.000Z')
    assert.is_nil(retry '2026-05-02T12:00:00.000Z')
    assert.is_nil(retry '2026-05-02T18:59:00.000Z')
  end)

  it('waits from the evening until the morning', function()
    local seven_and_a_half_hours = 27000 * 1000
    assert.is_true(waits(seven_and_a_half_hours - 10000, retry '2026-05-02T20:30:00.000Z'))
  end)

  it('waits from after midnight until the morning', function()
    assert.is_true(waits(3600 * 1000 - 10000 - 250, retry '2026-05-03T03:00:00.250Z'))
  end)

  it('counts from when the attempt failed, not from when it began', function()
    assert.is_true(waits(9 * 3600 * 1000 - 5000, retry '2026-05-02T18:59:55.000Z'))
    assert.is_nil(retry '2026-05-03T03:59:55.000Z')
  end)

  it('leaves what follows the morning\'s attempt to the schedule', function()
    assert.is_nil(retry('2026-05-02T20:30:00.000Z', 2))
  end)
end)
