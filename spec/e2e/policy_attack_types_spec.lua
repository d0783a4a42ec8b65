-- SPDX-License-Identifier: Apache-2.0
-- Policies that return, raise and write what they may not: an error with file and line, never half
-- a plan.
local attack = require 'attack'
local cases = require 'attack_types'
local stage = require 'stage'

describe('a policy that returns what it may not', function()
  local field

  setup(function()
    field = attack.field(cases, 'types', { config = { policy = { time_ms_max = 200 } },
      tables = { ['branches.json'] = '{"7":{"city":"Lviv"}}' } })
  end)

  teardown(stage.clear)

  for _, case in ipairs(cases) do
    it('gets what it earns: ' .. case[1], function() field:check(case) end)
  end

  it('leaves workers, daemon and other merchants as they were', function() field:check_whole() end)
end)
