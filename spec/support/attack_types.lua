-- SPDX-License-Identifier: Apache-2.0
-- Attacks by what hooks return, raise and put into a request. See attack.lua.
local EVENT_BODY = '{"event":"approved","order":{"id":"7","n":1.50}}'

local cases = {}

local function add(hook, name, body, wanted)
  cases[#cases + 1] = { hook .. ': ' .. name, body, hook = hook, error = wanted }
end

local function sent(hook, name, body, expected)
  cases[#cases + 1] = { hook .. ': ' .. name, body, hook = hook, sent = expected or EVENT_BODY }
end

-- [[ What hooks return ]]

for _, value in ipairs { '1', '"yes"', '{}', 'function() end', 'hook.json.null', '-0.0' } do
  for _, hook in ipairs { 'filter', 'enrich' } do
    add(hook, 'returns ' .. value, 'return ' .. value, 'returned .-: nil, true, or false and why')
  end
end
for _, value in ipairs { '1', '{}', 'true', 'function() end' } do
  add('filter', 'false and ' .. value, 'return false, ' .. value, 'the reason is a text')
  add('enrich', 'false and ' .. value, 'return false, ' .. value, 'the reason is a text')
end
for _, value in ipairs { '1', 'true', 'false', '"orders"', 'function() end', 'hook.json.null' } do
  add('route', 'returns ' .. value, 'return ' .. value, 'returned .-: a list of endpoints')
  add('lookup', 'returns ' .. value, 'return ' .. value, 'returned .-: a table of lookups')
end
for _, value in ipairs { '1', 'true', 'function() end', 'hook.json.null' } do
  add('route', 'a list with ' .. value, 'return { ' .. value .. ' }', 'returned .- in its list')
end
add('route', 'a table that is no endpoint', 'return { {} }', 'no endpoint in its list')
add('route', 'a table with names', 'return { orders = true }', "the key 'orders'")
add('route', 'a list with a hole', 'return { "orders", nil, "orders" }', 'the key 3')
add('route', 'a list with a place 0', 'return { [0] = "orders" }', 'the key 0')
add('route', 'an endpoint that is not there', 'return { "ordres" }',
  "no endpoint 'ordres'; did you mean 'orders'")
add('route', 'a uuid that is not there', 'return { "00000000-0000-4000-8000-000000000000" }',
  "no endpoint '00000000")
add('route', 'an endpoint of another merchant', 'endpoints[1].uuid = "00000000-0000-4000-8000-'
  .. '000000000001" return endpoints', "no endpoint '00000000")
add('route', 'a name of zero bytes', 'return { "\\0\\0" }', 'no endpoint')
add('route', 'a name of megabytes', 'return { ("x"):rep(1000000) }', "no endpoint 'xxxx")
add('route', 'a name with controls', 'return { "a\\r\\nb\\27[2J" }', 'no endpoint')
sent('route', 'a list without an end by __index',
  'return setmetatable({ "orders" }, { __index = function() return "orders" end })')
sent('route', 'the same endpoint a thousand times',
  'local t = {} for i = 1, 1000 do t[i] = "orders" end return t', EVENT_BODY)
sent('route', 'more values than are asked for', 'return nil, 1, 2, 3, {}, error')
sent('route', 'endpoints that were changed',
  'endpoints[1].name = "x" endpoints[1].labels = nil endpoints[1].url_host = "evil"'
  .. ' return endpoints')
cases[#cases + 1] = { 'route: an empty list', 'return {}', dropped = 'no_endpoint' }
cases[#cases + 1] = { 'filter: false without why', 'return false', hook = 'filter',
  dropped = 'filtered' }
cases[#cases + 1] = { 'filter: why with controls', 'return false, "a\\r\\nb\\0c\\255"',
  hook = 'filter', dropped = 'filtered', why = 'a  b c?' }

add('lookup', 'a lookup that is a text', 'return { a = "branches" }', 'asked with a string')
add('lookup', 'a lookup without a name', 'return { { table = "branches", key = 1 } }',
  'lookup without a name')
add('lookup', 'an unknown field', 'return { a = { tabel = "branches", key = 1 } }',
  "no field 'tabel'; did you mean 'table'")
add('lookup', 'an unknown table', 'return { a = { table = "brunches", key = 1 } }',
  "no table 'brunches'; did you mean 'branches'")
add('lookup', 'a path for a table', 'return { a = { table = "../../etc/passwd", key = 1 } }',
  'no table')
add('lookup', 'no key', 'return { a = { table = "branches" } }', "the 'key' of a lookup is nil")
add('lookup', 'a key of a table', 'return { a = { table = "branches", key = {} } }',
  "the 'key' of a lookup is a table")
add('lookup', 'a key of NaN', 'return { a = { table = "branches", key = 0/0 } }',
  "the 'key' of a lookup is a number")
add('lookup', 'a URL', 'return { a = { url = "http://169.254.169.254/" } }', 'not yet')
sent('lookup', 'a key of a megabyte',
  'return { a = { table = "branches", key = ("x"):rep(1000000) } }')
sent('lookup', 'found by its __index', 'return setmetatable({}, { __index = { a = 1 } })')

for _, value in ipairs { '1', 'true', 'false', '"again"', 'function() end' } do
  add('retry', 'returns ' .. value, 'return ' .. value, 'returned ')
end
for _, value in ipairs { '-1', '1.5', '0/0', 'math.huge', '1e300', '2592000001', '"5"', '{}',
  'nil' } do
  add('retry', 'a delay of ' .. value, 'return { delay_ms = ' .. value .. ' }', 'delay_ms')
end
add('retry', 'an unknown field', 'return { delay = 5 }', "no field 'delay'")
add('retry', 'an error', 'error("no")', 'no')

-- [[ What they raise ]]

add('route', 'an error that is a table', 'error({})', 'the error is a table')
add('route', 'an error that is nil', 'error(nil)', 'the error is nil')
add('route', 'an error that is a function', 'error(error)', 'the error is a function')
add('route', 'an error that is null', 'error(hook.json.null)', 'the error is null')
add('route', 'an error that is a number', 'error(7)', '7')
add('route', 'an error with a __tostring that loops',
  'error(setmetatable({}, { __tostring = function() while true do end end }))',
  'the error is a table')
add('route', 'an error with a __name', 'error(setmetatable({}, { __name = ("x"):rep(1000) }))',
  'the error is a table')
add('route', 'an error of megabytes', 'error(("x"):rep(1000000))', 'xxxxxx')
add('route', 'an error with controls', 'error("a\\r\\n{}\\0\\27[2J\\127")', 'a  {} ')
add('route', 'an error of no characters', 'error("\\255\\254\\192")', '%?%?%?')
add('route', 'an error that lies about its place', 'error("good.lua:1: in filter: x", 0)',
  'in route: ')
cases[#cases].no_line = true
add('route', 'an error of a level that is none', 'error("x", 1 << 40)', 'x')
add('route', 'an error of a negative level', 'error("x", -5)', 'x')
add('route', 'an assertion', 'assert(false, "so it is")', 'so it is')
add('route', 'an assertion of a table', 'assert(nil, {})', 'the error is a table')
add('route', 'a field of nil', 'return event.body.nope.nothing', 'attempt to index')
add('route', 'a call of nil', 'event.body.nope()', 'attempt to call')
add('route', 'arithmetic on text', 'return 1 + "x"', 'attempt to')
add('route', 'arithmetic on null', 'return 1 + hook.json.null', 'attempt to')
add('route', 'division by zero', 'return 1 // 0', "divide by zero")
add('route', 'a key of nil', 'event.body[nil] = 1', 'index is nil')
add('route', 'a key of NaN', 'event.body[0/0] = 1', 'index is NaN')

-- [[ Requests ]]

local function enrich(...) add('enrich', ...) end

enrich('an unknown field', 'request.header = {}', "no field 'header'; did you mean 'headers'")
enrich('a field by a number', 'request[1] = 1', 'no field 1')
for _, value in ipairs { '1', '"x"', 'true', 'hook.json.null', 'function() end' } do
  enrich('a body of ' .. value, 'request.body = ' .. value, 'a body is a table')
end
enrich('no body', 'request.body = nil', 'a body is a table')
enrich('headers that are a text', 'request.headers = "X: y"', 'a table of names and values')
for _, value in ipairs { '1', 'true', '{}', 'function() end', 'hook.json.null' } do
  enrich('a header of ' .. value, 'request.headers["X-A"] = ' .. value, "value is a text")
end
enrich('a header without a name', 'request.headers[1] = "x"', 'name is 1')
cases[#cases].error = 'set a header whose name is'
for name, text in pairs { CR = '\\r', LF = '\\n', NUL = '\\0', ['CR LF'] = '\\r\\nX-Evil: 1',
  DEL = '\\127' } do
  enrich('a value with ' .. name, ('request.headers["X-A"] = "a%sb"'):format(text),
    'control characters')
  enrich('a name with ' .. name, ('request.headers["X-A%s"] = "a"'):format(text), 'no token')
end
for _, name in ipairs { '', ' ', 'X A', 'X:A', 'X-\u{00e9}', '(x)' } do
  enrich(('the name "%s"'):format(name), ('request.headers[%q] = "a"'):format(name), 'no token')
end
enrich('a name of 129 bytes', 'request.headers[("x"):rep(129)] = "a"', 'no token')
enrich('a value of 1 KiB and one', 'request.headers["X-A"] = ("x"):rep(1025)', 'too long')
for _, name in ipairs { 'Host', 'Content-Length', 'Content-Type', 'Transfer-Encoding', 'Connection',
  'Expect', 'Upgrade', 'Proxy-Authorization', 'X-Webhook-Id', 'x-webhook-signature', 'X-Hookd-X',
  'webhook-signature', 'webhook-id', 'cOnTeNt-LeNgTh' } do
  enrich('the header ' .. name, ('request.headers[%q] = "a"'):format(name), "hookd's own")
end
enrich('21 headers', 'for i = 1, 21 do request.headers["X-" .. i] = "a" end',
  'more than 20 headers')
enrich('a header twice', 'request.headers["X-A"] = "1" request.headers["x-a"] = "2"', 'twice')
sent('enrich', '20 headers', 'for i = 1, 20 do request.headers["X-" .. i] = "a" end')

-- [[ Bodies that cannot be ]]

for name, value in pairs { ['a function'] = 'type', ['a closure'] = 'function() end', NaN = '0/0',
  infinity = 'math.huge', ['less than all'] = '-math.huge' } do
  enrich('a body with ' .. name, 'request.body.order.x = ' .. value, 'request.body: .*order.x')
end
enrich('a body that is in itself', 'request.body.order.x = request.body', 'request.body: ')
enrich('a list that is in itself', 'local t = {} t[1] = t request.body.order.x = t',
  'request.body: ')
enrich('a mixed table', 'request.body.order.x = { 1, y = 2 }', 'request.body: ')
enrich('a list with holes', 'request.body.order.x = { 1, nil, 3 }', 'request.body: ')
enrich('a list that begins at 0', 'request.body.order.x = { [0] = 1 }', 'request.body: ')
enrich('a key of true', 'request.body.order.x = { [true] = 1 }', 'request.body: ')
enrich('a key of a table', 'request.body.order.x = { [{}] = 1 }', 'request.body: ')
enrich('a key of 1.5', 'request.body.order.x = { [1.5] = 1 }', 'request.body: ')
enrich('a text of no characters', 'request.body.order.x = "\\255"', 'request.body: ')
enrich('a surrogate', 'request.body.order.x = "\\xED\\xA0\\x80"', 'request.body: ')
enrich('a key of no characters', 'request.body.order["\\255"] = 1', 'request.body: ')
sent('enrich', 'the body as an array', 'request.body = hook.json.array {}', '[]')
enrich('more than a plan may have',
  'local s = ("x"):rep(1 << 20) for i = 1, 5 do request.body["k" .. i] = s end', 'plan_bytes_max')
sent('enrich', 'zero bytes in a text', 'request.body.order.id = "a\\0b"',
  '{"event":"approved","order":{"id":"a\\u0000b","n":1.50}}')
sent('enrich', 'a text that is JSON', [[request.body.order.id = '"},{"x":"']],
  [[{"event":"approved","order":{"id":"\"},{\"x\":\"","n":1.50}}]])
sent('enrich', 'a body whose __index lies',
  'setmetatable(request.body, { __index = function() return "evil" end,'
  .. ' __len = function() return 9 end, __pairs = error })')
sent('enrich', 'a change of what filter saw', 'event.body.order.id = "evil"')
cases[#cases + 1] = { 'a change in filter does not leak', sent = EVENT_BODY, script = [[
return {
  api = 1,
  filter = function(event) event.body.order.id = "evil" event.body.x = 1 event.merchant.id = 2 end,
  enrich = function(_, _, request) assert(request.body.x == nil) end,
}
]] }

-- [[ Files ]]

local function loaded(name, text, wanted)
  cases[#cases + 1] = { 'file: ' .. name, script = text, fault = wanted }
end
loaded('returns nothing', 'local _ = 1\n', 'a policy is a table')
loaded('returns a function', 'return function() end\n', 'a policy is a table')
loaded('returns a text', 'return "x"\n', 'a policy is a table')
loaded('no api', 'return { route = function() end }\n', "'api' is missing")
loaded('api 2', 'return { api = 2 }\n', 'this hookd knows api = 1')
loaded('api "1"', 'return { api = "1" }\n', 'this hookd knows api = 1')
loaded('api 1.5', 'return { api = 1.5 }\n', 'this hookd knows api = 1')
loaded('api by __index', 'return setmetatable({}, { __index = { api = 1 } })\n', "'api' is missing")
loaded('rout', 'return {\n  api = 1,\n  rout = function() end,\n}\n',
  "'rout' is no hook; .*'route'")
loaded('a hook that is a text', 'return {\n  api = 1,\n  route = "x",\n}\n', 'a hook is a function')
loaded('a hook that is a callable table',
  'return { api = 1, route = setmetatable({}, { __call = error }) }\n', 'a hook is a function')
loaded('a key that is a table', 'return { api = 1, [{}] = 1 }\n', 'no hook')
loaded('a key with controls', 'return { api = 1, ["a\\r\\n\\0b"] = 1 }\n', 'no hook')
loaded('an error at load', 'error("no")\n', 'no')
loaded('an error that is nil', 'error()\n', 'the error is nil')
loaded('an error with __tostring', 'error(setmetatable({}, { __tostring = function() while true do '
  .. 'end end }))\n', 'the error is a table')
loaded('a library that is not there', 'hook.require("nope")\nreturn { api = 1 }\n', 'no library')
loaded('a library by its path', 'hook.require("../policies/good")\nreturn { api = 1 }\n',
  'no library')
loaded('bytecode', string.dump(function() return { api = 1 } end), '.')
cases[#cases].no_line = true
loaded('bytecode in disguise', '\27LuaT\0\25\147\r\n\26\n\4\8\8xV', '.')
cases[#cases].no_line = true

return cases
