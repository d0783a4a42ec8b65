-- SPDX-License-Identifier: Apache-2.0
-- sinker is the judge of the other specs, so this holds each of its behaviours against a client
-- that hides nothing.
local eventually = require 'eventually'
local http = require 'http'
local process = require 'process'
local sinker = require 'sinker'
local stage = require 'stage'
local temp = require 'temp'

local RECEIVE_S = 0.3 -- how long to listen to what is not to come

describe('sinker', function()
  local sink

  setup(function()
    sink = sinker.start { https = true }
  end)

  teardown(stage.clear)

  before_each(function()
    sink:unset()
    sink:clear()
  end)

  local function post(path, body, headers)
    return http.request({ port = sink.port }, { method = 'POST', path = path, body = body or '{}',
      headers = headers })
  end

  local function raw(path, timeout_s)
    return http.raw({ port = sink.port }, ('POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n'
      .. '\r\n{}'):format(path), timeout_s or RECEIVE_S)
  end

  it('lives on when TLS comes to its plain port', function()
    http.raw({ port = sink.port }, '\22\3\1\2\0\1\0\1\252\3\3' .. ('\0'):rep(64), RECEIVE_S)
    assert.equal(200, post('/after-tls').status)
  end)

  describe('keeps what it got', function()
    it('answers 200 and keeps method, path, headers and body as they came', function()
      local head = 'PUT /a/1?x=%20y HTTP/1.1\r\nHost: h\r\nX-b:  two  \r\nx-B: \r\n'
        .. 'Content-Length: 5\r\n\r\n'
      local got = http.raw({ port = sink.port }, head .. 'a\0\xff\r\n', RECEIVE_S)
      assert.are.equal('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', got)
      local request = sink:requests('/a/1')[1]
      assert.are.equal('PUT', request.method)
      assert.are.equal('/a/1', request.path)
      assert.are.equal('/a/1?x=%20y', request.target)
      assert.are.same({ { 'Host', 'h' }, { 'X-b', 'two' }, { 'x-B', '' },
        { 'Content-Length', '5' } }, request.headers)
      assert.are.equal(head, request.head)
      assert.are.equal('a\0\xff\r\n', request.bytes)
      assert.are.equal(http.null, request.body)
      assert.is_true(request.complete)
      assert.is_false(request.tls)
      assert.are.equal(200, request.answer.status)
      assert.are.equal('whole', request.answer.state)
    end)

    it('keeps UTF-8 bodies as text too', function()
      post('/a', '{"k":"é\\u0000\\""}')
      assert.are.equal('{"k":"é\\u0000\\""}', sink:requests('/a')[1].body)
    end)

    it('puts a body together that comes in pieces', function()
      http.raw({ port = sink.port }, { 'POST /p HTT', 0.02, 'P/1.1\r\nContent-Le', 0.02,
        'ngth: 6\r\n\r', 0.02, '\nab', 0.02, 'cdef' }, RECEIVE_S)
      assert.are.equal('abcdef', sink:requests('/p')[1].bytes)
    end)

    it('decodes a chunked body, in pieces and with a trailer', function()
      http.raw({ port = sink.port }, { 'POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
        0.02, '3;x=y\r\nab', 0.02, 'c\r', 0.02, '\nA\r\n0123456789\r\n0\r\nT: v\r\n', 0.02,
        '\r\n' }, RECEIVE_S)
      local request = sink:requests('/c')[1]
      assert.are.equal('abc0123456789', request.bytes)
      assert.is_true(request.complete)
    end)

    it('takes bodies of megabytes', function()
      local body = ('0123456789abcdef'):rep(200000)
      assert.are.equal(200, post('/big', body).status)
      assert.is_true(sink:requests('/big')[1].bytes == body)
    end)

    it('says 100 Continue to who waits for it', function()
      local connection = http.connect { port = sink.port }
      connection:send('POST /e HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n')
      assert.are.equal('HTTP/1.1 100 Continue', connection.stream:receive('*l'))
      connection:send('x')
      connection.stream:receive('*l')
      assert.are.equal(200, connection:receive_answer().status)
      connection:close()
    end)

    it('keeps a request that broke off as not complete', function()
      local connection = http.connect { port = sink.port }
      connection:send('POST /half HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc')
      connection:close()
      sink:wait('/half', 1)
      local request = sink:requests('/half')[1]
      assert.is_false(request.complete)
      assert.are.equal('abc', request.bytes)
      assert.are.equal('none', request.answer.state)
    end)

    it('answers what is not HTTP with 400 and keeps it as malformed', function()
      for _, text in ipairs { 'POST /m HTTP/1.1\nA: b\n\n\r\n\r\n', 'POST  /m HTTP/1.1\r\n\r\n',
        'POST /m HTTP/1.1\r\nA : b\r\n\r\n', 'POST /m HTTP/1.1\r\nA: b\r\n c\r\n\r\n',
        'POST /m HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
        'POST /m HTTP/1.1\r\nContent-Length: +1\r\n\r\nx', 'POST /m HTTP/2.0\r\n\r\n',
        'POST /m HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        'POST /m HTTP/1.1\r\nA: b\1\r\n\r\n',
        'POST /m HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n' } do
        sink:clear()
        local got, why = http.raw({ port = sink.port }, text, 5)
        assert.are.equal('HTTP/1.1 400', got:sub(1, 12), text)
        assert.are.equal('closed', why)
        assert.are.equal(1, sink:connections().malformed)
        assert.is_true(sink:requests()[1].malformed)
      end
    end)

    it('tells connections apart and sees reuse', function()
      local before = sink:connections()
      local connection = http.connect { port = sink.port }
      for _ = 1, 3 do connection:request { method = 'POST', path = '/r', body = '1' } end
      connection:close()
      post('/r')
      local requests = sink:requests('/r')
      assert.are.same({ 1, 2, 3, 1 }, { requests[1].on_connection, requests[2].on_connection,
        requests[3].on_connection, requests[4].on_connection })
      assert.are.equal(requests[1].connection, requests[3].connection)
      assert.are_not.equal(requests[1].connection, requests[4].connection)
      local after = sink:connections()
      assert.are.equal(2, after.accepted - before.accepted)
      assert.are.equal(2, after.reused - before.reused)
    end)

    it('answers requests that come in one go, in order', function()
      sink:set('/1', { status = 201 })
      sink:set('/2', { status = 202, delay_ms = 30 })
      sink:set('/3', { status = 203 })
      local got = http.raw({ port = sink.port }, 'GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n'
        .. 'GET /3 HTTP/1.1\r\nConnection: close\r\n\r\n', 5)
      local statuses = {}
      for status in got:gmatch('HTTP/1.1 (%d+)') do table.insert(statuses, status) end
      assert.are.same({ '201', '202', '203' }, statuses)
    end)

    it('lists by path and from a seq on, counts, and forgets', function()
      for number = 1, 5 do post(number % 2 == 0 and '/even' or '/odd', tostring(number)) end
      assert.are.equal(3, #sink:requests('/odd'))
      local first, last = sink:requests('/odd', { limit = 2 })
      assert.are.same({ '1', '3' }, { first[1].bytes, first[2].bytes })
      assert.are.equal('5', sink:requests('/odd', { after = last })[1].bytes)
      assert.are.equal(2, sink:count('/even').requests)
      assert.are.equal(5, sink:count().requests)
      sink:clear()
      assert.are.equal(0, sink:count().requests)
      assert.are.equal(0, #sink:requests())
    end)

    it('counts X-Webhook-Ids, their answers and repeats after a 2xx', function()
      sink:set('/i', { status = 500 }, {})
      local function send(id) post('/i', '{}', { ['X-Webhook-Id'] = id }) end
      send('one')
      send('one')
      send('two')
      send('two')
      assert.are.same({ requests = 4, complete = 4, answered_2xx = 3, ids = 2, ids_2xx = 2,
        repeats_after_2xx = 1 }, sink:count('/i'))
      local ids = sink:ids('/i')
      assert.are.equal(2, ids.one.times)
      assert.are.equal(1, ids.one.answered_2xx)
      assert.are.equal(0, ids.one.repeats_after_2xx)
      assert.are.equal(1, ids.two.repeats_after_2xx)
      assert.are.equal(200, ids.two.last_status)
    end)

    it('waits for a count', function()
      local waiting = http.connect { port = sink.control_port }
      waiting:send_request { path = '/wait?path=/w&count=2&timeout_ms=20000&what=answered_2xx' }
      post('/w')
      assert.is_nil((waiting:receive_answer('GET', 0.05)))
      post('/w')
      assert.are.equal(2, waiting:receive_answer().json.answered_2xx)
      waiting:close()
      assert.has_error(function() sink:wait('/w', 3, 'requests', 0.05) end)
    end)

    it('keeps at most --keep requests, and only counts with --bench', function()
      local small = sinker.start { arguments = { '--keep', '3' } }
      local bench = sinker.start { arguments = { '--bench' } }
      for number = 1, 5 do
        local request = { method = 'POST', path = '/', body = ('{"t_us": %d}'):format(number) }
        http.request({ port = small.port }, request)
        http.request({ port = bench.port }, request)
      end
      assert.are.equal(5, small:count('/').requests)
      assert.are.equal('{"t_us": 3}', small:requests('/')[1].bytes)
      assert.are.equal(5, bench:count('/').requests)
      assert.are.equal(0, #bench:requests('/'))
      local histogram = bench:histogram()
      assert.are.equal(5, histogram.count)
      assert.is_true(histogram.p50_us > 0 and histogram.p50_us <= histogram.p99_us)
      assert.is_true(histogram.p99_us <= histogram.max_us)
      bench:control('DELETE', '/histogram')
      assert.are.equal(0, bench:histogram().count)
    end)
  end)

  describe('answers by steps', function()
    it('takes one step for each request, and the last one stays', function()
      sink:set('/s', { status = 500 }, { status = 503, headers = { ['Retry-After'] = '7' },
        body = 'later' }, { status = 204 })
      local got = {}
      for _ = 1, 4 do table.insert(got, (post('/s'))) end
      assert.are.same({ 500, 503, 204, 204 }, { got[1].status, got[2].status, got[3].status,
        got[4].status })
      assert.are.equal('7', got[2].headers['retry-after'])
      assert.are.equal('later', got[2].body)
      assert.are.equal(200, post('/other').status)
      assert.are.equal(500, sink:requests('/s')[1].answer.status)
    end)

    it('begins again with then = repeat', function()
      sink:cycle('/s', { status = 500 }, { status = 200 })
      local statuses = {}
      for _ = 1, 4 do table.insert(statuses, post('/s').status) end
      assert.are.same({ 500, 200, 500, 200 }, statuses)
      sink:unset('/s')
      assert.are.equal(200, post('/s').status)
    end)

    it('refuses steps that it does not know', function()
      assert.has_error(function() sink:set('/s', { action = 'nope' }) end)
      assert.has_error(function() sink:set('/s', { status = 99 }) end)
      assert.has_error(function() sink:set('/s', { action = 'reset', stage = 'x' }) end)
      assert.has_error(function() sink:set('/s') end)
      assert.has_error(function() sink:control('GET', '/nope') end)
    end)

    it('waits delay_ms before it answers', function()
      sink:set('/s', { delay_ms = 80 })
      assert.are.equal(200, post('/s').status)
      local request = sink:requests('/s')[1]
      assert.is_true(request.answer.mono_us - request.mono_us >= 80000)
    end)

    it('answers a HEAD without a body', function()
      sink:set('/s', { body = 'abc' })
      local got = http.raw({ port = sink.port },
        'HEAD /s HTTP/1.1\r\nConnection: close\r\n\r\n', 5)
      assert.are.equal('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', got)
    end)

    it('hangs: reads the request and never answers', function()
      sink:set('/s', { action = 'hang' })
      local got, why = raw('/s')
      assert.are.equal('', got)
      assert.are.equal('timeout', why)
      assert.is_true(sink:requests('/s')[1].complete)
    end)

    it('ignores: stops reading, so that a sender of much gets stuck', function()
      sink:set('/s', { action = 'ignore' })
      local connection = http.connect { port = sink.port, timeout_s = RECEIVE_S }
      connection:send('POST /s HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n')
      local ok, why = connection:send(('x'):rep(100000000))
      assert.is_nil(ok)
      assert.are.equal('timeout', why)
      connection:close()
      assert.is_false(sink:requests('/s')[1].complete)
    end)

    -- What is read before the connection ends, and how it ends.
    local CUTS = {
      { stage = 'accept', bytes = '' },
      { stage = 'headers', bytes = '' },
      { stage = 'body', bytes = '' },
      { stage = 'answer_head', bytes = 'HTTP/1.1 500 Inter' },
      { stage = 'answer_body',
        bytes = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nab' },
    }
    for _, cut in ipairs(CUTS) do
      it('resets and closes at ' .. cut.stage, function()
        local step = { action = 'reset', stage = cut.stage, status = 500, body = 'abcd' }
        sink:set('/s', step)
        local got, why = raw('/s', 5)
        assert.are.equal('reset', why)
        assert.are.equal(cut.bytes, got:sub(1, #cut.bytes))
        step.action = 'close'
        sink:set('/s', step)
        got, why = raw('/s', 5)
        assert.are.equal('closed', why)
        assert.are.equal(cut.bytes, got:sub(1, #cut.bytes))
        assert.are_not.equal('whole', sink:requests('/s')[2].answer.state)
      end)
    end

    it('cuts before the request is whole', function()
      local pieces = { accept = 'POST /s HTTP/1.1\r\n',
        headers = 'POST /s HTTP/1.1\r\nContent-Length: 8\r\n\r\n',
        body = 'POST /s HTTP/1.1\r\nContent-Length: 8\r\n\r\nabcd' }
      for stage_name, bytes in pairs(pieces) do
        sink:set('/s', { action = 'close', stage = stage_name })
        local got, why = http.raw({ port = sink.port }, bytes, 5)
        assert.are.same({ '', 'closed' }, { got, why }, stage_name)
      end
    end)

    it('drips its answer byte by byte', function()
      sink:set('/s', { action = 'drip', drip_ms = 1, body = 'abc' })
      local connection = http.connect { port = sink.port }
      connection:send('POST /s HTTP/1.1\r\n\r\n')
      assert.are.equal('abc', connection:receive_answer().body)
      assert.are.equal('whole', sink:requests('/s')[1].answer.state)
      sink:set('/s', { action = 'drip', drip_ms = 60000, body = 'abc', stage = 'answer_body' })
      connection:send('POST /s HTTP/1.1\r\n\r\n')
      local got, why = connection:receive_all(RECEIVE_S)
      assert.are.equal('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na', got)
      assert.are.equal('timeout', why)
      connection:close()
    end)

    it('sends a body without end', function()
      for _, framing in ipairs { 'chunked', 'close' } do
        sink:set('/s', { action = 'endless_body', framing = framing })
        local connection = http.connect { port = sink.port }
        connection:send('POST /s HTTP/1.1\r\n\r\n')
        assert.are.equal(5000000, #connection.stream:receive(5000000))
        connection:close()
      end
    end)

    it('sends headers without end', function()
      sink:set('/s', { action = 'endless_headers' })
      local connection = http.connect { port = sink.port }
      connection:send('POST /s HTTP/1.1\r\n\r\n')
      local got = connection.stream:receive(2000000)
      assert.is_nil(got:find('\r\n\r\n', 1, true))
      connection:close()
    end)

    it('sends a header bomb, and then an answer', function()
      sink:set('/s', { action = 'header_bomb', header_bytes = 1000000, body = 'ok' })
      local got = post('/s')
      assert.are.equal('ok', got.body)
      assert.are.equal(977, #got.header_list - 1)
    end)

    it('redirects', function()
      sink:set('/s', { action = 'redirect', location = 'http://127.0.0.1:1/x' },
        { action = 'redirect', location = '/y', status = 308 })
      local got = post('/s')
      assert.are.same({ 302, 'http://127.0.0.1:1/x' }, { got.status, got.headers.location })
      assert.are.equal(308, post('/s').status)
    end)

    it('sends less of a body than it said', function()
      sink:set('/s', { action = 'partial_body', body = 'abc', missing_bytes = 7 },
        { action = 'partial_body', body = 'abc', after = 'close' },
        { action = 'partial_body', body = 'abc', after = 'reset' })
      local head = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'
      assert.are.same({ head, 'timeout' }, { raw('/s') })
      assert.are.equal('closed', select(2, raw('/s', 5)))
      assert.are.equal('reset', select(2, raw('/s', 5)))
      assert.are.equal('part', sink:requests('/s')[1].answer.state)
    end)

    it('sends garbage', function()
      sink:set('/s', { action = 'garbage' })
      local got, why = raw('/s', 5)
      assert.are.equal('closed', why)
      assert.is_true(#got > 0)
      assert.is_nil(got:find('HTTP', 1, true))
    end)

    it('sends a gzip bomb that is a valid file', function()
      sink:set('/s', { action = 'gzip_bomb', bomb_bytes = 10000000 })
      local got = post('/s')
      assert.are.equal('gzip', got.headers['content-encoding'])
      assert.is_true(#got.body < 12000)
      local folder = temp.folder('bomb')
      temp.write(folder .. '/bomb.gz', got.body)
      local ran = process.run { 'gzip', '-dc', folder .. '/bomb.gz' }
      assert.are.equal(0, ran.code, ran.stderr)
      assert.is_true(#ran.stdout >= 10000000 and not ran.stdout:find('[^%z]'))
    end)

    it('notices a client that leaves before the answer', function()
      sink:set('/s', { delay_ms = 60000 })
      local connection = http.connect { port = sink.port }
      connection:send('POST /s HTTP/1.1\r\n\r\n')
      sink:wait('/s', 1)
      local open = sink:connections().open
      connection:close()
      eventually(function() return sink:connections().open < open end)
      assert.are.equal('none', sink:requests('/s')[1].answer.state)
    end)
  end)

  describe('listens', function()
    local function tls_to(port, name)
      return { port = port, tls = { cafile = sink.ca_file, name = name } }
    end

    it('over TLS, with a certificate of its CA', function()
      local got = http.request(tls_to(sink.https_port, 'localhost'),
        { method = 'POST', path = '/t', body = ('x'):rep(100000) })
      assert.are.equal(200, got.status)
      local request = sink:requests('/t')[1]
      assert.is_true(request.tls)
      assert.are.equal(sink.https_port, request.port)
      assert.are.equal(100000, #request.bytes)
      assert.is_true(sink:connections().tls_handshakes >= 1)
    end)

    it('over TLS, with behaviours', function()
      sink:set('/t', { action = 'reset', stage = 'answer_body' }, { delay_ms = 30, body = 'late' })
      local connection = http.connect(tls_to(sink.https_port))
      connection:send('POST /t HTTP/1.1\r\n\r\n')
      assert.is_nil((connection:receive_answer()))
      connection:close()
      connection = http.connect(tls_to(sink.https_port))
      for _ = 1, 2 do
        connection:send('POST /t HTTP/1.1\r\n\r\n')
        assert.are.equal('late', connection:receive_answer().body)
      end
      connection:close()
    end)

    -- luasec does not compare names, so the wrong host is told by the certificate itself.
    it('with bad certificates', function()
      for _, kind in ipairs { 'expired', 'not_yet', 'self_signed' } do
        local connection, why = http.connect(tls_to(sink:listen(kind)))
        assert.is_nil(connection, kind)
        assert.is_truthy(why:find('certificate verify failed', 1, true), why)
      end
      assert.is_truthy(http.connect(tls_to(sink:listen('good'))))
      local wrong = http.connect(tls_to(sink:listen('wrong_host')))
      local names = wrong.stream:getpeercertificate():extensions()['2.5.29.17'].dNSName
      assert.are.same({ 'wrong-host.invalid' }, names)
    end)

    it('with TLS 1.1 only', function()
      local port = sink:listen('tls1.1')
      assert.is_nil((http.connect { port = port, tls = { protocol = 'tlsv1_2' } }))
      local old = http.connect { port = port, tls = { protocol = 'tlsv1_1',
        ciphers = 'DEFAULT:@SECLEVEL=0' } }
      assert.are.equal('TLSv1.1', old.stream:info('protocol'))
      old:close()
    end)

    it('with what is not TLS', function()
      assert.is_nil((http.connect(tls_to(sink:listen('garbage')))))
      assert.is_nil((http.connect(tls_to(sink:listen('handshake_close')))))
      assert.is_nil((http.connect(tls_to(sink:listen('handshake_reset')))))
      local to = tls_to(sink:listen('handshake_hang'))
      to.timeout_s = RECEIVE_S
      local connection, why = http.connect(to)
      assert.is_nil(connection)
      assert.are.equal('timeout', why)
    end)

    it('without accepting', function()
      local port = sink:listen('never_accept')
      local connection, why = http.connect { port = port, timeout_s = RECEIVE_S }
      assert.is_nil(connection)
      assert.are.equal('timeout', why)
    end)

    it('on another address, and counts who came', function()
      local port = sink:listen('none', { address = '127.0.0.2' })
      http.request({ host = '127.0.0.2', port = port }, { path = '/x' })
      for _, listener in ipairs(sink:connections().listeners) do
        if listener.port == port then
          assert.are.same({ '127.0.0.2', 1 }, { listener.address, listener.accepted })
        end
      end
    end)

    it('no more, once a port is closed', function()
      local port = sink:listen('none')
      local kept = http.connect { port = port }
      sink:close(port)
      local connection, why = http.connect { port = port }
      assert.is_nil(connection)
      assert.are.equal('connection refused', why)
      assert.are.equal(200, kept:request { path = '/x' }.status)
      sink:drop_connections()
      assert.is_nil((kept:request { path = '/x' }))
    end)
  end)

  describe('ends', function()
    it('on SIGTERM and on POST /quit with exit code 0', function()
      local other = sinker.start()
      assert.are.equal(0, other:stop())
      other = sinker.start()
      other:control('POST', '/quit')
      assert.are.equal(0, other.process:wait())
    end)

    it('when standard input closes, if told to', function()
      local ran = process.run { 'sh', '-c', ('sleep 0.2 | %s --until-stdin-closes'):format(
        temp.quote(process.program('sinker'))) }
      assert.are.equal(0, ran.code)
      assert.is_truthy(ran.stdout:match('^{"http":%d+,"https":null,"control":%d+,"pid":%d+}\n$'))
    end)

    it('with exit code 2 on bad usage and 1 on a port in use', function()
      assert.are.equal(2, process.run({ process.program('sinker'), '--nope' }).code)
      assert.are.equal(1, process.run({ process.program('sinker'), '--http',
        '127.0.0.1:' .. sink.port }).code)
    end)

    it('when the process that started it dies', function()
      local code = ([[
        package.path = %q
        local process = require 'process'
        local other = require('sinker').start()
        io.open(%q, 'w'):write(other.process.pid):close()
        os.execute('kill -KILL $PPID')
      ]])
      local folder = temp.folder('orphan')
      local file = folder .. '/pid'
      local lua = process.run({ 'lua5.4', '-e', code:format(package.path, file) },
        { env = { TMPDIR = folder } })
      assert.are.equal('KILL', lua.signal)
      local pid = tonumber(temp.read(file))
      eventually(function() return not temp.read(('/proc/%d/stat'):format(pid)) end)
    end)
  end)
end)
