-- SPDX-License-Identifier: Apache-2.0
-- design.md section 4 as data: what each layer of core/ may include, and which libraries it owns.
-- A type of a library that a layer does not own can appear in none of its files.
local layers = {}

layers.may_include = {
  base = {},
  model = { 'base' },
  engine = { 'base', 'model' },
  journal = { 'base', 'model' },
  history = { 'base', 'model' },
  policy = { 'base', 'model' },
  worker = { 'base', 'model', 'policy' },
  deliver = { 'base', 'model' },
  plugin = { 'base', 'model' },
  api = { 'base', 'model', 'history' },
  daemon = {
    'base', 'model', 'engine', 'journal', 'history', 'policy', 'worker', 'deliver', 'plugin', 'api',
  },
  cli = { 'base', 'model', 'journal', 'policy' },
}

-- Library name -> pattern of its headers.
layers.libraries = {
  uv = '^uv[./]',
  curl = '^curl/',
  microhttpd = '^microhttpd',
  jansson = '^jansson',
  msgpack = '^msgpack',
  lua = '^l[ua][ua][%w]*%.h$',
  sqlite = '^sqlite3',
  openssl = '^openssl/',
  seccomp = '^seccomp',
}

layers.owns = {
  base = { 'openssl' }, -- base/seal only
  journal = { 'msgpack' },
  history = { 'sqlite', 'msgpack' },
  policy = { 'uv', 'msgpack' },
  worker = { 'lua', 'msgpack', 'seccomp' },
  deliver = { 'uv', 'curl', 'openssl' },
  api = { 'uv', 'microhttpd', 'jansson', 'openssl', 'curl' }, -- curl: to read URLs as deliver does
  daemon = { 'uv', 'lua', 'openssl' },
  cli = { 'curl', 'jansson', 'msgpack' },
}

return layers
