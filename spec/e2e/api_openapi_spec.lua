-- SPDX-License-Identifier: Apache-2.0
-- spec/openapi.yaml describes the routes that exist, all of them and no others.
local hookd = require 'hookd'
local stage = require 'stage'
local temp = require 'temp'

local ROOT = debug.getinfo(1, 'S').source:match('^@(.*)spec/e2e/') or ''
local METHODS = { get = true, post = true, put = true, patch = true, delete = true }
local VALUES = { merchant = '1', name = 'default', uuid = '00000000-0000-4000-8000-000000000000' }

-- Path -> set of methods, as the description has them.
local function described()
  local routes, current = {}
  local text = assert(temp.read(ROOT .. 'spec/openapi.yaml')):match('\npaths:\n(.-)\ncomponents:\n')
  for line in text:gmatch('[^\n]+') do
    local path, method = line:match('^  (/%S*):$'), line:match('^    (%l+):$')
    if path then
      current = {}
      routes[path] = current
    elseif method and METHODS[method] then
      current[method:upper()] = true
    end
  end
  return routes
end

-- The patterns of the table of routes.
local function routed()
  local patterns = {}
  for pattern in assert(temp.read(ROOT .. 'core/api/routes.c')):gmatch('"(/[^"]*)"') do
    patterns[pattern] = true
  end
  return patterns
end

describe('the description of the API', function()
  local daemon

  setup(function()
    daemon = hookd.start()
  end)

  teardown(stage.clear)

  it('has the paths of the table of routes', function()
    local paths = {}
    for path in pairs(described()) do paths[path] = true end
    assert.are.same(routed(), paths)
  end)

  it('has the methods that each path allows', function()
    for path, methods in pairs(described()) do
      local got = daemon:request { method = 'BREW', path = path:gsub('{(%a+)}', VALUES) }
      assert.are.equal(405, got.status, path)
      local allowed = {}
      for method in got.headers.allow:gmatch('%u+') do allowed[method] = true end
      assert.are.equal(methods.GET, allowed.HEAD, path)
      allowed.HEAD = nil
      assert.are.same(methods, allowed, path)
    end
  end)
end)
