-- SPDX-License-Identifier: Apache-2.0
-- The bench: hookd's full cycle beside the bare loops, interleaved, round after round.
-- Options: README.md; the folder of the programs is $HOOKD_BIN_DIR.
local here = arg[0]:match('^(.*/)') or './'
package.path = here .. '?.lua;' .. here .. '../support/?.lua;' .. package.path

local bare = require 'bare'
local cycle = require 'cycle'
local json = require 'json'
local place = require 'place'
local policy = require 'policy'
local policy_attack = require 'policy_attack'
local policy_idle = require 'policy_idle'
local policy_memory = require 'policy_memory'
local policy_reload = require 'policy_reload'
local report = require 'report'
local stage = require 'stage'
local summary = require 'summary'
local temp = require 'temp'

-- limits.md: what the bare loops cost on the machine that the budget was made for, and the budget
-- of design.md section 10 without Lua and history.
local BARE_SEND_US, BARE_INGEST_US, BUDGET_US = 14.9, 13.4, 36
-- What `route` and `enrich` may add to an event, over all processes.
local POLICY_US = 15
local LATENCY_SHARE = 0.5

local options = { seconds = 5, rounds = 3, connections = 64, json = 'build/bench.json' }
local NAMES = { 'bare_send', 'bare_ingest', 'cycle', 'policy', 'latency', 'drain', 'policy_idle',
  'reload', 'policy_attack', 'policy_memory' }

-- Takes long: only when asked for.
local ONLY_ALONE = { policy_memory = true }

local function fail(text)
  io.stderr:write('bench: ', text, '\n')
  os.exit(2)
end

local function is_name(text)
  for _, name in ipairs(NAMES) do
    if name == text then return true end
  end
  return false
end

local function parse()
  local i = 1
  while i <= #arg do
    local name, value = arg[i]:match('^%-%-(%w+)$'), arg[i + 1]
    if name == 'seconds' or name == 'rounds' or name == 'connections' then
      options[name] = tonumber(value) or fail('no number behind ' .. arg[i])
    elseif name == 'only' and is_name(value) then
      options.only = value
    elseif name == 'json' and value then
      options.json = value
    else
      fail('usage: [--seconds S] [--rounds N] [--connections N] [--json FILE] [--only NAME]\n'
        .. 'NAME: ' .. table.concat(NAMES, ', '))
    end
    i = i + 2
  end
end

local results = {}

local function keep(name, result)
  results[name] = results[name] or {}
  table.insert(results[name], result)
  if result.per_s then
    io.stderr:write(('  %-12s %8.0f/s  %6.1f us\n'):format(name, result.per_s, result.cpu_us))
  else
    io.stderr:write(('  %-12s done\n'):format(name))
  end
end

-- A policy is measured against the cycle without one.
local function wants(name)
  if not options.only then return not ONLY_ALONE[name] end
  return options.only == name or options.only == 'policy' and name == 'cycle'
end

-- The runs of hookd share one daemon a round. Latency is measured at half of what it can do.
local function run_hookd()
  local daemon = cycle.start(options)
  local full
  if wants('cycle') or wants('latency') then
    full = daemon:measure { seconds = options.seconds }
    keep('cycle', full)
  end
  if wants('latency') then
    keep('latency', daemon:measure { seconds = options.seconds,
      rate = math.floor(full.per_s * LATENCY_SHARE) })
  end
  if wants('drain') then keep('drain', daemon:measure_drain { seconds = options.seconds / 2 }) end
  daemon:stop()
end

local function run_round(number)
  io.stderr:write(('round %d of %d\n'):format(number, options.rounds))
  if wants('bare_send') then keep('bare_send', bare.send(options)) end
  if wants('bare_ingest') then keep('bare_ingest', bare.ingest(options)) end
  if wants('cycle') or wants('latency') or wants('drain') then run_hookd() end
  if wants('policy') then keep('policy', policy.measure(options)) end
  if wants('policy_idle') then keep('policy_idle', policy_idle.measure()) end
  if wants('reload') then keep('reload', policy_reload.measure(options)) end
  if wants('policy_attack') then keep('policy_attack', policy_attack.measure(options)) end
  if wants('policy_memory') then keep('policy_memory', policy_memory.measure()) end
  stage.clear()
end

-- What the budget is on this machine: it scales as the bare loops do.
local function budget_here()
  local send, ingest = results.bare_send, results.bare_ingest
  if not send or not ingest then return BUDGET_US end
  local bare_us = summary.of(send).cpu_us.median + summary.of(ingest).cpu_us.median
  return BUDGET_US * bare_us / (BARE_SEND_US + BARE_INGEST_US)
end

-- What a policy adds to the cycle of the same round, in us of CPU an event, of all processes.
local function policy_adds()
  local cycles, added = results.cycle or {}, {}
  for i, result in ipairs(results.policy or {}) do
    if cycles[i] then table.insert(added, { cpu_us = result.cpu_us - cycles[i].cpu_us }) end
  end
  return #added > 0 and summary.of(added).cpu_us or nil
