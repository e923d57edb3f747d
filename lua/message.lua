--- message.lua: the message a handler gets; made from flat arguments, filled in when it is looked at.
--
-- A message that comes in is a record: the list of everything the host handed over. What the handler
-- sees is a table with few fields and a private metatable that finds the rest in the record. Whatever
-- could tell the difference (a loop, a raw access, an assignment) wakes the table first: then it is an
-- ordinary one with all its fields.

local lower, upper, gsub = raw.string.lower, raw.string.upper, raw.string.gsub

message = {}
k.message = message

-- Places in a record. The first five are for what has been made of it, tags come last. What is seldom
-- asked for arrives in one text and is only taken apart when it is.
local TAGS, REPLY, FORWARD, ARRAY, ALIAS = 1, 2, 3, 4, 5
local FROM, OWNER, DATA, TIMESTAMP, HEIGHT, NONCE, EPOCH, FLAGS, REST = 6, 7, 8, 9, 10, 11, 12, 13, 14
local FIRST = 15 -- name, value, name, value ...
local PUSHED, CRON, READ_ONLY = 1, 2, 4 -- in FLAGS

-- The fields that are no tags; From and Data are always there.
-- Behind FLAG are flags, below zero the parts of REST.
local FLAG = 100
local place = {
  Owner = OWNER, Timestamp = TIMESTAMP, ["Block-Height"] = HEIGHT, Nonce = NONCE, Epoch = EPOCH,
  Cron = FLAG + CRON, ["Read-Only"] = FLAG + READ_ONLY,
  Id = -1, Target = -2, ["Hash-Chain"] = -3, Signature = -6, Anchor = -7
}
local MODULE, PUSHED_FOR = 4, 5 -- in the parts of REST
local PART_COUNT = 7

-- Names that never become fields, and their places in ao.nonExtractableTags. With the one that is false they are all
-- that may be the name of a tag which a messenger adds.
local never_field = {
  ["Data-Protocol"] = 1, Variant = 2, ["From-Process"] = 3, ["From-Module"] = 4, Type = 5, From = 6, Owner = 7,
  Anchor = 8, Target = 9, Data = 10, Tags = 11, ["Read-Only"] = 12, ["Pushed-For"] = false
}
message.never_field = never_field

local lazy_message, lazy_tags = {}, {}

-- The one being handled, while it sleeps; reference is its X-Reference, true when there are several;
-- covers says that a tag stands in the place of the message's own Timestamp or Nonce.
current = {
  message = false, record = false, action = false, first_action = false, reference = false, covers = false
}

message.current = current

-- aos: underscores become dashes, then only the first letter and those after a dash are capital.
local normalize = k.normalize or function(name)
  local text = lower(gsub(name, "_", "-"))
  text = gsub(text, "^%l", upper)
  return (gsub(text, "%-%l", upper))
end

-- Names that ask for more than the short way does (1), the one that answers are found by (2),
-- those of fields that a message has of its own (3), and the one that may say it is the Process message (4).
local weighty = { ["Content-Type"] = 1, ["X-Reference"] = 2, Timestamp = 3, Nonce = 3, Id = 4 }
local Action = "Action"

local title_count = 0
local title_meta = {
  __index = function(known, name)
    local text = normalize(name)
    if title_count < 1000 and #name < 64 then -- names are the sender's choice; memory is ours
      title_count = title_count + 1
      rawset(known, name, name == text and name ~= Action and not weighty[name] or text)
    end
    return text
  end
}
local title = setmetatable({}, title_meta) -- true for names in title case that mean nothing to the runtime

--- Forget the names met so far: those of a Process message are seldom met again.
function message.forget_names()
  if title_count > 0 then -- in another table: the old one keeps the room for all of them
    title, title_count = setmetatable({}, title_meta), 0
  end
end

message.normalize = normalize

-- The parts of the rest; with them come the five tags a messenger adds to what a process sent.
local function open(record)
  local text = record[REST]
  if type(text) == "table" then
    return text
  end
  local parts, begin = {}, 1
  for i = 1, PART_COUNT - 1 do
    local stop = find(text, "\n", begin, true)
    parts[i] = sub(text, begin, stop - 1)
    begin = stop + 1
  end
  parts[PART_COUNT] = sub(text, begin) -- the last takes what is left: an anchor may hold anything
  record[REST] = parts
  if record[FLAGS] & PUSHED ~= 0 then
    local n, from = #record, record[FROM]
    record[n + 1], record[n + 2], record[n + 3], record[n + 4] = "Data-Protocol", "ao", "Type", "Message"
    record[n + 5], record[n + 6], record[n + 7], record[n + 8] = "From-Process", from, "From-Module", parts[MODULE]
    record[n + 9], record[n + 10] = "Pushed-For", parts[PUSHED_FOR]
  end
  return parts
end

-- The first tag of a name.
local function first_tag(record, name)
  for at = FIRST, #record, 2 do
    if record[at] == name then
      return record[at + 1]
    end
  end
  if never_field[name] ~= nil and type(record[REST]) == "string" then
    open(record)
    return first_tag(record, name)
  end
