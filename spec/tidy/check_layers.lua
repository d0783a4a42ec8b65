-- SPDX-License-Identifier: Apache-2.0
local layers = require 'layers'
local source = require 'source'

local check = {
  name = 'layers',
  about = 'who may include whom, and whose libraries',
}

local function contains(list, value)
  for _, each in ipairs(list or {}) do
    if each == value then return true end
  end
  return false
end

local function check_own(path, layer, include, tree, report)
  local target = include.path:match('^([%w_]+)/')
  if not target then
    if include.path ~= 'version.h' then
      report(path, include.line, ('"%s": write it from core/ on'):format(include.path))
    end
  elseif target ~= layer and not contains(layers.may_include[layer], target) then
    report(path, include.line, ('%s may not include %s'):format(layer, target))
  elseif not tree:has('core/' .. include.path) then
    report(path, include.line, ('core/%s does not exist'):format(include.path))
  end
end

local function check_library(path, layer, include, report)
  for library, pattern in pairs(layers.libraries) do
    if include.path:match(pattern) and not contains(layers.owns[layer], library) then
      report(path, include.line, ('%s does not own %s'):format(layer, library))
    end
  end
end

-- A .c file includes its own header first, which proves that the header stands alone.
local function check_first(path, includes, tree, report)
  local own = path:match('^core/(.*)%.c$')
  if own and tree:has('core/' .. own .. '.h') then
    local first = includes[1]
    if not first or first.path ~= own .. '.h' then
      report(path, first and first.line or 1, ('the first include is not "%s.h"'):format(own))
    end
  end
end

function check.run(tree, report)
  for path, text in tree:each('^core/[%w_]+/.*%.[ch]$') do
    local layer = path:match('^core/([%w_]+)/')
    local includes = source.includes(text)
    if not layers.may_include[layer] then
      report(path, 1, ('core/%s is no layer of design.md'):format(layer))
    end
    for _, include in ipairs(includes) do
      if include.own then check_own(path, layer, include, tree, report) end
      check_library(path, layer, include, report)
    end
    check_first(path, includes, tree, report)
  end
  for path, text in tree:each('^plugins/.*%.[ch]$') do
    for _, include in ipairs(source.includes(text)) do
      if include.own and include.path ~= 'hookd_plugin.h' then
        report(path, include.line, 'a plugin includes only "hookd_plugin.h" of ours')
      end
    end
  end
end

check.good = {
  ['core/base/bytes.h'] = '',
  ['core/engine/queue.h'] = '#include "base/bytes.h"\n#include <stdint.h>\n',
  ['core/engine/queue.c'] = '#include "engine/queue.h"\n// #include <uv.h>\n',
  ['core/deliver/sender.c'] = '#include <curl/curl.h>\n#include <uv.h>\n',
  ['core/worker/state.c'] = '#include <lua.h>\n#include <lauxlib.h>\n#include <lualib.h>\n',
}
check.bad = {
  ['engine may not include journal'] = { ['core/engine/x.c'] = '#include "journal/x.h"\n' },
  ['base may not include model'] = { ['core/base/x.h'] = '#include "model/x.h"\n' },
  ['engine does not own uv'] = { ['core/engine/x.h'] = '#include <uv.h>\n' },
  ['api does not own lua'] = { ['core/api/x.c'] = '#include <lauxlib.h>\n' },
  ['from core/ on'] = { ['core/base/x.c'] = '#include "bytes.h"\n' },
  ['does not exist'] = { ['core/base/x.c'] = '#include "base/bytes.h"\n' },
  ['no layer'] = { ['core/extra/x.c'] = '\n' },
  ['first include'] = {
    ['core/base/x.h'] = '', ['core/base/y.h'] = '',
    ['core/base/x.c'] = '#include "base/y.h"\n#include "base/x.h"\n',
  },
  ['only "hookd_plugin.h"'] = { ['plugins/a/x.c'] = '#include "base/bytes.h"\n' },
}

return check