end

local function figure(name, field)
  return results[name] and summary.of(results[name])[field] or nil
end

local function policy_goals()
  return {
    { name = 'policy: CPU us an event more than cycle', mark = POLICY_US, at_most = true,
      form = '%.1f', value = policy_adds() },
    { name = 'policy: the same, goal scaled to here', at_most = true, form = '%.1f',
      mark = POLICY_US * budget_here() / BUDGET_US, value = policy_adds() },
    { name = 'policy: of these, us of the worker', form = '%.1f',
      value = figure('policy', 'worker_us') },
    { name = 'policy: of these, us of the thread before it', form = '%.1f',
      value = figure('policy', 'pool_us') },
    { name = 'policy: full cycle a second / bare_send',
      value = summary.ratio(results.policy, 'per_s', results.bare_send, 'per_s') },
    { name = 'policy: full cycle a second / cycle',
      value = summary.ratio(results.policy, 'per_s', results.cycle, 'per_s') },
    { name = 'policy_idle: CPU ns an event more than without', mark = 500, at_most = true,
      form = '%.0f', value = figure('policy_idle', 'more_ns') },
    { name = 'reload of 1,000 changed scripts, s', mark = 2, at_most = true,
      value = figure('reload', 'reload_s') },
    { name = 'reload: pause of the main thread, ms', mark = 10, at_most = true,
      value = figure('reload', 'pause_ms') },
    { name = 'reload: longest wait for a 202, ms', value = figure('reload', 'ingest_max_ms') },
    { name = 'reload: the same without a reload, ms',
      value = figure('reload', 'quiet_ingest_max_ms') },
    { name = 'policy_attack: p99 alone, ms', value = figure('policy_attack', 'alone_p99_ms') },
    { name = 'policy_attack: p99 beside a loop, ms',
      value = figure('policy_attack', 'beside_p99_ms') },
    { name = 'policy_attack: p99 beside a loop / alone', mark = 2, at_most = true,
      value = figure('policy_attack', 'p99_ratio') },
    { name = 'policy_memory: 10,000 scripts, MiB in all', mark = 1024, at_most = true,
      form = '%.0f', value = figure('policy_memory', 'all_mib') },
    { name = 'policy_memory: of these, MiB of the workers', form = '%.0f',
      value = figure('policy_memory', 'workers_mib') },
  }
end

local function goals()
  local send, ingest = results.bare_send, results.bare_ingest
  local cpu = results.cycle and summary.of(results.cycle).cpu_us
  return {
    { name = 'full cycle a second / bare_send', mark = 0.30,
      value = summary.ratio(results.cycle, 'per_s', send, 'per_s') },
    { name = 'backlog drained a second / bare_send', mark = 0.75,
      value = summary.ratio(results.drain, 'per_s', send, 'per_s') },
    { name = 'accepted a second / bare_ingest', mark = 0.30,
      value = summary.ratio(results.cycle, 'accepted_per_s', ingest, 'per_s') },
    { name = 'CPU us a delivery', mark = BUDGET_US, at_most = true, form = '%.1f', value = cpu },
    { name = 'CPU us a delivery, budget scaled to here', mark = budget_here(), at_most = true,
      form = '%.1f', value = cpu },
  }
end

local function summaries()
  local runs = {}
  for _, name in ipairs(NAMES) do
    if results[name] then
      table.insert(runs, { name = name, summary = summary.of(results[name]) })
    end
  end
  return runs
end

local function notes()
  local where = place.is_pinned
    and ('hookd and the bare loops on CPU %d, their peers on CPU %d.'):format(place.measured,
      place.peer)
    or 'Nothing is pinned: one processor, or no taskset.'
  return {
    where .. (' %d connections, %g s each, median [min..max] of %d rounds.'):format(
      options.connections, options.seconds, options.rounds),
    'p50 and p99: from the moment an event was sent to its arrival at the receiver (bare_ingest:',
    'to its 202). cycle is full up and queues; latency runs at half of its rate.',
    'Other work on the machine moves all of it: believe the ratios and the CPU time.',
  }
end

local function write_json(runs, reached)
  local out = { options = options, is_pinned = place.is_pinned, runs = {}, rounds = results,
    goals = {} }
  for _, run in ipairs(runs) do out.runs[run.name] = run.summary end
  for _, goal in ipairs(reached) do
    table.insert(out.goals, { name = goal.name, value = goal.value, mark = goal.mark,
      at_most = goal.at_most or false })
  end
  temp.write(options.json, json.encode(out) .. '\n')
  print('written: ' .. options.json)
end

local function main()
  parse()
  for number = 1, options.rounds do run_round(number) end
  local runs, reached = summaries(), goals()
  for _, goal in ipairs(policy_goals()) do table.insert(reached, goal) end
  print()
  report.print(runs, reached, notes())
  write_json(runs, reached)
end

local ok, why = xpcall(main, debug.traceback)
pcall(stage.clear)
if not ok then
  io.stderr:write('bench: ', tostring(why), '\n')
  os.exit(1)
end
