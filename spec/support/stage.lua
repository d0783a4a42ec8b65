-- SPDX-License-Identifier: Apache-2.0
-- What a spec has set up, to be taken down in reverse order: `after_each(stage.clear)`.
-- The support modules put themselves on the stage; it is also cleared when Lua ends.
local stage = {}

local takedowns = {}

-- Adds a function that stage.clear calls; later ones are called first.
function stage.add(takedown)
  table.insert(takedowns, takedown)
end

-- Takes everything down. A takedown that fails does not keep the others from running; the first
-- fault is raised at the end.
function stage.clear()
  local fault
  while #takedowns > 0 do
    local ok, why = pcall(table.remove(takedowns))
    if not ok then fault = fault or why end
  end
  if fault then error(fault, 0) end
end

stage.at_exit = setmetatable({}, { __gc = function() pcall(stage.clear) end })

return stage
