-- SPDX-License-Identifier: Apache-2.0
-- Many rounds become one figure: the median, with the least and the greatest.
local summary = {}

local function summary_of(values)
  table.sort(values)
  local half = #values // 2
  local median = #values % 2 == 1 and values[half + 1] or (values[half] + values[half + 1]) / 2
  return { median = median, min = values[1], max = values[#values] }
end

local function is_names(value)
  return type(value) == 'table'
end

-- Of a list of results with the same fields (numbers, or tables of numbers): the same fields, each
-- { median, min, max }. A field that a result has not is left out of that one.
function summary.of(results)
  local gathered, out = {}, {}
  for _, result in ipairs(results) do
    for name, value in pairs(result) do
      gathered[name] = gathered[name] or {}
      table.insert(gathered[name], value)
    end
  end
  for name, values in pairs(gathered) do
    out[name] = is_names(values[1]) and summary.of(values) or summary_of(values)
  end
  return out
end

-- Ratios of one field of two lists of results, round by round, as { median, min, max }; nil when
-- one of them is empty.
function summary.ratio(results, field, references, reference_field)
  local values = {}
  for i = 1, math.min(#(results or {}), #(references or {})) do
    table.insert(values, results[i][field] / references[i][reference_field])
  end
  return #values > 0 and summary_of(values) or nil
end

return summary
