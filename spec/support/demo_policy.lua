-- SPDX-License-Identifier: Apache-2.0
-- The demo's second act: one merchant's policy decides; it is changed, reloaded, then broken.
local eventually = require 'eventually'
local json = require 'json'

local act = {}

local MERCHANT = { id = 11, name = 'Cinema' }

local POLICY = [[
-- Refunds over the limit are for finance; every body says where the order came from; test orders
-- are for nobody.
local LIMIT = %d

return {
  api = 1,
  filter = function(event)
    local metadata = event.body.order.metadata
    if metadata and metadata.test then return false, "a test order" end
  end,
  route = function(event)
    local order = event.body.order
    if event.type == "refunded" and order.refund_amount > LIMIT then return { "finance" } end
    return { "orders" }
  end,
  enrich = function(_, _, request)
    request.body.channel = "cinema"
  end,
}
]]

local BROKEN = 'return {\n  api = 1,\n  route = function(event\n}\n'

local function refund(number, amount)
  return ('{"event":"refunded","order":{"id":"cinema-%d","total_price":300.00,"refund_amount":%s,'
    .. '"metadata":null},"timestamp":"2026-05-05T10:00:00Z"}'):format(number, amount)
end

local EVENTS = {
  { text = '{"event":"approved","order":{"id":"cinema-1","total_price":24.50,"metadata":{}}}',
    to = 'orders' },
  { text = refund(2, '30.00'), to = 'orders' },
  { text = refund(3, '250.00'), to = 'finance' },
  { text = '{"event":"approved","order":{"id":"cinema-4","metadata":{"test":true}}}' },
}

local function finished(daemon, id)
  return eventually(function()
    local event = daemon:get_event(MERCHANT.id, id)
    return (event.state == 'finished' or event.state == 'dropped') and event
  end, { within = 20, every = 0.05, what = 'event ' .. id .. ' to end' })
end

-- Did the event go where it should, with the exact bytes of the order and the added field?
local function is_right(sink, event, wanted)
  if not wanted.to then return event.state == 'dropped' and event.reason == 'filtered' end
  local got = sink:requests('/cinema/' .. wanted.to)
  for _, request in ipairs(got) do
    if request:header('X-Webhook-Id') == event.id then
      return #event.deliveries == 1
        and request.bytes == wanted.text:sub(1, -2) .. ',"channel":"cinema"}'
    end
  end
  return false
end

local function send(daemon, sink, wanted, say)
  local id = daemon:send_event(MERCHANT.id, wanted.text)
  local event = finished(daemon, id)
  local ok = is_right(sink, event, wanted)
  say('  %-10s %s -> %s by generation %d%s', event.event, id:sub(-12), wanted.to
    or ('dropped (%s)'):format(event.reason), event.policy and event.policy.generation or 0,
    ok and '' or '   WRONG')
  return ok, id
end

local function policy_of(daemon)
  for _, policy in ipairs(daemon:expect(200, { path = '/api/v1/policies' })) do
    if policy.name == 'cinema' then return policy end
  end
end

-- Sends SIGHUP and waits until the policy is as it should be; returns it.
local function hang_up(daemon, generation, has_fault)
  daemon:kill('HUP')
  return eventually(function()
    local policy = policy_of(daemon)
    local fault = policy and policy.fault ~= json.null and policy.fault
    return policy and policy.generation == generation and (fault and true or false) == has_fault
      and policy
  end, { within = 20, every = 0.05, what = 'the reload' })
end

local function why_print(daemon, id)
  for line in daemon:ctl('why', id).stdout:gmatch('[^\n]+') do print('   ' .. line) end
end

-- Plays it; returns whether all came out right. say: prints a line.
function act.play(daemon, sink, say)
  local right_count, wanted_count = 0, 0
  local function expect(is_so)
    wanted_count = wanted_count + 1
    right_count = right_count + (is_so and 1 or 0)
  end
  local function expect_sent(wanted)
    local is_so, id = send(daemon, sink, wanted, say)
    expect(is_so)
    return id
  end
  say('a third merchant, whose policy decides: refunds over 100 go to finance')
  daemon:write_policy('cinema', POLICY:format(100))
  daemon:reload()
  daemon:create_merchant { id = MERCHANT.id, name = MERCHANT.name, policy = 'cinema' }
  for _, name in ipairs { 'orders', 'finance' } do
    daemon:create_endpoint(MERCHANT.id, { name = name, url = sink:url('/cinema/' .. name) })
  end
  for _, wanted in ipairs(EVENTS) do
    local id = expect_sent(wanted)
    if wanted.to == 'finance' then why_print(daemon, id) end
  end
  say('the limit becomes 20, and a SIGHUP')
  daemon:write_policy('cinema', POLICY:format(20))
  expect(hang_up(daemon, 2, false))
  expect_sent { text = refund(5, '30.00'), to = 'finance' }
  say('a broken one, and a SIGHUP: the old one stays')
  daemon:write_policy('cinema', BROKEN)
  say('  %s', hang_up(daemon, 2, true).fault)
  expect_sent { text = refund(6, '30.00'), to = 'finance' }
  return right_count == wanted_count
end

return act
