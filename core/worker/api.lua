-- SPDX-License-Identifier: Apache-2.0
-- The one description of what a policy sees. From it come (spec/support/lua_api.lua):
--   spec/lua-api.md     the page for people
--   scripts/meta.lua    types for editors (LuaCATS)
--   .luacheckrc         the globals of policies and of their specs
-- and spec/lua/api_spec.lua, which opens the sandbox, finds each thing that is described here and
-- nothing else, and runs every example.
--
-- A released entry never changes its meaning or its arguments; tables only gain fields. Types are
-- LuaCATS: "string", "integer?" (may be nil), "hookd.endpoint[]". An example is Lua that runs in
-- the sandbox and asserts what it says.
local api = { version = 1 }

-- What hooks are given and what they return.
api.values = {
  {
    name = 'event', type = 'hookd.event', since = '0.1',
    text = 'What happened. Writing into it changes nothing that is sent.',
    fields = {
      { 'id', 'string', 'The event\'s id, a UUID; receivers see it as `X-Webhook-Id`.' },
      { 'type', 'string', 'Its type: the body\'s `event`, such as `"refunded"`.' },
      { 'received_at', 'string', 'When hookd accepted it: RFC 3339, UTC, milliseconds.' },
      { 'key', 'string?', 'Its ordering key (header `X-Hookd-Key`, else `order.id`).' },
      { 'merchant', 'hookd.merchant', 'Whose event it is.' },
      { 'body', 'table', 'The JSON document as it was accepted.' },
    },
  },
  {
    name = 'event.merchant', type = 'hookd.merchant', since = '0.1',
    text = 'The merchant that the event belongs to.',
    fields = {
      { 'id', 'integer', 'The merchant\'s id.' },
      { 'name', 'string', 'The merchant\'s name.' },
    },
  },
  {
    name = 'endpoint', type = 'hookd.endpoint', since = '0.1',
    text = 'A registered webhook. Policies see the `primary` ones that are enabled and subscribed'
      .. ' to the event\'s type; `audit` and `dead_letter` endpoints are none of their business.',
    fields = {
      { 'uuid', 'string', 'Its id.' },
      { 'name', 'string', 'Its name, as the merchant chose it.' },
      { 'role', 'string', '`"primary"`.' },
      { 'labels', 'table<string, string>', 'Its labels; `{}` where it has none.' },
      { 'url_host', 'string', 'The host of its URL, in lower case; the rest may hold secrets.' },
    },
  },
  {
    name = 'request', type = 'hookd.request', since = '0.1',
    text = 'What one endpoint will be sent: a copy of its own, to be changed in place.',
    fields = {
      { 'body', 'table', 'The document. Change parts of it or put another table in its place.' },
      { 'headers', 'table<string, string>', 'Headers to send beside hookd\'s; empty at first.' },
    },
  },
  {
    name = 'lookups', type = 'hookd.lookups', since = '0.1',
    text = 'What `lookup` returns: under names of your choice, what to look up.',
    map = { 'string', 'hookd.lookup_request', 'Its name in `found`.' },
  },
  {
    name = 'lookups[name]', type = 'hookd.lookup_request', since = '0.1',
    text = 'One look into a table.',
    fields = {
      { 'table', 'string', 'The table: its file\'s name without the ending.' },
      { 'key', 'string|integer', 'The key; an integer is looked up by its digits.' },
    },
  },
  {
    name = 'found', type = 'hookd.found', since = '0.1',
    text = 'What `lookup` asked for: under each of its names the value that the table has, or nil.'
      .. ' `{}` when there is no `lookup`.',
    map = { 'string', 'any', 'The name that `lookup` gave it.' },
  },
  {
    name = 'delivery', type = 'hookd.delivery', since = '0.1',
    text = 'One event on its way to one endpoint, whose attempt has just failed.',
    fields = {
      { 'id', 'string', '`EVENT.N`: the event\'s id and the delivery\'s number.' },
      { 'event_type', 'string', 'The event\'s type. Its body is not here.' },
      { 'endpoint', 'hookd.endpoint', 'Where it goes.' },
      { 'attempt', 'integer', 'The number of the attempt that failed, from 1.' },
      { 'first_attempt_at', 'string', 'When the first attempt began: RFC 3339, UTC.' },
    },
  },
  {
    name = 'outcome', type = 'hookd.outcome', since = '0.1',
    text = 'How the attempt ended.',
    fields = {
      { 'class', 'string', '`"status"` (an answer that is no 2xx), `"timeout"`, `"dns"`,'
        .. ' `"connect"`, `"tls"`, `"transport"` (broken off), `"internal"`, `"unknown"`.' },
      { 'status', 'integer?', 'The HTTP status; nil where no answer came.' },
      { 'headers', 'table<string, string>', 'The answer\'s headers, names in lower case; at most'
        .. ' 4 KiB of them.' },
      { 'total_ms', 'integer', 'How long the attempt took.' },
    },
  },
  {
    name = 'delay', type = 'hookd.delay', since = '0.1',
    text = 'What `retry` returns to choose the delay.',
    fields = {
      { 'delay_ms', 'integer', 'The next attempt comes so much later: 0 to 2592000000 (30 days).' },
    },
  },
}

