--- ao.lua: the table `ao` of a process: sending, spawning, trust.

local math_type = raw.math.type
local request, lazy_sent = outbox.request, outbox.lazy_sent

ao = { _version = "0.0.6", id = "", _module = "", reference = 0, authorities = {}, assignables = {} }
k.ao = ao

-- ao.env, ao.outbox and ao.Nonce are new with every message and seldom looked at: they are made when they are, by a
-- metatable no process sees (awake). So is, once, what most processes do without: ao.spawn and others (whole).
local lazy_ao = {}
state = { nonce = nil, awake = false, whole = false, own = false }
k.ao_state = state

k.later(lazy_ao, "ao_fields", { "__index", "__newindex" })
lazy[lazy_ao] = k.later({}, "ao_fields", { "bring_all" }).bring_all

--- Make ao ready for the next message.
function state.reset()
  outbox.clear()
  if not state.awake then
    return
  end
  state.nonce = rawget(ao, "Nonce")
  local meta = getmetatable(ao)
  if meta == nil or meta == lazy_ao then
    rawset(ao, "env", nil)
    rawset(ao, "outbox", nil)
    rawset(ao, "Nonce", nil)
    setmetatable(ao, lazy_ao)
    state.awake = false
  elseif raw.coroutine.isyieldable() then -- the process has put a metatable of its own on it: the long way sees to it
    rawset(ao, "env", k.environment())
    rawset(ao, "outbox", k.fresh_outbox())
  end
end

function state.set_nonce(nonce)
  state.nonce = nonce
  if state.awake then
    rawset(ao, "Nonce", nonce)
  end
end

--- aos: everything but Target, Data, Anchor, Tags and From leaves as a tag.
function ao.send(t)
  if type(t) ~= "table" then
    k.refuse_send(t)
  end
  local data = t.Data
  if data ~= nil and type(data) == "table" then
    data = k.encode_data(t)
  end
  local reference = ao.reference + 1
  ao.reference = reference
  local record = request(t, t.Target, data, tostring(reference))
  if math_type(reference) ~= "integer" then
    k.odd_reference(record, reference)
  end
  if state.awake then
    if rawget(env, "Handlers") then
      k.insert(ao.outbox.Messages, k.part("requests").entry(record))
    end
  elseif env.Handlers then
    local n = outbox.sent_count + 1
    outbox.sent[n] = record
    outbox.sent_count = n
  end
  return setmetatable({ [secret] = record }, lazy_sent)
end

k.own_send = ao.send

setmetatable(ao, lazy_ao)
