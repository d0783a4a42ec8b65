-- SPDX-License-Identifier: Apache-2.0
-- money: amounts as whole numbers of the smallest coin, so that they can be compared and added.
--
-- 0.1 + 0.2 is not 0.3 in floating point; 10 + 20 is 30. An amount may be a number (80.5), as in
-- orders, or a decimal text ("900.00"), as in merchant events.
local money = {}

-- Beyond this a number no longer tells one coin from the next.
local COINS_MAX = 9007199254740991

local function of_number(amount, scale)
  local coins = math.floor(math.abs(amount) * scale + 0.5)
  if coins > COINS_MAX then return nil, 'the amount is too large' end
  return math.tointeger(amount < 0 and -coins or coins)
end

local function of_text(amount, digits)
  local sign, whole, fraction = amount:match('^(-?)(%d+)%.?(%d*)$')
  if not whole or amount:sub(-1) == '.' then return nil, 'not a decimal number' end
  local kept, rest = fraction:sub(1, digits), fraction:sub(digits + 1)
  if rest:find('[1-9]') then return nil, 'the amount has a part of a coin' end
  if #whole > 13 then return nil, 'the amount is too large' end
  local coins = math.tointeger(tonumber(whole .. kept .. ('0'):rep(digits - #kept)))
  return sign == '-' and -coins or coins
end

-- The amount in coins; `digits` is how many decimals the currency has: 2 unless given (SAR, EUR),
-- 3 for KWD. nil and why, when it is no amount.
function money.coins(amount, digits)
  digits = digits or 2
  if type(amount) == 'number' then return of_number(amount, 10 ^ digits) end
  if type(amount) == 'string' then return of_text(amount, digits) end
  return nil, 'not an amount'
end

-- Coins as a decimal text: 8050 is "80.50".
function money.text(coins, digits)
  digits = digits or 2
  local text = ('%d'):format(math.abs(coins))
  text = ('0'):rep(digits + 1 - #text) .. text
  local sign = coins < 0 and '-' or ''
  if digits == 0 then return sign .. text end
  return sign .. text:sub(1, -digits - 1) .. '.' .. text:sub(-digits)
end

return money
