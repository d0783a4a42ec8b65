-- SPDX-License-Identifier: Apache-2.0
-- A field of attacks: one hookd, and for each case a policy, a merchant that uses it, an event.
--
-- A case is { NAME, BODY, field = ... }: BODY is what the hook does. Its fields:
--   hook    whose BODY it is (default: route)
--   before  what stands above the returned table
--   script  the whole file, in place of BODY
--   event   what is sent, as a table or a text (default: a small order)
-- and one of
--   error   the event is held with this in its error (a Lua pattern), which names file, line, hook
--   fault   the policy does not load: this is in its fault, which names file and line, unless
--           no_line; the event is held with the same
--   dropped the event is dropped with this reason; why: what the policy said
--   sent    the event arrives; a text must be its exact body, a function is given the request
local eventually = require 'eventually'
local hookd = require 'hookd'
local sinker = require 'sinker'

local attack = {}
attack.__index = attack

local PARAMETERS = { filter = 'event', lookup = 'event', route = 'event, endpoints, found',
  enrich = 'event, endpoint, request, found', retry = 'delivery, outcome' }
local EVENT = '{"event":"approved","order":{"id":"7","n":1.50}}'
local GOOD = 'return { api = 1, enrich = function(_, _, request) request.body.good = true end }\n'
local GOOD_ID = 100000

-- The hook that a case is about.
local function hook_of(case)
  return case.hook or 'route'
end

-- The text of a case's file.
local function script_of(case)
  if case.script then return case.script end
  local hook = hook_of(case)
  return ('%s\nreturn {\n  api = 1,\n  %s = function(%s)\n    %s\n  end,\n}\n'):format(
    case.before or '--', hook, PARAMETERS[hook], case[2])
end

function attack:url(id)
  return self.sink:url('/' .. id)
end

local function add_merchant(self, id, policy)
  self.daemon:create_merchant { id = id, policy = policy }
  self.daemon:create_endpoint(id, { name = 'orders', url = self:url(id),
    labels = { kind = 'shop' }, schedule = { 0, 1 } })
end

local function send_good(self)
  local sent = self.good_events
  sent[#sent + 1] = self.daemon:send_event(GOOD_ID, EVENT)
end

-- Sets up a field: all policies are there at the start, all events are sent, a good merchant's in
-- between. prefix: of the policies' names. options: as of
-- hookd.new, libraries and tables (name = text).
function attack.field(cases, prefix, options)
  local self = setmetatable({ sink = sinker.start(), good_events = {}, events = {} }, attack)
  self.daemon = hookd.new(options)
  self.daemon:write_policy('good', GOOD)
  for i, case in ipairs(cases) do
    case.id, case.policy = i, ('%s%03d'):format(prefix, i)
    self.daemon:write_policy(case.policy, script_of(case))
  end
  for name, text in pairs(options.libraries or {}) do self.daemon:write_library(name, text) end
  for name, text in pairs(options.tables or {}) do self.daemon:write_table(name, text) end
  self.daemon:run()
  add_merchant(self, GOOD_ID, 'good')
  for i, case in ipairs(cases) do
    add_merchant(self, case.id, case.policy)
    if hook_of(case) == 'retry' then
      self.sink:set('/' .. case.id, { status = 500 }, { status = 200 })
    end
    case.event_id = self.daemon:send_event(case.id, case.event or EVENT)
    if i % 4 == 0 then send_good(self) end
  end
  send_good(self)
  return self
end

local function check_place(case, text)
  local name = case.library and 'lib/' .. case.library or case.policy
  local place = name .. '%.lua:%d+: ' .. (case.fault and '' or 'in ' .. hook_of(case) .. ': ')
  if not text:find(place) and not case.no_line then
    error(('no file, line and hook in: %s'):format(text), 0)
  end
end

local function check_error(case, text, wanted)
  check_place(case, text)
  if #text > 512 + 256 then error('an error that is too long: ' .. text, 0) end
  if text:find('[%z\1-\31\127]') then error('an error with control characters', 0) end
  if not text:find(wanted) then error(('wanted %s, got: %s'):format(wanted, text), 0) end
end

local function wait(self, case, state)
  local ok, event = pcall(self.daemon.wait_event, self.daemon, case.id, case.event_id, state, 15)
  if ok then return event end
  local use = self.daemon:get_event(case.id, case.event_id)
  error(('%s; its error: %s'):format(tostring(event), tostring(use.error)), 0)
end

local function check_sent(self, case)
  wait(self, case, 'finished')
  local request = self.sink:requests('/' .. case.id)[1]
  if type(case.sent) == 'string' and request.bytes ~= case.sent then
    error(('wanted the body %s, got %s'):format(case.sent, request.bytes), 0)
  elseif type(case.sent) == 'function' then
    case.sent(request)
  end
end

-- A `retry` that fails counts as nil: the second attempt comes, and the error is shown.
local function check_retry(self, case)
  wait(self, case, 'finished')
  local use = self.daemon:expect(200, { path = '/api/v1/merchants/' .. case.id }).policy_use
  check_error(case, tostring(use.error), case.error)
end

-- Did it go as the case says?
function attack:check(case)
  if case.error and hook_of(case) == 'retry' then return check_retry(self, case) end
  if case.sent then return check_sent(self, case) end
  if case.dropped then
    local event = wait(self, case, 'dropped')
    assert(event.reason == case.dropped, event.reason)
    local why = self.daemon:why(case.id, case.event_id).dropped.why
    return assert(case.why == nil or why == case.why, why)
  end
  local event = wait(self, case, 'held')
  check_error(case, event.error, case.error or case.fault)
  assert(#event.deliveries == 0)
  if case.fault then
    self.listed = self.listed or self.daemon:policies()
    check_error(case, tostring(self.listed[case.policy].fault), case.fault)
  end
end

-- Has nobody else felt it? The good merchant's events have all gone out by its policy, the same
-- worker processes run as at the start, and the daemon still plans.
function attack:check_whole()
  send_good(self)
  for _, id in ipairs(self.good_events) do self.daemon:wait_event(GOOD_ID, id, 'finished') end
  for _, request in ipairs((self.sink:requests('/' .. GOOD_ID))) do
    assert(request.json.good == true)
  end
  local stats = eventually(function()
    local stats = self.daemon:expect(200, { path = '/api/v1/stats' })
    return stats.policy_workers_running == stats.policy_workers_wanted and stats
  end)
  if type(stats.policy_workers_error) == 'string' then error(stats.policy_workers_error, 0) end
  local log = self.daemon:log()
  assert(not log:find('Sanitizer', 1, true) and not log:find('runtime error', 1, true), log)
end

return attack
