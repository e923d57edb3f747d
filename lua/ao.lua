--- ao.lua: the table `ao` of a process: sending, spawning, trust.

local k = ...
local raw, sandbox, outbox = k.raw, k.sandbox, k.outbox
local setmetatable, getmetatable, rawget, rawset = raw.setmetatable, raw.getmetatable, raw.rawget, raw.rawset
local type, tostring, math_type = raw.type, raw.tostring, raw.math.type
local env, request, secret, lazy_sent = k.env, outbox.request, outbox.secret, outbox.lazy_sent

local ao = { _version = "0.0.6", id = "", _module = "", reference = 0, authorities = {}, assignables = {} }
k.ao = ao

-- ao.env, ao.outbox and ao.Nonce are new with every message and seldom looked at: they are made when they are, by a
-- metatable no process sees. So is, once, what most processes do without: ao.spawn and others.
local lazy_ao = {}
local new_with_each = { env = true, outbox = true, Nonce = true }
local state = { nonce = nil, awake = false, whole = false }
k.ao_state = state

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

function lazy_ao.__index(t, key)
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

function lazy_ao.__newindex(t, key, value)
  if new_with_each[key] and not state.awake then
    wake(t)
  elseif not state.whole then
    complete(t)
  end
  rawset(t, key, value)
end

sandbox.lazy[lazy_ao] = function(t)
  if not state.whole then
    complete(t)
  end
  if state.awake then
    setmetatable(t, nil)
  else
    wake(t)
  end
end
sandbox.hidden[lazy_ao] = true

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
      k.insert(ao.outbox.Messages, outbox.entry(record))
    end
  elseif env.Handlers then
    local n = outbox.sent_count + 1
    outbox.sent[n] = record
    outbox.sent_count = n
  end
  return setmetatable({ [secret] = record }, lazy_sent)
end

k.own_send = ao.send

k.later(ao, "ao_more", { "result" })

function ao.isAssignment(msg)
  return msg.Target ~= ao.id
end

function ao.isTrusted(msg)
  for _, authority in k.ipairs(ao.authorities) do
    if msg.From == authority or msg.Owner == authority then
      return true
    end
  end
  return false
end

--- msg.reply(t)
function k.reply(msg, t)
  if t == nil or type(t) == "string" then
    k.refuse_reply(t)
  end
  t.Target = msg["Reply-To"] or t.Target or msg.From
  t["X-Reference"] = msg["X-Reference"] or msg.Reference
  t["X-Origin"] = msg["X-Origin"]
  return ao.send(t)
end

setmetatable(ao, lazy_ao)
return ao
