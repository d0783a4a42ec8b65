-- SPDX-License-Identifier: Apache-2.0
-- Sends one merchant's events to different systems by what they are about.
--
-- For a shop whose warehouse, accounting and shop system each want their own part. Its endpoints
-- carry a label: system=shop, system=warehouse or system=accounting.
--
-- To adapt: SYSTEMS says who gets what. An event that is not listed goes to all endpoints, so that
-- a type that is new next year is not lost. (For a plain subscription no policy is needed: hookctl
-- endpoint update ... --events approved,cancelled.)
local SYSTEMS = {
  approved = { 'shop', 'warehouse', 'accounting' },
  authorized = { 'shop' },
  captured = { 'shop', 'accounting' },
  cancelled = { 'shop', 'warehouse' },
  completed = { 'shop' },
  shipping_status_updated = { 'warehouse' },
  refunded = { 'shop', 'accounting' },
  auto_refunded = { 'shop', 'accounting' },
  low_balance_warning = { 'accounting' },
  debt_exceeded = { 'accounting' },
}

local function has(list, value)
  for _, each in ipairs(list) do
    if each == value then return true end
  end
  return false
end

local function route(event, endpoints)
  local systems = SYSTEMS[event.type]
  if not systems then return nil end
  local picked = {}
  for _, endpoint in ipairs(endpoints) do
    if has(systems, endpoint.labels.system) then table.insert(picked, endpoint) end
  end
  return picked
end

return { api = 1, route = route }
