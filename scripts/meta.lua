-- SPDX-License-Identifier: Apache-2.0
-- Types of policies for editors (LuaCATS). Generated from core/worker/api.lua.
---@meta

--- What happened. Writing into it changes nothing that is sent.
---@class hookd.event
--- The event's id, a UUID; receivers see it as X-Webhook-Id.
---@field id string
--- Its type: the body's event, such as "refunded".
---@field type string
--- When hookd accepted it: RFC 3339, UTC, milliseconds.
---@field received_at string
--- Its ordering key (header X-Hookd-Key, else order.id).
---@field key string?
--- Whose event it is.
---@field merchant hookd.merchant
--- The JSON document as it was accepted.
---@field body table

--- The merchant that the event belongs to.
---@class hookd.merchant
--- The merchant's id.
---@field id integer
--- The merchant's name.
---@field name string

--- A registered webhook. Policies see the primary ones that are enabled and subscribed to the
--- event's type; audit and dead_letter endpoints are none of their business.
---@class hookd.endpoint
--- Its id.
---@field uuid string
--- Its name, as the merchant chose it.
---@field name string
--- "primary".
---@field role string
--- Its labels; {} where it has none.
---@field labels table<string, string>
--- The host of its URL, in lower case; the rest may hold secrets.
---@field url_host string

--- What one endpoint will be sent: a copy of its own, to be changed in place.
---@class hookd.request
--- The document. Change parts of it or put another table in its place.
---@field body table
--- Headers to send beside hookd's; empty at first.
---@field headers table<string, string>

--- What lookup returns: under names of your choice, what to look up.
---@class hookd.lookups
--- Its name in found.
---@field [string] hookd.lookup_request

--- One look into a table.
---@class hookd.lookup_request
--- The table: its file's name without the ending.
---@field table string
--- The key; an integer is looked up by its digits.
---@field key string|integer

--- What lookup asked for: under each of its names the value that the table has, or nil. {} when
--- there is no lookup.
---@class hookd.found
--- The name that lookup gave it.
---@field [string] any

--- One event on its way to one endpoint, whose attempt has just failed.
---@class hookd.delivery
--- EVENT.N: the event's id and the delivery's number.
---@field id string
--- The event's type. Its body is not here.
---@field event_type string
--- Where it goes.
---@field endpoint hookd.endpoint
--- The number of the attempt that failed, from 1.
---@field attempt integer
--- When the first attempt began: RFC 3339, UTC.
---@field first_attempt_at string

--- How the attempt ended.
---@class hookd.outcome
--- "status" (an answer that is no 2xx), "timeout", "dns", "connect", "tls", "transport" (broken
--- off), "internal", "unknown".
---@field class string
--- The HTTP status; nil where no answer came.
---@field status integer?
--- The answer's headers, names in lower case; at most 4 KiB of them.
---@field headers table<string, string>
--- How long the attempt took.
---@field total_ms integer

--- What retry returns to choose the delay.
---@class hookd.delay
--- The next attempt comes so much later: 0 to 2592000000 (30 days).
---@field delay_ms integer

--- What hook.time.parts returns.
---@class hookd.time_parts
--- year
---@field year integer
--- month
---@field month integer
--- day
---@field day integer
--- hour
---@field hour integer
--- minute
---@field minute integer
--- second
---@field second integer
--- ms
---@field ms integer
--- weekday
---@field weekday integer
--- yearday
---@field yearday integer

--- What a policy's file returns.
---@class hookd.policy
---@field api 1
local policy = {}

--- Is this event wanted at all? audit endpoints get it all the same.
---@param event hookd.event
---@return boolean?
---@return string?
function policy.filter(event) end

--- What must be known before the event can be planned, said as data. Tables are files in
--- tables_dir. ({ url = ... } is refused: not yet.)
---@param event hookd.event
---@return hookd.lookups?
function policy.lookup(event) end

--- Which endpoints get it?
---@param event hookd.event
---@param endpoints hookd.endpoint[]
---@param found hookd.found
---@return (hookd.endpoint|string)[]?
function policy.route(event, endpoints, found) end

--- Called once for each endpoint that was chosen: changes what it is sent. What is not changed
--- keeps its bytes.
---@param event hookd.event
---@param endpoint hookd.endpoint
---@param request hookd.request
---@param found hookd.found
---@return boolean?
---@return string?
function policy.enrich(event, endpoint, request, found) end

--- Called when an attempt failed and another one would follow. An error in it counts as nil:
--- retries never depend on a script being right.
---@param delivery hookd.delivery
---@param outcome hookd.outcome
---@return hookd.delay|"give_up"|"disable"|nil
function policy.retry(delivery, outcome) end

--- JSON's null.
---@class hookd.null

--- All that a policy can ask of hookd.
hook = {}

--- JSON and the values that Lua has no word for.
hook.json = {}

