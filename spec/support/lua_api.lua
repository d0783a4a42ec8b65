-- SPDX-License-Identifier: Apache-2.0
-- What core/worker/api.lua, the one description of the Lua API, becomes: the page for people, the
-- types for editors, the globals for luacheck. To write them anew after a change, from the root:
--
--   lua5.4 spec/support/lua_api.lua
local lua_api = {}

local SPDX = '-- SPDX-License-Identifier: Apache-2.0\n'
local RC_START = '-- Generated from core/worker/api.lua: the globals of policies and their specs.\n'
local RC_END = '-- End of what is generated.\n'

local function sorted(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return copy
end

local function words(list)
  return '`' .. table.concat(list, '`, `') .. '`'
end

-- ---- the page ------------------------------------------------------------------------------

-- A table row must not be cut by the `|` of a type.
local function cell(text)
  return (text:gsub('|', '\\|'))
end

local function code_cell(text)
  return '`' .. cell(text) .. '`'
end

local function fields_table(fields)
  local lines = { '| field | type | |', '|---|---|---|' }
  for _, field in ipairs(fields) do
    table.insert(lines, ('| `%s` | %s | %s |'):format(field[1], code_cell(field[2]),
      cell(field[3])))
  end
  return table.concat(lines, '\n')
end

local function names_of(arguments)
  local names = {}
  for _, argument in ipairs(arguments) do table.insert(names, argument[1]) end
  return table.concat(names, ', ')
end

local parts = {}

function parts.hooks(api)
  local out = {}
  for _, hook in ipairs(api.hooks) do
    table.insert(out, ('### %s(%s)\n\n%s\n'):format(hook.name, names_of(hook.arguments), hook.text))
    table.insert(out, '| returns | |\n|---|---|')
    for _, result in ipairs(hook.returns) do
      table.insert(out, ('| %s | %s |'):format(code_cell(result[1]), cell(result[2])))
    end
    table.insert(out, '\n```lua\n' .. hook.example .. ',\n```\n')
  end
  return (table.concat(out, '\n'):gsub('\n+$', ''))
end

function parts.values(api)
  local out = {}
  for _, value in ipairs(api.values) do
    local fields = value.fields
    if value.map then
      fields = { { '[' .. value.map[1] .. ']', value.map[2], value.map[3] } }
    end
    table.insert(out, ('**`%s`**: %s\n\n%s'):format(value.name, value.text, fields_table(fields)))
  end
  return table.concat(out, '\n\n')
end

function parts.spec(api)
  local spec = api.spec
  local out = { '`policy:plan { ... }` takes', fields_table(spec.plan_fields), 'and returns',
    fields_table(spec.plan_results),
    'A hook that fails raises its error in the spec. `policy:retry { ... }` takes',
    fields_table(spec.retry_fields),
    'and returns what the hook decided: nil, `{ delay_ms = n }`, `"give_up"` or `"disable"`. Beside'
      .. ' these there are `describe`, `it`, `before_each`, `after_each`, all of `hook`, and' }
  local lines = { '| assertion | |', '|---|---|' }
  for _, line in ipairs(spec.asserts) do
    table.insert(lines, ('| `%s` | %s |'):format(line[1], cell(line[2])))
  end
  table.insert(out, table.concat(lines, '\n'))
  return table.concat(out, '\n\n')
end

function parts.globals(api)
  local lines = { '| there is | |', '|---|---|' }
  local plain = {}
  for _, name in ipairs(sorted(api.globals)) do
    if not api.libraries[name] and name ~= 'hook' then table.insert(plain, name) end
  end
  table.insert(lines, ('| functions | %s |'):format(words(plain)))
  for _, name in ipairs { 'string', 'table', 'math', 'utf8' } do
    table.insert(lines, ('| `%s` | %s |'):format(name, words(sorted(api.libraries[name]))))
  end
  table.insert(lines, '\nThey do what the Lua manual says, but:\n')
  for _, note in ipairs(api.notes) do table.insert(lines, ('* %s %s'):format(note[1], note[2])) end
  return table.concat(lines, '\n')
end

function parts.limits(api)
  local lines = { '| limit | | option |', '|---|---|---|' }
  for _, limit in ipairs(api.limits) do
    table.insert(lines, ('| %s | %s | %s |'):format(limit[1], limit[2], limit[3]))
  end
  return table.concat(lines, '\n')
end

local function returns_text(entry)
  local out = {}
  for _, result in ipairs(entry.returns or {}) do
    table.insert(out, ('`%s`%s'):format(result[1], result[2] and ' (' .. result[2] .. ')' or ''))
  end
  return #out > 0 and ' Returns ' .. table.concat(out, ', ') .. '.' or ''
end

function parts.reference(api)
  local out = {}
  for _, group in ipairs(api.groups) do
    table.insert(out, ('### %s\n\n%s'):format(group.name, group.text))
    for _, entry in ipairs(group.entries) do
      local arguments = {}
      for _, argument in ipairs(entry.arguments or {}) do
        table.insert(arguments, ('`%s`: `%s`'):format(argument[1], argument[2]))
      end
      local takes = #arguments > 0 and ' (' .. table.concat(arguments, ', ') .. ')' or ''
      table.insert(out, ('**`%s`**%s, since %s. %s%s\n\n```lua\n%s\n```'):format(
        entry.signature or entry.name, takes, entry.since, entry.text, returns_text(entry),
        entry.example))
    end
  end
  return table.concat(out, '\n\n')
end

function lua_api.page(api, template)
  return (template:gsub('{{(%w+)}}', function(name)
    return assert(parts[name], 'the page has no part ' .. name)(api)
  end))
end

-- ---- types for editors ---------------------------------------------------------------------

-- Without the marks of the page.
local function plain(text)
  return (text:gsub('`', ''))
end

local function wrap(text, prefix)
  local lines, line = {}, prefix
  for word in plain(text):gmatch('%S+') do
    if #line + #word + 1 > 100 then
      table.insert(lines, line)
      line = prefix
    end
    line = line .. (line == prefix and '' or ' ') .. word
  end
  table.insert(lines, line)
  return table.concat(lines, '\n')
end

local function meta_class(out, name, text, fields)
  table.insert(out, wrap(text, '--- '))
  table.insert(out, '---@class ' .. name)
  for _, field in ipairs(fields) do
    table.insert(out, wrap(field[3] or '', '--- '))
    table.insert(out, ('---@field %s %s'):format(field[1], field[2]))
  end
  table.insert(out, '')
end

local function meta_values(api, out)
  for _, value in ipairs(api.values) do
    local fields = value.fields
    if value.map then
      fields = { { '[' .. value.map[1] .. ']', value.map[2], value.map[3] } }
    end
    meta_class(out, value.type, value.text, fields)
  end
  local fields = {}
  for _, name in ipairs(api.time_parts) do table.insert(fields, { name, 'integer', name }) end
  meta_class(out, 'hookd.time_parts', 'What hook.time.parts returns.', fields)
end

-- A hook as a function of the class: a field of that type would be too long for a line.
local function meta_hooks(api, out)
  table.insert(out, '--- What a policy\'s file returns.\n---@class hookd.policy\n'
    .. '---@field api 1\nlocal policy = {}\n')
  for _, hook in ipairs(api.hooks) do
    table.insert(out, wrap(hook.text, '--- '))
    for _, argument in ipairs(hook.arguments) do
      table.insert(out, ('---@param %s %s'):format(argument[1], argument[2]))
    end
    for _, type in ipairs(hook.types) do table.insert(out, '---@return ' .. type) end
    table.insert(out, ('function policy.%s(%s) end\n'):format(hook.name,
      names_of(hook.arguments)))
  end
end

local function meta_entry(out, entry)
  table.insert(out, wrap(entry.text, '--- '))
  if not entry.signature then
    table.insert(out, '---@type ' .. entry.type)
    table.insert(out, entry.name .. ' = {}\n')
    return
  end
  for _, argument in ipairs(entry.arguments) do
    local name, optional = argument[1], argument[2]:match('%?$') or ''
    table.insert(out, ('---@param %s%s %s'):format(name, optional, (argument[2]:gsub('%?$', ''))))
  end
  for _, result in ipairs(entry.returns) do
    table.insert(out, '---@return ' .. result[1] .. (result[2] and ' # ' .. result[2] or ''))
  end
  table.insert(out, ('function %s(%s) end\n'):format(entry.name, names_of(entry.arguments)))
end

function lua_api.meta(api)
  local out = { SPDX .. '-- Types of policies for editors (LuaCATS). Generated from'
    .. ' core/worker/api.lua.\n---@meta\n' }
  meta_values(api, out)
  meta_hooks(api, out)
  table.insert(out, '--- JSON\'s null.\n---@class hookd.null\n')
  table.insert(out, '--- All that a policy can ask of hookd.\nhook = {}\n')
  for _, group in ipairs(api.groups) do
    if group.name ~= 'hook' then
      table.insert(out, wrap(group.text, '--- '))
      table.insert(out, group.name .. ' = {}\n')
    end
    for _, entry in ipairs(group.entries) do meta_entry(out, entry) end
  end
  return (table.concat(out, '\n'):gsub('\n+$', '')) .. '\n'
end

-- ---- luacheck ------------------------------------------------------------------------------

-- { json = { 'null', ... }, ..., [''] = { 'random', 'require' } }
local function hook_names(api)
  local names = {}
  for _, group in ipairs(api.groups) do
    local prefix = group.name == 'hook' and 'hook%.' or group.name .. '%.'
    local key = group.name:match('^hook%.(.*)$') or ''
    names[key] = {}
    for _, entry in ipairs(group.entries) do
      table.insert(names[key], (entry.name:gsub('^' .. prefix, '')))
    end
  end
  return names
end

-- Names as a list of Lua, broken into lines.
local function rc_list(names, indent)
  local lines, line = {}, indent
  for _, name in ipairs(sorted(names)) do
    local item = ("'%s',"):format(name)
    if #line + #item + 1 > 100 then
      table.insert(lines, line)
      line = indent
    end
    line = line .. (line == indent and '' or ' ') .. item
  end
  table.insert(lines, line)
  return table.concat(lines, '\n')
end

-- A nested std of luacheck: `name = { fields = { ... } }`.
local function rc_table(name, names, indent)
  local fields = {}
  for _, field in ipairs(sorted(names)) do table.insert(fields, field .. ' = {}') end
  local text = ('%s%s = { fields = {\n'):format(indent, name)
  local line = indent .. '  '
  for _, field in ipairs(fields) do
    if #line + #field + 2 > 100 then
      text = text .. line .. '\n'
      line = indent .. '  '
    end
    line = line .. (line:match('%S') and ' ' or '') .. field .. ','
  end
  return text .. line .. '\n' .. indent .. '} },\n'
end

function lua_api.luacheck(api)
  local functions = {}
  for _, name in ipairs(api.globals) do
    if not api.libraries[name] and name ~= 'hook' then table.insert(functions, name) end
  end
  local out = { RC_START, 'stds.policy = { read_globals = {\n', rc_list(functions, '  '), '\n' }
  for _, name in ipairs { 'string', 'table', 'math', 'utf8' } do
    table.insert(out, rc_table(name, api.libraries[name], '  '))
  end
  table.insert(out, '  hook = { fields = {\n')
  local names = hook_names(api)
  for _, key in ipairs { 'json', 'text', 'time', 'hash', 'log', 'table' } do
    table.insert(out, rc_table(key, names[key], '    '))
  end
  table.insert(out, '    random = {}, require = {},\n  } },\n} }\n')
  table.insert(out, 'stds.policy_spec = { read_globals = {\n')
  table.insert(out, rc_list(api.spec.globals, '  ') .. '\n')
  local asserts, are = {}, {}
  for _, name in ipairs(api.spec.assert_names) do
    local member = name:match('^are%.(.*)$')
    if member then table.insert(are, member) end
    if not name:match('^are') then table.insert(asserts, name) end
  end
  table.insert(out, (rc_table('assert', asserts, '  '):gsub('  } },\n$', '')))
  table.insert(out, rc_table('are', are, '    ') .. '  } },\n} }\n' .. RC_END)
  return table.concat(out)
end

-- ---- files ---------------------------------------------------------------------------------

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('a')
  file:close()
  return text
end

function lua_api.load(root)
  return dofile((root or '.') .. '/core/worker/api.lua')
end

-- What each generated file should hold: path -> text.
function lua_api.files(api, root)
  root = root or '.'
  local rc = read(root .. '/.luacheckrc')
  local from = assert(rc:find(RC_START, 1, true), '.luacheckrc has no generated part')
  local _, to = rc:find(RC_END, 1, true)
  return {
    ['spec/lua-api.md'] = lua_api.page(api, read(root .. '/spec/support/lua_api.md')),
    ['scripts/meta.lua'] = lua_api.meta(api),
    ['.luacheckrc'] = rc:sub(1, from - 1) .. lua_api.luacheck(api) .. rc:sub(to + 1),
  }
end

if arg and arg[0] and arg[0]:match('lua_api%.lua$') then
  for path, text in pairs(lua_api.files(lua_api.load())) do
    local file = assert(io.open(path, 'wb'))
    assert(file:write(text))
    file:close()
  end
end

return lua_api
