-- SPDX-License-Identifier: Apache-2.0
-- What a running process and its children have used, by thread: processor time and context
-- switches, from /proc.
local usage = {}

local FILES = 'comm schedstat status'

-- The processes that a process has started itself and that still run.
function usage.children(pid)
  local pipe = assert(io.popen(('cat /proc/%d/task/*/children 2>/dev/null'):format(pid)))
  local text, pids = pipe:read('a'), {}
  pipe:close()
  for child in text:gmatch('%d+') do table.insert(pids, tonumber(child)) end
  return pids
end

local function each_line(pids)
  local names = {}
  for _, pid in ipairs(pids) do
    for name in FILES:gmatch('%S+') do
      table.insert(names, ('/proc/%d/task/*/%s'):format(pid, name))
    end
  end
  local pipe = assert(io.popen('grep -H "" ' .. table.concat(names, ' ') .. ' 2>/dev/null'))
  local text = pipe:read('a')
  pipe:close()
  return text:gmatch('/task/(%d+)/(%w+):([^\n]*)')
end

local function process_cpu_us(pid)
  local file = assert(io.open(('/proc/%d/stat'):format(pid)), 'the process has ended')
  local user, system = file:read('a'):match('%) %S' .. (' %S+'):rep(10) .. ' (%d+) (%d+)')
  file:close()
  return (tonumber(user) + tonumber(system)) * 1e4
end

-- A reading: { cpu_us (also of threads that have ended), threads = { [tid] = { name, cpu_us } },
-- switches }. The threads of children that run are among them.
function usage.read(pid)
  local reading = { cpu_us = process_cpu_us(pid), threads = {}, switches = 0 }
  for tid, file, text in each_line { pid, table.unpack(usage.children(pid)) } do
    local thread = reading.threads[tid] or { name = '?', cpu_us = 0 }
    reading.threads[tid] = thread
    if file == 'comm' then
      thread.name = tonumber(tid) == pid and 'main' or text
    elseif file == 'schedstat' then
      thread.cpu_us = tonumber(text:match('^%d+')) / 1e3
    elseif text:match('ctxt_switches') then
      reading.switches = reading.switches + tonumber(text:match('%d+'))
    end
  end
  return reading
end

-- What was used between two readings: { cpu_us, switches, threads = { [name] = cpu_us } }.
-- The kernel's fine count of each thread is preferred to the ticks of the whole process.
function usage.between(before, after)
  local used = { cpu_us = 0, switches = after.switches - before.switches, threads = {} }
  for tid, thread in pairs(after.threads) do
    local had = before.threads[tid]
    local cpu_us = thread.cpu_us - (had and had.cpu_us or 0)
    used.threads[thread.name] = (used.threads[thread.name] or 0) + cpu_us
    used.cpu_us = used.cpu_us + cpu_us
  end
  if used.cpu_us == 0 then used.cpu_us = after.cpu_us - before.cpu_us end
  return used
end

return usage
