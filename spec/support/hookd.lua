-- SPDX-License-Identifier: Apache-2.0
-- A hookd of its own for a spec: fresh folders, any free port, loopback receivers allowed.
local http = require 'http'
local process = require 'process'
local temp = require 'temp'
local eventually = require 'eventually'

local hookd = {}
hookd.__index = hookd

hookd.PLATFORM_KEY = 'platform-key-of-the-specs-0123456789abcdef'
local SECRET_KEY = ('0123456789abcdef'):rep(4)
local READY_S = 60

-- [[ Config ]]

local raw = {}

-- For options: Lua text that goes into the config as it is, as hookd.raw('credential("x.key")').
function hookd.raw(text)
  return setmetatable({ text = text }, raw)
end

-- For options: takes a key out of the config.
hookd.NONE = setmetatable({}, { __name = 'hookd.NONE' })

-- Lua text of a value as the config file has it.
local function serialized(value, indent)
  if getmetatable(value) == raw then return value.text end
  if type(value) == 'string' then return ('%q'):format(value):gsub('\\\n', '\\n') end
  if type(value) ~= 'table' then return tostring(value) end
  local inner, lines = indent .. '  ', {}
  for _, each in ipairs(value) do table.insert(lines, inner .. serialized(each, inner)) end
  local names = {}
  for name in pairs(value) do
    if type(name) == 'string' then table.insert(names, name) end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if value[name] ~= hookd.NONE then
      table.insert(lines, ('%s%s = %s'):format(inner, name, serialized(value[name], inner)))
    end
  end
  if #lines == 0 then return '{}' end
  return '{\n' .. table.concat(lines, ',\n') .. ',\n' .. indent .. '}'
end

local function is_section(value)
  return type(value) == 'table' and getmetatable(value) == nil and #value == 0 and next(value)
end

-- Lays changes over a config, section by section; lists are replaced.
local function merge(config, changes)
  for name, value in pairs(changes or {}) do
    if is_section(value) and is_section(config[name]) then
      merge(config[name], value)
    else
      config[name] = value
    end
  end
  return config
end

local function config_of(self)
  return merge({
    state_dir = self.folder .. '/state',
    run_dir = self.run_dir,
    policy_dir = self.policy_dir,
    tables_dir = self.tables_dir,
    listen = { '127.0.0.1:0' },
    platform_keys = { hookd.PLATFORM_KEY },
    secret_key = SECRET_KEY,
    deliver = {
      allow_http = true,
      allow_networks = { '127.0.0.0/8', '::1/128' },
      allow_ports = 'all',
    },
    log = { level = 'debug' },
  }, self.options.config)
end

-- Writes the config file anew; changes are laid over what it was made of.
function hookd:configure(changes)
  self.options.config = merge(self.options.config or {}, changes)
  temp.write(self.config_file, '-- SPDX-License-Identifier: Apache-2.0\nreturn '
    .. serialized(config_of(self), '') .. '\n')
end

-- Writes a policy file NAME.lua, whole or not at all: a reload may be reading.
function hookd:write_policy(name, text)
  local path = ('%s/%s.lua'):format(self.policy_dir, name)
  assert(os.rename(temp.write(self.folder .. '/policy.new', text), path))
  return path
end

-- Writes a lookup table; name with its ending ("branches.json").
function hookd:write_table(name, text)
  return temp.write(('%s/%s'):format(self.tables_dir, name), text)
end

-- Writes a library NAME.lua. From then on, with the next start or reload, lib_dir is this daemon's.
function hookd:write_library(name, text)
  if not self.lib_dir then
    self.lib_dir = self.folder .. '/lib'
    assert(os.execute('mkdir -m 700 ' .. temp.quote(self.lib_dir)))
    self:configure { lib_dir = self.lib_dir }
  end
  return temp.write(('%s/%s.lua'):format(self.lib_dir, name), text)
end

-- [[ Running ]]

-- A hookd that is set up but not started. options: config (laid over the default), env,
-- program (a copy of hookd elsewhere).
function hookd.new(options)
  local folder = temp.folder('hookd')
  local self = setmetatable({
    options = options or {},
    folder = folder,
    state_dir = folder .. '/state',
    run_dir = folder .. '/run',
    policy_dir = folder .. '/policies',
    tables_dir = folder .. '/tables',
    config_file = folder .. '/hookd.lua',
    log_file = folder .. '/log',
    platform_key = hookd.PLATFORM_KEY,
  }, hookd)
  self.control_socket = self.run_dir .. '/control.sock'
  assert(os.execute(('mkdir -m 700 %s %s %s %s'):format(temp.quote(self.state_dir),
    temp.quote(self.run_dir), temp.quote(self.policy_dir), temp.quote(self.tables_dir))))
  self:configure()
  return self
end

-- Starts one and waits until it is ready.
function hookd.start(options)
  local self = hookd.new(options)
  self:run()
  return self
end

-- Launches the process without waiting for anything.
function hookd:launch()
  os.remove(self.run_dir .. '/listen')
  self.run_count = (self.run_count or 0) + 1
  self.log_file = ('%s/log.%d'):format(self.folder, self.run_count)
  self.process = process.start({ self.options.program or process.program('hookd'), 'serve',
    '--config', self.config_file }, { env = self.options.env, err = self.log_file })
end

local function is_ready(self)
  local has_ended, code, signal = self.process:ended()
  if has_ended then return true, ('it ended: %s'):format(tostring(code or signal)) end
  local text = temp.read(self.run_dir .. '/listen')
  self.address, self.port = (text or ''):match('^(.-):(%d+)\n')
  self.port = tonumber(self.port)
  if not self.port then return false end
  local got = http.request({ port = self.port }, { path = '/readyz', timeout_s = 5 })
  return got and got.status == 200
