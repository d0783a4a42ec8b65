-- SPDX-License-Identifier: Apache-2.0
-- hookctl's policy commands, `why` and `reload`: offline in a cage, and against a real hookd.
local hookd = require 'hookd'
local json = require 'json'
local process = require 'process'
local sinker = require 'sinker'
local stage = require 'stage'
local temp = require 'temp'

local function has(text, part)
  assert.is_truthy(text:find(part, 1, true), ('"%s" is not in:\n%s'):format(part, text))
end

describe('hookctl policy, offline,', function()
  local folder

  before_each(function() folder = temp.folder('policies') end)
  after_each(stage.clear)

  local function write(name, text)
    return temp.write(folder .. '/' .. name, text)
  end

  -- Runs it without a socket; must end with `code`.
  local function ctl(code, ...)
    local got = process.run { process.program('hookctl'), '--socket', folder .. '/none', ... }
    assert.are.equal(code, got.code, got.stdout .. got.stderr)
    return got
  end

  local function event(fields)
    return write('event.json', fields or '{"event":"approved","order":{"id":"o-1","total":0.10}}')
  end

  describe('check', function()
    it('says which hooks a policy has', function()
      local path = write('shop.lua', 'return { api = 1, filter = function() end, retry = type }')
      assert.are.equal(path .. ': ok (filter, retry)\n', ctl(0, 'policy', 'check', path).stdout)
      local listed = json.decode(ctl(0, '--json', 'policy', 'check', path).stdout)
      assert.are.same({ { file = path, hooks = { 'filter', 'retry' }, fault = json.null } }, listed)
    end)

    it('names file and line of each fault, and the nearest name', function()
      local good = write('good.lua', 'return { api = 1 }')
      for _, line in ipairs {
        { 'syntax', 'return {\n  api = 1,\n  filter = function( end\n}', ':3: ' },
        { 'typo', 'return { api = 1, fliter = type }', 'filter' },
        { 'global', 'local x = 1\nreturn { api = 1, route = rout }', ':2: ' },
        { 'none', 'local x = 1', 'none.lua' },
        { 'future', 'return { api = 2 }', 'api' },
        { 'loop', 'while true do end', ':1: ' },
        { 'missing', "local m = hook.require 'moeny'\nreturn {}", 'money' },
      } do
        local path = write(line[1] .. '.lua', line[2])
        temp.write(folder .. '/good.lua', 'return { api = 1 }')
        os.execute('mkdir -p ' .. folder .. '/lib')
        temp.write(folder .. '/lib/money.lua', 'return {}')
        local got = ctl(1, 'policy', 'check', path, good)
        assert.are.equal(path, got.stdout:sub(1, #path))
        has(got.stdout:match('^[^\n]+'), line[3])
        has(got.stdout, good .. ': ok (no hook)\n')
      end
    end)

    it('finds libraries beside the file, above it, or where it is told', function()
      local text = "local m = hook.require 'mine'\nreturn { api = 1, filter = m.filter }"
      local lib = temp.folder('lib')
      temp.write(lib .. '/mine.lua', 'return { filter = function() return true end }')
      local path = write('shop.lua', text)
      has(ctl(1, 'policy', 'check', path).stdout, path .. ':1: ')
      has(ctl(0, 'policy', 'check', path, '--lib', lib).stdout, 'ok (filter)')
      os.execute(('mkdir %s/lib %s/deep && cp %s/mine.lua %s/lib'):format(folder, folder, lib,
        folder))
      has(ctl(0, 'policy', 'check', path).stdout, 'ok (filter)')
      has(ctl(0, 'policy', 'check', temp.write(folder .. '/deep/shop.lua', text)).stdout, 'ok')
      has(ctl(1, 'policy', 'check', path, '--lib', folder .. '/no').stderr, 'no such folder')
    end)

    it('names the library that is at fault', function()
      os.execute('mkdir ' .. folder .. '/lib')
      write('lib/mine.lua', 'local x = 1\nreturn { y = nope }')
      local path = write('shop.lua',
        "local m = hook.require 'mine'\nreturn { api = 1, filter = m.y }")
      has(ctl(1, 'policy', 'check', path).stdout, folder .. '/lib/mine.lua:2: ')
    end)

    it('refuses what is no policy file', function()
      has(ctl(1, 'policy', 'check', folder .. '/none.lua').stdout, 'No such file')
      has(ctl(1, 'policy', 'check', write('policy.txt', 'return { api = 1 }')).stdout, 'NAME.lua')
      has(ctl(1, 'policy', 'check', write('x_spec.lua', 'spec.policy "x"')).stdout, 'policy spec')
      has(ctl(1, 'policy', 'check', write('bytes.lua', '\27Lua')).stdout, 'bytes.lua')
    end)
  end)

  describe('test', function()
    local shop = [[{"id":9,"name":"Shop","endpoints":[
      {"name":"finance","url":"https://finance.example/in","labels":{"system":"finance"}},
      {"name":"shop","url":"https://shop.example/in","labels":{"system":"shop"}},
      {"name":"log","url":"https://log.example/","role":"audit"}]}]]

    it('prints the trail, the differences, the cost, and that it is pure', function()
      local policy = write('shop.lua', [[
        return {
          api = 1,
          route = function(event, endpoints) return { 'finance' } end,
          enrich = function(event, endpoint, request)
            request.body.order.total = 0.20
            request.headers['X-Shop'] = event.merchant.name
            hook.log.info('for ' .. endpoint.url_host)
          end,
        }]])
      local merchant = write('merchant.json', shop)
      local got = ctl(0, 'policy', 'test', policy, '--event', event(), '--merchant', merchant)
      for _, part in ipairs {
        'event approved of merchant 9 (Shop)', policy .. ': route, enrich\n',
        '1 endpoint is not shown to it', 'planned for 1 of 2 endpoints; ran: route, enrich\n',
        '  finance  https://finance.example/in\n    + header X-Shop: Shop\n',
        '    - /order/total: 0.10\n    + /order/total: 0.2\n', 'log info: for finance.example\n',
        ' us of CPU, ', ' KiB of memory\n', 'pure: three runs',
      } do has(got.stdout, part) end
      assert.is_nil(got.stdout:find('made up', 1, true))
      assert.are.equal('', got.stderr)
      has(ctl(0, 'policy', 'test', write('skip.lua', 'return { api = 1, filter = function() end }'),
        '--event', event()).stdout, 'its one endpoint is made up')
    end)

    it('gives programs the same as JSON', function()
      local policy = write('shop.lua', [[
        local function filter(event) return event.body.order.id == 'o-2', 'not o-2' end
        return { api = 1, filter = filter }]])
      local got = json.decode(ctl(0, '--json', 'policy', 'test', policy, '--event', event()).stdout)
      assert.are.equal('dropped', got.decision)
      assert.are.equal('filtered', got.reason)
      assert.are.equal('not o-2', got.why)
      assert.are.same({ 'filter' }, got.hooks)
      assert.is_true(got.is_pure)
      assert.is_number(got.cpu_us)
      got = json.decode(ctl(0, '--json', 'policy', 'test', policy, '--event',
        event('{"event":"a","order":{"id":"o-2"}}')).stdout)
      assert.are.equal('planned', got.decision)
      assert.are.equal('main', got.deliveries[1].name)
    end)

    it('says when a policy is not pure', function()
      local policy = write('shop.lua', [[
        local count = 0
        local function filter() count = count + 1 return count % 2 == 1, 'even' end
        return { api = 1, filter = filter }]])
      has(ctl(1, 'policy', 'test', policy, '--event', event()).stdout, 'not pure: asked again')
    end)

    it('fails with file and line when a hook does', function()
      for _, line in ipairs {
        { "local x = event.body.order.nothing.at.all", 'error', ':2: ' },
        { "while true do end", 'time', ':2: ' },
        { "pcall(function() while true do end end) while true do end", 'time', ':2: ' },
        { "return ('x'):rep(9000000)", 'memory', ':2: ' },
        { "return { 'finanse' }", 'return', 'finance' },
        { "return 7", 'return', 'route' },
      } do
        local policy = write('shop.lua', ('return { api = 1, route = function(event)\n%s end }')
          :format(line[1]))
        local merchant = write('merchant.json', shop)
        local got = ctl(1, 'policy', 'test', policy, '--event', event(), '--merchant', merchant)
        has(got.stdout, ('failed (%s): %s'):format(line[2], policy))
        has(got.stdout, line[3])
      end
    end)

    it('asks retry about an answer', function()
      local policy = write('shop.lua', [[
        return { api = 1, retry = function(delivery, outcome)
          if outcome.status == 410 then return 'disable' end
          if outcome.class == 'timeout' then return { delay_ms = 1500 * delivery.attempt } end
          if outcome.status == 401 then return 'give_up' end
        end }]])
      local function answer(status, ...)
        return ctl(0, 'policy', 'test', policy, '--event', event(), '--answer', status, ...).stdout
      end
      has(answer('503'), 'by the endpoint\'s schedule')
      has(answer('401'), 'given up: the delivery is dead')
      has(answer('410'), 'and the endpoint disabled')
      has(answer('timeout', '--attempt', '3'), 'again in 4.500 s')
      has(ctl(1, 'policy', 'test', policy, '--event', event()).stderr, '--answer 503 asks')
      has(ctl(1, 'policy', 'test', policy, '--event', event(), '--answer', '200').stderr,
        '--answer takes')
    end)

    it('looks up tables', function()
      os.execute('mkdir ' .. folder .. '/tables')
      write('tables/branches.csv', 'code,city\nx1,Riyadh\n')
      local policy = write('shop.lua', [[
        return {
          api = 1,
          lookup = function() return { branch = { table = 'branches', key = 'x1' } } end,
          enrich = function(_, _, request, found) request.body.city = found.branch.city end,
        }]])
      has(ctl(0, 'policy', 'test', policy, '--event', event()).stdout, '+ /city: "Riyadh"')
      local tables = temp.folder('tables')
      temp.write(tables .. '/branches.json', '{"x1":{"city":"Jeddah"}}')
      has(ctl(0, 'policy', 'test', policy, '--event', event(), '--tables', tables).stdout, 'Jeddah')
      temp.write(tables .. '/branches.csv', 'code,city\n')
      has(ctl(1, 'policy', 'test', policy, '--event', event(), '--tables', tables).stderr,
        'another ending')
      temp.write(tables .. '/branches.csv', 'code,city\nx1\n')
      os.remove(tables .. '/branches.json')
      has(ctl(1, 'policy', 'test', policy, '--event', event(), '--tables', tables).stderr,
        'branches.csv:2')
    end)

    it('tells what is wrong with its files', function()
      local policy = write('shop.lua', 'return { api = 1, filter = type }')
      has(ctl(1, 'policy', 'test', policy, '--event', event('{"event":"a",\n"b":}')).stderr,
        'event.json:2:5: ')
      has(ctl(1, 'policy', 'test', policy, '--event', event('{"b":1}')).stderr, 'no "event"')
      has(ctl(1, 'policy', 'test', policy, '--event', event(), '--merchant',
        write('merchant.json', '{"endpoints":[{"name":"a","lables":{}}]}')).stderr,
        'the nearest is "labels"')
      has(ctl(1, 'policy', 'test', policy, '--event', folder .. '/none').stderr, 'No such file')
      has(ctl(1, 'policy', 'test', folder .. '/none.lua', '--event', event()).stderr, 'none.lua')
      has(ctl(1, 'policy', 'test', policy, '--event', event(), '--received', 'noon').stderr,
        'RFC 3339')
    end)
  end)

  describe('spec', function()
    local POLICY = [[
      return { api = 1, route = function(event) return { event.body.to } end }]]
    local HEAD = "local shop = spec.policy 'shop'\n"
    local PLAN = "shop:plan { body = { event = 'a', to = '%s' },"
      .. " endpoints = { { name = 'main' } } }"

    before_each(function() write('shop.lua', POLICY) end)

    it('counts what holds and what does not, with file and line', function()
      local path = write('shop_spec.lua', HEAD .. "describe('shop', function()\nit('routes',"
        .. " function() assert.same({ 'main' }, (" .. PLAN:format('main') .. ").endpoints) end)\n"
        .. "it('fails', function()\n  assert.equal(1, 2)\nend)\nend)")
      local got = ctl(1, 'policy', 'spec', path).stdout
      has(got, '+ shop routes\n- shop fails\n    ' .. path .. ':5: ')
      has(got, '1 passed, 1 failed\n')
      local listed = json.decode(ctl(1, '--json', 'policy', 'spec', path).stdout)
      assert.are.equal(2, #listed)
      assert.are.equal(json.null, listed[1].fault)
      assert.are.equal('shop fails', listed[2].name)
      has(listed[2].fault, path .. ':5: ')
    end)

    it('tells the line of the policy when a hook fails', function()
      local path = write('shop_spec.lua', HEAD .. "describe('x', function() it('y', function()\n"
        .. PLAN:format('mian') .. ' end) end)')
      has(ctl(1, 'policy', 'spec', path).stdout, "'main'")
      write('shop.lua', 'return { api = 1, route = function(event)\n error("no") end }')
      has(ctl(1, 'policy', 'spec', path).stdout, folder .. '/shop.lua:2: in route: ')
    end)

    it('finds policies in the folder above, and runs several specs', function()
      os.execute('mkdir ' .. folder .. '/specs')
      local text = HEAD .. "describe('x', function() it('y', function() assert(shop) end) end)"
      local one, two = write('specs/one_spec.lua', text), write('specs/two_spec.lua', text)
      has(ctl(0, 'policy', 'spec', one, two).stdout, '2 passed, 0 failed\n')
    end)

    it('fails on a file that runs nothing, does not load, or does not end', function()
      for _, line in ipairs {
        { 'local x = 1', 'no it' },
        { 'describe(', 'bad_spec.lua:1: ' },
        { "spec.policy 'shpo'", 'shop' },
        { "\nnope()", 'bad_spec.lua:2: ' },
        { 'while true do end', 'bad_spec.lua' },
        { "describe('x', function() it('y', function() while true do end end) end)", '- x y' },
      } do
        local got = ctl(1, 'policy', 'spec', write('bad_spec.lua', line[1])).stdout
        has(got, line[2])
        has(got, '0 passed, 1 failed\n')
      end
      has(ctl(1, 'policy', 'spec', folder .. '/none_spec.lua').stdout, 'No such file')
    end)
  end)
end)

describe('hookctl and the policies of a hookd', function()
  local daemon, sink

  before_each(function()
    sink = sinker.start()
    daemon = hookd.new { config = { deliver = { attempts = 1 } } }
  end)
  after_each(stage.clear)

  local function ctl(code, ...)
    local got = daemon:ctl(...)
    assert.are.equal(code, got.code, got.stdout .. got.stderr)
    return got
  end

  -- A merchant with the policy `shop` and the endpoints `main` and `other`.
  local function make_shop()
    local merchant = daemon:create_merchant { policy = 'shop' }
    daemon:create_endpoint(merchant.id, { name = 'main', url = sink:url('/main') })
    daemon:create_endpoint(merchant.id, { name = 'other', url = sink:url('/other') })
    return merchant.id
  end

  local ROUTED = [[
    return {
      api = 1,
      filter = function(event) return event.type ~= 'cancelled', 'nobody wants it' end,
      route = function(event, endpoints) return { 'main' } end,
      enrich = function(event, endpoint, request)
        request.body.extra = 'e'
        request.headers['X-Extra'] = 'h'
      end,
    }]]

  it('reloads, refuses with file and line, and shows generations', function()
    daemon:write_policy('shop', ROUTED)
    daemon:run()
    make_shop()
    has(ctl(0, 'policy', 'list').stdout, 'shop')
    has(ctl(0, 'policy', 'show', 'shop').stdout, 'generation')
    assert.are.equal(1, json.decode(ctl(0, '--json', 'policy', 'show', 'shop').stdout).generation)
    has(ctl(0, 'reload').stdout, 'as ')
    daemon:write_policy('shop', ROUTED .. '\n')
    daemon:write_policy('fresh', 'return { api = 1 }')
    local got = ctl(0, 'reload').stdout
    assert.is_truthy(got:match('shop +swapped +2'), got)
    assert.is_truthy(got:match('fresh +added +1'), got)
    daemon:write_policy('shop', 'return { api = 1,\n  route = function( end }')
    got = ctl(1, 'reload')
    assert.is_truthy(got.stdout:match('shop +refused +2 +[^\n]*shop%.lua:2: '), got.stdout)
    has(got.stderr, '422')
    has(ctl(1, '--json', 'reload').stdout, '"refused":1')
    assert.is_truthy(ctl(0, 'policy', 'list').stdout:match('shop +2 [^\n]*shop%.lua:2: '))
    has(ctl(1, 'policy', 'show', 'shp').stderr, 'did you mean "shop"?')
  end)

  it('tells why an event became what it is', function()
    daemon:write_policy('shop', ROUTED)
    daemon:run()
    local id = make_shop()
    local sent = daemon:send_event(id, '{"event":"approved","n":0.10}')
    daemon:wait_event(id, sent, 'finished')
    local got = ctl(0, 'why', sent).stdout
    for _, part in ipairs { 'decided   by policy shop, generation 1 (filter, route, enrich)',
      'delivered  primary  ' .. sink:url('/main'), '    + header X-Extra: h\n',
      '    + /extra: "e"\n', 'attempt 1   200' } do has(got, part) end
    assert.is_nil(got:find(sink:url('/other'), 1, true))
    local dropped = daemon:send_event(id, { event = 'cancelled' })
    daemon:wait_event(id, dropped, 'dropped')
    has(ctl(0, 'why', dropped).stdout, 'dropped   filtered: nobody wants it\n')
    assert.are.equal('policy', json.decode(ctl(0, '--json', 'why', dropped).stdout).data.decided_by)
    ctl(1, 'why', '00000000-0000-7000-8000-000000000000')
  end)

  it('shows a failed policy\'s line, and retries what it held', function()
    daemon:write_policy('shop', "return { api = 1,\n  route = function() return { 'mian' } end }")
    daemon:run()
    local id = make_shop()
    local sent = daemon:send_event(id, { event = 'approved' })
    daemon:wait_event(id, sent, 'held')
    local got = ctl(0, 'why', sent).stdout
    has(got, 'decided   not yet, by policy shop, generation 1')
    assert.is_truthy(got:match('error +shop%.lua:[^\n]*main'), got)
    has(got, 'hookctl policy retry shop\n')
    has(ctl(1, 'policy', 'retry', 'shp').stderr, 'did you mean "shop"?')
    assert.are.equal('1 held event is planned again\n', ctl(0, 'policy', 'retry', 'shop').stdout)
    daemon:wait_event(id, sent, 'held')
    daemon:write_policy('shop', ROUTED)
    ctl(0, 'reload')
    daemon:wait_event(id, sent, 'finished')
    has(ctl(0, 'why', sent).stdout, 'by policy shop, generation 2')
    assert.are.equal('0 held events are planned again\n', ctl(0, 'policy', 'retry', 'shop').stdout)
  end)

  it('shadows: plans recorded events with a candidate, and sends nothing', function()
    daemon:write_policy('shop', ROUTED)
    daemon:run()
    local id = make_shop()
    for i = 1, 8 do
      local sent = daemon:send_event(id, ('{"event":"%s","n":0.10,"i":%d}'):format(
        i == 8 and 'cancelled' or 'approved', i))
      daemon:wait_event(id, sent, i == 8 and 'dropped' or 'finished')
    end
    local folder = temp.folder('candidate')
    local function shadow(code, text, ...)
      return ctl(code, 'policy', 'shadow', 'shop', '--candidate',
        temp.write(folder .. '/new.lua', text), '--last', '100', ...)
    end
    local got = daemon:ctl('policy', 'shadow', 'shop', '--candidate',
      temp.write(folder .. '/same.lua', ROUTED), '--last', '100')
    assert.are.equal('0 of 8 plans differ\n', got.stdout, got.stderr)
    got = daemon:ctl('policy', 'shadow', 'shop', '--candidate', temp.write(folder .. '/new.lua',
      (ROUTED:gsub("'main'", "'other'"):gsub("'cancelled'", "'never'"))))
    assert.are.equal(0, got.code, got.stderr)
    has(got.stdout, '8 of 8 plans differ; the first 5 are shown\n')
    has(got.stdout, '  - main: gets\n    + header X-Extra: h\n    + /extra: "e"\n  + main: nothing')
    has(got.stdout, '  - dropped: nobody wants it\n  + planned\n')
    local broken = 'return { api = 1, route = function() error("no") end }'
    local report = json.decode(shadow(1, broken, '--json').stdout)
    assert.are.equal(8, report.failed)
    assert.are.equal(5, #report.examples)
    has(report.examples[1].candidate.error, 'new.lua:1: ')
    assert.are.equal(7, sink:count('/main').requests)
    assert.are.equal(0, sink:count('/other').requests)
    has(shadow(1, 'return {').stderr, 'new.lua:1: ')
    got = ctl(1, 'policy', 'shadow', 'shp', '--candidate', folder .. '/same.lua')
    has(got.stderr, 'there is no policy "shp"; did you mean "shop"?')
  end)
end)
