-- SPDX-License-Identifier: Apache-2.0
-- Programs that a spec runs. Debian has no POSIX module for Lua 5.4, so each runs below
-- watchdog.sh, which reports its exit and kills it when this process dies or the stage is cleared.
local socket = require 'socket'
local stage = require 'stage'
local temp = require 'temp'
local eventually = require 'eventually'

local process = {}
process.__index = process

local WATCHDOG = debug.getinfo(1, 'S').source:match('^@(.*/)') .. 'watchdog.sh'
local POLL_S = 0.003
local SIGNALS = { HUP = 1, INT = 2, QUIT = 3, ABRT = 6, KILL = 9, USR1 = 10, SEGV = 11, TERM = 15 }
local SIGNAL_NAMES = {}
for name, number in pairs(SIGNALS) do SIGNAL_NAMES[number] = name end

local function command_of(argv, options, folder, out, err)
  local words = { 'exec', 'setsid', 'bash', temp.quote(WATCHDOG), temp.quote(folder),
    temp.quote(out), temp.quote(err), 'env' }
  if options.cwd then
    table.insert(words, '--chdir=' .. temp.quote(options.cwd))
  end
  for name, value in pairs(options.env or {}) do
    if not value then table.insert(words, '--unset=' .. temp.quote(name)) end
  end
  for name, value in pairs(options.env or {}) do
    if value then table.insert(words, temp.quote(name .. '=' .. value)) end
  end
  for _, argument in ipairs(argv) do table.insert(words, temp.quote(argument)) end
  return table.concat(words, ' ')
end

-- Starts argv (a list; [1] is a path or a name on PATH) and returns when it has a pid.
-- options: env (name = text, or false to unset), cwd, out and err (files; default: fresh ones).
function process.start(argv, options)
  options = options or {}
  local folder = temp.folder('process')
  local self = setmetatable({
    argv = argv,
    folder = folder,
    out_file = options.out or folder .. '/stdout',
    err_file = options.err or folder .. '/stderr',
  }, process)
  self.pipe = assert(io.popen(command_of(argv, options, folder, self.out_file, self.err_file),
    'w'))
  stage.add(function() self:finish() end)
  self.pid = eventually(function() return tonumber(temp.read(folder .. '/pid')) end,
    { every = POLL_S, what = argv[1] .. ' to start' })
  return self
end

-- How it ended: an exit code, or nil and the name of a signal; nothing while it runs.
function process:ended()
  if not self.status then
    local text = temp.read(self.folder .. '/status')
    self.status = text and tonumber(text)
  end
  if not self.status then return false end
  if self.status <= 128 then return true, self.status end
  return true, nil, SIGNAL_NAMES[self.status - 128] or self.status - 128
end

function process:is_running()
  return not self:ended()
end

-- Sends a signal ('TERM', 'KILL', 'HUP', ...). Harmless when it has ended.
function process:kill(signal)
  assert(SIGNALS[signal], 'unknown signal')
  if self:is_running() then
    os.execute(('kill -%s %d 2>/dev/null'):format(signal, self.pid))
  end
end

-- Waits for the end: its exit code, or nil and the name of the signal that ended it. Raises after
-- timeout_s (default 30).
function process:wait(timeout_s)
  local deadline = socket.gettime() + (timeout_s or 30)
  repeat
    local has_ended, code, signal = self:ended()
    if has_ended then return code, signal end
    socket.sleep(POLL_S)
  until socket.gettime() > deadline
  error(('%s (pid %d) still runs'):format(self.argv[1], self.pid), 2)
end

-- Kills it if it still runs and frees what belongs to it. For the stage; may be called twice.
function process:finish()
  if not self.pipe then return end
  self.pipe:close() -- the watchdog's standard input ends; this waits for the watchdog
  self.pipe = nil
  self:ended()
end

-- What it has written so far.
function process:stdout()
  return temp.read(self.out_file) or ''
end

function process:stderr()
  return temp.read(self.err_file) or ''
end

-- Runs argv to its end: { code, signal, stdout, stderr }. options as for start, and timeout_s.
function process.run(argv, options)
  local self = process.start(argv, options)
  local code, signal = self:wait(options and options.timeout_s)
  self:finish()
  return { code = code, signal = signal, stdout = self:stdout(), stderr = self:stderr() }
end

-- Processor time that a running process has used, in seconds, of all its threads.
function process:cpu_s()
  local text = assert(temp.read(('/proc/%d/stat'):format(self.pid)), 'it has ended')
  local user, system = text:match('%) %S' .. (' %S+'):rep(10) .. ' (%d+) (%d+)')
  return (tonumber(user) + tonumber(system)) / 100
end

-- Memory that a running process has resident, in bytes.
function process:resident_bytes()
  local text = assert(temp.read(('/proc/%d/status'):format(self.pid)), 'it has ended')
  return tonumber(text:match('VmRSS:%s*(%d+) kB')) * 1024
end

-- The file of a program of this build: HOOKD_BIN_DIR names the folder.
function process.program(name)
  return (os.getenv('HOOKD_BIN_DIR') or 'build/dev/bin') .. '/' .. name
end

return process
