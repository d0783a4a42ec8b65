-- SPDX-License-Identifier: Apache-2.0
local check = {
  name = 'readme',
  about = 'a README.md in every folder; unit tests mirror core/',
}

-- Folders that must explain themselves: the top ones and those one level below core/ and the like.
local function folder_of(path)
  return path:match('^(core/[^/]+)/') or path:match('^(spec/[^/]+)/')
    or path:match('^(plugins/[^/]+)/') or path:match('^(packaging)/') or path:match('^(scripts)/')
end

-- core/<layer>/<noun>.c is tested by <noun>_test.c, or by <noun>_<aspect>_test.c.
local function has_subject(tree, layer, name)
  local noun = name
  while noun do
    local stem = ('core/%s/%s'):format(layer, noun)
    if tree:has(stem .. '.c') or tree:has(stem .. '.h') then return true end
    noun = noun:match('^(.*)_[^_]*$')
  end
  return false
end

function check.run(tree, report)
  local seen = {}
  for _, path in ipairs(tree.paths) do
    local folder = folder_of(path)
    if folder and not seen[folder] then
      seen[folder] = true
      if not tree:has(folder .. '/README.md') then report(folder, 1, 'no README.md') end
    end
    local layer, name = path:match('^spec/unit/([^/]+)/([^/]+)_test%.c$')
    if layer and not has_subject(tree, layer, name) then
      report(path, 1, ('tests nothing of core/%s by that name'):format(layer))
    end
  end
end

check.good = {
  ['core/base/bytes.c'] = '', ['core/base/README.md'] = '', ['spec/unit/README.md'] = '',
  ['spec/unit/base/bytes_test.c'] = '', ['spec/unit/base/bytes_bounds_test.c'] = '',
}
check.bad = {
  ['no README%.md'] = { ['core/base/bytes.c'] = '' },
  ['tests nothing'] = { ['spec/unit/README.md'] = '', ['spec/unit/base/bytes_test.c'] = '' },
}

return check
