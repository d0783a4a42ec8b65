-- SPDX-License-Identifier: Apache-2.0
-- The config file as an operator meets it: hookd check, hookd serve, exit codes, keys.
local hookd = require 'hookd'
local process = require 'process'
local stage = require 'stage'
local temp = require 'temp'

describe('config', function()
  local folder

  before_each(function() folder = temp.folder('config') end)
  after_each(stage.clear)

  local function run(command, text, options)
    local file = temp.write(folder .. '/hookd.lua', text)
    local got = process.run({ process.program('hookd'), command, '--config', file }, options)
    got.file = file
    return got
  end

  local function mode_of(path)
    local pipe = assert(io.popen('stat -c %a ' .. temp.quote(path)))
    local mode = pipe:read('l')
    pipe:close()
    return mode
  end

  describe('check', function()
    it('is content with an empty table, and creates nothing', function()
      local got = run('check', ('return { state_dir = %q }'):format(folder .. '/state'))
      assert.are.equal(0, got.code)
      assert.is_nil(io.open(folder .. '/state/keys/secret.key'))
    end)

    it('tells every fault as file:line: what is wrong, and exits 3', function()
      local got = run('check', 'return {\n  deliver = {\n    atempts = 3,\n    timeout_ms = "x",\n'
        .. '  },\n  listen = { "0.0.0.0:1" },\n}\n')
      assert.are.equal(3, got.code)
      local wanted = {
        ':3: deliver.atempts: unknown key; the nearest known is "deliver.attempts"',
        ':4: deliver.timeout_ms: must be a whole number from 100 to 30000, not a string',
        ':6: listen[1]: 0.0.0.0:1 is beyond loopback',
      }
      for _, text in ipairs(wanted) do
        assert.is_truthy(got.stdout:find(got.file .. text, 1, true), got.stdout)
      end
    end)

    it('tells the line of what is no Lua', function()
      local got = run('check', 'return {\n  a = = 1\n}')
      assert.are.equal(3, got.code)
      assert.is_truthy(got.stdout:find(got.file .. ':2: ', 1, true), got.stdout)
    end)

    it('takes the example that ships', function()
      local got = process.run { process.program('hookd'), 'check', '--config',
        'packaging/config/hookd.lua' }
      assert.are.equal(0, got.code)
    end)
  end)

  describe('hostile files', function()
    for name, text in pairs {
      ['an endless loop'] = 'while true do end',
      ['a memory bomb'] = 'local s = "x" while true do s = s .. s end',
      ['endless recursion'] = 'local function f() return 1 + f() end return f()',
      ['bytecode'] = string.dump(function() return {} end),
      ['os.execute'] = 'os.execute("true") return {}',
      ['io.open'] = 'return { x = io.open("/etc/passwd") }',
      ['require'] = 'return require("os")',
      ['a table without end'] = 'local t = {} for i = 1, 1e12 do t[i] = i end return t',
      ['no table'] = 'return 5',
      ['nothing'] = '',
    } do
      it('are refused: ' .. name, function()
        local got = run('check', text)
        assert.are.equal(3, got.code)
        assert.is_truthy(got.stdout:find(got.file, 1, true))
      end)
    end
  end)

  describe('serve', function()
    it('refuses a bad config with the line, and exits 3', function()
      local got = run('serve', 'return {\n  shutdown_ms = -1 }')
      assert.are.equal(3, got.code)
      assert.is_truthy(got.stderr:find(got.file .. ':2: shutdown_ms: must be', 1, true), got.stderr)
    end)

    it('exits 3 when there is no config', function()
      local got = process.run { process.program('hookd'), 'serve', '--config', folder .. '/none' }
      assert.are.equal(3, got.code)
      assert.is_truthy(got.stderr:find('/none: No such file', 1, true))
    end)

    it('never shows a secret', function()
      for _, text in ipairs { 'return { secret_key = "hunter2" }', 'return { secret_key = "hunter2',
        'return { platform_keys = { "hunter2" } }', 'return { platform_keys = "hunter2" }' } do
        local got = run('serve', text)
        assert.are.equal(3, got.code)
        assert.is_nil((got.stdout .. got.stderr):find('hunter2', 1, true))
      end
    end)

    it('makes its keys, for nobody else to read, and uses them', function()
      local daemon = hookd.start { config = {
        platform_keys = { hookd.raw('credential("platform.key")') },
        secret_key = hookd.raw('credential("secret.key")'),
      } }
      local keys = daemon.state_dir .. '/keys'
      assert.are.equal('700', mode_of(keys))
      assert.are.equal('600', mode_of(keys .. '/platform.key'))
      assert.are.equal('600', mode_of(keys .. '/secret.key'))
      assert.are.equal(401, daemon:request { path = '/api/v1/merchants' }.status)
      daemon.platform_key = temp.read(keys .. '/platform.key'):gsub('\n$', '')
      assert.are.equal(200, daemon:request { path = '/api/v1/merchants' }.status)
      daemon:restart()
      assert.are.equal(200, daemon:request { path = '/api/v1/merchants' }.status)
    end)

    it('refuses a state that another secret_key sealed, and exits 3', function()
      local daemon = hookd.start()
      local id = daemon:create_merchant({ name = 'a' }).id
      daemon:create_endpoint(id, { name = 'a', url = 'https://example.com/' })
      assert.are.equal(0, daemon:stop())
      daemon:configure { secret_key = ('9'):rep(64) }
      daemon:launch()
      assert.are.equal(3, (daemon.process:wait(60)))
      assert.is_truthy(daemon:log():find('secret_key is not the one', 1, true), daemon:log())
    end)

    it('takes credentials of systemd before those', function()
      local given = temp.folder('credentials')
      local key = ('systemd-'):rep(5)
      temp.write(given .. '/platform.key', key .. '\n')
      local daemon = hookd.start {
        config = { platform_keys = { hookd.raw('credential("platform.key")') } },
        env = { CREDENTIALS_DIRECTORY = given },
      }
      daemon.platform_key = key
      assert.are.equal(200, daemon:request { path = '/api/v1/merchants' }.status)
    end)
  end)

  describe('the command line', function()
    local function hookd_says(...)
      return process.run { process.program('hookd'), ... }
    end

    it('exits 2 for what it does not know, with its usage', function()
      for _, words in ipairs { {}, { 'srve' }, { 'serve', '--cnfig', 'x' }, { 'serve', '--config' },
        { 'check', 'x' }, { 'version', 'x' } } do
        local got = hookd_says(table.unpack(words))
        assert.are.equal(2, got.code)
        assert.is_truthy(got.stderr:find('usage: hookd serve', 1, true))
        assert.are.equal('', got.stdout)
      end
    end)

    it('helps, and tells its version', function()
      for _, words in ipairs { { '--help' }, { 'help' }, { 'serve', '--help' } } do
        local got = hookd_says(table.unpack(words))
        assert.are.equal(0, got.code)
        assert.is_truthy(got.stdout:find('usage: hookd serve', 1, true))
      end
      local got = hookd_says('version')
      assert.are.equal(0, got.code)
      assert.is_truthy(got.stdout:match('^hookd %d+%.%d+%.%d+ %(%S+%)\n'))
      for _, library in ipairs { 'libuv ', 'Lua 5.4', 'OpenSSL ' } do
        assert.is_truthy(got.stdout:find(library, 1, true))
      end
    end)
  end)

  it('with the run_dir of another hookd that runs is refused, and the other keeps its socket',
    function()
      local first = hookd.start()
      local second = hookd.new { config = { run_dir = first.run_dir } }
      second:launch()
      assert.equal(4, (second.process:wait(20)))
      assert.matches('another hookd uses it', second:log(), 1, true)
      assert.equal(200, first:control({ path = '/readyz' }).status)
    end)
end)
