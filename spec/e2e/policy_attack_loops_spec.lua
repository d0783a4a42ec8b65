-- SPDX-License-Identifier: Apache-2.0
-- Policies that do not end: each is stopped by its budget, held with file and line, and felt by
-- nobody else.
local attack = require 'attack'
local cases = require 'attack_loops'
local stage = require 'stage'

describe('a policy that takes for ever', function()
  local field

  setup(function()
    field = attack.field(cases, 'loop', { config = { policy = { time_ms_max = 20 } },
      libraries = { spin = 'while true do end\nreturn {}\n',
        spins = 'return { spin = function()\n  while true do end\nend }\n' } })
  end)

  teardown(stage.clear)

  for _, case in ipairs(cases) do
    it('is stopped: ' .. case[1], function() field:check(case) end)
  end

  it('leaves workers, daemon and other merchants as they were', function() field:check_whole() end)
end)
