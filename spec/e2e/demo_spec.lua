-- SPDX-License-Identifier: Apache-2.0
-- The demo is the first thing that a newcomer runs: it must come out right, by itself.
local process = require 'process'
local stage = require 'stage'

local BIN_DIR = process.program('hookd'):match('^(.*)/')

describe('the demo', function()
  after_each(stage.clear)

  it('ends by itself, with the right numbers', function()
    local ran = process.run({ arg[-1] or 'lua5.4', 'spec/support/demo.lua' },
      { env = { HOOKD_BIN_DIR = BIN_DIR }, timeout_s = 120 })
    assert.equal(0, ran.code, ran.stdout .. ran.stderr)
    for name, wanted in pairs { accepted = 16, delivered = 32, dead = 16, lost = 0 } do
      assert.equal(wanted, tonumber(ran.stdout:match('\n   ' .. name .. ' +(%d+)\n')), name)
    end
    assert.is_true(tonumber(ran.stdout:match('\n   retried +(%d+)\n')) >= 32)
    assert.matches('503', ran.stdout)
    assert.matches('cinema.lua:%d+: ', ran.stdout)
    assert.matches('every event went where its policy said', ran.stdout)
  end)

  it('says how it is used', function()
    local ran = process.run({ arg[-1] or 'lua5.4', 'spec/support/demo.lua', '--what' },
      { env = { HOOKD_BIN_DIR = BIN_DIR } })
    assert.equal(2, ran.code)
  end)
end)