--- JSON's null. It is not nil and counts as true, so ask hook.json.is_null(v) or v ==
--- hook.json.null; indexing it gives nil, so body.order.metadata.branch is nil and no error where
--- metadata is null.
---@type hookd.null
hook.json.null = {}

--- Writes a value as compact JSON; members come in order of their names. What cannot be JSON (a
--- function, a cycle, a mixed table, NaN) is an error that names the path.
---@param value any
---@return string
function hook.json.encode(value) end

--- Reads JSON. Integers that fit 64 bits are integers, other numbers floats, null is
--- hook.json.null.
---@param text string
---@return any # the value
---@return string? # nil and why, when it is no JSON
function hook.json.decode(text) end

--- Marks a table (or a new one) as an array: what an empty one is written as.
---@param list? table
---@return table
function hook.json.array(list) end

--- Marks a table (or a new one) as an object.
---@param fields? table
---@return table
function hook.json.object(fields) end

--- Would it be written as an array?
---@param value any
---@return boolean
function hook.json.is_array(value) end

--- Is it hook.json.null? Not true for nil.
---@param value any
---@return boolean
function hook.json.is_null(value) end

--- Plain text, byte for byte, without patterns.
hook.text = {}

--- Cuts at each separator; empty parts count.
---@param text string
---@param separator string
---@return string[]
function hook.text.split(text, separator) end

--- Without white space at both ends.
---@param text string
---@return string
function hook.text.trim(text) end

--- Does it begin so?
---@param text string
---@param part string
---@return boolean
function hook.text.starts_with(text, part) end

--- Does it end so?
---@param text string
---@param part string
---@return boolean
function hook.text.ends_with(text, part) end

--- Does it stand in there?
---@param text string
---@param part string
---@return boolean
function hook.text.contains(text, part) end

--- Does all of it match? * is any text, ? any character, all else itself.
---@param text string
---@param pattern string
---@return boolean
function hook.text.glob(text, pattern) end

--- Puts new for each old.
---@param text string
---@param old string
---@param new string
---@return string
function hook.text.replace(text, old, new) end

--- Moments as milliseconds since 1970 (UTC). There is no clock: what time it is, event.received_at
--- says. Offsets are minutes east of UTC (180 for Riyadh).
hook.time = {}

--- Reads RFC 3339.
---@param text string
---@return integer # milliseconds
---@return string? # nil and why, when it is no moment
function hook.time.parse(text) end

--- Writes RFC 3339 with milliseconds.
---@param ms integer
---@param offset_minutes? integer
---@return string
function hook.time.format(ms, offset_minutes) end

--- Takes a moment apart: year, month, day, hour, minute, second, ms, weekday (1 is Monday), yearday
--- (from 1).
---@param ms integer
---@param offset_minutes? integer
---@return hookd.time_parts
function hook.time.parts(ms, offset_minutes) end

--- Digests: to sign, to pseudonymise, to split by share.
hook.hash = {}

--- SHA-256.
---@param text string
---@return string # 64 hex digits
function hook.hash.sha256(text) end

--- HMAC-SHA-256. (Policies are readable by operators: no place for keys that must stay secret from
--- them.)
---@param key string
---@param text string
---@return string # 64 hex digits
function hook.hash.hmac_sha256(key, text) end

--- CRC-32, for an even split of keys.
---@param text string
---@return integer # 0 to 4294967295
function hook.hash.crc32(text) end

--- Lines for the operator, with merchant, policy and event beside them; hookctl policy test shows
--- them. Arguments are strings, numbers, booleans, null or nil, joined by spaces. At most 20 lines
--- a run, 256 bytes each. No personal data, please.
hook.log = {}

--- Shown only where the log is at debug.
---@param ... any
function hook.log.debug(...) end

--- What is good to know.
---@param ... any
function hook.log.info(...) end

--- What somebody should look at.
---@param ... any
function hook.log.warn(...) end

--- What is wrong. It raises nothing.
---@param ... any
function hook.log.error(...) end

--- Lookup tables, for keys that lookup could not know. Values are what hook.json.decode gives. A
--- table that is not there is an error, a key that is not there is not.
hook.table = {}

--- Gets the value of a key.
---@param table string
---@param key string|integer
---@return any # nil: no such key
function hook.table.get(table, key) end

--- Is the key there?
---@param table string
---@param key string|integer
---@return boolean
function hook.table.has(table, key) end

--- As math.random of Lua: a float below 1; 1 to m; m to n. Seeded by the event's id, so one event
--- always draws the same numbers.
---@param m? integer
---@param n? integer
---@return number
function hook.random(m, n) end

--- Loads the library NAME.lua of lib_dir (those of scripts/lib ship with hookd). Works only while
--- the script loads, so call it at the top; what it returns is read-only.
---@param name string
---@return any
function hook.require(name) end
