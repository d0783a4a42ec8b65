-- SPDX-License-Identifier: Apache-2.0
-- Fresh folders, removed when the stage is cleared. HOOKD_KEEP_TEMP=1 keeps them.
local stage = require 'stage'

local temp = {}

-- Quotes a text for a shell.
function temp.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function remove(path)
  if os.getenv('HOOKD_KEEP_TEMP') then
    io.stderr:write('kept ', path, '\n')
  else
    os.execute('rm -rf ' .. temp.quote(path))
  end
end

-- Makes a folder that only we may enter and returns its path. A name helps to tell them apart.
function temp.folder(name)
  local pipe = assert(io.popen('mktemp -d -t ' .. temp.quote('hookd-' .. (name or 'spec')
    .. '-XXXXXXXX')))
  local path = pipe:read('l')
  pipe:close()
  assert(path, 'mktemp failed')
  stage.add(function() remove(path) end)
  return path
end

-- Writes a file and returns its path.
function temp.write(path, text)
  local file = assert(io.open(path, 'wb'))
  assert(file:write(text))
  assert(file:close())
  return path
end

-- Reads a file; nil if there is none.
function temp.read(path)
  local file = io.open(path, 'rb')
  if not file then return nil end
  local text = file:read('a')
  file:close()
  return text
end

return temp
