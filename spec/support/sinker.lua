-- SPDX-License-Identifier: Apache-2.0
-- A running sinker (see sinker/README.md for what its fields mean).
local http = require 'http'
local json = require 'json'
local process = require 'process'
local eventually = require 'eventually'

local sinker = {}
sinker.__index = sinker

local function encoded(text)
  return (text:gsub('[^%w/_.-]', function(c) return ('%%%02X'):format(c:byte()) end))
end

local function query_of(parameters)
  local words = {}
  for name, value in pairs(parameters or {}) do
    table.insert(words, name .. '=' .. encoded(tostring(value)))
  end
  return #words > 0 and ('?' .. table.concat(words, '&')) or ''
end

-- Starts one on loopback. options: https = true, arguments = { more of the command line }.
-- Fields: port, https_port, control_port, ca_file (what clients must trust), process.
function sinker.start(options)
  options = options or {}
  local self = setmetatable({}, sinker)
  self.folder = require('temp').folder('sinker')
  self.ca_file = self.folder .. '/ca.pem'
  local argv = { process.program('sinker'), '--quiet', '--http', '127.0.0.1:0', '--ca-out',
    self.ca_file }
  if options.https then
    table.insert(argv, '--https')
    table.insert(argv, '127.0.0.1:0')
  end
  for _, argument in ipairs(options.arguments or {}) do table.insert(argv, argument) end
  self.process = process.start(argv)
  local ready = eventually(function()
    local line = self.process:stdout():match('^(.-)\n')
    return line and json.decode(line)
  end, { what = function() return 'sinker to be ready: ' .. self.process:stderr() end })
  self.port = ready.http
  self.https_port = ready.https ~= json.null and ready.https or nil
  self.control_port = ready.control
  return self
end

-- URL of a path on the plain port.
function sinker:url(path)
  return ('http://127.0.0.1:%d%s'):format(self.port, path)
end

-- URL of a path on the TLS port; the name is one that the certificate has.
function sinker:https_url(path)
  return ('https://localhost:%d%s'):format(self.https_port, path)
end

-- A call of the control port; raises what it refuses.
function sinker:control(method, path, parameters, value)
  local got, why = http.request({ port = self.control_port, timeout_s = 60 },
    { method = method, path = path .. query_of(parameters), json = value, timeout_s = 630 })
  if not got then error('sinker: ' .. tostring(why), 2) end
  if got.status ~= 200 then error('sinker: ' .. got:text(), 2) end
  return got.json
end

-- What a path answers from now on: steps in order, of which the last one stays.
function sinker:set(path, ...)
  self:control('POST', '/behaviour', nil, { path = path, steps = { ... } })
end

-- The same, but begins again after the last one.
function sinker:cycle(path, ...)
  self:control('POST', '/behaviour', nil, { path = path, steps = { ... }, ['then'] = 'repeat' })
end

-- Back to 200: one path, or all.
function sinker:unset(path)
  self:control('DELETE', '/behaviour', { path = path })
end

local function from_hex(hex)
  return (hex:gsub('%x%x', function(pair) return string.char(tonumber(pair, 16)) end))
end

-- First value of a header, whatever its case; nil without one.
local function header(request, name)
  for _, pair in ipairs(request.headers) do
    if pair[1]:lower() == name:lower() then return pair[2] end
  end
  return nil
end

-- What a path (nil: all) got, in order. Beside sinker's fields: bytes (the exact body), head (the
-- exact head), json (decoded, or nil), request:header(name).
-- options: after (seq), limit. The second result is the `after` for the next call.
function sinker:requests(path, options)
  local got = self:control('GET', '/requests', { path = path,
    after = options and options.after, limit = options and options.limit })
  for _, request in ipairs(got.requests) do
    request.bytes = from_hex(request.body_hex)
    request.head = from_hex(request.head_hex)
    request.header = header
    request.json = json.decode(request.bytes)
  end
  return got.requests, got.last
end

-- Counts of a path, or of all.
function sinker:count(path)
  return self:control('GET', '/count', { path = path })
end

-- For each X-Webhook-Id that came to a path, keyed by it: times, answered_2xx, last_status, ...
function sinker:ids(path)
  local ids = {}
  for _, each in ipairs(self:control('GET', '/ids', { path = path }).ids) do ids[each.id] = each end
  return ids
end

-- Waits until `what` (default 'requests', any name of count) of a path (nil: all) is at least
-- `count`; returns the counts. Raises after timeout_s (default 20).
function sinker:wait(path, count, what, timeout_s)
  what = what or 'requests'
  local got = self:control('GET', '/wait', { path = path, count = count, what = what,
    timeout_ms = math.floor((timeout_s or 20) * 1000) })
  if got[what] < count then
    error(('%s: waited for %d %s, got %d'):format(path or 'all paths', count, what, got[what]), 2)
  end
  return got
end

-- Forgets requests and counts.
function sinker:clear()
  self:control('DELETE', '/requests')
end

-- Opens one more port (kinds: sinker/README.md) and returns its number.
-- options: address, port.
function sinker:listen(kind, options)
  return self:control('POST', '/listen', nil, { tls = kind, address = options and options.address,
    port = options and options.port }).port
end

-- Closes a port: connecting is refused from now on.
function sinker:close(port)
  self:control('DELETE', '/listen', { port = port })
end

function sinker:connections()
  return self:control('GET', '/connections')
end

-- Closes all receiver connections.
function sinker:drop_connections()
  self:control('DELETE', '/connections')
end

function sinker:histogram()
  return self:control('GET', '/histogram')
end

-- Ends it: its exit code.
function sinker:stop()
  self.process:kill('TERM')
  return self.process:wait()
end

return sinker
