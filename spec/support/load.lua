-- SPDX-License-Identifier: Apache-2.0
-- Load: several callers at once, each with one request under way, in one thread. It remembers what
-- was acknowledged, and nothing else counts.
local http = require 'http'
local json = require 'json'

local load = {}
load.__index = load

-- options: daemon, merchant_ids (drawn in turn), callers (default 8), text (function of a number
-- that gives the body), headers (function of a number, optional).
-- acked: id -> { number, merchant_id, text }.
function load.new(options)
  return setmetatable({ options = options, acked = {}, acked_count = 0, sent = 0 }, load)
end

local function send_next(self, connection)
  self.sent = self.sent + 1
  local options, number = self.options, self.sent
  local merchants = options.merchant_ids
  local call = { number = number, text = options.text(number),
    merchant_id = merchants[number % #merchants + 1] }
  local headers = { Authorization = 'Bearer ' .. options.daemon.platform_key,
    ['Content-Type'] = 'application/json' }
  for name, value in pairs(options.headers and options.headers(number) or {}) do
    headers[name] = value
  end
  local ok = connection:send_request({ method = 'POST', headers = headers, body = call.text,
    path = ('/api/v1/merchants/%d/events'):format(call.merchant_id) })
  return ok and call or nil
end

local function take_answer(self, connection, call)
  local got = connection:receive_answer('POST', 10)
  if not got then return false end
  if got.status == 202 then
    self.acked[json.decode(got.body).data.id] = call
    self.acked_count = self.acked_count + 1
  end
  return true
end

-- Calls until `is_enough(self)` says true or until the daemon goes away (then false).
function load:run(is_enough)
  local connections, calls = {}, {}
  for i = 1, self.options.callers or 8 do
    connections[i] = http.connect(self.options.daemon:to())
    if not connections[i] then return false end
    calls[i] = send_next(self, connections[i])
  end
  local goes_on = true
  while goes_on and not is_enough(self) do
    for i, connection in ipairs(connections) do
      goes_on = goes_on and calls[i] and take_answer(self, connection, calls[i])
      calls[i] = goes_on and send_next(self, connection)
    end
  end
  -- What was answered before the end counts, too.
  for i, connection in ipairs(connections) do
    if calls[i] then take_answer(self, connection, calls[i]) end
    connection:close()
  end
  return goes_on and true or false
end

return load
