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

function ao.spawn(module, t)
  if type(t) ~= "table" and type(t) ~= "string" then
    error('[string ".process"]:117: attempt to index a ' .. type(t) .. " value (local 'msg')", 0)
  elseif type(module) ~= "string" then
    error('[string ".ao"]:498: Module source id is required!', 0)
  elseif type(t) ~= "table" then
    error('[string ".ao"]:499: Message must be a table', 0)
  end
  encode_data(t)
  local record = outbox.record(module, t.Data or "NODATA")
  record.spawn = true
  number(record)
  outbox.collect(record, t)
  if state.awake then
    k.insert(shown_list("Spawns"), outbox.entry(record))
  else
    local n = outbox.spawned_count + 1
    outbox.spawned[n] = record
    outbox.spawned_count = n
  end
  return outbox.handle(record)
end

function ao.assign(t)
  if type(t) ~= "table" then
    error('[string ".ao"]:819: assignment should be a table', 0)
  elseif type(t.Processes) ~= "table" then
    error('[string ".ao"]:821: Processes should be a table', 0)
  elseif type(t.Message) ~= "string" then
    error('[string ".ao"]:823: Message should be a string', 0)
  end
  k.insert(ao.outbox.Assignments, t)
end

function ao.log(text)
  local output = ao.outbox.Output
  if type(output) == "string" then
    output = { output }
  end
  k.insert(output, text)
end

function ao.clearOutbox()
  outbox.clear()
  ao.outbox = { Output = {}, Messages = {}, Spawns = {}, Assignments = {} }
end

function ao.result(t)
  local failure = ao.outbox.Error or t.Error
  if failure then
    return { Error = failure }
  end
  return {
    Output = t.Output or ao.outbox.Output, Messages = ao.outbox.Messages,
    Spawns = ao.outbox.Spawns, Assignments = ao.outbox.Assignments
  }
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

--- Copy tags to fields.
function ao.normalize(msg)
  for _, tag in k.ipairs(msg.Tags) do
    if not message.never_field[tag.name] then
      msg[tag.name] = tag.value
    end
  end
  return msg
end

--- aos: a deep copy that keeps metatables and cycles.
function ao.clone(value)
  local seen = {}
  local function copy(v)
    if type(v) ~= "table" then
      return v
    end
    if seen[v] then
      return seen[v]
    end
    k.wake(v)
    local out = {}
    seen[v] = out
    for key, item in sandbox.pairs(v) do
      out[copy(key)] = copy(item)
    end
    local meta = getmetatable(v)
    return meta and setmetatable(out, meta) or out
  end
  return copy(value)
end

function ao.sanitize(msg)
  local out = ao.clone(msg)
  for _, name in k.ipairs(ao.nonForwardableTags) do
    out[name] = nil
  end
  return out
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

--- msg.forward(target, t)
function k.forward(msg, target, changes)
  local out = ao.sanitize(msg)
  if changes ~= nil then
    for name, value in sandbox.pairs(changes) do
      out[name] = value
    end
  end
  out.reply, out.forward = nil, nil
  out.Target = target
  out["Reply-To"] = msg["Reply-To"] or msg.From
  out["X-Reference"] = msg["X-Reference"] or msg.Reference
  out["X-Origin"] = msg["X-Origin"] or msg.From
  ao.send(out)
end

local function add_authority(list, text)
  for i = 1, rawlen(list) do
    if rawget(list, i) == text then
      return
    end
  end
  rawset(list, rawlen(list) + 1, text)
end

--- The authorities that tags name. aos: commas part them, spaces are kept, empty ones left out.
function k.parse_authorities(values)
  local list = {}
  for i = 1, #values do
    local text, at = values[i], 1
    while at <= #text do
      local comma = find(text, ",", at, true) or #text + 1
      if comma > at then
        add_authority(list, sub(text, at, comma - 1))
      end
      at = comma + 1
    end
  end
  return list
end

--- Put back what an author removed of the authorities the process was made with.
function k.restore_authorities()
  if type(ao.authorities) ~= "table" then
    ao.authorities = {}
  end
  for i = 1, #k.authorities do
    add_authority(ao.authorities, k.authorities[i])
  end
end

function ao.init(environment)
  k.set_environment(environment)
  if rawget(ao, "env") ~= nil then
    ao.env = environment
  end
  ao.clearOutbox()
end

return ao
