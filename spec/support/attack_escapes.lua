-- SPDX-License-Identifier: Apache-2.0
-- Attacks on the sandbox: what must not exist, what must not be written, whose data must not be
-- seen. See attack.lua.
local EVENT_BODY = '{"event":"approved","order":{"id":"7","n":1.50}}'

local cases = {}

local function add(name, body, wanted, more)
  local case = { name, body, error = wanted }
  for field, value in pairs(more or {}) do case[field] = value end
  cases[#cases + 1] = case
end

-- A script that asserts by itself, and is sent as it came.
local function holds(name, body, more)
  local case = { name, body, sent = EVENT_BODY }
  for field, value in pairs(more or {}) do case[field] = value end
  cases[#cases + 1] = case
end

-- [[ What is not there ]]

for _, name in ipairs { '_G', 'io', 'os', 'package', 'debug', 'load', 'loadstring', 'loadfile',
  'dofile', 'require', 'collectgarbage', 'coroutine', 'xpcall', 'print', 'warn', 'unpack' } do
  add('reading ' .. name, 'local _ = ' .. name, ("there is no '%s' in a policy"):format(name))
end
for _, name in ipairs { '_VERSION', 'setfenv', 'getfenv', 'newproxy', 'module', 'bit32', 'arg',
  'jit', 'ffi', 'lua_gethook', 'hookd', 'spec', '__index', '_LOADED' } do
  add('reading ' .. name, 'local _ = ' .. name, ("there is no global '%s'"):format(name))
end
for library, names in pairs {
  string = { 'dump', 'pack', 'unpack', 'packsize' },
  math = { 'random', 'randomseed', 'pow' },
  hook = { 'load', 'io', 'http', 'sleep' },
  utf8 = { 'dump' },
  table = { 'getn', 'foreach' },
} do
  for _, name in ipairs(names) do
    add(('reading %s.%s'):format(library, name), ('local _ = %s.%s'):format(library, name),
      ("%s has no '%s'"):format(library, name))
  end
end
add('string.dump by a text', 'local _ = ("").dump', "string has no 'dump'")
add('a method of texts', 'return ("x"):nope()', "string has no 'nope'")
add('a near global', 'return tostirng(1)', "no global 'tostirng'; did you mean 'tostring'")
add('a call at the top of what is not there', nil, nil,
  { script = 'os.execute("true")\nreturn { api = 1 }\n', fault = "no 'os' in a policy" })
add('a global by _ENV', 'return _ENV.os', "no 'os' in a policy")
add('a key of _ENV that is no text', 'return _ENV[{}]', 'no global')
add('a local _ENV', 'local _ENV = {} return os.execute', 'attempt to index')

-- Everything that can be reached from the environment is on the list of what may be.
holds('walking through all that there is', [[
    local seen, count = {}, 0
    local function walk(value, path)
      local kind = type(value)
      assert(kind ~= "userdata" or hook.json.is_null(value), path)
      assert(kind ~= "thread", path)
      if kind ~= "table" or seen[value] then return end
      seen[value] = true
      assert(getmetatable(value) == nil, path)
      for key, each in pairs(value) do
        count = count + 1
        assert(type(key) == "string", path)
        walk(each, path .. "." .. key)
      end
    end
    walk(_ENV, "_ENV")
    assert(count > 80 and count < 130, count)
    local wanted = {}
    for name in ([[assert error getmetatable hook ipairs math next pairs pcall rawequal rawget
      rawlen rawset select setmetatable string table tonumber tostring type
      utf8]=]):gmatch("%w+") do
      wanted[name] = true
    end
    for name in pairs(_ENV) do assert(wanted[name], name) wanted[name] = nil end
    assert(next(wanted) == nil)]])
cases[#cases][2] = cases[#cases][2]:gsub('%(%[%[', '([=['):gsub('%]=%]%)', ']=])')

-- [[ What cannot be written ]]

add('setting a global', 'x = 1', "global 'x' cannot be set: use `local`")
add('setting a function', 'pcall = error', "global 'pcall' cannot be set")
add('setting a global by _ENV', '_ENV.x = 1', 'cannot be set')
add('a global function', 'function f() end', "global 'f' cannot be set")
for _, library in ipairs { 'string', 'table', 'math', 'utf8', 'hook', 'hook.json', 'hook.text',
  'hook.time', 'hook.hash', 'hook.log', 'hook.table' } do
  add('changing ' .. library, library .. '.x = 1', library:gsub('%p', '%%%0') .. ' is read%-only')
  add('rawset of ' .. library, ('rawset(%s, "x", 1)'):format(library), 'read%-only')
  add('a metatable for ' .. library, ('setmetatable(%s, {})'):format(library), 'read%-only')
end
add('rawset of _ENV', 'rawset(_ENV, "x", 1)', 'read%-only')
add('a metatable for _ENV', 'setmetatable(_ENV, {})', 'read%-only')
add('table.insert into a library', 'table.insert(string, 1)', 'read%-only')
add('table.move into a library', 'table.move({ 1 }, 1, 1, 1, string)', 'read%-only')
add('table.sort of a library', 'table.sort(string)', 'read%-only')
add('table.remove of a library', 'table.remove(string)', 'read%-only')
add('a function of a library', 'string.format = error', 'string is read%-only')
add('writing through a text', '("x").format = error', 'attempt to')
add('indexing null to write', 'hook.json.null.x = 1', 'attempt to')
holds('the metatable of texts', 'assert(getmetatable("") == nil)')
holds('the metatable of libraries', 'assert(getmetatable(string) == nil)')
holds('the metatable of null', 'assert(getmetatable(hook.json.null) == nil)')
holds('the metatable of functions', 'assert(getmetatable(print_ or tostring) == nil)',
  { before = 'local print_' })
holds('rawget of a library finds nothing to change',
  'assert(rawget(string, "format") == nil or not pcall(rawset, string, "format", error))')
add('a library of lib_dir', 'shared.x = 1', "the library 'shared' is read%-only",
  { before = 'local shared = hook.require("shared")' })
add('rawset of a library of lib_dir', 'rawset(shared, "x", 1)', 'read%-only',
  { before = 'local shared = hook.require("shared")' })
add('hook.require in a hook', 'hook.require("shared")', 'only while the script loads')

-- [[ Metatables ]]

for _, name in ipairs { '__gc', '__mode', '__metatable', '__close' } do
  add(name, ('setmetatable({}, { %s = error })'):format(name), name .. ' cannot be set')
  add(name .. ' as false', ('setmetatable({}, { %s = false })'):format(name),
    name .. ' cannot be set')
  holds(name .. ' afterwards', ([[
    local m = {}
    local t = setmetatable({}, m)
    m.%s = function() while true do end end
    rawset(getmetatable(t), "%s", function() while true do end end)
    t = nil
    for _ = 1, 2000 do local _ = { {} } end]]):format(name, name))
end
holds('a metatable whose own __index is not asked',
  'setmetatable({}, setmetatable({}, { __index = function() error("asked") end }))')
add('a variable to be closed', 'local x <close> = setmetatable({}, {})', 'non%-closable')
add('a metatable for a text', 'setmetatable("", {})', 'table expected')
add('a metatable that is a text', 'setmetatable({}, "x")', 'table expected')
holds('the weak table of 5.4.4', [[
    local mt = {}
    for _, name in ipairs { "__mode", "__gc" } do
      assert(not pcall(setmetatable, mt, { [name] = "v" }))
    end
    mt.__newindex = mt
    local t = setmetatable({}, mt)
    for i = 1, 1000 do t[i] = {} end]])
holds('a __tostring that is no text', [[
    assert(not pcall(tostring, setmetatable({}, { __tostring = function() return {} end })))]])
holds('a __len that is no number', [[
    local t = setmetatable({}, { __len = function() return "x" end })
    assert(not pcall(table.insert, t, 1) and not pcall(table.unpack, t))]])
holds('a __len of extremes', [[
    for _, size in ipairs { math.maxinteger, math.mininteger, -1 } do
      local t = setmetatable({}, { __len = function() return size end })
      pcall(table.insert, t, 1) pcall(table.insert, t, 1, 1) pcall(table.remove, t)
      pcall(table.remove, t, size) pcall(table.sort, t) pcall(table.unpack, t)
      if size < 0 then pcall(table.concat, t) end
    end]])
holds('an order that is none', [[
    local t = {}
    for i = 1, 500 do t[i] = i * 7919 %% 501 end
    for _, order in ipairs { function() return true end, function(a, b) return a <= b end,
      function() return false end, function(a) return a > 250 end } do
      table.sort(t, order)
    end]])
cases[#cases][2] = cases[#cases][2]:gsub('%%%%', '%%')
holds('extremes for the library', [[
    for _, n in ipairs { math.maxinteger, math.mininteger, -1, 0, 1 << 31, -(1 << 31) } do
      pcall(string.sub, "abc", n, n) pcall(string.byte, "abc", n, n) pcall(string.rep, "", n)
      pcall(string.find, "abc", "b", n) pcall(string.gmatch, "abc", "b", n) pcall(string.char, n)
      pcall(string.gsub, "abc", "b", "x", n) pcall(select, n, 1, 2) pcall(tonumber, "1", n)
      pcall(utf8.char, n) pcall(utf8.offset, "abc", n, n) pcall(utf8.codepoint, "abc", n, n)
      pcall(hook.time.format, n, n) pcall(hook.time.parts, n, n) pcall(hook.random, n, n)
      pcall(hook.random, n) pcall(table.unpack, {}, n, n) pcall(table.concat, {}, "", n, n)
      pcall(table.move, {}, n, n, n) pcall(table.insert, {}, n, 1) pcall(table.remove, {}, n)
      pcall(string.format, "%%c%%d%%x", n, n, n) pcall(error, "x", n) pcall(math.abs, n)
      pcall(function() return n // -1, n %% -1, -n end)
    end]])
cases[#cases][2] = cases[#cases][2]:gsub('%%%%', '%%')
holds('formats', [[
    for _, format in ipairs { "%n", "%s%s%s", "%999d", "%.999f", "%*d", "%", "%ll", "%p", "%q",
      "%a", "%99.99f", "%0100d", "%-+ #0d" } do
      pcall(string.format, format, 1e308)
      pcall(string.format, format, {})
    end]])
holds('addresses', [[
    for _, value in ipairs { {}, type, function() end, hook.json.null } do
      assert(not tostring(value):find("0x"))
      local ok, text = pcall(string.format, "%s", value)
      assert(not ok or not text:find("0x"))
      ok, text = pcall(string.format, "%p", value)
      assert(not ok or not text:find("%x%x%x%x"))
    end]])
holds('errors without addresses', [[
    local _, why = pcall(error, {})
    assert(type(why) == "table")
    _, why = pcall(function() local _ = {} + 1 end)
    assert(not why:find("0x"), why)]])
holds('errors without paths of the machine', [[
    local _, why = pcall(function() local _ = nil + 1 end)
    assert(not why:find("/"), why)]])
add('patterns that are wrong', 'string.find("x", "%")', '.')
add('a pattern that is long', 'string.find("x", ("x?"):rep(200))', 'pattern')
add('a subject that is long', 'string.find(("x"):rep(70000), "x?")', 'too long for a pattern')
add('captures that do not end', 'string.find("x", ("("):rep(40))', '.')
holds('a function\'s environment is the sandbox', [[
    local f = function() return x end
    assert(not pcall(f))]])
holds('hook.table reads no file', [[
    for _, name in ipairs { "/etc/passwd", "../policies/good", "branches.json", "", "." } do
      assert(not pcall(hook.table.get, name, "x"))
    end]])

return cases
