--- odd_sends.lua: the records of sends that are more than a few texts, and of spawns.

local k = ...
local raw, sandbox, outbox = k.raw, k.sandbox, k.outbox
local type, next, getmetatable, error = raw.type, raw.next, raw.getmetatable, raw.error
local sort = raw.table.sort
local not_tags, delays = outbox.not_tags, outbox.delays

local odd_sends = {}

-- What is no text goes to the host with more ado; the place is that of the author's line.
local function note_odd(record)
  if not record.odd then
    record.odd, outbox.odd = true, true
    record.place = sandbox.where()
  end
end

local function append_pair(record, name, value)
  local n = #record
  record[n + 1], record[n + 2] = name, value
  if delays[name] then
    k.forgive("deliver-later", name, name .. " delays a message here only")
  end
  if type(name) ~= "string" or type(value) ~= "string" then
    note_odd(record)
  end
end

local function append_all(record, t)
  for name, value in sandbox.next, t do
    if not not_tags[name] then
      append_pair(record, name, value)
    end
  end
end

-- Names of text are sorted by bytes; others come as the sandbox orders them.
local function append_fields(record, t)
  local names, n = {}, 0
  for name in next, t do
    if type(name) ~= "string" then
      return append_all(record, t)
    elseif not not_tags[name] then
      n = n + 1
      names[n] = name
    end
  end
  sort(names)
  for i = 1, n do
    append_pair(record, names[i], t[names[i]])
  end
end

local function is_list(tags)
  for key in next, tags do
    if type(key) ~= "number" or key ~= raw.math.floor(key) or key < 1 or key > raw.rawlen(tags) then
      return false
    end
  end
  return true
end

local function append_tags(record, tags)
  if tags == nil or tags == false then
    return
  end
  if type(tags) ~= "table" then
    error("[string \"ao\"]:268: bad argument #1 to 'for iterator' (table expected, got " .. type(tags) .. ")", 0)
  end
  k.wake(tags)
  if not is_list(tags) then
    for name, value in sandbox.next, tags do
      append_pair(record, name, value)
    end
    return
  end
  for i = 1, raw.rawlen(tags) do
    local tag = tags[i]
    if type(tag) == "table" and tag.name ~= nil then
      append_pair(record, tag.name, tag.value)
    else
      append_pair(record, outbox, tag) -- no pair: handed through as it is
    end
  end
end

--- Everything of `t` that leaves as a tag, appended to a record.
function odd_sends.collect(record, t)
  if getmetatable(t) ~= nil then
    append_all(record, t)
  else
    append_fields(record, t)
  end
  if t.Tags ~= nil then
    append_tags(record, t.Tags)
  end
  return record
end

--- Start a record. Target and Data that are absent are false in it.
function odd_sends.record(target, data)
  local record = { target, data, "" }
  if target == nil then
    record[1] = false
  elseif type(target) ~= "string" then
    record.target = target
    note_odd(record)
  end
  if data == nil then
    record[2] = false
  elseif type(data) ~= "string" then
    record.data = data
    note_odd(record)
  end
  return record
end

return odd_sends
