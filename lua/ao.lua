--- ao.lua: the table `ao` of a process: sending, spawning, trust.

local k = ...
local raw, sandbox, outbox = k.raw, k.sandbox, k.outbox
local message = k.message
local setmetatable, getmetatable, rawget, rawset = raw.setmetatable, raw.getmetatable, raw.rawget, raw.rawset
local type, tostring, error, rawlen = raw.type, raw.tostring, raw.error, raw.rawlen
local format, find, sub = raw.string.format, raw.string.find, raw.string.sub
local tointeger, math_type = raw.math.tointeger, raw.math.type
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

local function fresh_outbox()
  return {
    Output = {}, Assignments = {},
    Messages = outbox.tables(outbox.sent, outbox.sent_count),
    Spawns = outbox.tables(outbox.spawned, outbox.spawned_count)
  }
end

local function wake(t)
  state.awake = true
  setmetatable(t, nil)
  t.env = k.environment()
  t.outbox = fresh_outbox()
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
  else -- the process has put a metatable of its own on it
    rawset(ao, "env", k.environment())
    rawset(ao, "outbox", fresh_outbox())
  end
end

function state.set_nonce(nonce)
  state.nonce = nonce
  if state.awake then
    rawset(ao, "Nonce", nonce)
  end
end

-- The lists that ao.outbox shows, when somebody has looked; nil when the records are still all there is.
local function shown_list(name)
  if not state.awake then
    return nil
  end
  return ao.outbox[name]
end

local function encode_data(t)
  local data = t.Data
  if type(data) == "table" then
    t.Data = k.json().encode(data)
    t["Content-Type"] = "application/json"
    return t.Data
  end
  return data
end

local function anchor_of(reference)
  local whole = tointeger(reference)
  return whole and format("%032d", whole) or outbox.anchor(tostring(reference))
end

-- Count a reference and note it in a record.
local function number(record)
  local reference = ao.reference + 1
  ao.reference = reference
  record[3] = tostring(reference)
  if math_type(reference) ~= "integer" then
    record.anchor, record.odd = anchor_of(reference), true
  end
end

local function refuse_send(t)
  if type(t) == "string" then
    error('[string ".ao"]:367: msg should be a table', 0)
  end
  error('[string ".process"]:103: attempt to index a ' .. type(t) .. " value (local 'msg')", 0)
end

--- aos: everything but Target, Data, Anchor, Tags and From leaves as a tag.
function ao.send(t)
  if type(t) ~= "table" then
    refuse_send(t)
  end
  local data = t.Data
  if data ~= nil and type(data) == "table" then
    data = encode_data(t)
  end
  local reference = ao.reference + 1
  ao.reference = reference
  local record = request(t, t.Target, data, tostring(reference))
  if math_type(reference) ~= "integer" then
    record.anchor, record.odd = anchor_of(reference), true
  end
  if state.awake then
    if rawget(env, "Handlers") then
      k.insert(shown_list("Messages"), outbox.entry(record))
    end
  elseif env.Handlers then
    local n = outbox.sent_count + 1
    outbox.sent[n] = record
    outbox.sent_count = n
  end
  return setmetatable({ [secret] = record }, lazy_sent)
end

-- The rarer ones; the state of the outbox is looked after here.
state.number, state.encode_data, state.shown_list, state.fresh_outbox = number, encode_data, shown_list, fresh_outbox
k.later(ao, "ao_more", {
  "spawn", "assign", "log", "clearOutbox", "result", "normalize", "clone", "sanitize", "init"
})
k.later(k, "ao_more", { "forward", "parse_authorities", "restore_authorities" })

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
  if type(t) == "string" then
    error("[string \".ao\"]:612: attempt to index a string value (local 'replyMsg')", 0)
  elseif t == nil then
    error("[string \".ao\"]:612: attempt to index a nil value (local 'replyMsg')", 0)
  end
  t.Target = msg["Reply-To"] or t.Target or msg.From
  t["X-Reference"] = msg["X-Reference"] or msg.Reference
  t["X-Origin"] = msg["X-Origin"]
  return ao.send(t)
end

return ao
