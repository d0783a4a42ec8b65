-- SPDX-License-Identifier: Apache-2.0
-- hookd's config: a Lua file that returns one table. Every option has a default; what stands here
-- are the defaults, and `return {}` does the same. `hookd check` says what is wrong, with the line.
--
-- The file is data: it can compute nothing and reach nothing but
--   env("NAME")         an environment variable, or nil
--   file("PATH")        a file's content, without its last newline; relative to this file
--   credential("NAME")  $CREDENTIALS_DIRECTORY/NAME (systemd), else state_dir/keys/NAME, which
--                       `hookd serve` makes with a random key when it is not there
-- Sizes are plain numbers of bytes, or "64K", "128M", "20G", "1T".
-- [restart] marks what a reload (SIGHUP) cannot change.

return {
  -- Folders. [restart] for state_dir, run_dir and plugin_dir.
  state_dir = "/var/lib/hookd", -- journal, snapshots, history, keys; private to hookd
  run_dir = "/run/hookd", -- control.sock, where hookctl finds hookd
  policy_dir = "/etc/hookd/policies", -- NAME.lua each
  lib_dir = "/usr/share/hookd/lib", -- what policies may hook.require
  tables_dir = "/etc/hookd/tables", -- lookup tables
  plugin_dir = "/usr/lib/hookd/plugins", -- NAME.so each

  -- The HTTP API. It speaks plain HTTP: beyond loopback a proxy should end TLS in front of it, and
  -- listening there is refused unless listen_plain is true. IPv6 in brackets, port 0: any free one.
  listen = { "127.0.0.1:8410" }, -- [restart]
  listen_plain = false, -- [restart]
  public_url = "http://127.0.0.1:8410", -- how the outside reaches the API, for links in answers

  -- Secrets. Better in files than here: the names below are made by themselves.
  platform_keys = { credential("platform.key") }, -- each printable, at least 32 characters
  secret_key = credential("secret.key"), -- 64 hex digits; seals endpoint secrets at rest [restart]

  deliver = {
    attempts = 3, -- 1 to 20 in all, unless an endpoint says otherwise
    schedule = "points", -- "points": 10 s and 60 s apart; "standard": 5 s up to 24 h
    timeout_ms = 10000, -- of a whole attempt; 100 to 30000
    allow_http = false, -- true: endpoints may have http:// URLs [restart]
    allow_networks = {}, -- CIDR that may be dialled besides: { "10.1.0.0/16" } [restart]
    allow_ports = { 80, 443, 8080, 8443 }, -- or "all" [restart]
    ca_file = nil, -- PEM bundle that TLS trusts; nil: the system's [restart]
    proxy = nil, -- "http://HOST:PORT"; nil: none, and the environment is not asked [restart]
    threads = nil, -- nil: by the number of processors [restart]
    concurrency = 256, -- attempts at once, in all
    endpoint_concurrency = 16, -- ...and to one endpoint; 1 to 256
    connections_max = 4096, -- open at once [restart]
    response_bytes_max = 65536, -- of an answer that are read; more is cut [restart]
    retry_after_max_s = 86400, -- longest Retry-After that is obeyed
  },

  policy = {
    time_ms_max = 10, -- CPU time of all hooks of a phase for one event
    memory_bytes_max = 8388608, -- of one policy's state
    kill_ms = 1000, -- silence after which a worker that has work is killed
    on_error = "hold", -- an event whose policy fails: "hold" it, or plan it by "default"
    workers = nil, -- nil: by the number of processors [restart]
  },

  limits = {
    body_bytes_max = 1048576, -- of one event
    plan_bytes_max = 4194304, -- of one event's plan, with changed bodies and headers
    pending_max = 10000000, -- deliveries that are not finished, in all
    merchant_pending_max = 1000000, -- ...and of one merchant
    merchant_endpoints_max = 50, -- 1 to 1000
    body_cache_bytes_max = "128M", -- bodies in memory; the others are read back from disk
  },

  history = {
    days = 30, -- that finished events are kept
    bodies_days = 7, -- ...and their bodies
    bytes_max = "20G", -- of the bodies that are kept
  },

  event_types = nil, -- { "approved", "refunded" } refuses all others; nil: any type
  shutdown_ms = 15000, -- that running attempts get to end when hookd stops
  log = {
    level = "info", -- "debug", "info", "warn" or "error"
    format = "logfmt", -- or "json"
  },

  plugins = nil, -- { signer_points = {} } loads only that [restart]; nil: the signers that ship
}
