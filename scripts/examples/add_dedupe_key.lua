-- SPDX-License-Identifier: Apache-2.0
-- Adds a header that is the same for two deliveries exactly when they say the same.
--
-- For receivers that remember what they have done. "Order and event" is too little to remember:
-- two partial refunds of one order share both, and the second would be taken for a repeat of the
-- first. X-Dedupe-Key is a hash of all that makes an event another one; attempts, resends and
-- events that the shop sent twice by mistake share it.
--
-- To adapt: FIELDS lists what of the order counts besides its id.
local order = hook.require 'order'

local FIELDS = { 'id', 'order_status', 'status', 'refund_amount', 'left_amount', 'updated_at' }

local function dedupe_key(event)
  local parts = { event.type }
  for _, name in ipairs(FIELDS) do
    table.insert(parts, hook.json.encode { name, order.of(event)[name] or hook.json.null })
  end
  return hook.hash.sha256(table.concat(parts, '\n'))
end

local function enrich(event, _, request)
  if order.of(event).id then request.headers['X-Dedupe-Key'] = dedupe_key(event) end
  return true
end

return { api = 1, enrich = enrich }
