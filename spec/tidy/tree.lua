-- SPDX-License-Identifier: Apache-2.0
-- The files that a check looks at: those of a checkout, or a fixture's in memory.
local tree = {}
tree.__index = tree

local function read_file(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('a')
  file:close()
  return text
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function list(command)
  local pipe = assert(io.popen(command))
  local paths = {}
  for path in pipe:read('a'):gmatch('[^\n]+') do paths[#paths + 1] = path end
  pipe:close()
  return paths
end

-- Files that git knows or would add; without git (a release tarball) all but build/.
function tree.of_checkout(root)
  local inside = 'cd ' .. quoted(root) .. ' && '
  local paths = list(inside .. 'git ls-files --cached --others --exclude-standard 2>/dev/null')
  if #paths == 0 then
    paths = list(inside .. [[find . -type f -not -path './build/*' | sed 's|^\./||']])
  end
  local self = setmetatable({ paths = {}, texts = {}, root = root }, tree)
  for _, path in ipairs(paths) do
    local file = io.open(root .. '/' .. path, 'rb') -- a file that git knows may be deleted
    if file then
      file:close()
      self.paths[#self.paths + 1] = path
    end
  end
  table.sort(self.paths)
  return self
end

-- A tree of literal files: { [path] = text }.
function tree.of_texts(texts)
  local self = setmetatable({ paths = {}, texts = {} }, tree)
  for path, text in pairs(texts) do
    self.paths[#self.paths + 1] = path
    self.texts[path] = text
  end
  table.sort(self.paths)
  return self
end

function tree:text(path)
  if not self.texts[path] then self.texts[path] = read_file(self.root .. '/' .. path) end
  return self.texts[path]
end

function tree:has(path)
  if not self.known then
    self.known = {}
    for _, each in ipairs(self.paths) do self.known[each] = true end
  end
  return self.known[path] == true
end

-- Iterates over path, text of the files whose path matches one of the patterns.
function tree:each(...)
  local patterns, index = { ... }, 0
  return function()
    while true do
      index = index + 1
      local path = self.paths[index]
      if not path then return nil end
      for _, pattern in ipairs(patterns) do
        if path:match(pattern) then return path, self:text(path) end
      end
    end
  end
end

return tree
