-- SPDX-License-Identifier: Apache-2.0
-- Runs clang-tidy over all of our C that a build folder compiles, some files at a time.
--   lua5.4 spec/tidy/clang_tidy.lua BUILD_FOLDER CLANG_TIDY [JOBS] [PATTERN]
-- A file that passed is not looked at again until what the preprocessor makes of it changes, or
-- .clang-tidy does; what passed is remembered in BUILD_FOLDER/tidy-passed/.
local cjson = require 'cjson'

local here = arg[0]:match('^(.*)/') or '.'
local build, clang_tidy = arg[1], arg[2]
local jobs, pattern = tonumber(arg[3]) or 2, arg[4] or ''
local root

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read('a')
  return output, pipe:close()
end

local function read_file(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('a')
  file:close()
  return text
end

-- The compile command without output and object files, to preprocess only. Comments stay in: a
-- NOLINT is part of the content.
local function preprocess_command(entry)
  local command = entry.command
    :gsub('%s%-o%s+%S+', ' '):gsub('%s%-M[FTQ]%s+%S+', ' '):gsub('%s%-MM?D', ' ')
    :gsub('%s%-c%s', ' -E -CC -P ')
  return ('cd %s && %s'):format(quoted(entry.directory), command)
end

-- The files to look at, each once: { path, key }.
local function candidates()
  local profile = read_file(root .. '/.clang-tidy') .. read_file(root .. '/spec/tidy/analyzer.h')
    .. output_of(clang_tidy .. ' --version')
  local seen, found = {}, {}
  for _, entry in ipairs(cjson.decode(read_file(build .. '/compile_commands.json'))) do
    local path = entry.file:sub(1, #root + 1) == root .. '/' and entry.file:sub(#root + 2)
    local is_ours = path and not seen[path] and not path:match('^build/') and path:find(pattern)
    local file = is_ours and io.open(entry.file)
    if file then
      file:close()
      seen[path] = true
      local name = os.tmpname()
      local text = assert(io.open(name, 'w'))
      text:write(profile, path)
      text:close()
      local sum = output_of(('{ %s; cat %s; } 2>/dev/null | sha256sum')
        :format(preprocess_command(entry), name))
      os.remove(name)
      found[#found + 1] = { path = path, key = sum:match('^%x+') }
    end
  end
  return found
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- What one xargs worker does: on success it leaves the key behind. fault.c defines what analyzer.h
-- explains, so it goes without. spec/ is not walked path by path: that is nearly all of the time,
-- and its code runs under the sanitizers whole.
local WORKER = [[
hint=--extra-arg=-include%s/analyzer.h
case $1 in
core/base/fault.c) hint=--use-color=false ;;
spec/*) hint='--checks=-clang-analyzer-*' ;;
esac
out=$(%s --quiet "$hint" -p %s "%s/$1" 2>&1) && : > "%s/$2" ||
  { printf '%%s\n' "$out"; exit 1; }
]]

local function main()
  root = output_of('cd ' .. quoted(here .. '/../..') .. ' && pwd -P'):gsub('\n$', '')
  local passed = build .. '/tidy-passed'
  assert(os.execute('mkdir -p ' .. quoted(passed)))
  local all, list = candidates(), os.tmpname()
  local file, count = assert(io.open(list, 'w')), 0
  for _, each in ipairs(all) do
    if not exists(passed .. '/' .. each.key) then
      count = count + 1
      file:write(each.path, '\n', each.key, '\n')
    end
  end
  file:close()
  io.stdout:write(('clang-tidy: %d files, %d changed\n'):format(#all, count)):flush()
  local worker = WORKER:format(root .. '/spec/tidy', clang_tidy, quoted(build), root, passed)
  local ok = count == 0 or os.execute(('xargs -r -d "\\n" -n 2 -P %d sh -c %s worker < %s')
    :format(jobs, quoted(worker), list))
  os.remove(list)
  os.exit(ok and 0 or 1, true)
end

main()
