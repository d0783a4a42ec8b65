-- SPDX-License-Identifier: Apache-2.0
-- Every case of "Bad input" in interface.md: always an answer, never a crash, never a hang, and
-- never two requests out of one.
local hookd = require 'hookd'
local http = require 'http'
local socket = require 'socket'
local stage = require 'stage'

local UNKNOWN = '00000000-0000-4000-8000-000000000000'
-- A bound for what must end by itself after 10 s; nothing measures how long it took.
local CUT_WITHIN_S = 25

describe('bad input', function()
  local daemon, merchant, path, authorization

  setup(function()
    daemon = hookd.start { config = { limits = { body_bytes_max = 100000 } } }
    merchant = daemon:create_merchant()
    path = ('/api/v1/merchants/%d/events'):format(merchant.id)
    authorization = 'Authorization: Bearer ' .. daemon.platform_key .. '\r\n'
  end)

  teardown(stage.clear)

  after_each(function()
    assert.is_true(daemon.process:is_running())
    assert.are.equal(200, http.request(daemon:to(), { path = '/healthz' }).status)
  end)

  local function send(body, headers)
    headers = headers or {}
    headers['Content-Type'] = headers['Content-Type'] or 'application/json'
    return daemon:request { method = 'POST', path = path, body = body, headers = headers }
  end

  local function assert_envelope(got)
    assert.is_table(got.json, got.body)
    assert.is_false(got.json.status)
    assert.is_string(got.json.message)
    assert.are.same({}, got.json.appended_data)
    assert.are.equal('application/json', got.headers['content-type'])
  end

  describe('in JSON', function()
    it('is 400 with line and column', function()
      local cases = {
        { '', 1, 1 },
        { '{"event":"a"', 1 },
        { '{"event":"a",}', 1 },
        { "{'event':'a'}", 1, 2 },
        { '{"event":\n\n  nope}', 3, 3 },
        { '{"event":"a"}{}', 1, 14 },
        { '{"event":"a","event":"a"}', 1 },
        { '{"event":"a","x":{"k":1,"\\u006b":2}}', 1 },
        { '{"event":"a","x":01}', 1 },
        { '{"event":"a","x":+1}', 1 },
        { '{"event":"a","x":.5}', 1 },
        { '{"event":"a","x":NaN}', 1 },
        { '{"event":"a","x":"\t"}', 1 },
        { '{"event":"a","x":"\\x"}', 1 },
        { '{"event":"a","x":"\\ud800"}', 1 },
        { '{"event":"a"} // comment', 1 },
        { '\xef\xbb\xbf{"event":"a"}', 1, 1 },
        { '{"event":"a","x":"\xff"}', 1 },
        { '{"event":"a","x":"\xc0\x80"}', 1 },
        { '{"event":"a","x":"\xed\xa0\x80"}', 1 },
        { '{"event":"a","x":"\xf4\x90\x80\x80"}', 1 },
        { '{"event":"a","x":"\xe2\x82"}', 1 },
        { '{"event":"a","x":' .. ('['):rep(64) .. (']'):rep(64) .. '}', 1 },
        { ('['):rep(90000), 1 },
        { ('{"a":'):rep(15000), 1 },
        { '\0', 1, 1 },
      }
      for _, case in ipairs(cases) do
        local got = send(case[1])
        assert.are.equal(400, got.status, case[1]:sub(1, 60))
        assert_envelope(got)
        local line, column = got.json.message:match('line (%d+), column (%d+)')
        assert.are.equal(case[2], tonumber(line), case[1]:sub(1, 60))
        if case[3] then assert.are.equal(case[3], tonumber(column), case[1]:sub(1, 60)) end
      end
    end)

    it('is 422 with errors when it is no event', function()
      for _, body in ipairs { '[]', '7', 'null', '"event"', '{}', '{"event":null}',
        '{"event":7}', '{"event":""}', '{"event":"A"}', '{"event":"a b"}', '{"event":"a-b"}',
        '{"event":"' .. ('a'):rep(101) .. '"}', '{"event":"a\\u0000"}', '{"event":["a"]}' } do
        local got = send(body)
        assert.are.equal(422, got.status, body)
        assert_envelope(got)
        assert.is_string(got.json.errors.event[1])
      end
      assert.are.equal(202, send('{"event":"' .. ('a'):rep(100) .. '"}').status)
    end)

    it('is refused on management routes too', function()
      for _, each in ipairs { { '{', 400 }, { '[]', 422 }, { '{"name":"a","name":"b"}', 400 },
        { '{"name":"\xff"}', 400 } } do
        local got = daemon:request { method = 'POST', path = '/api/v1/merchants', body = each[1],
          headers = { ['Content-Type'] = 'application/json' } }
        assert.are.equal(each[2], got.status)
        assert_envelope(got)
      end
    end)
  end)

  describe('in the body', function()
    it('is 413 when it is too large, said or not', function()
      local large = '{"event":"a","x":"' .. ('x'):rep(100000) .. '"}'
      local got = send(large)
      assert.are.equal(413, got.status)
      assert_envelope(got)
      local chunked = ('%x\r\n%s\r\n0\r\n\r\n'):format(#large, large)
      got = send(chunked, { ['Transfer-Encoding'] = 'chunked' })
      assert.are.equal(413, got.status)
      assert_envelope(got)
      local exact = '{"event":"a","x":"' .. ('x'):rep(100000 - 20) .. '"}'
      assert.are.equal(100000, #exact)
      assert.are.equal(202, send(exact).status)
    end)

    it('does not wait for a body that could only be refused', function()
      local got = http.raw(daemon:to(), 'POST ' .. path .. ' HTTP/1.1\r\nHost: x\r\n' ..
        authorization .. 'Content-Type: application/json\r\nContent-Length: 999999999999\r\n\r\n')
      assert.is_truthy(got:match('^HTTP/1.1 413 '))
    end)

    it('is 415 with another media type, or none', function()
      for _, media in ipairs { 'text/plain', 'application/jsonp', 'application/x-ndjson',
        'application/x-www-form-urlencoded', 'json', '' } do
        local got = send('{"event":"a"}', { ['Content-Type'] = media })
        assert.are.equal(415, got.status, media)
        assert_envelope(got)
      end
      local got = daemon:request { method = 'POST', path = path, body = '{"event":"a"}' }
      assert.are.equal(415, got.status)
      for _, media in ipairs { 'application/json', 'Application/JSON',
        'application/json; charset=utf-8' } do
        assert.are.equal(202, send('{"event":"a"}', { ['Content-Type'] = media }).status)
      end
    end)
  end)

  describe('in the path', function()
    it('is 404 when nothing is there', function()
      local paths = { '/', '/api', '/api/v1', '/api/v2/webhooks', '/api/v1/webhooks/',
        '//api/v1/webhooks', '/API/V1/WEBHOOKS', '/api/v1/%77ebhooks', '/api/v1/../v1/webhooks',
        '/api/v1/webhooks/1', '/api/v1/webhooks/' .. UNKNOWN .. 'x', '/api/v1/merchants/x',
        '/api/v1/merchants/-1', '/api/v1/merchants/01', '/api/v1/merchants/99999999999999999999',
        '/healthz/', '/healthz%00', '/' .. ('a'):rep(8000), '/%', '/\xff' }
      for _, each in ipairs(paths) do
        local got = daemon:request { path = each }
        assert.are.equal(404, got.status, each)
        assert_envelope(got)
      end
    end)

    it('is 404 for a merchant that is not there', function()
      local got = daemon:request { method = 'POST', json = { event = 'a' },
        path = '/api/v1/merchants/123456/events' }
      assert.are.equal(404, got.status)
      assert_envelope(got)
      assert.are.equal(404, daemon:request({ path = '/api/v1/merchants/123456' }).status)
      assert.are.equal(404, daemon:request({ path = '/api/v1/merchants/123456/webhooks' }).status)
      assert.are.equal(404, daemon:request({ path = '/api/v1/events/' .. UNKNOWN }).status)
    end)

    it('is 405 with Allow for another method', function()
      for _, case in ipairs { { 'GET', path, 'POST' }, { 'BREW', path, 'POST' },
        { 'POST', '/healthz', 'GET, HEAD' }, { 'PUT', '/api/v1/webhooks', 'GET, HEAD, POST' },
        { 'POST', '/api/v1/webhooks/' .. UNKNOWN, 'GET, HEAD, PUT, PATCH, DELETE' },
        { 'PUT', '/api/v1/merchants/1', 'GET, HEAD, PATCH, DELETE' } } do
        local got = daemon:request { method = case[1], path = case[2] }
        assert.are.equal(405, got.status)
        assert.are.equal(case[3], got.headers.allow)
        assert_envelope(got)
      end
    end)
  end)

  describe('in the head', function()
    local function raw(text)
      return http.raw(daemon:to(), text)
    end

    it('is 431 over 16 KiB', function()
      local got = daemon:request { path = '/healthz', headers = { ['X-A'] = ('a'):rep(17000) } }
      assert.are.equal(431, got.status)
      assert_envelope(got)
      assert.are.equal(200, daemon:request({ path = '/healthz',
        headers = { ['X-A'] = ('a'):rep(15000) } }).status)
      local many = {}
      for number = 1, 600 do many['X-' .. number] = ('a'):rep(20) end
      assert.are.equal(431, daemon:request({ path = '/healthz', headers = many }).status)
    end)

    it('is answered in some way over 32 KiB', function()
      assert.is_truthy(raw('GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ' .. ('a'):rep(40000)
        .. '\r\n\r\n'):match('^HTTP/1.1 4%d%d '))
      assert.is_truthy(raw('GET /' .. ('a'):rep(40000) .. ' HTTP/1.1\r\nHost: x\r\n\r\n')
        :match('^HTTP/1.1 4%d%d '))
    end)

    it('is 400 and closed when its framing is doubtful', function()
      local smuggled = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
      local heads = {
        'Content-Length: 2\r\nContent-Length: 2\r\n',
        'Content-Length: 2\r\nContent-Length: 3\r\n',
        'Content-Length: 2, 2\r\n',
        'Content-Length: +2\r\n',
        'Content-Length: -2\r\n',
        'Content-Length: 0x2\r\n',
        'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n',
        'Transfer-Encoding: chunked\r\nContent-Length: 2\r\n',
        'Transfer-Encoding: chunked, chunked\r\n',
        'Transfer-Encoding: gzip, chunked\r\n',
        'Transfer-Encoding: chunked;x=y\r\n',
        'Transfer-Encoding: xchunked\r\n',
        'Transfer-Encoding: identity\r\n',
        'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
        'Transfer-Encoding : chunked\r\n',
        'Content-Length : 2\r\n',
        'Content Length: 2\r\n',
        'Host: y\r\n',
        'X-A: b\rc\r\n',
        'X-A: b\x01c\r\n',
        'X\x80A: b\r\n',
      }
      for _, head in ipairs(heads) do
        local got, how = raw('POST ' .. path .. ' HTTP/1.1\r\nHost: x\r\n' .. authorization ..
          'Content-Type: application/json\r\n' .. head .. '\r\n{}' .. smuggled)
        assert.is_truthy(got:match('^HTTP/1.1 400 '), head .. ' -> ' .. got)
        assert.are_not.equal('timeout', how, head)
        assert.is_nil(got:find('HTTP/1.1 2', 1, true), head) -- what follows is no request
      end
    end)

    it('is 400 when it is no HTTP/1.x', function()
      for _, text in ipairs { 'GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n',
        'GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n', 'GET /healthz HTTP/1.1\r\n\r\n',
        'GET /healthz HTTX/1.1\r\nHost: x\r\n\r\n', 'nonsense\r\n\r\n',
        'POST /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' } do
        local got, how = raw(text)
        assert.are_not.equal('timeout', how, text)
        assert.is_truthy(got == '' or got:match('^HTTP/1.1 [45]%d%d '), text .. ' -> ' .. got)
      end
    end)

    it('is 400 or cut when its chunks are nonsense', function()
      for _, chunks in ipairs { 'x\r\n', '-1\r\n{}\r\n0\r\n\r\n', '2\r\n{}X\r\n0\r\n\r\n',
        'fffffffffffffffff\r\n{}', '2 \r\n{}\r\n0\r\n\r\n', '\r\n' } do
        local got, how = raw('POST ' .. path .. ' HTTP/1.1\r\nHost: x\r\n' .. authorization ..
          'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n' .. chunks)
        assert.are_not.equal('timeout', how)
        assert.is_truthy(got:match('^HTTP/1.1 4%d%d '), chunks .. ' -> ' .. got)
        assert.is_nil(got:find('HTTP/1.1 2', 1, true))
      end
    end)

    it('may have a body where none is wanted', function()
      local got = raw('GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}' ..
        'DELETE /api/v1/webhooks/' .. UNKNOWN .. ' HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n' ..
        'Content-Length: 3\r\n\r\nabcGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      local statuses = {}
      for status in got:gmatch('HTTP/1.1 (%d%d%d) ') do table.insert(statuses, status) end
      assert.are.same({ '200', '400', '200' }, statuses)
    end)
  end)

  describe('in time', function()
    it('is cut when a request is not whole 10 s after its first byte', function()
      local head = 'POST ' .. path .. ' HTTP/1.1\r\nHost: x\r\n' .. authorization ..
        'Content-Type: application/json\r\n'
      local starts = { 'P', 'POST ' .. path, head, head .. 'Content-Length: 99\r\n\r\n{',
        head .. 'Transfer-Encoding: chunked\r\n\r\n2\r\n{',
        'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz' }
      local open = {}
      for _, start in ipairs(starts) do
        for _, drips in ipairs { true, false } do
          local connection = assert(http.connect(daemon:to()))
          assert(connection:send(start))
          connection.stream:settimeout(0)
          table.insert(open, { connection = connection, drips = drips })
        end
      end
      local whole = assert(http.connect(daemon:to()))
      local deadline = socket.gettime() + CUT_WITHIN_S
      repeat -- a byte a moment keeps none of them alive, and others are served meanwhile
        socket.sleep(0.5)
        assert.are.equal(200, whole:request({ path = '/healthz' }).status)
        for at = #open, 1, -1 do
          local connection = open[at].connection
          local _, why, rest = connection.stream:receive(65536)
          local is_sent = not open[at].drips or connection:send(' ')
          if why == 'closed' or not is_sent then
            assert.is_nil((rest or ''):match('HTTP/1.1 202'))
            connection:close()
            table.remove(open, at)
          end
        end
      until #open == 0 or socket.gettime() > deadline
      whole:close()
      assert.are.equal(0, #open)
    end)

    it('is no trouble when peers leave at any point', function()
      local request = 'POST ' .. path .. ' HTTP/1.1\r\nHost: x\r\n' .. authorization ..
        'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"event":"a"}'
      for at = 1, #request, 3 do
        local connection = assert(http.connect(daemon:to()))
        connection:send(request:sub(1, at))
        connection.stream:setoption('linger', { on = at % 2 == 0, timeout = 0 })
        connection:close()
      end
      assert.are.equal(202, send('{"event":"a"}').status)
    end)
  end)

  it('comes in bytes that mean nothing', function()
    math.randomseed(20260502)
    for _ = 1, 100 do
      local bytes = {}
      for at = 1, math.random(1, 400) do bytes[at] = string.char(math.random(0, 255)) end
      local connection = assert(http.connect(daemon:to()))
      connection:send(table.concat(bytes))
      connection:close()
    end
  end)
end)
