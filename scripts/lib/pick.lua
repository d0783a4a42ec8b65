-- SPDX-License-Identifier: Apache-2.0
-- pick: endpoints by their labels, for `route`.
--
-- Labels say what an endpoint is for (hookctl endpoint update ... --label system=finance), so that
-- a policy stays right when endpoints are renamed, doubled or replaced.
local pick = {}

-- The endpoints whose label `name` is `value`.
function pick.where(endpoints, name, value)
  local picked = {}
  for _, endpoint in ipairs(endpoints) do
    if endpoint.labels[name] == value then table.insert(picked, endpoint) end
  end
  return picked
end

-- All the others, also those without that label.
function pick.except(endpoints, name, value)
  local picked = {}
  for _, endpoint in ipairs(endpoints) do
    if endpoint.labels[name] ~= value then table.insert(picked, endpoint) end
  end
  return picked
end

return pick
