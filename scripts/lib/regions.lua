-- SPDX-License-Identifier: Apache-2.0
-- regions: from a country to the part of the world that serves it.
--
-- Countries are ISO 3166-1 alpha-2 codes in either case. Copy this file and change the lists to
-- how your shop is organised.
local regions = {}

local LISTS = {
  gulf = 'AE BH KW OM QA SA',
  levant = 'IQ JO LB PS SY',
  north_africa = 'DZ EG LY MA SD TN',
  europe = 'AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO'
    .. ' SE SI SK',
}

local region_of = {}
for region, countries in pairs(LISTS) do
  for country in countries:gmatch('%u%u') do region_of[country] = region end
end

-- 'gulf', 'levant', 'north_africa' or 'europe'; nil for other countries and for what is none.
function regions.of(country)
  if type(country) ~= 'string' then return nil end
  return region_of[country:upper()]
end

return regions
