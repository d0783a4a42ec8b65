-- SPDX-License-Identifier: Apache-2.0
-- The bare loops that the goals refer to: what libcurl and libmicrohttpd can do with nothing else.
local json = require 'json'
local load_run = require 'load'
local place = require 'place'
local process = require 'process'
local sinker = require 'sinker'
local temp = require 'temp'
local usage = require 'usage'
local eventually = require 'eventually'

local bare = {}

-- bare_send against sinker: one thread that delivers and does nothing else.
-- options: connections, seconds.
function bare.send(options)
  local sink = sinker.start { arguments = { '--bench' } }
  place.move(sink.process.pid, place.peer)
  local got = process.run(place.on(place.measured, {
    process.program('bare_send'), sink:url('/bare'), tostring(options.connections),
    options.seconds .. 's',
  }), { timeout_s = options.seconds + 60 })
  sink:stop()
  assert(got.code == 0, 'bare_send: ' .. got.stderr .. got.stdout)
  local result = assert(json.decode(got.stdout))
  return { per_s = result.requests_per_s, cpu_us = result.cpu_us_per_request }
end

local function start_ingest()
  local file = temp.folder('ingest') .. '/journal'
  local server = process.start(place.on(place.measured,
    { process.program('bare_ingest'), '0', file }))
  local port = eventually(function() return tonumber(server:stdout():match('%d+')) end,
    { what = function() return 'bare_ingest to be ready: ' .. server:stderr() end })
  return server, port
end

-- bare_ingest below bench_load: reads events, syncs them to disk in groups, answers 202.
function bare.ingest(options)
  local server, port = start_ingest()
  local before = usage.read(server.pid)
  local sent = load_run.run {
    port = port, path = '/', connections = options.connections, seconds = options.seconds,
  }
  local used = usage.between(before, usage.read(server.pid))
  server:kill('TERM')
  server:wait()
  assert(sent.accepted > 0 and sent.accepted == sent.sent, 'bare_ingest refused events')
  return {
    per_s = sent.accepted_per_s,
    cpu_us = used.cpu_us / sent.accepted,
    p50_ms = sent.p50_us / 1e3,
    p99_ms = sent.p99_us / 1e3,
  }
end

return bare
