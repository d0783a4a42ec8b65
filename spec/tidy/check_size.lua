-- SPDX-License-Identifier: Apache-2.0
local source = require 'source'

local check = {
  name = 'size',
  about = 'lengths of functions, files and parameter lists, with a ratchet',
}

local FUNCTION_LINES_MAX = 70
local FILE_LINES_MAX = 800
local HEADER_LINES_MAX = 200
local PARAMETERS_MAX = 5

-- Reports `value` over `max` unless `exceptions[key]` covers it; notes that the entry was needed.
local function hold(max, value, exceptions, key, needed, fault)
  if value <= max then return end
  local listed = exceptions[key]
  if listed then needed[key] = true end
  if listed == nil or (listed ~= true and value > listed) then
    fault(('%d, at most %d'):format(value, listed and listed ~= true and listed or max))
  end
end

local function report_needless(exceptions, needed, what, report)
  for key in pairs(exceptions) do
    if not needed[key] then
      report('spec/tidy/allowed.lua', 1, ('%s of %s needs no exception'):format(what, key))
    end
  end
end

local function check_functions(tree, report, allowed)
  local long, wide = {}, {}
  for path, text in tree:each('%.c$', '%.h$') do
    for _, each in ipairs(source.functions(text)) do
      local key = path .. ':' .. each.name
      hold(FUNCTION_LINES_MAX, each.lines, allowed.function_lines, key, long, function(fault)
        report(path, each.line, ('lines of %s: %s'):format(each.name, fault))
      end)
      hold(PARAMETERS_MAX, each.parameters, allowed.parameters, key, wide, function(fault)
        report(path, each.line, ('parameters of %s: %s'):format(each.name, fault))
      end)
    end
  end
  report_needless(allowed.function_lines, long, 'the length', report)
  report_needless(allowed.parameters, wide, 'the parameter list', report)
end

function check.run(tree, report, context)
  local allowed = context.allowed
  check_functions(tree, report, allowed)
  local long = {}
  for path, text in tree:each('%.c$', '%.h$', '%.lua$') do
    local max = path:match('%.h$') and HEADER_LINES_MAX or FILE_LINES_MAX
    hold(max, #source.lines(text), allowed.file_lines, path, long, function(fault)
      report(path, 1, 'lines of the file: ' .. fault)
    end)
  end
  report_needless(allowed.file_lines, long, 'the length', report)
end

local function body(lines)
  return 'static int f(int a)\n{\n' .. ('    a++;\n'):rep(lines - 2) .. '}\n'
end

check.allowed = { function_lines = {}, parameters = {}, file_lines = {} }
check.good = {
  ['core/a/x.c'] = body(70)
    .. 'static int g(int a, int (*f)(int, int), int c, int d, int e)\n{\n}\n',
  ['core/a/x.h'] = ('\n'):rep(200),
}
check.bad = {
  ['lines of f: 71'] = { ['core/a/x.c'] = body(71) },
  ['parameters of g: 6'] = {
    ['x.c'] = 'int g(int a, int b, int c,\n      int d, int e, int f)\n{\n}\n',
  },
  ['lines of the file: 801'] = { ['core/a/x.c'] = ('\n'):rep(801) },
  ['lines of the file: 201'] = { ['core/a/x.h'] = ('\n'):rep(201) },
}

return check
