-- SPDX-License-Identifier: Apache-2.0
-- A disk without room is a state with a way back (design.md section 3, promises 6 and 7), seen on
-- a small file system of the spec's own.
local eventually = require 'eventually'
local hookd = require 'hookd'
local sinker = require 'sinker'
local stage = require 'stage'
local temp = require 'temp'

local DISK_MIB, BALLAST_MIB = 320, 150

local function small_disk()
  local folder = temp.folder('disk')
  local mounted = os.execute(('mount -t tmpfs -o size=%dm hookd-spec %s 2>/dev/null'):format(
    DISK_MIB, temp.quote(folder)))
  if not mounted then return nil end
  stage.add(function() os.execute('umount ' .. temp.quote(folder)) end)
  return folder
end

describe('a full disk', function()
  after_each(stage.clear)

  it('refuses new events with 503 and Retry-After, finishes the others, and comes back by itself',
    function()
      local disk = small_disk()
      if not disk then return pending('needs root, to mount a small file system') end
      local sink = sinker.start()
      local daemon = hookd.start { config = { state_dir = disk .. '/state' } }
      daemon:create_merchant { id = 1 }
      sink:set('/hook', { status = 500 }, { status = 200 })
      daemon:create_endpoint(1, { url = sink:url('/hook'), schedule = { 2500 } })
      local id = daemon:send_event(1, { event = 'approved' })
      sink:wait('/hook', 1)
      assert(os.execute(('head -c %dM /dev/zero > %s/ballast'):format(BALLAST_MIB, disk)))
      local refused = eventually(function()
        local got = daemon:request { method = 'POST', path = '/api/v1/merchants/1/events',
          json = { event = 'captured' } }
        return got.status == 503 and got
      end)
      assert.is_true(tonumber(refused.headers['retry-after']) >= 1)
      assert.is_false(refused.json.status)
      assert.equal('delivered', daemon:wait_event(1, id, 'finished').deliveries[1].state)
      os.remove(disk .. '/ballast')
      eventually(function()
        return daemon:request({ method = 'POST', path = '/api/v1/merchants/1/events',
          json = { event = 'captured' } }).status == 202
      end)
      assert.equal(0, (daemon:stop()))
    end)
end)
