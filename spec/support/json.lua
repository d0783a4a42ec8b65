-- SPDX-License-Identifier: Apache-2.0
-- cjson, with whole numbers as Lua integers, so that 9 is never written as 9.0.
local cjson = require 'cjson'

local json = { null = cjson.null, encode = cjson.encode }

-- An empty JSON array, which {} is not.
json.empty_array = cjson.empty_array

local function with_integers(value)
  if type(value) == 'number' then return math.tointeger(value) or value end
  if type(value) ~= 'table' then return value end
  for name, each in pairs(value) do
    local kind = type(each)
    if kind == 'number' or kind == 'table' then value[name] = with_integers(each) end
  end
  return value
end

-- The value of a text; nil and why when it is not JSON.
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok then return nil, value end
  return with_integers(value)
end

return json
