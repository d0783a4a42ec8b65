-- SPDX-License-Identifier: Apache-2.0
-- Adds the branch's name, city and cost centre to each order, from a table.
--
-- For a shop whose orders carry a branch code ({"metadata": {"branch": "x1"}}) and whose
-- accounting wants to know what it stands for. The table is a file in tables_dir, here
-- branches.csv (a sample stands in tables/): its first column is the code. It is read again with
-- each reload.
--
-- To adapt: `lookup` says which table and which key; `enrich` what becomes of the row. A code that
-- is not in the table leaves the order as it is and is logged.
local order = hook.require 'order'

local function lookup(event)
  local code = order.metadata(event).branch
  if type(code) ~= 'string' then return nil end
  return { branch = { table = 'branches', key = code } }
end

local function enrich(event, _, request, found)
  local branch = found.branch
  if branch then
    request.body.order.branch = {
      name = branch.name,
      city = branch.city,
      cost_centre = branch.cost_centre,
    }
  elseif order.metadata(event).branch then
    hook.log.warn('no such branch: ' .. tostring(order.metadata(event).branch))
  end
  return true
end

return { api = 1, lookup = lookup, enrich = enrich }
