-- SPDX-License-Identifier: Apache-2.0
-- The full cycle: hookd with one endpoint a merchant, bench_load in front, sinker behind.
local hookd = require 'hookd'
local load_run = require 'load'
local place = require 'place'
local sinker = require 'sinker'
local usage = require 'usage'

local cycle = {}
cycle.__index = cycle

local MERCHANTS = 16
local DRAIN_S = 120
local WARM_UP_S = 1
local POLICY = 'bench'

-- Starts hookd and sinker, and warms them up. With a policy (the text of one) all merchants use it,
-- and `endpoints` (names; default: one) says what it can choose from.
function cycle.start(options, policy, endpoints)
  local self = setmetatable({ options = options }, cycle)
  self.sink = sinker.start { arguments = { '--bench' } }
  self.daemon = hookd.new { config = {
    deliver = { threads = place.is_pinned and 1 or hookd.NONE },
    policy = { workers = 1 },
    log = { level = 'warn' },
  } }
  if policy then self.daemon:write_policy(POLICY, policy) end
  self.daemon:run()
  place.move(self.sink.process.pid, place.peer)
  place.move(self.daemon.process.pid, place.measured)
  for _, pid in ipairs(usage.children(self.daemon.process.pid)) do
    place.move(pid, place.measured)
  end
  for number = 1, MERCHANTS do
    self.daemon:create_merchant { id = number, policy = policy and POLICY }
    for _, name in ipairs(endpoints or { 'endpoint' }) do
      self.daemon:create_endpoint(number, { name = name,
        url = self.sink:url(('/%d/%s'):format(number, name)) })
    end
  end
  self:measure { seconds = WARM_UP_S }
  return self
end

function cycle:stop()
  assert(self.daemon:stop() == 0, 'hookd did not end well:\n' .. self.daemon:log())
  self.sink:stop()
end

local function stats_of(self)
  return (self.daemon:expect(200, { path = '/api/v1/stats' }))
end

local function signal_sink(self, name)
  assert(os.execute(('kill -%s %d'):format(name, self.sink.process.pid)))
end

local function send(self, options)
  return load_run.run {
    port = self.daemon.port,
    path = '/api/v1/merchants/%/events',
    merchants = MERCHANTS,
    key = self.daemon.platform_key,
    connections = self.options.connections,
    seconds = options.seconds,
    rate = options.rate,
  }
end

-- Waits until everything is delivered and the daemon has no more to do. Returns the moment.
local function drain(self, delivered)
  self.sink:wait(nil, delivered, 'answered_2xx', DRAIN_S)
  local at_s = load_run.now_s()
  while stats_of(self).events_live > 0 do end
  return at_s
end

-- Every accepted event must have been delivered, once, and nothing refused.
local function check_sound(sent, before, after, got)
  local function grown(name) return after[name] - before[name] end
  local figures = ('sent %d, accepted %d, by its own count %d, delivered %d, got by sinker %d')
    :format(sent.sent, sent.accepted, grown 'events_accepted', grown 'deliveries_delivered', got)
  assert(sent.accepted > 0, 'no event was accepted: ' .. figures)
  assert(sent.accepted == sent.sent, 'events were refused: ' .. figures)
  assert(grown 'events_accepted' == sent.accepted, 'events are lost: ' .. figures)
  assert(grown 'deliveries_delivered' == sent.accepted, 'deliveries are lost: ' .. figures)
  assert(got == sent.accepted, 'requests are lost or doubled: ' .. figures)
end

local function each_delivery(used, count)
  local threads = {}
  for name, cpu_us in pairs(used.threads) do threads[name] = cpu_us / count end
  return { cpu_us = used.cpu_us / count, threads = threads, switches = used.switches / count }
end

-- One run: sends for options.seconds (at options.rate, if given) and waits until all is delivered.
-- options.before_send is called first, options.before_drain between the two.
local function run(self, options)
  local had = self.sink:count().answered_2xx
  self.sink:control('DELETE', '/histogram')
  local before, used = stats_of(self), usage.read(self.daemon.process.pid)
  if options.before_send then options.before_send() end
  local sent = send(self, options)
  local count = sent.accepted
  if options.before_drain then used, before.at_s = options.before_drain() end
  local drained_s = drain(self, had + count)
  local after = stats_of(self)
  check_sound(sent, before, after, self.sink:count().answered_2xx - had)
  return {
    sent = sent,
    count = count,
    seconds = drained_s - (before.at_s or sent.begun_us / 1e6),
    used = each_delivery(usage.between(used, usage.read(self.daemon.process.pid)), count),
    latency = self.sink:histogram(),
    records_a_sync = after.journal_syncs
      and (after.lsn - before.lsn) / (after.journal_syncs - before.journal_syncs),
    resident_bytes = self.daemon.process:resident_bytes(),
  }
end

local function result_of(got)
  return {
    per_s = got.count / got.seconds,
    cpu_us = got.used.cpu_us,
    p50_ms = got.latency.p50_us / 1e3,
    p99_ms = got.latency.p99_us / 1e3,
    ingest_p50_ms = got.sent.p50_us / 1e3,
    ingest_p99_ms = got.sent.p99_us / 1e3,
    accepted_per_s = got.sent.accepted_per_s,
    threads = got.used.threads,
    switches = got.used.switches,
    records_a_sync = got.records_a_sync,
    resident_mib = got.resident_bytes / 1048576,
  }
end

-- Accepts and delivers for a time; per_s counts until the last one is delivered.
-- options: seconds, rate (nil: as fast as they are answered).
function cycle:measure(options)
  return result_of(run(self, options))
end

-- Accepts while the receiver stands still, and measures from the moment it goes on.
function cycle:measure_drain(options)
  local ok, got = pcall(run, self, {
    seconds = options.seconds,
    before_send = function() signal_sink(self, 'STOP') end,
    before_drain = function()
      local used = usage.read(self.daemon.process.pid)
      signal_sink(self, 'CONT')
      return used, load_run.now_s()
    end,
  })
  signal_sink(self, 'CONT')
  if not ok then error(got, 0) end
  local result = result_of(got)
  result.p50_ms, result.p99_ms = nil, nil
  return result
end

return cycle
