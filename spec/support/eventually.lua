-- SPDX-License-Identifier: Apache-2.0
local socket = require 'socket'

local WITHIN_S = 10
local EVERY_S = 0.01

-- Calls `try` until it returns something true, and returns that. Raises when it has not within
-- options.within seconds; a fault that `try` raises counts as false. The deadline is no part of
-- what a spec asserts: it only keeps a broken one from waiting for ever.
-- options: within, every (seconds), what (text or function for the fault).
local function eventually(try, options)
  options = options or {}
  local deadline = socket.gettime() + (options.within or WITHIN_S)
  local results
  repeat
    results = table.pack(pcall(try))
    if results[1] and results[2] then return table.unpack(results, 2, results.n) end
    socket.sleep(options.every or EVERY_S)
  until socket.gettime() > deadline
  local what = options.what or 'what was waited for'
  if type(what) == 'function' then what = what() end
  local why = results[1] and '' or (': ' .. tostring(results[2]))
  error(('not within %g s: %s%s'):format(options.within or WITHIN_S, what, why), 2)
end

return eventually
