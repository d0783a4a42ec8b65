-- SPDX-License-Identifier: Apache-2.0
-- Runs of bench_policy_idle: what a policy that plans nothing costs the engine.
local json = require 'json'
local place = require 'place'
local process = require 'process'

local policy_idle = {}

-- { without_ns, with_ns, more_ns } an event (see bench_policy_idle.c).
function policy_idle.measure()
  local got = process.run(place.on(place.measured, { process.program('bench_policy_idle') }),
    { timeout_s = 60 })
  assert(got.code == 0, 'bench_policy_idle: ' .. got.stderr .. got.stdout)
  return assert(json.decode(got.stdout))
end

return policy_idle
