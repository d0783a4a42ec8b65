-- SPDX-License-Identifier: Apache-2.0
-- Holds the checkout against the house rules that no compiler knows.
--   lua5.4 spec/tidy/tidy.lua [--build FOLDER] [CHECK...]     exit 1 when a rule is broken
--   lua5.4 spec/tidy/tidy.lua --self-test [CHECK...]          proves that each rule can be broken
local here = arg[0]:match('^(.*)/') or '.'
package.path = here .. '/?.lua;' .. package.path

local tree = require 'tree'

local NAMES = { 'text', 'size', 'banned', 'layers', 'readme', 'symbols' }

local function parse_arguments()
  local options = { names = {}, build = here .. '/../../build/dev' }
  local at = 1
  while arg[at] do
    if arg[at] == '--self-test' then
      options.self_test = true
    elseif arg[at] == '--build' then
      at = at + 1
      options.build = arg[at]
    else
      options.names[#options.names + 1] = arg[at]
    end
    at = at + 1
  end
  if #options.names == 0 then options.names = NAMES end
  return options
end

-- Runs one check over one tree; gets its faults as lines of text.
local function faults_of(check, files, context)
  local faults = {}
  local function report(path, line, text)
    faults[#faults + 1] = ('%s:%d: %s'):format(path, line, text)
  end
  check.run(files, report, context)
  return faults
end

local function print_faults(check, faults)
  for _, fault in ipairs(faults) do print(('%s [%s]'):format(fault, check.name)) end
  return #faults == 0
end

local function fixture_of(check, texts)
  local files = tree.of_texts(texts)
  if check.symbols_of then
    files.symbols = texts.symbols == '' and '' or check.symbols_of(texts.symbols)
  end
  return files
end

local function any_match(faults, pattern)
  for _, fault in ipairs(faults) do
    if fault:match(pattern) then return true end
  end
  return false
end

-- The good fixture gives no fault; each bad one gives one that matches its name.
local function self_test(check)
  local context = { allowed = check.allowed }
  local good = faults_of(check, fixture_of(check, check.good), context)
  local passed = print_faults(check, good)
  local count = 0
  for wanted, texts in pairs(check.bad) do
    count = count + 1
    local faults = faults_of(check, fixture_of(check, texts), context)
    if not any_match(faults, wanted) then
      print(('%s: wanted "%s", got: %s'):format(check.name, wanted, table.concat(faults, '; ')))
      passed = false
    end
  end
  print(('%-8s self-test %s, %d faults provoked'):format(
    check.name, passed and 'passed' or 'FAILED', count))
  return passed
end

local function main()
  local options = parse_arguments()
  local files = not options.self_test and tree.of_checkout(here .. '/../..')
  local passed = true
  for _, name in ipairs(options.names) do
    local check = require('check_' .. name)
    if options.self_test then
      passed = self_test(check) and passed
    else
      local context = { allowed = require 'allowed', build = options.build }
      local faults = faults_of(check, files, context)
      passed = print_faults(check, faults) and passed
      print(('%-8s %s: %s'):format(name, #faults == 0 and 'ok' or 'FAILED', check.about))
    end
  end
  os.exit(passed and 0 or 1, true)
end

main()
