-- SPDX-License-Identifier: Apache-2.0
-- Attacks on time: loops that do not end, and C code that takes long. See attack.lua.
local OUT = 'out of time: the budget is %d+ ms'
local LOOP = 'while true do end'

local cases = {}

local function add(case)
  case.error = case.error or OUT
  cases[#cases + 1] = case
end

for _, hook in ipairs { 'filter', 'lookup', 'route', 'enrich', 'retry' } do
  add { 'while in ' .. hook, LOOP, hook = hook }
  add { 'while in pcall in ' .. hook, 'while true do pcall(function() ' .. LOOP .. ' end) end',
    hook = hook }
end

add { 'repeat', 'repeat until false' }
add { 'goto', '::again:: goto again' }
add { 'for over floats', 'for i = 0, math.huge do local _ = i end' }
add { 'for over integers', 'for i = 1, math.maxinteger do local _ = i end' }
add { 'tail calls', 'local function f() return f() end f()' }
add { 'tail calls of two', [[
    local f, g
    function f() return g() end
    function g() return f() end
    f()]] }
add { 'nested pcall', [[
    local function f(n) if n > 0 then return pcall(f, n - 1) end while true do end end
    while true do pcall(f, 50) end]] }
add { 'pcall of pcall', 'while true do pcall(pcall, pcall, function() while true do end end) end' }
add { 'pcall of error', 'while true do pcall(error, "x") end' }
add { 'pcall of a C function', 'while true do pcall(tonumber, "x") end' }
add { 'a tree of pcall', 'local function f() pcall(f) pcall(f) end while true do f() end' }
add { 'an iterator', 'for _ in function() return 1 end do local _ = 1 end' }
add { 'an iterator of C', 'for _ in tostring, 1 do local _ = 1 end' }
add { 'ipairs over __index',
  'for _ in ipairs(setmetatable({}, { __index = function() return 1 end })) do local _ = 1 end' }
add { 'next over itself', 'local t = { 1 } while next(t) do local _ = 1 end' }
add { 'a table that grows as it is walked', [[
    local t = { 1 }
    for i in pairs(t) do local s = 0 for k = 1, 1e9 do s = s + k end t[i + 1] = s end]] }

local function meta(name, setup)
  add { 'in ' .. name, ('local m = setmetatable({}, { %s = function() %s end }) %s'):format(name,
    LOOP, setup) }
end
meta('__index', 'local _ = m.x')
meta('__newindex', 'm.x = 1')
meta('__call', 'm()')
meta('__len', 'local _ = #m')
meta('__eq', 'local _ = m == setmetatable({}, getmetatable(m))')
meta('__lt', 'local _ = m < m')
meta('__le', 'local _ = m <= m')
meta('__concat', 'local _ = m .. "x"')
meta('__unm', 'local _ = -m')
meta('__add', 'local _ = m + 1')
meta('__idiv', 'local _ = m // 1')
meta('__bnot', 'local _ = ~m')
meta('__shl', 'local _ = m << 1')
meta('__tostring', 'tostring(m)')
meta('__pairs', 'for _ in pairs(m) do local _ = 1 end')
meta('__len', 'table.insert(m, 1)')
meta('__len', 'table.unpack(m)')
meta('__index', 'table.concat(m, "", 1, 2)')
meta('__index', 'table.unpack(m, 1, 2)')
meta('__newindex', 'table.move({ 1 }, 1, 1, 2, m)')
meta('__tostring', 'hook.log.info(tostring(m))')

add { 'a chain of __index', [[
    local m = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
    while true do pcall(function() return m[1] end) end]] }
add { 'in a comparator of sort', 'table.sort({ 3, 2, 1 }, function() ' .. LOOP .. ' end)' }
add { 'sort by an order that is none',
  'while true do table.sort({ 3, 1, 2, 5, 4 }, function() return true end) end' }
add { 'sort within sort', [[
    local function f() table.sort({ 3, 2, 1 }, function() return f() end) end
    while true do pcall(f) end]] }
add { 'sort of a length that __len invents',
  'table.sort(setmetatable({}, { __len = function() return 1 << 24 end, __index = function() '
  .. 'return 1 end }))', error = 'out of ' }
add { 'in a callback of gsub', '("a"):gsub("a", function() ' .. LOOP .. ' end)' }
add { 'gsub within gsub', [[
    local function f() return (("a"):gsub("a", f)) end
    while true do pcall(f) end]] }
add { 'gsub by a table with __index',
  '("a"):gsub("a", setmetatable({}, { __index = function() ' .. LOOP .. ' end }))' }
add { 'gmatch of nothing', 'while true do for _ in ("aaaa"):gmatch("") do local _ = 1 end end' }
add { "('a?'):rep(26)", "string.find(('a'):rep(26), ('a?'):rep(26) .. ('a'):rep(26))" }
add { "('a?'):rep(60)", "string.find(('a'):rep(60), ('a?'):rep(60) .. ('a'):rep(60))" }
add { "('.-'):rep(5)", "string.find(('a'):rep(2000), ('.-'):rep(5) .. 'b')" }
add { "('.*'):rep(20)", "string.match(('a'):rep(2000), ('.*'):rep(20) .. 'b')" }
add { 'a match from each place', "string.match(('a'):rep(60000), '.-.-.-b')" }
add { 'gsub of a catastrophic pattern', "string.gsub(('a'):rep(2000), ('a*'):rep(9) .. 'b', '')" }
add { 'gmatch of a catastrophic pattern',
  "for _ in string.gmatch(('a'):rep(2000), ('a*'):rep(9) .. 'b') do local _ = 1 end" }
add { 'balances without an end', "while true do string.find(('('):rep(60000), '%b()') end" }
add { 'frontiers', "while true do string.find(('a'):rep(60000), '%f[%d]') end" }
add { 'back references', "string.find(('a'):rep(2000), '(.-)(.-)%1%2b')" }
add { 'plain find over megabytes', [[
    local s = ('a'):rep(2500000)
    local x = ('a'):rep(1200000) .. 'b'
    while true do s:find(x, 1, true) end]], error = 'out of ' }
add { 'hook.text.contains over megabytes', [[
    local s = ('a'):rep(2000000)
    while true do hook.text.contains(s, ('a'):rep(1000) .. 'b') end]] }
add { 'hook.text.replace', [[
    local s = ('a'):rep(100000)
    while true do hook.text.replace(s, 'a', 'a') end]], error = 'out of ' }
add { 'hook.text.glob', [[
    local s = ('a'):rep(100000)
    while true do hook.text.glob(s, ('*a'):rep(100) .. 'b') end]] }
add { 'hook.text.split', "while true do hook.text.split(('a,'):rep(10000), ',') end" }
add { 'hook.hash.sha256', "local s = ('a'):rep(1000000) while true do hook.hash.sha256(s) end" }
add { 'hook.hash.crc32', "local s = ('a'):rep(1000000) while true do hook.hash.crc32(s) end" }
add { 'hook.json.decode', "local s = '[' .. ('1,'):rep(9000) .. '1]'"
  .. ' while true do hook.json.decode(s) end' }
add { 'hook.json.encode', 'local t = {} for i = 1, 9000 do t[i] = i end'
  .. ' while true do hook.json.encode(t) end' }
add { 'hook.json.encode of __index',
  'while true do pcall(hook.json.encode, setmetatable({}, { __index = { 1 } })) end' }
add { 'hook.time.parse', "while true do hook.time.parse('2026-05-02T11:00:00Z') end" }
add { 'hook.random', 'while true do hook.random(6) end' }
add { 'hook.log', 'while true do hook.log.debug("x") end' }
add { "format('%99.99f')", "while true do string.format('%99.99f', 1e308) end" }
add { 'rep and rep', "while true do string.rep('a', 1000000) end" }
add { 'reverse', "local s = ('a'):rep(1000000) while true do s:reverse() end" }
add { 'upper and lower', "local s = ('a'):rep(1000000) while true do s:upper():lower() end" }
add { 'byte', "local s = ('a'):rep(9000) while true do s:byte(1, -1) end" }
add { 'concat of lists', 'local t = {} for i = 1, 9000 do t[i] = "x" end'
  .. ' while true do table.concat(t, ",") end' }
add { 'concat of a chain', 'local s = "x" while true do s = (s .. s):sub(1, 100000) end' }
add { 'insert at the front', 'local t = {} for i = 1, 1e9 do table.insert(t, 1, i) end',
  error = 'out of ' }
add { 'move over all integers', 'table.move({}, 1, math.maxinteger - 1, 2)' }
add { 'concat over all integers',
  'table.concat(setmetatable({}, { __index = function() return "" end }), "", 1, math.maxinteger)' }
add { 'utf8.len', "local s = ('a'):rep(1000000) while true do utf8.len(s) end" }
add { 'utf8.codes', "for _ in utf8.codes(('a'):rep(2000000)) do local _ = 1 end",
  error = 'out of ' }
add { 'tonumber of long texts', "local s = ('1'):rep(1000000) while true do tonumber(s) end" }
add { 'tonumber in a base', "local s = ('1'):rep(1000000) while true do tonumber(s, 2) end" }
add { 'comparing long texts', [[
    local a, b = ('a'):rep(1000000) .. 'a', ('a'):rep(1000000) .. 'b'
    while true do local _ = a < b end]] }
add { 'sorting long texts', [[
    local t = {}
    for i = 1, 12 do t[i] = ('a'):rep(400000) .. i end
    while true do table.sort(t) end]] }
add { 'select', 'local function f(...) return select(-1, ...) end while true do f(1, 2, 3) end' }
add { 'an error by an error', [[
    local e = setmetatable({}, { __tostring = function() while true do end end })
    while true do pcall(error, e) end]] }
add { 'headers over and over', [[
    for i = 1, 1e9 do request.headers['X-' .. i % 5] = tostring(i) end]], hook = 'enrich' }
add { 'the body over and over', 'while true do request.body.n = {} end', hook = 'enrich' }
add { 'state kept until the second event', [[
    kept = kept or 0
    while kept >= 0 do kept = kept + 1 end]], before = 'local kept' }
add { 'in a function of the file', 'spin()',
  before = 'local function spin() while true do end end' }

local function at_load(name, text)
  cases[#cases + 1] = { name, script = text .. '\nreturn { api = 1 }\n', fault = OUT }
end
at_load('while at load', LOOP)
at_load('pcall at load', 'while true do pcall(function() while true do end end) end')
at_load('a pattern at load', "string.find(('a'):rep(2000), ('.-'):rep(5) .. 'b')")
at_load('sort at load', 'table.sort({ 3, 2, 1 }, function() while true do end end)')
at_load('gsub at load', '("a"):gsub("a", function() while true do end end)')
cases[#cases + 1] = { 'in a library', fault = OUT, library = 'spin',
  script = 'local spin = hook.require("spin")\nreturn { api = 1, route = spin }\n' }
add { 'in a function of a library', script = 'local spins = hook.require("spins")\n'
  .. 'return { api = 1, route = function() spins.spin() end }\n', library = 'spins' }

return cases
