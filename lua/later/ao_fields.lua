--- ao_fields.lua: brings what the table `ao` lacks when somebody looks for it.

local k = ...
local raw, state = k.raw, k.ao_state
local setmetatable, rawget, rawset = raw.setmetatable, raw.rawget, raw.rawset

local fields = {}
local new_with_each = { env = true, outbox = true, Nonce = true }

local function wake(t)
  local environment, requests = k.environment(), k.fresh_outbox()
  state.awake = true
  if state.whole then
    setmetatable(t, nil)
  end
  rawset(t, "env", environment)
  rawset(t, "outbox", requests)
  rawset(t, "Nonce", state.nonce)
end

local function complete(t)
  k.part("ao_more").complete(t)
  state.whole = true
end

--- A field that is not there yet.
function fields.__index(t, key)
  if new_with_each[key] then
    if not state.awake then
      wake(t)
      return rawget(t, key)
    end
  elseif not state.whole then
    complete(t)
    return rawget(t, key)
  end
end

--- An assignment to one.
function fields.__newindex(t, key, value)
  if new_with_each[key] and not state.awake then
    wake(t)
  elseif not state.whole then
    complete(t)
  end
  rawset(t, key, value)
end

--- Make it the ordinary table it is for the author.
function fields.bring_all(t)
  if not state.whole then
    complete(t)
  end
  if state.awake then
    setmetatable(t, nil)
  else
    wake(t)
  end
end

return fields
