--- whole_message.lua: turns a sleeping message, or its Tags, into an ordinary table with all there is.

local k = ...
local raw, sandbox, message = k.raw, k.sandbox, k.message
local setmetatable, rawget, rawset = raw.setmetatable, raw.rawget, raw.rawset
local secret, open, current, never_field = message.secret, message.open, message.current, message.never_field
local field_of = message.field_of
local reply_of, type = message.reply_of, raw.type

local REPLY, FORWARD, ARRAY, ALIAS, FIRST = 2, 3, 4, 5, 15 -- places in a record

-- A table that knows the other spellings of its keys (docs fidelity); not a process's business.
local function with_aliases(t, record)
  local alias = record[ALIAS]
  if not alias then
    return setmetatable(t, nil)
  end
  local names = {
    __index = function(_, key)
      local name = alias[key]
      local value = name and rawget(t, name)
      if value ~= nil then
        k.forgive_camel(key, name)
      end
      return value
    end
  }
  sandbox.hidden[names] = true
  return setmetatable(t, names)
end

local function fill_tags(tags, record)
  open(record)
  for at = FIRST, #record, 2 do
    if rawget(tags, record[at]) == nil then
      rawset(tags, record[at], record[at + 1])
    end
  end
end

local function wake_tags(tags)
  local record = rawget(tags, secret)
  rawset(tags, secret, nil)
  if record == current.record then
    current.record = false
  end
  with_aliases(tags, record)
  fill_tags(tags, record)
end

--- msg.TagArray
local function array_of(record)
  open(record)
  local list, n = {}, 0
  for at = FIRST, #record, 2 do
    n = n + 1
    list[n] = { name = record[at], value = record[at + 1] }
  end
  record[ARRAY] = list
  return list
end

--- msg.forward
local function forward_of(msg, record)
  local function forward(target, changes)
    return k.forward(msg, target, changes)
  end
  record[FORWARD] = forward
  return forward
end

--- msg.reply(t), of a message that is no longer asleep
local function reply(msg, t)
  if t == nil or type(t) == "string" then
    k.refuse_reply(t)
  end
  t.Target = msg["Reply-To"] or t.Target or msg.From
  t["X-Reference"] = msg["X-Reference"] or msg.Reference
  t["X-Origin"] = msg["X-Origin"]
  return k.ao.send(t)
end

local field_names = { "Forwarded-By" }
for name in raw.next, message.place do
  field_names[#field_names + 1] = name
end

local function wake_message(msg)
  local record = rawget(msg, secret)
  rawset(msg, secret, nil)
  if record == current.record then
    current.record = false
  end
  with_aliases(msg, record)
  open(record)
  for at = FIRST, #record, 2 do
    local name = record[at]
    if not never_field[name] then
      rawset(msg, name, record[at + 1])
    end
  end
  for i = 1, #field_names do
    local name = field_names[i]
    if rawget(msg, name) == nil then
      rawset(msg, name, field_of(record, name))
    end
  end
  rawset(msg, "TagArray", record[ARRAY] or array_of(record))
  rawset(msg, "reply", record[REPLY] or reply_of(msg, record))
  rawset(msg, "forward", record[FORWARD] or forward_of(msg, record))
end

return {
  wake_tags = wake_tags, wake_message = wake_message, array_of = array_of, forward_of = forward_of, reply = reply
}