-- The hooks, in the order in which they run.
api.hooks = {
  {
    name = 'filter', since = '0.1',
    arguments = { { 'event', 'hookd.event' } },
    returns = {
      { 'nil, true', 'The event goes on.' },
      { 'false, "why"', 'It is dropped, reason `filtered`; the text is kept and shown.' },
    },
    types = { 'boolean?', 'string?' },
    text = 'Is this event wanted at all? `audit` endpoints get it all the same.',
    example = [[
filter = function(event)
  if event.body.order and event.body.order.test then return false, 'a test order' end
end]],
  },
  {
    name = 'lookup', since = '0.1',
    arguments = { { 'event', 'hookd.event' } },
    returns = {
      { 'nil', 'Nothing is looked up.' },
      { '{ name = { table = "...", key = ... } }', 'Each is looked up and given to `route` and'
        .. ' `enrich` as `found[name]`; nil when the table has no such key.' },
    },
    types = { 'hookd.lookups?' },
    text = 'What must be known before the event can be planned, said as data. Tables are files in'
      .. ' `tables_dir`. (`{ url = ... }` is refused: not yet.)',
    example = [[
lookup = function(event)
  local order = event.body.order or {}
  if order.branch then return { branch = { table = 'branches', key = order.branch } } end
end]],
  },
  {
    name = 'route', since = '0.1',
    arguments = { { 'event', 'hookd.event' }, { 'endpoints', 'hookd.endpoint[]' },
      { 'found', 'hookd.found' } },
    returns = {
      { 'nil', 'The default: all of `endpoints`.' },
      { 'a list', 'Of the given endpoints, their uuids or their names; one that is there twice'
        .. ' counts once. An empty list drops the event, reason `no_endpoint`.' },
    },
    types = { '(hookd.endpoint|string)[]?' },
    text = 'Which endpoints get it?',
    example = [[
route = function(event, endpoints, found)
  if event.type == 'refunded' then return { 'finance' } end
end]],
  },
  {
    name = 'enrich', since = '0.1',
    arguments = { { 'event', 'hookd.event' }, { 'endpoint', 'hookd.endpoint' },
      { 'request', 'hookd.request' }, { 'found', 'hookd.found' } },
    returns = {
      { 'nil, true', 'Sent as `request` now is.' },
      { 'false, "why"', 'This endpoint is skipped, reason `skipped_by_policy`.' },
    },
    types = { 'boolean?', 'string?' },
    text = 'Called once for each endpoint that was chosen: changes what it is sent. What is not'
      .. ' changed keeps its bytes.',
    example = [[
enrich = function(event, endpoint, request, found)
  if found.branch then request.body.order.branch_name = found.branch.name end
  request.headers['X-Shop'] = tostring(event.merchant.id)
end]],
  },
  {
    name = 'retry', since = '0.1',
    arguments = { { 'delivery', 'hookd.delivery' }, { 'outcome', 'hookd.outcome' } },
    returns = {
      { 'nil', 'The endpoint\'s schedule decides.' },
      { '{ delay_ms = n }', 'The next attempt comes n ms later (the number of attempts stays'
        .. ' limited, and a Retry-After is waited for).' },
      { '"give_up"', 'No more attempts: the delivery is dead, reason `gave_up`.' },
      { '"disable"', 'Likewise, and the endpoint is disabled.' },
    },
    types = { 'hookd.delay|"give_up"|"disable"|nil' },
    text = 'Called when an attempt failed and another one would follow. An error in it counts as'
      .. ' nil: retries never depend on a script being right.',
    example = [[
retry = function(delivery, outcome)
  if outcome.status == 401 then return 'give_up' end
  if outcome.status == 429 then return { delay_ms = 60000 * delivery.attempt } end
end]],
  },
}

