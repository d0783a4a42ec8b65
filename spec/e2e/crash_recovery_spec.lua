-- SPDX-License-Identifier: Apache-2.0
-- Promise 1 and 2 of design.md section 3, under the hardest end: SIGKILL at any moment.
local eventually = require 'eventually'
local events = require 'events'
local hookd = require 'hookd'
local load = require 'load'
local sinker = require 'sinker'
local stage = require 'stage'

local KILLS = tonumber(os.getenv('HOOKD_KILLS')) or 200
local MERCHANTS = { 1, 2, 3 }
-- Under load every attempt of a delivery can be cut short by one of the kills: more attempts than
-- that is likely to happen to one delivery, close together.
local ENDPOINT = { attempts = 20, schedule = { 50 } }

local function text(number)
  return events.text(events.TYPES[number % #events.TYPES + 1], number)
end

local function endpoint(url, fields)
  local all = { url = url, attempts = ENDPOINT.attempts, schedule = ENDPOINT.schedule }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

-- A kill from outside, so that it comes at any moment of ours.
local function kill_in(daemon, seconds)
  os.execute(('(sleep %.3f; kill -KILL %d) >/dev/null 2>&1 &'):format(seconds,
    daemon.process.pid))
end

local function wait_for_end(daemon, within)
  eventually(function()
    return daemon:expect(200, { path = '/api/v1/stats' }).deliveries_pending == 0
  end, { within = within or 120, every = 0.1, what = 'all deliveries to end' })
end

describe('crash recovery', function()
  after_each(stage.clear)

  it(('loses no acknowledged event over %d kills under load #durability'):format(KILLS), function()
    math.randomseed(20261123)
    local sink = sinker.start { arguments = { '--keep', '1', '--ids' } }
    local daemon = hookd.start { config = { log = { level = 'warn' } } }
    for _, id in ipairs(MERCHANTS) do
      daemon:create_merchant { id = id, name = 'Merchant ' .. id }
      daemon:create_endpoint(id, endpoint(sink:url('/good/' .. id), { name = 'good' }))
      daemon:create_endpoint(id, endpoint(sink:url('/audit/' .. id), { name = 'audit',
        role = 'audit' }))
      sink:cycle('/audit/' .. id, { status = 500 }, { status = 200 }, { delay_ms = 20 })
    end
    local callers = load.new { daemon = daemon, merchant_ids = MERCHANTS, text = text }
    for _ = 1, KILLS do
      kill_in(daemon, 0.005 + math.random() * 0.12)
      callers:run(function() return false end)
      daemon.process:wait(10)
      daemon:run()
    end
    wait_for_end(daemon)
    assert.is_true(callers.acked_count > KILLS)

    local lost, wrong = 0, 0
    for _, id in ipairs(MERCHANTS) do
      callers['good' .. id] = sink:ids('/good/' .. id)
      callers['audit' .. id] = sink:ids('/audit/' .. id)
    end
    for id, call in pairs(callers.acked) do
      for _, path in ipairs { 'good', 'audit' } do
        local got = callers[path .. call.merchant_id][id]
        if not got or got.answered_2xx == 0 then lost = lost + 1 end
      end
    end
    -- Nothing of one merchant came to another.
    for _, merchant in ipairs(MERCHANTS) do
      for id in pairs(callers['good' .. merchant]) do
        local call = callers.acked[id]
        if call and call.merchant_id ~= merchant then wrong = wrong + 1 end
      end
    end
    assert.same({ lost = 0, wrong = 0 }, { lost = lost, wrong = wrong })
  end)

  it('delivers again what was in flight, as attempt 2, with the same id and bytes', function()
    local sink, daemon = sinker.start(), hookd.start()
    sink:set('/slow', { action = 'hang' })
    daemon:create_merchant { id = 1 }
    daemon:create_endpoint(1, endpoint(sink:url('/slow')))
    local id = daemon:send_event(1, text(1))
    sink:wait('/slow', 1)
    daemon:get_event(1, id) -- answered as of what is on disk: START is
    daemon:stop('KILL')
    sink:unset('/slow')
    daemon:run()
    local event = daemon:wait_event(1, id, 'finished')
    local got = sink:requests('/slow')
    assert.equal(2, #got)
    for number, request in ipairs(got) do
      assert.equal(id, request:header('X-Webhook-Id'))
      assert.equal(tostring(number), request:header('X-Webhook-Attempt'))
      assert.equal(text(1), request.bytes)
    end
    local attempts = event.deliveries[1].attempts
    assert.same({ 'unknown', 'success' }, { attempts[1].outcome, attempts[2].outcome })
  end)

  it('goes on waiting for a retry that was due later, with its attempts kept', function()
    local sink, daemon = sinker.start(), hookd.start()
    sink:set('/hook', { status = 500 }, { status = 200 })
    daemon:create_merchant { id = 1 }
    daemon:create_endpoint(1, { url = sink:url('/hook'), schedule = { 2000 } })
    local id = daemon:send_event(1, text(1))
    eventually(function()
      return daemon:get_event(1, id).deliveries[1].state == 'waiting'
    end)
    daemon:restart('KILL')
    local waiting = daemon:get_event(1, id).deliveries[1]
    assert.equal('waiting', waiting.state)
    assert.equal(500, waiting.attempts[1].status)
    local event = daemon:wait_event(1, id, 'finished')
    assert.equal(2, #event.deliveries[1].attempts)
  end)

  it('answers a repeat by its Idempotency-Key after a crash', function()
    local daemon = hookd.start()
    daemon:create_merchant { id = 1 }
    local headers = { ['Idempotency-Key'] = 'order-1' }
    local id = daemon:send_event(1, text(1), headers)
    daemon:restart('KILL')
    local again, answer = daemon:send_event(1, text(1), headers)
    assert.equal(id, again)
    assert.equal('true', answer.headers['idempotent-replayed'])
  end)

  it('keeps everything over a clean stop, in a snapshot', function()
    local sink, daemon = sinker.start(), hookd.start()
    sink:set('/down', { status = 500 })
    local merchant = daemon:create_merchant { id = 5, name = 'Kept' }
    local made = daemon:create_endpoint(5, endpoint(sink:url('/down'), { attempts = 3,
      schedule = { 60000 }, labels = { team = 'a' } }))
    local key = daemon:create_key(5)
    local id = daemon:send_event(5, text(1), { ['Idempotency-Key'] = 'k' })
    sink:wait('/down', 1)
    eventually(function() return #daemon:get_event(5, id).deliveries[1].attempts == 1 end)
    local before = daemon:get_event(5, id)
    assert.equal(0, (daemon:stop()))
    daemon:run()
    local found = daemon:expect(200, { path = '/api/v1/merchants/5' })
    found.policy_use = nil -- counts since the start
    assert.same(merchant, found)
    assert.same(made, daemon:expect(200, { key = key, path = '/api/v1/webhooks/' .. made.uuid }))
    local after = daemon:get_event(5, id)
    before.deliveries[1].next_attempt_at, after.deliveries[1].next_attempt_at = nil, nil
    assert.same(before, after)
    assert.equal(id, (daemon:send_event(5, text(1), { ['Idempotency-Key'] = 'k' })))
  end)
end)
