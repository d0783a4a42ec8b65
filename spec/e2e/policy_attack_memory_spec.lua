-- SPDX-License-Identifier: Apache-2.0
-- Policies that eat memory, stacks and the parser: each ends in an error with file and line.
local attack = require 'attack'
local cases = require 'attack_memory'
local stage = require 'stage'

describe('a policy that takes too much', function()
  local field

  setup(function()
    field = attack.field(cases, 'memory',
      { config = { policy = { time_ms_max = 400, memory_bytes_max = 1 << 20 } } })
  end)

  teardown(stage.clear)

  for _, case in ipairs(cases) do
    it('is stopped: ' .. case[1], function() field:check(case) end)
  end

  it('leaves workers, daemon and other merchants as they were', function() field:check_whole() end)
end)