end

-- Waits until it is ready; raises with its log when it is not to be.
function hookd:wait_ready()
  local _, fault = eventually(function() return is_ready(self) end, { within = READY_S,
    what = function() return 'hookd to be ready; its log:\n' .. self:log() end })
  if fault then error('hookd is not ready: ' .. fault .. '; its log:\n' .. self:log(), 2) end
end

-- Starts the process and waits until it is ready.
function hookd:run()
  self:launch()
  self:wait_ready()
end

-- Sends a signal ('HUP', 'TERM', 'KILL', ...).
function hookd:kill(signal)
  self.process:kill(signal)
end

-- Ends it with a signal (default TERM): its exit code, or nil and the signal.
function hookd:stop(signal)
  self:kill(signal or 'TERM')
  return self.process:wait(60)
end

-- Ends it with a signal (default TERM) and starts it on the same state.
function hookd:restart(signal)
  self:stop(signal)
  self:run()
end

-- What the present process has logged.
function hookd:log()
  return temp.read(self.log_file) or ''
end

-- Runs hookctl against this hookd: { code, stdout, stderr }.
function hookd:ctl(...)
  return process.run({ process.program('hookctl'), '--socket', self.control_socket, ... })
end

-- [[ The API ]]

-- Where http.lua finds it.
function hookd:to()
  return { port = self.port }
end

-- A request as the platform, or with request.key as that merchant, or with request.anonymous as
-- nobody; the answer. request: as for http.lua.
function hookd:request(request)
  local headers = {}
  if request.key then
    headers['x-api-key'] = request.key
  elseif not request.anonymous then
    headers.Authorization = 'Bearer ' .. self.platform_key
  end
  for name, value in pairs(request.headers or {}) do headers[name] = value end
  local got, why = http.request(self:to(), { method = request.method, path = request.path,
    headers = headers, body = request.body, json = request.json, timeout_s = request.timeout_s })
  if not got then
    error(('hookd: %s %s: %s'):format(request.method or 'GET', request.path, tostring(why)), 2)
  end
  return got
end

-- The same over the control socket, where no key is needed.
function hookd:control(request)
  return assert(http.request({ unix = self.control_socket }, request))
end

-- The same as request, but raises unless the answer has this status; returns data and the answer.
function hookd:expect(status, request)
  local got = self:request(request)
  if got.status ~= status then
    error(('%s %s: wanted %d, got %s'):format(request.method or 'GET', request.path, status,
      got:text()), 2)
  end
  return got.json and got.json.data, got
end

-- Makes a merchant and returns it (fields: name; id, verified, policy if given).
function hookd:create_merchant(fields)
  fields = fields or {}
  fields.name = fields.name or 'Shop'
  return (self:expect(200, { method = 'POST', path = '/api/v1/merchants', json = fields }))
end

local function merchant_path(merchant_id, rest)
  return ('/api/v1/merchants/%d/%s'):format(merchant_id, rest)
end

-- A new API key of a merchant, as text.
function hookd:create_key(merchant_id)
  return self:expect(200, { method = 'POST', path = merchant_path(merchant_id, 'keys'),
    body = '{}', headers = { ['Content-Type'] = 'application/json' } }).key
end

-- Makes an endpoint and returns it (fields: url; name and the optional ones if given).
function hookd:create_endpoint(merchant_id, fields)
  fields.name = fields.name or 'endpoint'
  return (self:expect(200, { method = 'POST', path = merchant_path(merchant_id, 'webhooks'),
    json = fields }))
end

-- Sends an event: a text goes out as it is, a table as JSON. Its id, and the answer.
function hookd:send_event(merchant_id, event, headers)
  local all = { ['Content-Type'] = 'application/json' }
  for name, value in pairs(headers or {}) do all[name] = value end
  local data, got = self:expect(202, { method = 'POST',
    path = merchant_path(merchant_id, 'events'), headers = all,
    body = type(event) == 'string' and event or nil,
    json = type(event) ~= 'string' and event or nil })
  return data.id, got
end

-- An event with its deliveries and attempts.
function hookd:get_event(merchant_id, id)
  return (self:expect(200, { path = merchant_path(merchant_id, 'events/' .. id) }))
end

-- Waits until an event has this state, and returns it. Raises after timeout_s (default 20).
function hookd:wait_event(merchant_id, id, state, timeout_s)
  local last = 'nothing'
  return (eventually(function()
    local event = self:get_event(merchant_id, id)
    last = tostring(event.state)
    return event.state == state and event
  end, { within = timeout_s or 20, every = 0.02,
    what = function() return ('event %s to be %s, it is %s'):format(id, state, last) end }))
end

-- Reloads config and policies over the API, and nothing may be refused; the data of the answer.
function hookd:reload()
  return (self:expect(200, { method = 'POST', path = '/api/v1/reload' }))
end

-- The same when something is to be refused; the data and the message.
function hookd:reload_refused()
  local data, got = self:expect(422, { method = 'POST', path = '/api/v1/reload' })
  return data, got.json.message
end

-- The policies as the platform sees them, by name.
function hookd:policies()
  local by_name = {}
  for _, policy in ipairs((self:expect(200, { path = '/api/v1/policies' }))) do
    by_name[policy.name] = policy
  end
  return by_name
end

-- Why an event of a merchant became what it is.
function hookd:why(merchant_id, id)
  return (self:expect(200, { path = merchant_path(merchant_id, 'events/' .. id .. '/why') }))
end

return hookd
