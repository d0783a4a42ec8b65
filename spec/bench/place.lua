-- SPDX-License-Identifier: Apache-2.0
-- Which processor runs what: hookd and the bare loops on the first, the peers (sinker and
-- bench_load) on the second, as in limits.md; where there is only one, or no taskset, anywhere.
local temp = require 'temp'

local place = {}

local function output_of(command)
  local pipe = assert(io.popen(command .. ' 2>/dev/null'))
  local text = pipe:read('a')
  pipe:close()
  return text
end

-- The processors that we may use, as numbers.
local function processors()
  local list, numbers = output_of('taskset -c -p $$'):match(': (%S+)'), {}
  for range in (list or ''):gmatch('[^,]+') do
    local first, last = range:match('^(%d+)%-?(%d*)')
    for number = tonumber(first), tonumber(last) or tonumber(first) do
      table.insert(numbers, number)
    end
  end
  return numbers
end

local found = processors()
place.is_pinned = #found >= 2
place.measured, place.peer = found[1], found[2]

-- A command line that runs on a processor (place.measured or place.peer).
function place.on(processor, argv)
  if not place.is_pinned then return argv end
  return { 'taskset', '-c', tostring(processor), table.unpack(argv) }
end

-- Moves all threads of a process there.
function place.move(pid, processor)
  if not place.is_pinned then return end
  assert(os.execute(('taskset -a -c -p %s %d >/dev/null'):format(temp.quote(processor), pid)))
end

return place
