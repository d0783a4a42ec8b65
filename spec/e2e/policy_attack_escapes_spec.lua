-- SPDX-License-Identifier: Apache-2.0
-- Policies that look for a way out: nothing is there that should not be, nothing that others use
-- can be changed, and no merchant sees what another one's run left.
local attack = require 'attack'
local cases = require 'attack_escapes'
local hookd = require 'hookd'
local sinker = require 'sinker'
local stage = require 'stage'

local KEEPING = [[
local last = "nobody"
return {
  api = 1,
  enrich = function(event, _, request)
    request.body.last = last
    last = event.merchant.name .. ": " .. event.body.secret
  end,
}
]]

describe('a policy that looks for a way out', function()
  local field

  setup(function()
    field = attack.field(cases, 'escape', { config = { policy = { time_ms_max = 200 } },
      libraries = { shared = 'return { x = 0 }\n' } })
  end)

  teardown(stage.clear)

  for _, case in ipairs(cases) do
    it('finds none: ' .. case[1], function() field:check(case) end)
  end

  it('leaves workers, daemon and other merchants as they were', function() field:check_whole() end)
end)

describe('what a policy keeps', function()
  after_each(stage.clear)

  it('is its merchant\'s, also when many use the same file', function()
    local sink, daemon = sinker.start(), hookd.new()
    daemon:write_policy('keeping', KEEPING)
    daemon:run()
    for id = 1, 8 do
      daemon:create_merchant { id = id, name = 'M' .. id, policy = 'keeping' }
      daemon:create_endpoint(id, { url = sink:url('/' .. id) })
    end
    for _ = 1, 3 do
      for id = 1, 8 do
        local event = daemon:send_event(id, { event = 'approved', secret = 'of ' .. id })
        daemon:wait_event(id, event, 'finished')
      end
    end
    for id = 1, 8 do
      for _, request in ipairs((sink:requests('/' .. id))) do
        local last = request.json.last
        assert.is_true(last == 'nobody' or last == ('M%d: of %d'):format(id, id), last)
      end
    end
  end)
end)
