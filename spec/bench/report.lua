-- SPDX-License-Identifier: Apache-2.0
-- What the bench says to people: a table of the runs, where the processor time went, and how the
-- ratios stand against the goals.
local report = {}

local function range(figure, form)
  if not figure then return '-' end
  return (form .. ' [' .. form .. '..' .. form .. ']'):format(figure.median, figure.min, figure.max)
end

local function thousands(figure)
  if not figure then return '-' end
  return ('%.1fk [%.1f..%.1f]'):format(figure.median / 1e3, figure.min / 1e3, figure.max / 1e3)
end

local ROW = '%-12s %-22s %-20s %-22s %s'

local function print_run(name, run)
  print(ROW:format(name, thousands(run.per_s), range(run.cpu_us, '%.1f'),
    range(run.p50_ms, '%.2f'), range(run.p99_ms, '%.2f')))
end

local function print_threads(name, run)
  local names, words = {}, {}
  for thread in pairs(run.threads) do table.insert(names, thread) end
  table.sort(names, function(a, b)
    return run.threads[a].median > run.threads[b].median
  end)
  for _, thread in ipairs(names) do
    local cpu_us = run.threads[thread].median
    if cpu_us >= 0.05 then table.insert(words, ('%s %.1f'):format(thread, cpu_us)) end
  end
  print(('  %-10s us by thread: %s'):format(name, table.concat(words, ', ')))
  local more = ('  %-10s context switches %s'):format('', range(run.switches, '%.2f'))
  if run.records_a_sync then
    more = more .. ', records a sync ' .. range(run.records_a_sync, '%.0f')
  end
  print(more .. ', resident MiB ' .. range(run.resident_mib, '%.0f'))
end

local function print_goal(goal)
  if not goal.value then return end
  if not goal.mark then
    print(('  %-44s %s'):format(goal.name, range(goal.value, goal.form or '%.2f')))
    return
  end
  local reached = goal.at_most and goal.value.median <= goal.mark
    or not goal.at_most and goal.value.median >= goal.mark
  print(('  %-44s %-20s goal %s %.4g: %s'):format(goal.name, range(goal.value, goal.form or '%.2f'),
    goal.at_most and '<=' or '>=', goal.mark, reached and 'reached' or 'MISSED'))
end

-- runs: list of { name, summary }, in order; goals: list of { name, value, mark, at_most, form }.
function report.print(runs, goals, notes)
  print(ROW:format('', 'a second', 'CPU us each', 'p50 ms', 'p99 ms'))
  for _, run in ipairs(runs) do
    if run.summary.per_s then print_run(run.name, run.summary) end
  end
  print()
  for _, run in ipairs(runs) do
    if run.summary.threads then print_threads(run.name, run.summary) end
  end
  print()
  for _, goal in ipairs(goals) do print_goal(goal) end
  print()
  for _, note in ipairs(notes) do print(note) end
end

return report
