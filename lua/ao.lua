--- ao.lua: the table `ao` of a process: sending, spawning, trust.

local k = ...
local raw, sandbox, outbox = k.raw, k.sandbox, k.outbox
local message = k.message
local setmetatable, getmetatable, rawget, rawset = raw.setmetatable, raw.getmetatable, raw.rawget, raw.rawset
local type, tostring, math_type = raw.type, raw.tostring, raw.math.type
local env, request, secret, lazy_sent = k.env, outbox.request, outbox.secret, outbox.lazy_sent

local ao = {
  _version = "0.0.6", id = "", _module = "", reference = 0,
  authorities = {}, assignables = {},
  nonExtractableTags = {}, nonForwardableTags = {
    "Data-Protocol", "Variant", "From-Process", "From-Module", "Type", "From", "Owner", "Anchor",
    "Target", "Tags", "TagArray", "Hash-Chain", "Timestamp", "Nonce", "Epoch", "Signature",
    "Forwarded-By", "Pushed-For", "Read-Only", "Cron", "Block-Height", "Reference", "Id", "Reply-To"
  }
}
k.ao = ao
for i, name in raw.ipairs(message.hidden_names) do
  ao.nonExtractableTags[i] = name
end

-- ao.env, ao.outbox and ao.Nonce are new with every message and seldom looked at: they are made when
-- they are, by a metatable no process sees.
local lazy_ao = {}
local state = { nonce = nil, awake = false }
k.ao_state = state

local function wake(t)
  state.awake = true
  setmetatable(t, nil)
  t.env = k.environment()
  t.outbox = k.fresh_outbox()
  t.Nonce = state.nonce
end

function lazy_ao.__index(t, key)
  if key == "outbox" or key == "env" or key == "Nonce" then
    wake(t)
    return rawget(t, key)
  end
end

function lazy_ao.__newindex(t, key, value)
  if key == "outbox" or key == "env" or key == "Nonce" then
    wake(t)
  end
  rawset(t, key, value)
end

sandbox.lazy[lazy_ao] = wake
sandbox.hidden[lazy_ao] = true
setmetatable(ao, lazy_ao)

--- Make ao ready for the next message.
function state.reset()
  outbox.clear()
  if not state.awake then
    return
  end
  state.nonce = rawget(ao, "Nonce")
  if getmetatable(ao) == nil then
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

k.later(ao, "ao_more", {
  "spawn", "assign", "log", "clearOutbox", "result", "normalize", "clone", "sanitize", "init"
})

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

function ao.registerHint()
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

return ao
