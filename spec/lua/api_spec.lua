-- SPDX-License-Identifier: Apache-2.0
-- core/worker/api.lua describes the Lua API: what is generated from it is committed as it is, what
-- it describes exists in the sandbox and nothing else does, and what it shows runs.
local lua_api = require 'lua_api'
local process = require 'process'
local stage = require 'stage'
local temp = require 'temp'

local api = lua_api.load()

local function ctl(...)
  return process.run { process.program('hookctl'), 'policy', ... }
end

-- A folder with these files: name -> text.
local function folder_with(files)
  local folder = temp.folder('policies')
  for name, text in pairs(files) do temp.write(folder .. '/' .. name, text) end
  return folder
end

-- Runs a spec in the sandbox; gets how many of its examples passed.
local function passed(folder, name)
  local got = ctl('spec', ('%s/%s_spec.lua'):format(folder, name))
  assert.are.equal(0, got.code, got.stdout .. got.stderr)
  return tonumber(got.stdout:match('(%d+) passed, 0 failed\n$'))
end

local function each_entry()
  return coroutine.wrap(function()
    for _, group in ipairs(api.groups) do
      for _, entry in ipairs(group.entries) do coroutine.yield(entry, group) end
    end
  end)
end

-- Every name that can be reached: 'hook', 'hook.json', 'hook.json.null', 'string', ...
local function described_names()
  local names = {}
  for _, name in ipairs(api.globals) do names[name] = true end
  for _, name in ipairs(api.spec.globals) do names[name] = true end
  for _, name in ipairs(api.spec.assert_names) do names['assert.' .. name] = true end
  names['spec.policy'] = true
  for library, members in pairs(api.libraries) do
    for _, member in ipairs(members) do names[library .. '.' .. member] = true end
  end
  for entry, group in each_entry() do
    names[group.name] = true
    names[entry.name] = true
  end
  return names
end

local function lua_set(names)
  local lines = {}
  for name in pairs(names) do table.insert(lines, ('[%q] = true'):format(name)) end
  table.sort(lines)
  return '{ ' .. table.concat(lines, ',\n') .. ' }'
end

-- ---- the description ------------------------------------------------------------------------

