-- SPDX-License-Identifier: Apache-2.0
-- The full cycle with a policy that decides every event: what scripts cost on the way.
local cycle = require 'cycle'

local policy = {}

-- Picks by amount, adds a field, removes one: what merchants want most often.
local TEXT = [[
local policy = { api = 1 }

function policy.route(event)
  if event.body.order.total_price >= 50 then return { 'large' } end
  return { 'small' }
end

function policy.enrich(event, endpoint, request)
  local order = request.body.order
  order.department = endpoint.name
  order.metadata.cashier = nil
  request.headers['X-Department'] = endpoint.name
end

return policy
]]

-- The name of a worker's only thread, and of the thread that talks to the workers.
local WORKER, POOL = 'hookd-policy', 'policy'

-- One run as cycle:measure has it, and worker_us and pool_us an event. options: seconds.
function policy.measure(options)
  local daemon = cycle.start(options, TEXT, { 'small', 'large' })
  local result = daemon:measure { seconds = options.seconds }
  daemon:stop()
  result.worker_us = assert(result.threads[WORKER], 'no worker has run')
  result.pool_us = assert(result.threads[POOL], 'no thread of the pool has run')
  return result
end

return policy
