-- SPDX-License-Identifier: Apache-2.0
-- A small HTTP/1.1 client over TCP, TLS and unix sockets, for specs: it hides nothing.
-- Where to: { port = N, host = '127.0.0.1', tls = { cafile = FILE } } or { unix = FILE }.
local json = require 'json'
local socket = require 'socket'
local unix = require 'socket.unix'

local http = {}

local TIMEOUT_S = 30

http.null = json.null

-- [[ Answers ]]

local answer = {}

-- answer.json is the decoded body; nil when it is not JSON.
function answer:__index(name)
  if name == 'json' then return (json.decode(self.body)) end
  return answer[name]
end

-- For faults of specs: what was answered, on one line.
function answer:text()
  return ('%d %s'):format(self.status, self.body)
end

-- [[ Connections ]]

local connection = {}
connection.__index = connection

local function open_tls(stream, to)
  local ssl = require 'ssl'
  local tls = to.tls
  local wrapped = assert(ssl.wrap(stream, {
    mode = 'client',
    protocol = tls.protocol or 'any',
    verify = tls.cafile and 'peer' or 'none',
    cafile = tls.cafile,
    ciphers = tls.ciphers,
    options = 'all',
  }))
  wrapped:settimeout(to.timeout_s or TIMEOUT_S)
  if tls.name then wrapped:sni(tls.name) end
  local ok, why = wrapped:dohandshake()
  if not ok then
    wrapped:close()
    return nil, why == 'wantread' and 'timeout' or why
  end
  return wrapped
end

-- A connection, or nil and why.
function http.connect(to)
  local stream, ok, why
  if to.unix then
    stream = assert(unix.stream())
    stream:settimeout(to.timeout_s or TIMEOUT_S)
    ok, why = stream:connect(to.unix)
  else
    stream = assert(socket.tcp())
    stream:settimeout(to.timeout_s or TIMEOUT_S)
    ok, why = stream:connect(to.host or '127.0.0.1', to.port)
  end
  if not ok then
    stream:close()
    return nil, why
  end
  if not to.unix then stream:setoption('tcp-nodelay', true) end
  if to.tls then
    stream, why = open_tls(stream, to)
    if not stream then return nil, why end
  end
  return setmetatable({ stream = stream }, connection)
end

function connection:close()
  self.stream:close()
end

-- Sends exact bytes; true, or nil and why.
function connection:send(bytes)
  local at = 1
  while at <= #bytes do
    local last, why, sent = self.stream:send(bytes, at)
    if not last and sent and sent >= at and why == 'wantwrite' then
      last = sent
    elseif not last then
      return nil, why
    end
    at = last + 1
  end
  return true
end

-- Everything until the peer closes ('closed'), or until timeout_s is over ('timeout').
function connection:receive_all(timeout_s)
  local parts = {}
  self.stream:settimeout(timeout_s or TIMEOUT_S, 't')
  while true do
    local part, why, rest = self.stream:receive(16384)
    table.insert(parts, part or rest)
    if not part then return table.concat(parts), why == 'wantread' and 'timeout' or why end
  end
end

