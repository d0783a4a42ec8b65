-- SPDX-License-Identifier: Apache-2.0
local policy = spec.policy 'retry_only_on_5xx'

describe('retry_only_on_5xx', function()
  it('leaves 5xx to the schedule', function()
    for _, status in ipairs { 500, 502, 503, 599 } do
      assert.is_nil(policy:retry { class = 'status', status = status })
    end
  end)

  it('leaves attempts without an answer to the schedule', function()
    for _, class in ipairs { 'timeout', 'dns', 'connect', 'tls', 'transport' } do
      assert.is_nil(policy:retry { class = class })
    end
  end)

  it('leaves answers that pass by themselves to the schedule', function()
    for _, status in ipairs { 408, 425, 429 } do
      assert.is_nil(policy:retry { class = 'status', status = status })
    end
  end)

  it('gives up on all others', function()
    for _, status in ipairs { 301, 400, 401, 404, 410, 422 } do
      assert.equal('give_up', policy:retry { class = 'status', status = status })
    end
  end)
end)
