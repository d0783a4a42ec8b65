-- SPDX-License-Identifier: Apache-2.0
-- The named exceptions. A new entry needs a reason beside it; an entry that is no longer needed
-- is a fault too, so that these lists only shrink.
local allowed = {}

-- Functions over 70 lines: ['path:function'] = lines. May shrink, never grow.
allowed.function_lines = {}

-- Functions over 5 parameters: signatures that a library dictates. ['path:function'] = true.
allowed.parameters = {
  ['core/api/listener.c:on_request'] = true, -- MHD_AccessHandlerCallback
  ['spec/bench/bare_ingest.c:on_request'] = true, -- the same
}

-- Files over their length: [path] = lines.
allowed.file_lines = {}

-- Banned calls where they have their one home: { path pattern, function, ... }.
allowed.calls = {
  { '^core/base/alloc%.c$', 'malloc', 'calloc', 'realloc', 'free' },
  { '^core/base/log%.c$', 'getenv' }, -- $JOURNAL_STREAM: is stderr the journal?
  { '^core/base/log%.c$', 'clock_gettime' }, -- a line's own time, unless a test gives another clock
  { '^core/base/mailbox%.c$', 'clock_gettime' }, -- pthread_cond_timedwait wants a moment
  { '^core/journal/committer%.c$', 'clock_gettime' }, -- pthread_cond_timedwait wants a moment
  { '^core/cli/main%.c$', 'getenv' }, -- the environment of an operator's shell
  { '^core/policy/process%.c$', 'clock_gettime' }, -- of another process's CPU time
  { '^core/worker/budget%.c$', 'clock_gettime' }, -- of this thread's CPU time
  { '^core/daemon/clock%.c$', 'clock_gettime' },
  { '^core/cli/clock%.c$', 'clock_gettime' },
  { '^core/daemon/config_file%.c$', 'getenv' }, -- env("NAME") and credential("NAME")
  { '^core/daemon/notify%.c$', 'getenv' }, -- $NOTIFY_SOCKET
}

return allowed
