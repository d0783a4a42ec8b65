-- SPDX-License-Identifier: Apache-2.0
-- Attacks on memory, on the C stack and on the parser. See attack.lua.
local OUT = 'out of memory: the cap is %d+ bytes'

local cases = {}

local function add(case)
  if not (case.error or case.fault or case.sent or case.dropped) then case.error = OUT end
  cases[#cases + 1] = case
end

for _, hook in ipairs { 'filter', 'lookup', 'route', 'enrich', 'retry' } do
  add { 'doubling a text in ' .. hook, 'local s = "x" while true do s = s .. s end', hook = hook }
end
add { 'rep of megabytes', "local _ = ('x'):rep(60000000)" }
add { 'rep of 8 GB', "local _ = ('x'):rep(8000000000)" }
add { 'rep of all there is', "local _ = ('x'):rep(math.maxinteger)", error = 'too large' }
add { 'rep with a separator', "local _ = ('x'):rep(math.maxinteger // 2, 'yyyy')",
  error = 'too large' }
add { 'rep of rep', "local s = 'x' for _ = 1, 60 do s = s:rep(2) end" }
add { 'concat of a list', [[
    local t = {}
    for i = 1, 60 do t[i] = ('x'):rep(20000) end
    local s = table.concat(t) while true do s = s .. table.concat(t) end]] }
add { 'a list that grows', 'local t = {} for i = 1, 1e9 do t[i] = i end' }
add { 'a map that grows', 'local t = {} for i = 1, 1e9 do t["k" .. i] = i end' }
add { 'tables within tables', 'local t = {} while true do t = { t } end' }
add { 'closures', 'local f while true do local g = f f = function() return g end end' }
add { 'texts that are kept', [[
    local t = {}
    for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end]] }
add { 'insert', 'local t = {} while true do table.insert(t, "x") end' }
add { 'gsub', "local s = ('x'):rep(60000):gsub('x', ('y'):rep(1000))" }
add { 'gsub by a function', [[
    local y = ('y'):rep(1000)
    local _ = ('x'):rep(60000):gsub('x', function() return y end)]] }
add { 'gsub of captures', "local _ = ('x'):rep(60000):gsub('^(.*)$', ('%1'):rep(1000))" }
add { 'format', "local s = ('x'):rep(100000) while true do s = string.format('%s%s', s, s) end" }
add { 'replace', "local _ = hook.text.replace(('x'):rep(100000), 'x', ('y'):rep(1000))" }
add { 'split', "local t = {} while true do t[#t + 1] = hook.text.split(('a,'):rep(1000), ',') end" }
add { 'json.encode', "local s = ('x'):rep(300000)"
  .. ' while true do s = hook.json.encode { s, s } end', error = 'more than 1048576 bytes' }
add { 'json.decode', "local t = {} local s = '[' .. ('[],'):rep(5000) .. '1]'"
  .. ' while true do t[#t + 1] = hook.json.decode(s) end' }
add { 'json.array', 'local t = {} while true do t[#t + 1] = hook.json.array() end' }
add { 'metatables', 'local t = {} while true do t[#t + 1] = setmetatable({}, {}) end' }
add { 'iterators', "local t = {} while true do t[#t + 1] = ('x'):gmatch('x') end" }
add { 'pcall that catches it',
  'while true do pcall(function() local s = "x" while true do s = s .. s end end) end' }
add { 'pcall that catches and keeps', [[
    local t = {}
    while true do pcall(function() while true do t[#t + 1] = {} end end) end]] }
add { 'utf8.char', 'local s = "" while true do s = s .. utf8.char(0x10FFFF):rep(1000) end' }
add { 'byte of a long text', "local _ = { ('x'):rep(900000):byte(1, -1) }" }
add { 'unpack of nothing', 'local _ = { table.unpack({}, 1, 1e6) }', error = 'too many results' }
add { 'unpack of all integers', 'local _ = { table.unpack({}, math.mininteger, math.maxinteger) }',
  error = 'too many results' }
add { 'reason of megabytes', "return false, ('x'):rep(400000)", hook = 'filter',
  dropped = 'filtered', why = ('x'):rep(512) }
add { 'kept from event to event', 'while true do kept[#kept + 1] = {} end',
  before = 'local kept = {}' }
add { 'headers that grow', [[
    while true do
      request.headers["X" .. #request.headers] = ("x"):rep(1000)
      request.headers[#request.headers + 1] = "x"
    end]], hook = 'enrich' }
add { 'a body that grows', 'for i = 1, 1e9 do request.body[i .. ""] = i end', hook = 'enrich' }
add { 'event that grows', 'for i = 1, 1e9 do event.body[i .. ""] = i end' }

-- [[ The stacks ]]

add { 'recursion', 'local function f() return 1 + f() end f()' }
add { 'recursion of two', [[
    local f, g
    function f() return 1 + g() end
    function g() return 1 + f() end
    f()]] }
add { 'recursion through pcall', 'local function f() local _, e = pcall(f) error(e, 0) end f()',
  error = 'overflow' }
add { 'recursion through gsub', "local function f() return (('x'):gsub('x', f)) end f()",
  error = 'overflow' }
add { 'recursion through sort',
  'local function f() table.sort({ 2, 1 }, f) end f()', error = 'overflow' }
add { 'recursion through __index', [[
    local m = setmetatable({}, {}) setmetatable(m, { __index = function(t, k) return t[k] end })
    local _ = m.x]], error = 'overflow' }
add { 'recursion through tostring', [[
    local m m = setmetatable({}, { __tostring = function() return tostring(m) end })
    tostring(m)]], error = 'overflow' }
add { 'recursion through concat', [[
    local m m = setmetatable({}, { __concat = function() return m .. "x" end })
    local _ = m .. "x"]], error = 'overflow' }
add { 'a loop of __index tables', [[
    local a, b = {}, {}
    setmetatable(a, { __index = b }) setmetatable(b, { __index = a })
    local _ = a.x]], error = 'loop' }
add { 'a loop of __newindex tables', [[
    local a, b = {}, {}
    setmetatable(a, { __newindex = b }) setmetatable(b, { __newindex = a })
    a.x = 1]], error = 'loop' }
add { 'thousands of arguments', 'local function f(...) return f(1, ...) end f()' }
add { 'thousands of results', [[
    local function f(n) if n > 0 then return n, f(n - 1) end end
    local _ = { f(1e7) }]] }

-- [[ The parser ]]

local function parsed(name, text, wanted, no_line)
  cases[#cases + 1] = { name, script = text, fault = wanted, no_line = no_line }
end
parsed('100,000 (', 'return ' .. ('('):rep(100000) .. '1', 'overflow')
parsed('100,000 {', 'return ' .. ('{'):rep(100000), 'overflow')
parsed('100,000 do', ('do '):rep(100000), 'overflow')
parsed('50,000 function', 'return ' .. ('function() return '):rep(50000), 'overflow')
parsed('100,000 not', 'return ' .. ('not '):rep(100000) .. '1', 'overflow')
parsed('100,000 ..', "return 'x'" .. (" .. 'x'"):rep(100000), 'overflow')
parsed('100,000 ^', 'return 1' .. (' ^ 1'):rep(100000), 'overflow')
parsed('100,000 calls', 'return f' .. ('()'):rep(100000), 'no global')
parsed('300 local names', ('local x\n'):rep(300), 'too many local variables')
parsed('300 upvalues', (function()
  local lines = {}
  for block = 1, 2 do
    lines[#lines + 1] = 'local function f' .. block .. '()'
    for i = 1, 150 do lines[#lines + 1] = ('local v%d_%d'):format(block, i) end
  end
  lines[#lines + 1] = 'return function() return 0'
  for block = 1, 2 do
    for i = 1, 150 do lines[#lines + 1] = ('+ v%d_%d'):format(block, i) end
  end
  return table.concat(lines, '\n') .. ' end end end return f1'
end)(), 'upvalues')
parsed('a goto to nowhere', 'goto nowhere', 'no visible label')
parsed('a file of 2 MiB', 'return { api = 1 }' .. (' '):rep(2 << 20), 'larger than', true)
parsed('a constant of a megabyte', '\nreturn { api = 1, "' .. ('x'):rep(1000000) .. '" }', OUT)
parsed('an open string', 'return { api = 1, "', 'unfinished string')
parsed('an open long string', 'return { api = 1, [[ \n\n', 'unfinished long string')
parsed('zero bytes', 'return { api = \0 1 }', 'zero bytes')
parsed('bytes of no character', 'return { \255\254 }', 'UTF%-8')
parsed('an empty file', '', 'a policy is a table')
parsed('memory at load', 'local t = {}\nwhile true do t[#t + 1] = {} end\n', OUT)
parsed('doubling at load', 'local s = "x"\nwhile true do s = s .. s end\n', OUT)
parsed('recursion at load', 'local function f()\n  return 1 + f()\nend\nf()\n', OUT)

-- [[ Bodies ]]

local function deep(levels)
  return ('{"event":"approved","a":%s1%s}'):format(('['):rep(levels), (']'):rep(levels))
end
add { 'a body of 63 levels', 'request.body.event = "x"', hook = 'enrich', event = deep(63),
  sent = (deep(63):gsub('approved', 'x')) }
add { 'a body that is made deep', 'for _ = 1, 100 do request.body = { a = request.body } end',
  hook = 'enrich', error = 'levels' }
add { 'a body of 65 levels', 'for _ = 1, 64 do request.body = { a = request.body } end',
  hook = 'enrich', error = 'levels' }
add { 'a body of 100,000 levels', [[
    local t = {}
    for _ = 1, 10000 do t = { t } end
    request.body.t = t]], hook = 'enrich', error = 'levels' }
add { 'a text of 100,000 levels', "assert(hook.json.decode(('['):rep(100000)) == nil)",
  sent = '{"event":"approved","order":{"id":"7","n":1.50}}' }

return cases
