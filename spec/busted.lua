-- SPDX-License-Identifier: Apache-2.0
-- Runs busted in the Lua that runs this file, with spec/support in the module path:
--   HOOKD_BIN_DIR=build/dev/bin lua5.4 spec/busted.lua spec/e2e/NAME_spec.lua
local folder = arg[0]:match('^(.*)/') or '.'
package.path = folder .. '/support/?.lua;' .. package.path
require 'busted.runner' { standalone = false }