local function call(name, signature, arguments, returns, text, example)
  return { name = name, signature = signature, arguments = arguments, returns = returns,
    text = text, example = example, since = '0.1' }
end

-- hook.*: group by group.
api.groups = {
  {
    name = 'hook.json', text = 'JSON and the values that Lua has no word for.',
    entries = {
      { name = 'hook.json.null', type = 'hookd.null', since = '0.1',
        text = 'JSON\'s null. It is not nil and counts as true, so ask `hook.json.is_null(v)` or'
          .. ' `v == hook.json.null`; indexing it gives nil, so `body.order.metadata.branch` is'
          .. ' nil and no error where metadata is null.',
        example = [[
local body = hook.json.decode('{"metadata":null}')
assert(body.metadata == hook.json.null)
assert(body.metadata.branch == nil)
assert(tostring(hook.json.null) == 'null')]] },
      call('hook.json.encode', 'hook.json.encode(value)', { { 'value', 'any' } },
        { { 'string' } }, 'Writes a value as compact JSON; members come in order of their names.'
          .. ' What cannot be JSON (a function, a cycle, a mixed table, NaN) is an error that names'
          .. ' the path.', [[
assert(hook.json.encode { b = 1, a = { 1, 2.5 } } == '{"a":[1,2.5],"b":1}')
assert(not pcall(hook.json.encode, { f = type }))]]),
      call('hook.json.decode', 'hook.json.decode(text)', { { 'text', 'string' } },
        { { 'any', 'the value' }, { 'string?', 'nil and why, when it is no JSON' } },
        'Reads JSON. Integers that fit 64 bits are integers, other numbers floats, null is'
          .. ' `hook.json.null`.', [[
assert(hook.json.decode('[1, 2.5, "x"]')[2] == 2.5)
local value, why = hook.json.decode('{')
assert(value == nil and type(why) == 'string')]]),
      call('hook.json.array', 'hook.json.array([list])', { { 'list', 'table?' } }, { { 'table' } },
        'Marks a table (or a new one) as an array: what an empty one is written as.', [[
assert(hook.json.encode { items = hook.json.array {} } == '{"items":[]}')
assert(hook.json.encode { items = {} } == '{"items":{}}')]]),
      call('hook.json.object', 'hook.json.object([fields])', { { 'fields', 'table?' } },
        { { 'table' } }, 'Marks a table (or a new one) as an object.', [[
local decoded = hook.json.decode('[]')
assert(hook.json.encode(hook.json.object(decoded)) == '{}')]]),
      call('hook.json.is_array', 'hook.json.is_array(value)', { { 'value', 'any' } },
        { { 'boolean' } }, 'Would it be written as an array?', [[
assert(hook.json.is_array(hook.json.decode('[]')))
assert(hook.json.is_array { 1, 2 })
assert(not hook.json.is_array(hook.json.decode('{}')))]]),
      call('hook.json.is_null', 'hook.json.is_null(value)', { { 'value', 'any' } },
        { { 'boolean' } }, 'Is it `hook.json.null`? Not true for nil.', [[
assert(hook.json.is_null(hook.json.null))
assert(not hook.json.is_null(nil))]]),
    },
  },
  {
    name = 'hook.text', text = 'Plain text, byte for byte, without patterns.',
    entries = {
      call('hook.text.split', 'hook.text.split(text, separator)',
        { { 'text', 'string' }, { 'separator', 'string' } }, { { 'string[]' } },
        'Cuts at each separator; empty parts count.', [[
local parts = hook.text.split('a,,b', ',')
assert(#parts == 3 and parts[2] == '' and parts[3] == 'b')]]),
      call('hook.text.trim', 'hook.text.trim(text)', { { 'text', 'string' } }, { { 'string' } },
        'Without white space at both ends.', [[assert(hook.text.trim('  a b\n') == 'a b')]]),
      call('hook.text.starts_with', 'hook.text.starts_with(text, part)',
        { { 'text', 'string' }, { 'part', 'string' } }, { { 'boolean' } },
        'Does it begin so?', [[assert(hook.text.starts_with('order.paid', 'order.'))]]),
      call('hook.text.ends_with', 'hook.text.ends_with(text, part)',
        { { 'text', 'string' }, { 'part', 'string' } }, { { 'boolean' } },
        'Does it end so?', [[assert(hook.text.ends_with('hooks.example.com', '.example.com'))]]),
      call('hook.text.contains', 'hook.text.contains(text, part)',
        { { 'text', 'string' }, { 'part', 'string' } }, { { 'boolean' } },
        'Does it stand in there?', [[assert(hook.text.contains('50% off', '0% o'))]]),
      call('hook.text.glob', 'hook.text.glob(text, pattern)',
        { { 'text', 'string' }, { 'pattern', 'string' } }, { { 'boolean' } },
        'Does all of it match? `*` is any text, `?` any character, all else itself.', [[
assert(hook.text.glob('order.refunded', 'order.*'))
assert(not hook.text.glob('order', 'order.*'))]]),
      call('hook.text.replace', 'hook.text.replace(text, old, new)',
        { { 'text', 'string' }, { 'old', 'string' }, { 'new', 'string' } }, { { 'string' } },
        'Puts `new` for each `old`.', [[assert(hook.text.replace('a.b.c', '.', '/') == 'a/b/c')]]),
    },
  },
  {
    name = 'hook.time', text = 'Moments as milliseconds since 1970 (UTC). There is no clock: what'
      .. ' time it is, `event.received_at` says. Offsets are minutes east of UTC (180 for Riyadh).',
    entries = {
      call('hook.time.parse', 'hook.time.parse(text)', { { 'text', 'string' } },
        { { 'integer', 'milliseconds' }, { 'string?', 'nil and why, when it is no moment' } },
        'Reads RFC 3339.', [[
assert(hook.time.parse('1970-01-01T00:00:01.5Z') == 1500)
assert(hook.time.parse('2026-05-02T11:00:00+03:00') == hook.time.parse('2026-05-02T08:00:00Z'))
assert(hook.time.parse('yesterday') == nil)]]),
      call('hook.time.format', 'hook.time.format(ms [, offset_minutes])',
        { { 'ms', 'integer' }, { 'offset_minutes', 'integer?' } }, { { 'string' } },
        'Writes RFC 3339 with milliseconds.', [[
assert(hook.time.format(1500) == '1970-01-01T00:00:01.500Z')
assert(hook.time.format(0, 180) == '1970-01-01T03:00:00.000+03:00')]]),
      call('hook.time.parts', 'hook.time.parts(ms [, offset_minutes])',
        { { 'ms', 'integer' }, { 'offset_minutes', 'integer?' } }, { { 'hookd.time_parts' } },
        'Takes a moment apart: `year`, `month`, `day`, `hour`, `minute`, `second`, `ms`, `weekday`'
          .. ' (1 is Monday), `yearday` (from 1).', [[
local at = hook.time.parts(hook.time.parse('2026-05-02T22:30:00Z'), 180)
assert(at.day == 3 and at.hour == 1 and at.weekday == 7)]]),
    },
  },
  {
    name = 'hook.hash', text = 'Digests: to sign, to pseudonymise, to split by share.',
    entries = {
      call('hook.hash.sha256', 'hook.hash.sha256(text)', { { 'text', 'string' } },
        { { 'string', '64 hex digits' } }, 'SHA-256.', [[
assert(hook.hash.sha256('abc'):sub(1, 16) == 'ba7816bf8f01cfea')]]),
      call('hook.hash.hmac_sha256', 'hook.hash.hmac_sha256(key, text)',
        { { 'key', 'string' }, { 'text', 'string' } }, { { 'string', '64 hex digits' } },
        'HMAC-SHA-256. (Policies are readable by operators: no place for keys that must stay'
          .. ' secret from them.)', [[
local mac = hook.hash.hmac_sha256('key', 'The quick brown fox jumps over the lazy dog')
assert(mac:sub(1, 16) == 'f7bc83f430538424')]]),
      call('hook.hash.crc32', 'hook.hash.crc32(text)', { { 'text', 'string' } },
        { { 'integer', '0 to 4294967295' } }, 'CRC-32, for an even split of keys.', [[
assert(hook.hash.crc32('123456789') == 0xCBF43926)]]),
    },
  },
  {
    name = 'hook.log', text = 'Lines for the operator, with merchant, policy and event beside them;'
      .. ' `hookctl policy test` shows them. Arguments are strings, numbers, booleans, null or nil,'
      .. ' joined by spaces. At most 20 lines a run, 256 bytes each. No personal data, please.',
    entries = {
      call('hook.log.debug', 'hook.log.debug(...)', { { '...', 'any' } }, {},
        'Shown only where the log is at debug.', [[hook.log.debug('branch', 7)]]),
      call('hook.log.info', 'hook.log.info(...)', { { '...', 'any' } }, {},
        'What is good to know.', [[hook.log.info('routed to', 'finance')]]),
      call('hook.log.warn', 'hook.log.warn(...)', { { '...', 'any' } }, {},
        'What somebody should look at.', [[hook.log.warn('no such branch:', 'x9')]]),
      call('hook.log.error', 'hook.log.error(...)', { { '...', 'any' } }, {},
        'What is wrong. It raises nothing.', [[hook.log.error('no amount in the order')]]),
    },
  },
  {
    name = 'hook.table', text = 'Lookup tables, for keys that `lookup` could not know. Values are'
      .. ' what `hook.json.decode` gives. A table that is not there is an error, a key that is not'
      .. ' there is not.',
    entries = {
      call('hook.table.get', 'hook.table.get(table, key)',
        { { 'table', 'string' }, { 'key', 'string|integer' } }, { { 'any', 'nil: no such key' } },
        'Gets the value of a key.', [[
local ok, why = pcall(hook.table.get, 'no_such_table', 'x')
assert(not ok and hook.text.contains(why, 'no_such_table'))]]),
      call('hook.table.has', 'hook.table.has(table, key)',
        { { 'table', 'string' }, { 'key', 'string|integer' } }, { { 'boolean' } },
        'Is the key there?', [[assert(not pcall(hook.table.has, 'no_such_table', 'x'))]]),
    },
  },
  {
    name = 'hook', text = 'And two functions.',
    entries = {
      call('hook.random', 'hook.random([m [, n]])', { { 'm', 'integer?' }, { 'n', 'integer?' } },
        { { 'number' } }, 'As `math.random` of Lua: a float below 1; 1 to m; m to n. Seeded by the'
          .. ' event\'s id, so one event always draws the same numbers.', [[
local dice = hook.random(6)
assert(dice >= 1 and dice <= 6)
assert(hook.random() < 1)]]),
      call('hook.require', 'hook.require(name)', { { 'name', 'string' } }, { { 'any' } },
        'Loads the library `NAME.lua` of `lib_dir` (those of `scripts/lib` ship with hookd). Works'
          .. ' only while the script loads, so call it at the top; what it returns is read-only.',
        [[assert(not pcall(hook.require, 'no_such_library'))]]),
    },
  },
}

-- A value of hook.time.parts.
api.time_parts = { 'year', 'month', 'day', 'hour', 'minute', 'second', 'ms', 'weekday', 'yearday' }

-- The globals of Lua that are there, as its manual describes them unless a note says otherwise.
api.globals = {
  'assert', 'error', 'getmetatable', 'hook', 'ipairs', 'math', 'next', 'pairs', 'pcall', 'rawequal',
  'rawget', 'rawlen', 'rawset', 'select', 'setmetatable', 'string', 'table', 'tonumber', 'tostring',
  'type', 'utf8',
}
api.libraries = {
  string = { 'byte', 'char', 'find', 'format', 'gmatch', 'gsub', 'len', 'lower', 'match', 'rep',
    'reverse', 'sub', 'upper' },
  table = { 'concat', 'insert', 'move', 'pack', 'remove', 'sort', 'unpack' },
  math = { 'abs', 'acos', 'asin', 'atan', 'ceil', 'cos', 'deg', 'exp', 'floor', 'fmod', 'huge',
    'log', 'max', 'maxinteger', 'min', 'mininteger', 'modf', 'pi', 'rad', 'sin', 'sqrt', 'tan',
    'tointeger', 'type', 'ult' },
  utf8 = { 'char', 'charpattern', 'codepoint', 'codes', 'len', 'offset' },
}
api.notes = {
  { '`pairs`, `next`', 'go in one fixed order: integers, other numbers, strings by their bytes.' },
  { '`tostring`', 'shows no addresses: a table is `"table"`.' },
  { '`setmetatable`', 'refuses `__gc`, `__mode`, `__close` and `__metatable`, and copies: what is'
    .. ' added to the metatable later has no effect.' },
  { '`getmetatable`', 'gets what the script itself set, else nil.' },
  { '`pcall`', 'catches errors, but not the end of the time or of the memory.' },
  { '`string.find`, `match`, `gmatch`, `gsub`', 'take patterns of at most 256 bytes and subjects of'
    .. ' at most 64 KiB; plain searches of any length are what `hook.text` is for.' },
}

api.limits = {
  { 'CPU time of all hooks of one plan, or of one `retry`', '10 ms', '`policy.time_ms_max`' },
  { 'CPU time while the script loads', '10 times that', '' },
  { 'memory of a merchant\'s state', '8 MiB', '`policy.memory_bytes_max`' },
  { 'all changed bodies of one plan', '4 MiB', '`limits.plan_bytes_max`' },
  { 'headers that a policy adds to a request', '20; names of 128 bytes, values of 1 KiB', '' },
  { 'a script or library', '1 MiB', '' },
  { 'libraries of one script', '64', '' },
  { 'a pattern, its subject', '256 bytes, 64 KiB', '' },
  { 'levels of a JSON document', '64', '' },
  { 'lines of `hook.log` in one run', '20, of 256 bytes', '' },
  { 'a reason ("why"), an error', '512 bytes', '' },
  { '`delay_ms`', '0 to 2592000000 (30 days)', '' },
}

-- What a spec file sees beside all of the above.
api.spec = {
  globals = { 'describe', 'it', 'before_each', 'after_each', 'spec' },
  -- Members of `assert`, which is called like Lua's, too.
  assert_names = { 'are', 'are.equal', 'are.same', 'equal', 'equals', 'error', 'has_error',
    'is_false', 'is_nil', 'is_not_nil', 'is_true', 'matches', 'same' },
  asserts = {
    { 'assert(value [, message])', 'As in Lua.' },
    { 'assert.is_true(v)', '`assert.is_false`, `is_nil`, `is_not_nil` likewise.' },
    { 'assert.equal(expected, got)', '`equals`, `are.equal`: the same value.' },
    { 'assert.same(expected, got)', '`are.same`: tables by what is in them.' },
    { 'assert.error(function)', '`has_error`: it must raise.' },
    { 'assert.matches(pattern, text)', 'A Lua pattern stands in the text.' },
  },
  plan_fields = {
    { 'body', 'table|string?', 'The document, or its text where bytes count; else `{}`.' },
    { 'type', 'string?', 'The event\'s type; else the body\'s `event`.' },
    { 'key', 'string?', 'The ordering key; else the body\'s `order.id`.' },
    { 'received_at', 'string?', 'RFC 3339; else the first moment of 2026.' },
    { 'merchant', 'table?', '`{ id =, name = }`; else 1 and `"merchant"`.' },
    { 'endpoints', 'table[]?', 'Of `{ name =, labels =, url =, uuid = }`; only `name` must be'
      .. ' there. Else one of some name.' },
  },
  plan_results = {
    { 'dropped', 'string?', 'nil, or the reason: `"filtered"`, `"no_endpoint"`,'
      .. ' `"skipped_by_policy"`.' },
    { 'why', 'string?', 'What `filter` said.' },
    { 'endpoints', 'string[]', 'The names of those that get it, in order.' },
    { 'requests', 'table', 'By name: `{ body =, headers = }`.' },
    { 'skipped', 'table<string, string>', 'By name: what `enrich` said.' },
  },
  retry_fields = {
    { 'attempt', 'integer?', 'The attempt that failed, from 1.' },
    { 'class', 'string?', 'As `outcome.class`; else `"status"`.' },
    { 'status', 'integer?', 'The answer\'s status.' },
    { 'headers', 'table?', 'The answer\'s headers.' },
    { 'total_ms', 'integer?', 'How long it took.' },
    { 'event_type', 'string?', 'Else `"approved"`.' },
    { 'first_attempt_at', 'string?', 'RFC 3339.' },
  },
}

return api