local function head_of(request)
  local lines = { ('%s %s HTTP/1.1'):format(request.method or 'GET', request.path) }
  local given = {}
  for name, value in pairs(request.headers or {}) do
    given[name:lower()] = true
    for _, each in ipairs(type(value) == 'table' and value or { value }) do
      table.insert(lines, ('%s: %s'):format(name, each))
    end
  end
  if not given.host then table.insert(lines, 'Host: localhost') end
  if request.body and not given['content-length'] and not given['transfer-encoding'] then
    table.insert(lines, 'Content-Length: ' .. #request.body)
  end
  return table.concat(lines, '\r\n') .. '\r\n\r\n'
end

-- Sends one request: method (default GET), path, headers (name = text or list), and body (text) or
-- json (a value that becomes the body).
function connection:send_request(request)
  if request.json ~= nil then
    local headers = { ['Content-Type'] = 'application/json' }
    for name, value in pairs(request.headers or {}) do
      if name:lower() == 'content-type' then headers['Content-Type'] = nil end
      headers[name] = value
    end
    request = { method = request.method, path = request.path, headers = headers,
      body = json.encode(request.json) }
  end
  return self:send(head_of(request) .. (request.body or ''))
end

local function read_headers(self, got)
  while true do
    local line, why = self.stream:receive('*l')
    if not line then return nil, why end
    if line == '' then return true end
    local name, value = line:match('^([^:]+):%s*(.-)%s*$')
    if not name then return nil, 'bad header line: ' .. line end
    table.insert(got.header_list, { name, value })
    got.headers[name:lower()] = value
  end
end

local function read_chunks(self)
  local parts = {}
  while true do
    local line, why = self.stream:receive('*l')
    if not line then return nil, why end
    local bytes = tonumber(line:match('^%x+'), 16)
    if not bytes then return nil, 'bad chunk: ' .. line end
    local part
    part, why = self.stream:receive(bytes + 2)
    if not part then return nil, why end
    if bytes == 0 then return table.concat(parts) end
    table.insert(parts, part:sub(1, bytes))
  end
end

local function read_body(self, got, method)
  if method == 'HEAD' or got.status == 204 or got.status == 304 then return '' end
  if (got.headers['transfer-encoding'] or ''):lower() == 'chunked' then return read_chunks(self) end
  local bytes = tonumber(got.headers['content-length'])
  if not bytes then
    local body, why = self:receive_all()
    if why ~= 'closed' then return nil, why end
    return body
  end
  if bytes == 0 then return '' end
  return self.stream:receive(bytes)
end

-- The next answer: { status, reason, headers (lower-case names), header_list, body, json }; nil and
-- why when there is no whole one. 1xx are skipped. method: of the request, for HEAD.
function connection:receive_answer(method, timeout_s)
  self.stream:settimeout(timeout_s or TIMEOUT_S)
  while true do
    local line, why = self.stream:receive('*l')
    if not line then return nil, why end
    local status, reason = line:match('^HTTP/1%.[01] (%d%d%d) ?(.-)$')
    if not status then return nil, 'no HTTP: ' .. line end
    local got = setmetatable({ status = tonumber(status), reason = reason, headers = {},
      header_list = {} }, answer)
    local ok
    ok, why = read_headers(self, got)
    if not ok then return nil, why end
    if got.status >= 200 then
      got.body, why = read_body(self, got, method)
      if not got.body then return nil, why end
      return got
    end
  end
end

-- One request on this connection, which stays open: the answer, or nil and why. A server may
-- answer and close before it has taken the whole body: then the answer counts.
function connection:request(request)
  local sent, why = self:send_request(request)
  local got, fault = self:receive_answer(request.method, request.timeout_s)
  return got, not got and (not sent and why or fault) or nil
end

-- One request on a connection of its own: the answer, or nil and why.
function http.request(to, request)
  local self, why = http.connect(to)
  if not self then return nil, why end
  local got
  got, why = self:request(request)
  self:close()
  return got, why
end

-- Sends exact bytes (a text, or a list of texts and of numbers, which are pauses in seconds) and
-- reads until the peer closes or timeout_s is over: all that came, and 'closed' (FIN), 'reset'
-- (RST) or 'timeout'.
function http.raw(to, bytes, timeout_s)
  local self, why = http.connect(to)
  if not self then return nil, why end
  for _, each in ipairs(type(bytes) == 'table' and bytes or { bytes }) do
    if type(each) == 'number' then
      socket.sleep(each)
    elseif not self:send(each) then
      break -- what the peer said before it closed is still to be read
    end
  end
  local got
  got, why = self:receive_all(timeout_s)
  -- luasocket says "closed" for both; after an RST nothing can be sent, after a FIN it still can
  if why == 'closed' and not self.stream:send('\r\n') then why = 'reset' end
  self:close()
  return got, why
end

return http
