-- SPDX-License-Identifier: Apache-2.0
-- The engine decides and does nothing else: what its archive leaves undefined is on a short list.
local check = {
  name = 'symbols',
  about = 'libhk_engine.a touches no clock, file, thread or library (nm)',
  needs_build = true,
}

-- Plain computation of libc, the compiler's own runtime, and the layers below.
local LIBC = {
  'memcpy', 'memmove', 'memset', 'memcmp', 'memchr', 'bcmp', 'strlen', 'strnlen', 'strcmp',
  'strncmp', 'strchr', 'strrchr', 'qsort', 'bsearch', 'snprintf', 'abort',
}
local PATTERNS = {
  '^__asan_', '^__ubsan_', '^__tsan_', '^__sanitizer_', '^__stack_chk_fail$', '^__gcov_',
  '^__llvm_', '^__sancov_', '^__[%w_]+_chk$', '^_GLOBAL_OFFSET_TABLE_$', '^__builtin_', '^hk_',
}
-- Of base, what waits, speaks or draws at random is not for the engine either.
local NOT_OF_BASE = { '^hk_mailbox_', '^hk_log', '^hk_random', '^hk_seal', '^hk_unseal' }

local function is_allowed(symbol)
  for _, pattern in ipairs(NOT_OF_BASE) do
    if symbol:match(pattern) then return false end
  end
  for _, name in ipairs(LIBC) do
    if symbol == name then return true end
  end
  for _, pattern in ipairs(PATTERNS) do
    if symbol:match(pattern) then return true end
  end
  return false
end

-- Reports each undefined symbol of nm's output that no other member of the archive defines and
-- that is not on the list.
local function check_output(archive, output, report)
  local defined, undefined, count = {}, {}, 0
  for line in output:gmatch('[^\n]+') do
    local kind, symbol = line:match('^%s*%x*%s+(%a) ([^%s@]+)')
    if kind == 'U' or kind == 'w' then
      undefined[symbol] = true
    elseif kind then
      defined[symbol] = true
      count = count + 1
    end
  end
  if count == 0 then report(archive, 1, 'nm shows no symbol at all') end
  local names = {}
  for symbol in pairs(undefined) do names[#names + 1] = symbol end
  table.sort(names)
  for _, symbol in ipairs(names) do
    if not defined[symbol] and not is_allowed(symbol) then
      report(archive, 1, ('the engine may not use %s'):format(symbol))
    end
  end
end

local function nm(archive)
  local pipe = assert(io.popen(("nm '%s' 2>&1"):format(archive)))
  local output = pipe:read('a')
  pipe:close()
  return output
end

function check.run(tree, report, context)
  if tree.symbols then return check_output('fixture', tree.symbols, report) end
  local archive = context.build .. '/core/engine/libhk_engine.a'
  local file = io.open(archive)
  if file then
    file:close()
    return check_output(archive, nm(archive), report)
  end
  if tree:each('^core/engine/.*%.c$')() then
    report(archive, 1, 'not built: build it first')
  end
end

-- A fixture is C, so that nm itself is proved too.
local function symbols_of(text)
  local stem = os.tmpname()
  local source = assert(io.open(stem .. '.c', 'w'))
  source:write(text)
  source:close()
  assert(os.execute(('cc -w -c -o %s.o %s.c'):format(stem, stem)))
  local output = nm(stem .. '.o')
  for _, suffix in ipairs { '', '.c', '.o' } do os.remove(stem .. suffix) end
  return output
end

local CALLS = 'int %s(); int f(void); int f(void) { return %s(); }\n'
check.symbols_of = symbols_of
check.good = { symbols = CALLS:format('hk_heap_pop', 'hk_heap_pop') }
check.bad = { ['shows no symbol'] = { symbols = '' } }
for _, name in ipairs {
  'uv_now', 'curl_easy_init', 'lua_error', 'sqlite3_open', 'MHD_start_daemon', 'json_object',
  'msgpack_pack_int', 'clock_gettime', 'time', 'gettimeofday', 'read', 'write', 'open', 'fsync',
  'pthread_create', 'rand', 'getrandom', 'malloc', 'hk_mailbox_push', 'hk_log_write',
} do
  check.bad['may not use ' .. name .. '$'] = { symbols = CALLS:format(name, name) }
end

return check
