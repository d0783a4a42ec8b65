-- SPDX-License-Identifier: Apache-2.0
-- SIGHUP and POST /api/v1/reload: everything is checked, then swapped at one point.
local eventually = require 'eventually'
local hookd = require 'hookd'
local http = require 'http'
local process = require 'process'
local sinker = require 'sinker'
local socket = require 'socket'
local stage = require 'stage'
local temp = require 'temp'

local RELOADS = tonumber(os.getenv('HOOKD_RELOADS')) or 1000

-- A policy that marks the body in both hooks that can, from one constant.
local function marking(mark)
  return ([[
local mark = %d
return {
  api = 1,
  route = function(event, endpoints) return endpoints end,
  enrich = function(event, endpoint, request)
    request.body.mark = mark
    request.headers["X-Mark"] = tostring(mark)
    request.body.again = mark
  end,
}
]]):format(mark)
end

local BROKEN = 'return {\n  api = 1,\n  route = function( end,\n}\n'

-- The line of a reload's answer that is about a policy.
local function line_of(data, name)
  for _, line in ipairs(data.policies) do
    if line.name == name then return line end
  end
  return nil
end

describe('a reload', function()
  local daemon, sink

  local function start(options)
    sink = sinker.start()
    daemon = hookd.new(options)
  end

  -- A merchant with one endpoint that uses a policy.
  local function merchant(id, policy)
    daemon:create_merchant { id = id, policy = policy }
    daemon:create_endpoint(id, { url = sink:url('/' .. id) })
  end

  -- Sends an event and returns what arrived of it, and the event.
  local function delivered(id)
    local event = daemon:send_event(id, { event = 'approved' })
    local finished = daemon:wait_event(id, event, 'finished')
    for _, request in ipairs((sink:requests('/' .. id))) do
      if request:header('X-Webhook-Id') == event then return request, finished end
    end
    error('event ' .. event .. ' did not arrive')
  end

  after_each(stage.clear)

  it('swaps what changed, and what did not keeps its generation', function()
    start()
    daemon:write_policy('one', marking(1))
    daemon:write_policy('two', marking(2))
    daemon:run()
    merchant(1, 'one')
    local before = daemon:policies()
    assert.are.equal(1, delivered(1).json.mark)
    daemon:write_policy('one', marking(11))
    daemon:write_policy('three', marking(3))
    local data = daemon:reload()
    assert.are.equal('swapped', line_of(data, 'one').what)
    assert.are.equal('kept', line_of(data, 'two').what)
    assert.are.equal('added', line_of(data, 'three').what)
    assert.are.equal(0, data.refused)
    assert.are.equal(before.two.generation, line_of(data, 'two').generation)
    assert.is_true(line_of(data, 'one').generation > before.one.generation)
    -- What the answer told counts for the next event.
    local request, event = delivered(1)
    assert.are.equal(11, request.json.mark)
    assert.are.same({ name = 'one', generation = line_of(data, 'one').generation }, event.policy)
    assert(os.remove(daemon.policy_dir .. '/three.lua'))
    assert.are.equal('removed', line_of(daemon:reload(), 'three').what)
    assert.is_nil(daemon:policies().three)
  end)

  it('by SIGHUP does the same, and tells the service manager', function()
    local path = os.tmpname()
    os.remove(path)
    local notified = require('socket.unix').dgram()
    assert(notified:bind(path))
    stage.add(function() notified:close() os.remove(path) end)
    start { env = { NOTIFY_SOCKET = path } }
    daemon:write_policy('one', marking(1))
    daemon:run()
    merchant(1, 'one')
    daemon:write_policy('one', marking(2))
    daemon:kill('HUP')
    eventually(function() return daemon:policies().one.generation == 2 end)
    assert.are.equal(2, delivered(1).json.mark)
    notified:settimeout(10)
    assert.is_truthy(notified:receive():find('READY=1', 1, true))
    local reloading = notified:receive()
    assert.is_truthy(reloading:find('^RELOADING=1\nMONOTONIC_USEC=%d+$'), reloading)
    assert.are.equal('READY=1', notified:receive())
  end)

  it('keeps the old one in place of one that does not load, and swaps the others', function()
    start()
    daemon:write_policy('good', marking(1))
    daemon:write_policy('bad', marking(2))
    daemon:run()
    merchant(1, 'good')
    merchant(2, 'bad')
    daemon:write_policy('good', marking(11))
    daemon:write_policy('bad', BROKEN)
    local data, message = daemon:reload_refused()
    local refused = line_of(data, 'bad')
    assert.are.equal('refused', refused.what)
    assert.are.equal(1, refused.generation)
    assert.are.equal(1, data.refused)
    local where = daemon.policy_dir .. '/bad.lua:3: '
    assert.is_truthy(refused.fault:find(where, 1, true), refused.fault)
    assert.is_truthy(message:find(where, 1, true), message)
    assert.is_truthy(daemon:log():find(where, 1, true))
    assert.are.equal('swapped', line_of(data, 'good').what)
    assert.are.equal(11, delivered(1).json.mark)
    assert.are.equal(2, delivered(2).json.mark)
    local listed = daemon:policies().bad
    assert.are.equal(1, listed.generation)
    assert.is_truthy(listed.fault:find(where, 1, true))
    -- Mended, it is swapped; the same text as before keeps its number.
    daemon:write_policy('bad', marking(2))
    assert.are.equal(1, line_of(daemon:reload(), 'bad').generation)
    assert.are.equal(http.null, daemon:policies().bad.fault)
  end)

  it('reads libraries and lookup tables anew', function()
    start()
    daemon:write_library('vat', 'return { rate = 20 }\n')
    daemon:write_table('branches.json', '{"7":{"city":"Lviv"}}')
    daemon:write_policy('one', [[
local vat = hook.require("vat")
return {
  api = 1,
  lookup = function(event) return { branch = { table = "branches", key = "7" } } end,
  enrich = function(event, endpoint, request, found)
    request.body.city = found.branch.city
    request.body.rate = vat.rate
  end,
}
]])
    daemon:run()
    merchant(1, 'one')
    local first = delivered(1).json
    assert.are.equal('Lviv', first.city)
    assert.are.equal(20, first.rate)
    daemon:write_table('branches.json', '{"7":{"city":"Odesa"}}')
    assert.are.equal('kept', line_of(daemon:reload(), 'one').what)
    assert.are.equal('Odesa', delivered(1).json.city)
    daemon:write_library('vat', 'return { rate = 7 }\n')
    assert.are.equal('swapped', line_of(daemon:reload(), 'one').what)
    assert.are.equal(7, delivered(1).json.rate)
    -- A table that cannot be read refuses itself; the one in use stays.
    local path = daemon:write_table('branches.json', '{"7":{"city":"Kyiv"},\n"7":{}}')
    local _, message = daemon:reload_refused()
    assert.is_truthy(message:find(path .. ':2', 1, true), message)
    assert.are.equal('Odesa', delivered(1).json.city)
  end)

  it('counts generations on over a restart', function()
    start()
    daemon:write_policy('one', marking(1))
    daemon:run()
    daemon:write_policy('one', marking(2))
    daemon:reload()
    daemon:restart()
    assert.are.equal(2, daemon:policies().one.generation)
    daemon:write_policy('one', marking(3))
    assert.are.equal(3, line_of(daemon:reload(), 'one').generation)
    daemon:stop('KILL')
    daemon:write_policy('one', marking(4))
    daemon:run()
    assert.are.equal(4, daemon:policies().one.generation)
  end)

  it('changes options that can be changed, and names those that need a restart', function()
    start()
    daemon:run()
    local address = daemon.address .. ':' .. daemon.port
    daemon:configure { limits = { body_bytes_max = 2000 }, log = { level = 'info' },
      platform_keys = { hookd.PLATFORM_KEY, ('k'):rep(40) }, listen = { '127.0.0.1:1' },
      deliver = { threads = 3 } }
    local config = daemon:reload().config
    assert.are.same({ 'platform_keys', 'limits.body_bytes_max', 'log.level' }, config.applied)
    assert.are.same({ 'listen', 'deliver.threads' }, config.needs_restart)
    assert.are.equal(http.null, config.fault)
    assert.is_truthy(daemon:log():find('listen, deliver.threads', 1, true))
    assert.are.equal(address .. '\n', temp.read(daemon.run_dir .. '/listen'))
    local got = http.request(daemon:to(), { path = '/api/v1/stats',
      headers = { Authorization = 'Bearer ' .. ('k'):rep(40) } })
    assert.are.equal(200, got.status)
    merchant(1)
    daemon:expect(413, { method = 'POST', path = '/api/v1/merchants/1/events',
      json = { event = 'approved', filler = ('x'):rep(2000) } })
    -- Said again by the next reload, until there is a restart.
    assert.are.same({}, daemon:reload().config.applied)
    assert.are.same({ 'listen', 'deliver.threads' }, daemon:reload().config.needs_restart)
  end)

  it('with a config that is wrong changes nothing, also no policy', function()
    start()
    daemon:write_policy('one', marking(1))
    daemon:run()
    merchant(1, 'one')
    daemon:write_policy('one', marking(2))
    temp.write(daemon.config_file, 'return {\n  log = { level = "loud" },\n}\n')
    local data, message = daemon:reload_refused()
    local where = daemon.config_file .. ':2: log.level'
    assert.is_truthy(data.config.fault:find(where, 1, true), data.config.fault)
    assert.is_truthy(message:find(where, 1, true))
    assert.are.same({}, data.policies)
    assert.are.equal(1, delivered(1).json.mark)
    daemon:kill('HUP')
    eventually(function()
      return select(2, daemon:log():gsub('reload refused', '')) == 2
    end)
    assert.are.equal(1, daemon:policies().one.generation)
    daemon:configure()
    daemon:reload()
    assert.are.equal(2, delivered(1).json.mark)
  end)

  it('is refused when the policies cannot be listed', function()
    start()
    daemon:write_policy('one', marking(1))
    daemon:run()
    merchant(1, 'one')
    daemon:configure { policy_dir = daemon.config_file }
    local data = daemon:reload_refused()
    assert.is_truthy(data.config.fault:find(daemon.config_file, 1, true), data.config.fault)
    assert.are.equal(1, delivered(1).json.mark)
  end)

  it('answers all who ask, each by one that began after he asked', function()
    start()
    daemon:write_policy('one', marking(1))
    daemon:run()
    local callers = {}
    for i = 1, 12 do
      daemon:write_policy('one', marking(i + 1))
      callers[i] = assert(http.connect { unix = daemon.control_socket })
      assert(callers[i]:send_request { method = 'POST', path = '/api/v1/reload' })
    end
    local newest = 0
    for _, caller in ipairs(callers) do
      local got = assert(caller:receive_answer('POST'))
      assert.are.equal(200, got.status)
      newest = math.max(newest, line_of(got.json.data, 'one').generation)
      caller:close()
    end
    -- The last who asked had the last text in place before he did.
    assert.are.equal(newest, daemon:policies().one.generation)
    assert.are.equal('kept', line_of(daemon:reload(), 'one').what)
    merchant(1, 'one')
    assert.are.equal(13, delivered(1).json.mark)
  end)

  it('is the platform\'s to ask for', function()
    start()
    daemon:run()
    daemon:create_merchant { id = 1 }
    local key = daemon:create_key(1)
    assert.are.equal(401, daemon:request({ method = 'POST', path = '/api/v1/reload',
      key = key }).status)
    assert.are.equal(401, daemon:request({ method = 'POST', path = '/api/v1/reload',
      anonymous = true }).status)
  end)

  -- Sends events on a kept connection while a reload runs: one at least, and a few at most.
  local function send_while(connection, reloading, sent)
    for _ = 1, 6 do
      local got = assert(connection:request { method = 'POST', json = { event = 'approved' },
        path = '/api/v1/merchants/1/events',
        headers = { Authorization = 'Bearer ' .. daemon.platform_key } })
      assert.are.equal(202, got.status)
      sent[#sent + 1] = got.json.data.id
      if #socket.select({ reloading.stream }, nil, 0) > 0 then return end
    end
  end

  -- What arrived at a path, by event: every copy.
  local function arrived(path)
    local by_event, after = {}, nil
    repeat
      local requests, last = sink:requests(path, { after = after, limit = 1000 })
      for _, request in ipairs(requests) do
        local id = request:header('X-Webhook-Id')
        by_event[id] = by_event[id] or {}
        table.insert(by_event[id], request)
      end
      after = last
    until #requests == 0
    return by_event
  end

  it(('%d times under load, every second one broken, loses, doubles and mixes nothing')
    :format(RELOADS), function()
    sink = sinker.start { arguments = { '--keep', '1000000' } }
    daemon = hookd.new { config = { log = { level = 'warn' } } }
    daemon:write_policy('swap', marking(0))
    daemon:run()
    daemon:create_merchant { id = 1, policy = 'swap' }
    daemon:create_endpoint(1, { url = sink:url('/a'), name = 'a' })
    daemon:create_endpoint(1, { url = sink:url('/b'), name = 'b' })
    local sending = assert(http.connect(daemon:to()))
    local control = assert(http.connect { unix = daemon.control_socket })
    local marks, sent, events = { [daemon:policies().swap.generation] = 0 }, {}, {}
    -- Finished events are in memory for a while only.
    local function look_up()
      for i = #events + 1, #sent do events[i] = daemon:wait_event(1, sent[i], 'finished') end
    end
    for i = 1, RELOADS do
      local is_broken = i % 2 == 0
      daemon:write_policy('swap', is_broken and BROKEN or marking(i))
      assert(control:send_request { method = 'POST', path = '/api/v1/reload' })
      send_while(sending, control, sent)
      local got = assert(control:receive_answer('POST'))
      assert.are.equal(is_broken and 422 or 200, got.status)
      if not is_broken then marks[line_of(got.json.data, 'swap').generation] = i end
      if i % 25 == 0 then look_up() end
    end
    look_up()
    sink:wait('/a', #sent, 'answered_2xx', 120)
    sink:wait('/b', #sent, 'answered_2xx', 120)
    local at_a, at_b, generations = arrived('/a'), arrived('/b'), {}
    for i, id in ipairs(sent) do
      local event = events[i]
      local mark = marks[event.policy.generation]
      generations[event.policy.generation] = true
      for _, copies in ipairs { assert(at_a[id]), assert(at_b[id]) } do
        assert.are.equal(1, #copies)
        assert.are.equal(mark, copies[1].json.mark)
        assert.are.equal(mark, copies[1].json.again)
        assert.are.equal(tostring(mark), copies[1]:header('X-Mark'))
      end
    end
    local used = 0
    for _ in pairs(generations) do used = used + 1 end
    assert.is_true(used > RELOADS / 4)
  end)
end)

describe('a start', function()
  after_each(stage.clear)

  it('goes on with a policy that does not load, and holds its events', function()
    local daemon = hookd.new()
    daemon:write_policy('bad', BROKEN)
    daemon:run()
    daemon:create_merchant { id = 1, policy = 'bad' }
    local where = daemon.policy_dir .. '/bad.lua:3: '
    assert.is_truthy(daemon:log():find(where, 1, true))
    local id = daemon:send_event(1, { event = 'approved' })
    local event = daemon:wait_event(1, id, 'held')
    assert.is_truthy(event.error:find(where, 1, true), event.error)
    assert.are.equal(0, daemon:policies().bad.generation)
    -- Mended, it is planned.
    daemon:write_policy('bad', 'return { api = 1, filter = function() return false, "no" end }')
    daemon:reload()
    assert.are.equal('filtered', daemon:wait_event(1, id, 'dropped').reason)
  end)

  it('does not begin when the policies cannot be listed', function()
    local daemon = hookd.new()
    daemon:configure { policy_dir = daemon.config_file }
    daemon:launch()
    assert.are.equal(3, (daemon.process:wait(60)))
    assert.is_truthy(daemon:log():find(daemon.config_file, 1, true))
  end)

  it('and a reload are what `hookd check` tries', function()
    local daemon = hookd.new()
    daemon:write_policy('bad', BROKEN)
    daemon:write_policy('typo', 'return {\n  api = 1,\n  rout = function() end,\n}\n')
    daemon:write_policy('good', marking(1))
    local path = daemon:write_table('branches.csv', 'id,city\n7,Lviv\n7,Odesa\n')
    local check = { process.program('hookd'), 'check', '--config', daemon.config_file }
    local got = process.run(check)
    assert.are.equal(3, got.code)
    for _, text in ipairs { daemon.policy_dir .. '/bad.lua:3: ', '/typo.lua', 'route',
      path .. ':3' } do
      assert.is_truthy(got.stdout:find(text, 1, true), got.stdout)
    end
    assert.is_falsy(got.stdout:find('good.lua', 1, true))
    os.remove(daemon.policy_dir .. '/bad.lua')
    os.remove(daemon.policy_dir .. '/typo.lua')
    os.remove(path)
    got = process.run(check)
    assert.are.equal(0, got.code)
    assert.is_truthy(got.stdout:find('hookd.lua: ok', 1, true))
  end)
end)