end

-- The last one, which is the one that becomes a field.
local function last_tag(record, name)
  if never_field[name] ~= nil then
    open(record)
  end
  for at = #record - 1, FIRST, -2 do
    if record[at] == name then
      return record[at + 1]
    end
  end
end

message.first_tag = first_tag
message.last_tag = last_tag

function lazy_tags.__index(tags, key)
  local record = tags[secret]
  for at = FIRST, #record, 2 do
    if record[at] == key then
      return record[at + 1]
    end
  end
  local value = never_field[key] ~= nil and first_tag(record, key)
  if value then
    return value
  end
  local alias = record[ALIAS]
  local name = alias and alias[key]
  if name then
    k.forgive_camel(key, name)
    return first_tag(record, name)
  end
end

-- As k.reply does it, for a message that sleeps: the last tag of a name is the field of that name.
local function reply_quickly(msg, record, answer)
  local to, reference, own, origin
  for at = FIRST, #record, 2 do
    local name = record[at]
    if name == "Reference" then
      own = record[at + 1]
    elseif name == "X-Reference" then
      reference = record[at + 1]
    elseif name == "Reply-To" then
      to = record[at + 1]
    elseif name == "X-Origin" then
      origin = record[at + 1]
    end
  end
  answer.Target = to or answer.Target or msg.From
  answer["X-Reference"] = reference or own
  if origin ~= nil or answer["X-Origin"] ~= nil then
    answer["X-Origin"] = origin
  end
  return k.ao.send(answer)
end

local function reply_of(msg, record)
  local function reply(answer)
    if type(answer) == "table" and getmetatable(answer) == nil and getmetatable(msg) == lazy_message then
      return reply_quickly(msg, record, answer)
    end
    return k.reply(msg, answer)
  end
  record[REPLY] = reply
  return reply
end

local function field_of(record, key)
  if not never_field[key] then
    local value = last_tag(record, key)
    if value ~= nil then
      return value
    end
  end
  local at = place[key]
  if at == nil then
    if key == "Forwarded-By" and record[FLAGS] & PUSHED ~= 0 then
      return record[OWNER]
    end
    return nil
  elseif at > FLAG then
    return record[FLAGS] & at - FLAG ~= 0
  elseif at > 0 then
    return record[at]
  end
  local value = open(record)[-at]
  if value == "" and key ~= "Target" then
    return nil
  end
  return value
end

message.field_of = field_of

function lazy_message.__index(msg, key)
  local record = msg[secret]
  if key == "reply" then
    return record[REPLY] or reply_of(msg, record)
  elseif key == "forward" then
    return record[FORWARD] or k.part("whole_message").forward_of(msg, record)
  elseif key == "TagArray" then
    return record[ARRAY] or k.part("whole_message").array_of(record)
  end
  local value = field_of(record, key)
  if value ~= nil then
    return value
  end
  local alias = record[ALIAS]
  local name = alias and alias[key]
  if name then
    value = field_of(record, name)
    if value ~= nil then
      k.forgive_camel(key, name)
    end
    return value
  end
end

local wakes = k.later({}, "whole_message", { "wake_message", "wake_tags" })
lazy[lazy_message], lazy[lazy_tags] = wakes.wake_message, wakes.wake_tags
lazy_message.__newindex, lazy_tags.__newindex = wake_first, wake_first

local function note_alias(record, spelling, name)
  if find(spelling, "%w%u") then
    local alias = record[ALIAS] or {}
    alias[spelling] = name
    record[ALIAS] = alias
  end
end

local docs = k.fidelity == "docs"

--- Make the message of a record. Names of tags are normalised in the record itself. The second value is
--- its Action, the third says that a tag of it is a weighty one.
function message.from_record(record)
  local action, heavy, first_action, reference, covers
  for at = FIRST, #record, 2 do
    local spelling = record[at]
    local name = title[spelling]
    if name ~= true then
      if name ~= spelling then
        record[at] = name
        if docs then
          note_alias(record, spelling, name)
        end
      end
      local weight = weighty[name]
      if name == Action then
        action = record[at + 1]
        first_action = first_action or action
      elseif weight == 1 then
        heavy = heavy or record[at + 1] == "application/json"
      elseif weight == 3 then
        covers = true -- a field of the message itself
      elseif weight == 4 then
        heavy = heavy or record[at + 1] == k.process_id
      elseif weight then
        reference = not reference and record[at + 1] or true
      end
    end
  end
  local tags = setmetatable({ [secret] = record }, lazy_tags)
  record[TAGS] = tags
  local msg = setmetatable({ [secret] = record, From = record[FROM], Data = record[DATA], Tags = tags }, lazy_message)
  current.message, current.record, current.action, current.first_action = msg, record, action, first_action
  current.reference, current.covers = reference, covers
  return msg, action, heavy
end

-- For the part that wakes messages.
message.secret, message.open, message.reply_of = secret, open, reply_of
message.place = place
