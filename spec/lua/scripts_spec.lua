-- SPDX-License-Identifier: Apache-2.0
-- What ships in scripts/: every policy loads, every example has a spec that holds, and the README
-- knows them all.
local process = require 'process'
local stage = require 'stage'
local temp = require 'temp'

local FOLDER = 'scripts/examples'

-- The names of the files of a folder, sorted.
local function files_of(folder)
  local pipe = assert(io.popen('ls ' .. temp.quote(folder)))
  local names = {}
  for name in pipe:lines() do table.insert(names, name) end
  pipe:close()
  return names
end

-- The examples: names without ".lua".
local function examples()
  local names = {}
  for _, file in ipairs(files_of(FOLDER)) do
    local name = file:match('^(.*)%.lua$')
    if name and not name:match('_spec$') then table.insert(names, name) end
  end
  return names
end

local function ctl(...)
  return process.run { process.program('hookctl'), 'policy', ... }
end

describe('scripts', function()
  after_each(stage.clear)

  it('has at least nine examples, each with a spec and a line in the README', function()
    local readme = assert(temp.read('scripts/README.md'))
    local names = examples()
    assert.is_true(#names >= 9)
    for _, name in ipairs(names) do
      assert.is_string(temp.read(('%s/%s_spec.lua'):format(FOLDER, name)), name .. ' has no spec')
      assert.is_truthy(readme:find(('| `%s` |'):format(name), 1, true), name .. ' is not in README')
    end
  end)

  it('explains in the head of each example what it is for and how to adapt it', function()
    for _, name in ipairs(examples()) do
      local text = temp.read(('%s/%s.lua'):format(FOLDER, name))
      local head = text:match('^%-%- SPDX[^\n]+\n(%-%- .-)\n[^%-]')
      assert.is_truthy(head and head:find('\n-- For ', 1, true), name)
      assert.is_truthy(head:find('\n-- To adapt: ', 1, true), name)
    end
  end)

  it('ships policies that load', function()
    local paths = { 'scripts/default.lua' }
    for _, name in ipairs(examples()) do table.insert(paths, ('%s/%s.lua'):format(FOLDER, name)) end
    local got = ctl('check', table.unpack(paths))
    assert.are.equal(0, got.code, got.stdout .. got.stderr)
    for _, path in ipairs(paths) do
      assert.is_truthy(got.stdout:find(path .. ': ok (', 1, true), got.stdout)
    end
    assert.is_truthy(got.stdout:find('default.lua: ok (no hook)', 1, true))
  end)

  for _, name in ipairs(examples()) do
    it('holds what the spec of ' .. name .. ' says', function()
      local got = ctl('spec', ('%s/%s_spec.lua'):format(FOLDER, name))
      assert.are.equal(0, got.code, got.stdout .. got.stderr)
      local passed = tonumber(got.stdout:match('\n(%d+) passed, 0 failed\n$'))
      assert.is_true(passed and passed >= 3, got.stdout)
    end)
  end

  it('shows each library at work in an example', function()
    local used = {}
    for _, name in ipairs(examples()) do
      for library in temp.read(('%s/%s.lua'):format(FOLDER, name)):gmatch("hook%.require '([^']+)'")
      do used[library] = true end
    end
    for _, file in ipairs(files_of('scripts/lib')) do
      local library = file:match('^(.*)%.lua$')
      if library and not library:match('_spec$') then assert.is_true(used[library], file) end
    end
  end)
end)

-- Libraries are plain Lua without hook.*, so they can be tried right here.
describe('the library', function()
  local function library(name)
    return dofile(('scripts/lib/%s.lua'):format(name))
  end

  it('money counts in whole coins', function()
    local money = library 'money'
    for _, line in ipairs {
      { 80.5, 8050 }, { 100, 10000 }, { 0.1 + 0.2, 30 }, { -30.0, -3000 }, { '900.00', 90000 },
      { '-300.00', -30000 }, { '1.500', 150 }, { '7', 700 }, { '0.07', 7 },
    } do
      assert.are.equal(line[2], money.coins(line[1]), tostring(line[1]))
      assert.are.equal('integer', math.type(money.coins(line[1])))
    end
    assert.are.equal(1234, money.coins('1.234', 3))
    for _, text in ipairs { '', '1.', '.5', '1,5', '0x10', '1e3', ' 1', '1.005', '99999999999999',
      1e300, true, {} } do
      local coins, why = money.coins(text)
      assert.is_nil(coins, tostring(text))
      assert.is_string(why)
    end
    assert.is_nil((money.coins(nil)))
    assert.are.equal('80.50', money.text(8050))
    assert.are.equal('-0.05', money.text(-5))
    assert.are.equal('12', money.text(12, 0))
    assert.are.equal('1.234', money.text(1234, 3))
  end)

  it('regions takes codes in either case and nothing else', function()
    local regions = library 'regions'
    assert.are.equal('gulf', regions.of('SA'))
    assert.are.equal('europe', regions.of('se'))
    assert.is_nil(regions.of('XX'))
    assert.is_nil(regions.of('Saudi Arabia'))
    assert.is_nil(regions.of(nil))
    assert.is_nil(regions.of(966))
  end)

  it('pick chooses by label', function()
    local pick = library 'pick'
    local a, b, c = { labels = { x = '1' } }, { labels = { x = '2' } }, { labels = {} }
    assert.are.same({ a }, pick.where({ a, b, c }, 'x', '1'))
    assert.are.same({ b, c }, pick.except({ a, b, c }, 'x', '1'))
    assert.are.same({}, pick.where({ a, b, c }, 'y', '1'))
  end)

  it('order reads what is there', function()
    local order = library 'order'
    local event = { type = 'refunded', body = { order = { id = 'x', metadata = { a = 1 } } } }
    assert.are.equal('x', order.of(event).id)
    assert.are.equal(1, order.metadata(event).a)
    assert.is_true(order.is_refund(event))
    for _, body in ipairs { {}, { order = 'x' }, { order = { metadata = false } } } do
      assert.are.same({}, order.metadata { type = 'approved', body = body })
    end
    assert.is_false(order.is_refund { type = 'cancelled' })
  end)
end)