describe('the description of the Lua API', function()
  it('is what the generated files hold; else run lua5.4 spec/support/lua_api.lua', function()
    for path, text in pairs(lua_api.files(api)) do
      assert.is_true(temp.read(path) == text, path .. ' is not as it would be generated')
    end
  end)

  it('would notice a change', function()
    local changed = lua_api.load()
    changed.groups[1].entries[1].text = 'Another text.'
    local files = lua_api.files(changed)
    assert.is_truthy(files['spec/lua-api.md']:find('Another text.', 1, true))
    assert.is_truthy(files['scripts/meta.lua']:find('Another text.', 1, true))
    table.insert(changed.libraries.string, 'dump')
    assert.is_truthy(lua_api.files(changed)['.luacheckrc']:find('dump = {}', 1, true))
  end)

  it('says of each function what it takes, gives, does, and since when, by example', function()
    for entry in each_entry() do
      assert.is_string(entry.text, entry.name)
      assert.is_string(entry.example, entry.name)
      assert.is_truthy(entry.since:match('^%d+%.%d+$'), entry.name)
      assert.is_truthy(entry.type or (entry.arguments and entry.returns), entry.name)
      assert.is_truthy(entry.example:find(entry.name, 1, true), entry.name)
    end
  end)

  it('says of every hook what it gets and may return', function()
    assert.are.equal(5, #api.hooks)
    for _, hook in ipairs(api.hooks) do
      assert.is_true(#hook.arguments > 0 and #hook.returns > 1 and #hook.types > 0, hook.name)
      assert.is_truthy(load('return {' .. hook.example .. '}'), hook.name)
    end
  end)

  it('gives editors a file that is Lua', function()
    assert.is_truthy(loadfile('scripts/meta.lua', 't'))
  end)
end)

-- ---- the sandbox ----------------------------------------------------------------------------

local SANDBOX_SPEC = [[
local described = %s

-- 'hook', 'hook.json', ...: all that can be reached from the globals.
local function reach(container, prefix, names)
  for name, value in pairs(container) do
    local full = prefix .. name
    names[full] = true
    if type(value) == 'table' then reach(value, full .. '.', names) end
  end
  return names
end

local function fail_if(list, what)
  if #list > 0 then error(what .. ': ' .. table.concat(list, ', ')) end
end

describe('the sandbox', function()
  local there = reach(_ENV, '', {})

  it('has all that is described', function()
    local missing = {}
    for name in pairs(described) do
      if not there[name] then table.insert(missing, name) end
    end
    fail_if(missing, 'described, but not there')
  end)

  it('has nothing else', function()
    local more = {}
    for name in pairs(there) do
      if not described[name] then table.insert(more, name) end
    end
    fail_if(more, 'there, but not described')
  end)
end)
]]

-- Policies that look at what they are given, and fail when it is not as described.
local function fields_of(value_name)
  for _, value in ipairs(api.values) do
    if value.name == value_name then
      local names = {}
      for _, field in ipairs(value.fields) do names[field[1]] = true end
      return lua_set(names)
    end
  end
end

local SEEN_POLICY = [[
local function check(what, value, fields)
  for name in pairs(value) do
    if not fields[name] then error(what .. ' has more: ' .. tostring(name)) end
  end
  for name in pairs(fields) do
    if value[name] == nil then error(what .. ' lacks ' .. name) end
  end
end

local EVENT, MERCHANT, ENDPOINT = %s, %s, %s
local REQUEST, DELIVERY, OUTCOME = %s, %s, %s

return {
  api = 1,
  filter = function(event)
    check('event', event, EVENT)
    check('merchant', event.merchant, MERCHANT)
  end,
  route = function(event, endpoints, found)
    check('found', found, {})
    for _, endpoint in ipairs(endpoints) do check('endpoint', endpoint, ENDPOINT) end
  end,
  enrich = function(event, endpoint, request, found)
    check('found', found, {})
    check('endpoint', endpoint, ENDPOINT)
    check('request', request, REQUEST)
  end,
  retry = function(delivery, outcome)
    check('delivery', delivery, DELIVERY)
    check('endpoint', delivery.endpoint, ENDPOINT)
    check('outcome', outcome, OUTCOME)
    return { delay_ms = 7 }
  end,
}
]]

local SEEN_SPEC = [[
local policy = spec.policy 'seen'

it('plans', function()
  local plan = policy:plan {
    type = 'approved', key = 'k', received_at = '2026-05-02T08:00:00Z',
    body = { event = 'approved' }, merchant = { id = 9, name = 'Shop' },
    endpoints = { { name = 'a', labels = { x = '1' }, url = 'https://a.example/' } },
  }
  assert.same({ 'a' }, plan.endpoints)
end)

it('decides', function()
  local decision = policy:retry { attempt = 1, status = 503, class = 'status', total_ms = 5,
    headers = { ['retry-after'] = '1' }, event_type = 'approved' }
  assert.equal(7, decision.delay_ms)
end)
]]

describe('the sandbox of policies', function()
  after_each(stage.clear)

  it('has what is described and nothing else', function()
    local folder = folder_with {
      ['sandbox_spec.lua'] = SANDBOX_SPEC:format(lua_set(described_names())),
    }
    assert.are.equal(2, passed(folder, 'sandbox'))
  end)

  it('would notice what is described and not there', function()
    local names = described_names()
    names['hook.nothing'] = true
    names['string.rep'] = nil
    local folder = folder_with { ['sandbox_spec.lua'] = SANDBOX_SPEC:format(lua_set(names)) }
    local got = ctl('spec', folder .. '/sandbox_spec.lua')
    assert.are.equal(1, got.code, got.stdout .. got.stderr)
    assert.is_truthy(got.stdout:find('described, but not there: hook.nothing', 1, true))
    assert.is_truthy(got.stdout:find('there, but not described: string.rep', 1, true))
  end)

  it('has the assertions that are described, and they can fail', function()
    local lines = {}
    for _, line in ipairs {
      'assert(true)', 'assert.is_true(true)', 'assert.is_false(false)', 'assert.is_nil(nil)',
      'assert.is_not_nil(false)', 'assert.equal(1, 1)', 'assert.equals("a", "a")',
      'assert.are.equal(1, 1)', 'assert.same({ 1, { a = 2 } }, { 1, { a = 2 } })',
      'assert.are.same({}, {})', 'assert.error(function() error("x") end)',
      'assert.has_error(function() error("x") end)', 'assert.matches("^a%d", "a1b")',
    } do table.insert(lines, line) end
    for _, line in ipairs {
      'assert(false)', 'assert.is_true(1)', 'assert.is_false(nil)', 'assert.is_nil(false)',
      'assert.is_not_nil(nil)', 'assert.equal({}, {})', 'assert.equals(1, "1")',
      'assert.are.equal(1, 2)', 'assert.same({ 1 }, { 1, 2 })', 'assert.are.same({ 1, 2 }, { 1 })',
      'assert.error(function() end)', 'assert.has_error(function() end)',
      'assert.matches("^a%d$", "a1b")',
    } do
      table.insert(lines, ('if pcall(function() %s end) then error(%q) end'):format(line, line))
    end
    local text = ('it("holds", function()\n%s\nend)\n'):format(table.concat(lines, '\n'))
    local folder = folder_with { ['asserts_spec.lua'] = text }
    assert.are.equal(1, passed(folder, 'asserts'))
  end)

  it('runs every example', function()
    local text, count = {}, 0
    for entry in each_entry() do
      table.insert(text, ('it(%q, function()\n%s\nend)\n'):format(entry.name, entry.example))
      count = count + 1
    end
    local folder = folder_with { ['examples_spec.lua'] = table.concat(text) }
    assert.are.equal(count, passed(folder, 'examples'))
  end)

  it('gives hooks values with the fields that are described, no more and no fewer', function()
    local policy = SEEN_POLICY:format(fields_of 'event', fields_of 'event.merchant',
      fields_of 'endpoint', fields_of 'request', fields_of 'delivery', fields_of 'outcome')
    assert.are.equal(2, passed(folder_with { ['seen.lua'] = policy, ['seen_spec.lua'] = SEEN_SPEC },
      'seen'))
  end)

  it('loads a policy of the five hooks as they are shown', function()
    local text = { 'return {\n  api = 1,\n' }
    for _, hook in ipairs(api.hooks) do table.insert(text, hook.example .. ',\n') end
    local folder = folder_with { ['shown.lua'] = table.concat(text) .. '}\n' }
    local got = ctl('check', folder .. '/shown.lua')
    assert.are.equal(0, got.code, got.stdout .. got.stderr)
    assert.is_truthy(got.stdout:find('filter, lookup, route, enrich, retry', 1, true), got.stdout)
  end)
end)

-- ---- the page -------------------------------------------------------------------------------

describe('spec/lua-api.md', function()
  after_each(stage.clear)

  local files = {}
  for name, text in temp.read('spec/lua-api.md'):gmatch('\n```lua\n%-%- ([%w_]+%.lua)\n(.-)\n```\n')
  do files[name] = text .. '\n' end

  it('shows policies that load', function()
    local folder, count = folder_with(files), 0
    for name in pairs(files) do
      if not name:match('_spec%.lua$') then
        local got = ctl('check', folder .. '/' .. name)
        assert.are.equal(0, got.code, got.stdout .. got.stderr)
        count = count + 1
      end
    end
    assert.is_true(count >= 3)
  end)

  it('shows a spec that holds', function()
    assert.are.equal(2, passed(folder_with(files), 'refunds'))
  end)

  it('shows commands that work', function()
    local folder = folder_with(files)
    local page = temp.read('spec/lua-api.md')
    for text, name in page:gmatch("%$ echo '([^\n]+)' > (%w+%.json)\n") do
      temp.write(folder .. '/' .. name, text)
    end
    local got = ctl('test', folder .. '/refunds.lua', '--event', folder .. '/event.json',
      '--merchant', folder .. '/shop.json')
    assert.are.equal(0, got.code, got.stdout .. got.stderr)
    assert.is_truthy(got.stdout:find('planned for 1 of 2 endpoints', 1, true), got.stdout)
    assert.is_truthy(got.stdout:find('finance', 1, true), got.stdout)
  end)
end)
