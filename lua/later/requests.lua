--- requests.lua: requests as the tables that a process sees in ao.outbox, and gets from a send.

local k = ...
local raw, outbox, handlers = k.raw, k.outbox, k.handlers
local setmetatable, rawget, next = raw.setmetatable, raw.rawget, raw.next
local requests = {}
local secret, places = outbox.secret, outbox.places

local function tag_list(record, fixed)
  local list, n = {}, #fixed
  for i = 1, n do
    list[i] = { name = fixed[i][1], value = fixed[i][2] }
  end
  for at = 4, #record, 2 do
    n = n + 1
    if record[at] == outbox then
      list[n] = record[at + 1]
    else
      list[n] = { name = record[at], value = record[at + 1] }
    end
  end
  return list
end

local function message_fixed(record)
  return { { "Data-Protocol", "ao" }, { "Variant", "ao.TN.1" }, { "Type", "Message" }, { "Reference", record[3] } }
end

local function spawn_fixed(record)
  return {
    { "Data-Protocol", "ao" }, { "Variant", "ao.TN.1" }, { "Type", "Process" }, { "From-Process", k.ao.id },
    { "From-Module", k.ao._module }, { "Module", record[1] }, { "Reference", record[3] }
  }
end

local function tags_of(record)
  local tags = record.tags
  if not tags then
    tags = tag_list(record, record.spawn and spawn_fixed(record) or message_fixed(record))
    record.tags = tags
  end
  return tags
end

local function part_of(value, own)
  if own ~= nil then
    return own
  elseif value == false then
    return nil
  end
  return value
end

-- The Anchor of a reference: its text with zeros in front, 32 in all.
local function anchor(text)
  return raw.string.rep("0", 32 - #text) .. text
end

--- The table of a request as it stands in ao.outbox; the one handed to the sender is another.
function requests.entry(record)
  local target
  if not record.spawn then
    target = part_of(record[1], record.target)
  end
  local entry = {
    Target = target, Data = part_of(record[2], record.data), Anchor = record.anchor or anchor(record[3]),
    Tags = tags_of(record)
  }
  if record.place then
    places[entry] = record.place
  end
  return entry
end

-- The functions onReply and receive of a spawn.
local function spawn_functions(record)
  local function pattern()
    return { Action = "Spawned", From = k.ao.id, Reference = record[3] }
  end
  return function(handle)
    handlers.once(pattern(), handle)
  end, function()
    return handlers.receive(pattern())
  end
end

local function add_functions(t, record, seen)
  for name, make in next, (k.waiting or k.part("waiting")).functions do
    if rawget(t, name) == nil then
      t[name] = make(seen, record)
    end
  end
end

--- The table that a send or a spawn returned.
function requests.wake_sent(t)
  local record = rawget(t, secret)
  setmetatable(t, nil)
  t[secret] = nil
  for key, value in next, requests.entry(record) do
    t[key] = value
  end
  if record.spawn then
    t.onReply, t.receive = spawn_functions(record)
  else
    add_functions(t, record, t)
  end
end

--- The table that Send returned; its functions know nothing of what becomes of it.
function requests.wake_answer(t)
  local record = rawget(t, secret)
  setmetatable(t, nil)
  t[secret] = nil
  add_functions(t, record, nil)
end

--- A fresh list of tables for the records so far.
function requests.tables(records, count)
  local list = {}
  for i = 1, count do
    list[i] = requests.entry(records[i])
  end
  return list
end

return requests
