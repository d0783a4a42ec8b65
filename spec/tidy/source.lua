-- SPDX-License-Identifier: Apache-2.0
-- Reads C text well enough for the checks: comments and literals blanked, functions found.
local source = {}

local function blank(text)
  return (text:gsub('[^\n]', ' '))
end

-- Where the literal that opens at `from` ends; a newline ends it too, so that one odd quote in a
-- macro cannot swallow the file.
local function literal_end(text, from, quote)
  local at = from + 1
  while true do
    local stop = text:find('[\\\n' .. quote .. ']', at)
    if not stop then return #text end
    local char = text:sub(stop, stop)
    if char ~= '\\' then return stop end
    at = stop + 2
  end
end

-- The same text with comments and the inside of literals as spaces; line numbers stay.
function source.strip(text)
  local out, at = {}, 1
  while true do
    local start = text:find('[/"\']', at)
    if not start then break end
    out[#out + 1] = text:sub(at, start - 1)
    local two, stop = text:sub(start, start + 1), nil
    if two == '/*' then
      local _, close = text:find('*/', start + 2, true)
      stop = close or #text
    elseif two == '//' then
      stop = (text:find('\n', start, true) or #text + 1) - 1
    elseif two:sub(1, 1) ~= '/' then
      stop = literal_end(text, start, two:sub(1, 1))
    end
    if stop then
      out[#out + 1] = blank(text:sub(start, stop))
      at = stop + 1
    else
      out[#out + 1] = '/'
      at = start + 1
    end
  end
  out[#out + 1] = text:sub(at)
  return table.concat(out)
end

function source.lines(text)
  local lines = {}
  for line in (text:sub(-1) == '\n' and text or text .. '\n'):gmatch('(.-)\n') do
    lines[#lines + 1] = line
  end
  return lines
end

-- The name and the parameters of the function whose body opens on line `brace`.
local function head_of(lines, brace)
  local head, at = '', brace - 1
  while at > 0 and not lines[at]:match('^%s*$') and not lines[at]:match('^[#}]')
    and not lines[at]:match(';%s*$') do
    head = lines[at] .. ' ' .. head
    at = at - 1
  end
  local name, parameters = head:match('([%w_]+)%s*(%b())')
  return name or '?', parameters or '()'
end

local function count_parameters(list)
  local inner = list:sub(2, -2)
  if inner:match('^%s*$') or inner:match('^%s*void%s*$') then return 0 end
  local flat = inner:gsub('%b()', '')
  return select(2, flat:gsub(',', '')) + 1
end

-- All function definitions: { name, line, lines (of the body, braces included), parameters }.
-- Leans on clang-format: a function's braces stand alone in column one, nothing else's do.
function source.functions(text)
  local lines, found, open = source.lines(source.strip(text)), {}, nil
  for number, line in ipairs(lines) do
    if line:match('^{%s*$') then
      open = number
    elseif open and line:match('^}%s*$') then
      local name, parameters = head_of(lines, open)
      found[#found + 1] = {
        name = name,
        line = open,
        lines = number - open + 1,
        parameters = count_parameters(parameters),
      }
      open = nil
    end
  end
  return found
end

-- All includes: { line, path, own = true for "..." and false for <...> }.
function source.includes(text)
  local found = {}
  local stripped = source.lines(source.strip(text))
  for number, line in ipairs(source.lines(text)) do
    local quote, path = line:match('^%s*#%s*include%s*([<"])([^>"]+)[>"]')
    if quote and stripped[number]:match('include') then
      found[#found + 1] = { line = number, path = path, own = quote == '"' }
    end
  end
  return found
end

return source
