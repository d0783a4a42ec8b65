-- SPDX-License-Identifier: Apache-2.0
local source = require 'source'

local check = {
  name = 'text',
  about = 'width, spaces, SPDX line, unfinished marks, file names',
}

local WIDTH_MAX = 100
local CODE = { '%.c$', '%.h$', '%.lua$', '%.sh$', '%.cmake$', 'CMakeLists%.txt$', '^packaging/dev$',
  '^%.ci/run$', '%.c%.in$', '%.def$' }
local ALL = { '%.md$', '%.txt$', '%.json$', '%.ya?ml$', '%.in$', '^%.[%w-]+$', table.unpack(CODE) }
local MARKS = { 'TODO', 'FIXME', 'XXX' }
local VAGUE_NAMES = { 'utils?', 'common', 'helpers?', 'misc', 'manager' }

local function is_data(path)
  return path:match('^spec/fuzz/corpus/') or path:match('^spec/[%w_]+/fixtures/')
end

local function check_line(path, number, line, report)
  if line:match('%s$') then report(path, number, 'space at the end of the line') end
  if line:find('\t', 1, true) then report(path, number, 'a tab') end
  for _, mark in ipairs(MARKS) do
    if line:match('%f[%w_]' .. mark .. '%f[^%w_]') and not line:match(mark .. '%s*%(?#%d+')
      and not path:match('^spec/tidy/') then
      report(path, number, mark .. ' without an issue number')
    end
  end
end

local function check_width(path, text, report)
  for number, line in ipairs(source.lines(text)) do
    local width = utf8.len(line)
    if not width then
      report(path, number, 'not UTF-8')
    elseif width > WIDTH_MAX then
      report(path, number, ('%d columns, at most %d'):format(width, WIDTH_MAX))
    end
  end
end

local function check_spdx(path, text, report)
  local lines = source.lines(text)
  local first = lines[1] or ''
  if first:match('^#!') then first = lines[2] or '' end
  if not first:match('^[/#%-]+ SPDX%-License%-Identifier: Apache%-2%.0$') then
    report(path, 1, 'the first line is not the SPDX line')
  end
end

local function check_name(path, report)
  local stem = path:match('([^/]+)%.[ch]$')
  for _, vague in ipairs(VAGUE_NAMES) do
    if stem and (stem:match('^' .. vague .. '$') or stem:match('_' .. vague .. '$')) then
      report(path, 1, 'a file is named after one noun, not "' .. stem .. '"')
    end
  end
end

function check.run(tree, report)
  for path, text in tree:each(table.unpack(ALL)) do
    if not is_data(path) then
      for number, line in ipairs(source.lines(text)) do check_line(path, number, line, report) end
      if text ~= '' and text:sub(-1) ~= '\n' then report(path, 1, 'no newline at the end') end
      check_name(path, report)
    end
  end
  for path, text in tree:each(table.unpack(CODE)) do
    if not is_data(path) then
      check_spdx(path, text, report)
      check_width(path, text, report)
    end
  end
end

local SPDX = '// SPDX-License-Identifier: Apache-2.0\n'
check.good = {
  ['core/a/x.c'] = SPDX .. 'int x; // TODO #12: and more\n',
  ['a.sh'] = '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n',
}
check.bad = {
  ['space at the end'] = { ['a.c'] = SPDX .. 'int x; \n' },
  ['a tab'] = { ['a.c'] = SPDX .. '\tint x;\n' },
  ['TODO without an issue'] = { ['a.c'] = SPDX .. '// TODO: later\n' },
  ['101 columns'] = { ['a.c'] = SPDX .. '//' .. ('x'):rep(99) .. '\n' },
  ['not UTF%-8'] = { ['a.c'] = SPDX .. '// \xff\n' },
  ['no newline'] = { ['a.c'] = SPDX .. 'int x;' },
  ['SPDX'] = { ['a.c'] = 'int x;\n' },
  ['one noun'] = { ['core/base/string_utils.c'] = SPDX },
}

return check
