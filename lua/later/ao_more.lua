--- ao_more.lua: the functions of `ao` that most messages do without.

local k = ...
local raw, sandbox, outbox, ao, message = k.raw, k.sandbox, k.outbox, k.ao, k.message
local setmetatable, getmetatable, rawget, rawset = raw.setmetatable, raw.getmetatable, raw.rawget, raw.rawset
local type, error, lower = raw.type, raw.error, raw.string.lower
local state = k.ao_state
local tostring, format, tointeger, math_type = raw.tostring, raw.string.format, raw.math.tointeger, raw.math.type

local more = {}

-- Sending ------------------------------------------------------------------------------------------------

function more.encode_data(t)
  local data = t.Data
  if type(data) == "table" then
    t.Data = k.json().encode(data)
    t["Content-Type"] = "application/json"
    return t.Data
  end
  return data
end

-- aos: the Anchor is the number in whole digits, so it must be a whole one.
local function anchor_of(reference)
  local whole = tointeger(reference)
  if not whole then
    error("[string \".ao\"]:341: bad argument #2 to 'format' (number has no integer representation)", 0)
  end
  return format("%032d", whole)
end

--- A process may set ao.reference to what is no integer.
function more.odd_reference(record, reference)
  record.anchor, record.odd, outbox.odd = anchor_of(reference), true, true
end

-- Count a reference and note it in a record.
local function number(record)
  local reference = ao.reference + 1
  ao.reference = reference
  record[3] = tostring(reference)
  if math_type(reference) ~= "integer" then
    more.odd_reference(record, reference)
  end
end

function more.refuse_send(t)
  if type(t) == "string" then
    error('[string ".ao"]:367: msg should be a table', 0)
  end
  error('[string ".process"]:103: attempt to index a ' .. type(t) .. " value (local 'msg')", 0)
end

function more.refuse_reply(t)
  error("[string \".ao\"]:612: attempt to index a " .. type(t) .. " value (local 'replyMsg')", 0)
end

-- Spawning and the rest ----------------------------------------------------------------------------------

-- aos: a child trusts nobody but wallets unless it has an Authority. In docs fidelity it gets its parent's.
local function note_authority(record)
  for at = 4, #record, 2 do
    if type(record[at]) == "string" and lower(record[at]) == "authority" then
      return
    end
  end
  k.forgive("child-authority", "Authority", "the child is spawned without a tag Authority")
end

function more.spawn(module, t)
  if type(t) ~= "table" and type(t) ~= "string" then
    error('[string ".process"]:117: attempt to index a ' .. type(t) .. " value (local 'msg')", 0)
  elseif type(module) ~= "string" then
    error('[string ".ao"]:498: Module source id is required!', 0)
  elseif type(t) ~= "table" then
    error('[string ".ao"]:499: Message must be a table', 0)
  end
  more.encode_data(t)
  local odd_sends = k.part("odd_sends")
  local record = odd_sends.record(module, t.Data or "NODATA")
  record.spawn = true
  number(record)
  odd_sends.collect(record, t)
  if k.fidelity == "docs" then
    if #module ~= 43 then
      k.forgive("module-name", module, "module '" .. module .. "' is a name, not an id")
    end
    note_authority(record)
  end
  if state.awake then
    k.insert(ao.outbox.Spawns, k.part("requests").entry(record))
  else
    local n = outbox.spawned_count + 1
    outbox.spawned[n] = record
    outbox.spawned_count = n
  end
  return setmetatable({ [outbox.secret] = record }, outbox.lazy_sent) -- shares its Tags with the one in the outbox
end

function more.assign(t)
  if type(t) ~= "table" then
    error('[string ".ao"]:819: assignment should be a table', 0)
  elseif type(t.Processes) ~= "table" then
    error('[string ".ao"]:821: Processes should be a table', 0)
  elseif type(t.Message) ~= "string" then
    error('[string ".ao"]:823: Message should be a string', 0)
  end
  k.insert(ao.outbox.Assignments, t)
end

function more.log(text)
  local output = ao.outbox.Output
  if type(output) == "string" then
    output = { output }
  end
  k.insert(output, text)
end

function more.clearOutbox()
  outbox.clear()
  ao.outbox = { Output = {}, Messages = {}, Spawns = {}, Assignments = {} }
end

--- Copy tags to fields.
function more.normalize(msg)
  for _, tag in k.ipairs(msg.Tags) do
    if not message.never_field[tag.name] then
      msg[tag.name] = tag.value
    end
  end
  return msg
end

--- aos: a deep copy that keeps metatables and cycles.
function more.clone(value)
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

function more.sanitize(msg)
  local out = more.clone(msg)
  for _, name in k.ipairs(ao.nonForwardableTags) do
    out[name] = nil
  end
  return out
end

--- msg.forward(target, t)
function more.forward(msg, target, changes)
  local out = more.sanitize(msg)
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

function more.init(environment)
  k.set_environment(environment)
  if rawget(ao, "env") ~= nil then
    ao.env = environment
  end
  more.clearOutbox()
end

-- The table ao ----------------------------------------------------------------------------------------------

local hidden_names = {}
for name, place in raw.next, message.never_field do
  if place then
    hidden_names[place] = name
  end
end

local lists = {
  nonExtractableTags = hidden_names,
  nonForwardableTags = {
    "Data-Protocol", "Variant", "From-Process", "From-Module", "Type", "From", "Owner", "Anchor",
    "Target", "Tags", "TagArray", "Hash-Chain", "Timestamp", "Nonce", "Epoch", "Signature",
    "Forwarded-By", "Pushed-For", "Read-Only", "Cron", "Block-Height", "Reference", "Id", "Reply-To"
  }
}

--- Put into ao what most processes do without.
function more.complete(t)
  local called = k.part("ao_called")
  local own = { isAssignment = called.isAssignment, isTrusted = called.isTrusted, result = called.result }
  state.own = own
  for name, its in raw.next, own do
    rawset(t, name, its)
  end
  for _, name in raw.ipairs({ "spawn", "assign", "log", "clearOutbox", "normalize", "clone", "sanitize", "init" }) do
    rawset(t, name, more[name])
  end
  for name, texts in raw.next, lists do
    rawset(t, name, raw.table.move(texts, 1, #texts, 1, {}))
  end
  rawset(t, "registerHint", function() end)
  if k.without then
    k.without.ao(t)
  end
  for name, assign in raw.next, k.later({}, "assignment", { "addAssignable", "removeAssignable", "isAssignable" }) do
    rawset(t, name, assign)
  end
end

return more
