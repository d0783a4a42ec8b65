-- SPDX-License-Identifier: Apache-2.0
local source = require 'source'

local check = {
  name = 'banned',
  about = 'banned calls, typedefs, header guards',
}

-- Banned everywhere: no bounds, no thread safety, hidden state, or a clock or an environment that
-- only one file may read.
local EVERYWHERE = {
  'strcpy', 'strcat', 'sprintf', 'vsprintf', 'stpcpy', 'strtok', 'atoi', 'atol', 'atoll', 'atof',
  'gets', 'alloca', 'system', 'popen', 'rand', 'srand', 'random', 'time', 'localtime', 'gmtime',
  'ctime', 'asctime', 'getenv', 'secure_getenv', 'setjmp', 'longjmp', 'signal', 'tmpnam',
  'uv_spawn',
}
-- In core/ and plugins/ memory comes from base/alloc, so that a fault can be put anywhere, and
-- time from whoever calls, so that the simulator can be that.
local IN_CORE = {
  'malloc', 'calloc', 'realloc', 'free', 'strdup', 'strndup', 'asprintf', 'vasprintf',
  'clock_gettime', 'gettimeofday', 'timespec_get', 'clock', 'uv_hrtime',
}

local function set(...)
  local out = {}
  for _, names in ipairs { ... } do
    for _, name in ipairs(names) do out[name] = true end
  end
  return out
end

local BANNED_IN_CORE, BANNED_IN_SPEC = set(EVERYWHERE, IN_CORE), set(EVERYWHERE)

local function is_allowed(calls, path, name)
  for _, entry in ipairs(calls) do
    if path:match(entry[1]) then
      for at = 2, #entry do
        if entry[at] == name then return true end
      end
    end
  end
  return false
end

-- A call or the address of a function; a member of that name (ops->free) is not one.
local function check_calls(path, number, line, report, allowed)
  local banned = path:match('^spec/') and BANNED_IN_SPEC or BANNED_IN_CORE
  for before, name in line:gmatch('([%w_%.>]?[%s]*)%f[%w_]([%a_][%w_]*)%s*%(') do
    if banned[name] and not before:match('[%.>]') and not is_allowed(allowed.calls, path, name) then
      report(path, number, name .. ' is banned')
    end
  end
end

local function check_typedef(path, number, line, report)
  local is_function = line:match('%(%s*%*') or line:match('_fn%s*[%(;]')
  if line:match('^%s*typedef%s') and not is_function then
    report(path, number, 'typedef is for function pointers only')
  end
end

function check.run(tree, report, context)
  for path, text in tree:each('%.c$', '%.h$') do
    for number, line in ipairs(source.lines(source.strip(text))) do
      check_calls(path, number, line, report, context.allowed)
      check_typedef(path, number, line, report)
    end
    if path:match('%.h$') and not text:find('\n#pragma once\n', 1, true) then
      report(path, 1, 'no #pragma once')
    end
  end
end

check.allowed = { calls = { { '^core/base/alloc%.c$', 'malloc' } } }
check.good = {
  ['core/base/alloc.c'] = 'void *p = malloc(8);\n',
  ['core/base/x.c'] = 'ops->free(p); ops.time(1); my_system(1); // strcpy(a, b)\nc = "rand()";\n',
  ['core/base/y.h'] = '\n#pragma once\ntypedef int (*hk_compare_fn)(int);\n',
  ['spec/fuzz/x.c'] = 'free(p);\n',
}
check.bad = {
  ['strcpy is banned'] = { ['core/a/x.c'] = 'strcpy(a, b);\n' },
  ['getenv is banned'] = { ['spec/a/x.c'] = 'x = getenv("HOME");\n' },
  ['malloc is banned'] = { ['core/a/x.c'] = 'x = malloc (2);\n' },
  ['clock_gettime is banned'] = { ['core/a/x.c'] = 'clock_gettime(CLOCK_MONOTONIC, &t);\n' },
  ['free is banned'] = { ['core/base/alloc.c'] = 'free(x);\n' },
  ['typedef'] = { ['core/a/x.c'] = 'typedef struct a b;\n' },
  ['pragma once'] = { ['core/a/x.h'] = '\nint x;\n' },
}

return check
