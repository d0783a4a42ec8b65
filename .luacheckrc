-- SPDX-License-Identifier: Apache-2.0
std = 'lua54'
max_line_length = 100
include_files = { '**/*.lua', '.luacheckrc', '.busted' }
exclude_files = { 'build' }
-- Generated from core/worker/api.lua: the globals of policies and their specs.
stds.policy = { read_globals = {
  'assert', 'error', 'getmetatable', 'ipairs', 'next', 'pairs', 'pcall', 'rawequal', 'rawget',
  'rawlen', 'rawset', 'select', 'setmetatable', 'tonumber', 'tostring', 'type',
  string = { fields = {
    byte = {}, char = {}, find = {}, format = {}, gmatch = {}, gsub = {}, len = {}, lower = {},
    match = {}, rep = {}, reverse = {}, sub = {}, upper = {},
  } },
  table = { fields = {
    concat = {}, insert = {}, move = {}, pack = {}, remove = {}, sort = {}, unpack = {},
  } },
  math = { fields = {
    abs = {}, acos = {}, asin = {}, atan = {}, ceil = {}, cos = {}, deg = {}, exp = {}, floor = {},
    fmod = {}, huge = {}, log = {}, max = {}, maxinteger = {}, min = {}, mininteger = {}, modf = {},
    pi = {}, rad = {}, sin = {}, sqrt = {}, tan = {}, tointeger = {}, type = {}, ult = {},
  } },
  utf8 = { fields = {
    char = {}, charpattern = {}, codepoint = {}, codes = {}, len = {}, offset = {},
  } },
  hook = { fields = {
    json = { fields = {
      array = {}, decode = {}, encode = {}, is_array = {}, is_null = {}, null = {}, object = {},
    } },
    text = { fields = {
      contains = {}, ends_with = {}, glob = {}, replace = {}, split = {}, starts_with = {},
      trim = {},
    } },
    time = { fields = {
      format = {}, parse = {}, parts = {},
    } },
    hash = { fields = {
      crc32 = {}, hmac_sha256 = {}, sha256 = {},
    } },
    log = { fields = {
      debug = {}, error = {}, info = {}, warn = {},
    } },
    table = { fields = {
      get = {}, has = {},
    } },
    random = {}, require = {},
  } },
} }
stds.policy_spec = { read_globals = {
  'after_each', 'before_each', 'describe', 'it', 'spec',
  assert = { fields = {
    equal = {}, equals = {}, error = {}, has_error = {}, is_false = {}, is_nil = {},
    is_not_nil = {}, is_true = {}, matches = {}, same = {},
    are = { fields = {
      equal = {}, same = {},
    } },
  } },
} }
-- End of what is generated.
files['**/*_spec.lua'] = { std = 'lua54+busted' }
files['packaging/config'] = { read_globals = { 'env', 'file', 'credential' } }
files['scripts'] = { std = 'policy' }
files['scripts/**/*_spec.lua'] = { std = 'policy+policy_spec' }
files['scripts/meta.lua'] = { globals = { 'hook' }, ignore = { '212', '241' } }
