-- SPDX-License-Identifier: Apache-2.0
-- Blanks personal data on its way to systems that do not need it.
--
-- For a shop that shares its events with partners (analytics, a fulfilment house). Only endpoints
-- with the label personal_data=yes get names, telephone numbers and addresses; for all others each
-- such field reads "[redacted]", wherever in the document it stands. The rest of the body keeps
-- its bytes: 80.50 stays 80.50.
--
-- To adapt: list the fields in PERSONAL. null stays null, so that a receiver sees what was not
-- there.
local PERSONAL = {
  address = true,
  birthday = true,
  email = true,
  first_name = true,
  full_name = true,
  last_name = true,
  mobile = true,
  national_id = true,
  phone = true,
  phone_number = true,
}

local REDACTED = '[redacted]'

local function redact(value)
  for name, member in pairs(value) do
    if PERSONAL[name] and not hook.json.is_null(member) then
      value[name] = REDACTED
    elseif type(member) == 'table' then
      redact(member)
    end
  end
end

local function enrich(_, endpoint, request)
  if endpoint.labels.personal_data ~= 'yes' then redact(request.body) end
  return true
end

return { api = 1, enrich = enrich }
