-- SPDX-License-Identifier: Apache-2.0
-- Sends each order to the systems of the region that serves its country.
--
-- For a shop that runs one system a region. It puts the country into the order's metadata when it
-- makes the order ({"country": "SA"}), and labels its endpoints with region=gulf, region=europe
-- and so on; region=other takes what belongs nowhere else.
--
-- To adapt: `country_of` says where the country stands, lib/regions.lua which region it is in. A
-- region that has no endpoint falls to region=other; where that is missing too, the event is
-- dropped with the reason no_endpoint.
local order = hook.require 'order'
local pick = hook.require 'pick'
local regions = hook.require 'regions'

local function country_of(event)
  return order.metadata(event).country
end

local function route(event, endpoints)
  local region = regions.of(country_of(event))
  local picked = region and pick.where(endpoints, 'region', region) or {}
  if #picked > 0 then return picked end
  return pick.where(endpoints, 'region', 'other')
end

return { api = 1, route = route }
