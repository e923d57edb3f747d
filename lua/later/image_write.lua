--- image_write.lua: the state of a process as bytes: what differs from the runtime as it was at its start, and all that
--- has been made since.
--
-- Called as chunk(raw, boot, code of image_texts, code of image_keys). Returns three texts: the shapes of the new
-- objects, their contents, and the code of the functions; or "refused" and what is wrong with an object that cannot be
-- written down. Nothing of the process is run or changed. Equal states give equal bytes: objects are numbered as they
-- are met, and keys are walked in order.

local raw, boot, texts_code, keys_code = ...
local next, type, rawget, rawequal, rawlen, error = raw.next, raw.type, raw.rawget, raw.rawequal, raw.rawlen, raw.error
local dump, find, format, pack, sub =
  raw.string.dump, raw.string.find, raw.string.format, raw.string.pack, raw.string.sub
local concat, sort, pcall = raw.table.concat, raw.table.sort, raw.pcall
local meta_of, getupvalue, upvalueid = raw.debug.getmetatable, raw.debug.getupvalue, raw.debug.upvalueid
local getinfo, status = raw.debug.getinfo, raw.coroutine.status

local objects, number, count = {}, {}, boot.count
for i = 1, count do
  objects[i] = boot.objects[i]
  if objects[i] then
    number[objects[i]] = i
  end
end

-- Handlers run in coroutines that are used again. One that is at rest is not part of the state: another is made. To
-- whoever still knows the coroutine, what ran in it has ended.
local at_rest = {}
for thread, worker in next, boot.workers do
  if status(thread) == "suspended" and not worker.kept and not worker.listed then
    at_rest[worker] = true
  end
end

-- Values ----------------------------------------------------------------------------------------------------------

local texts = raw.load(texts_code, "=image", "b", {})(raw, boot)
local count_text, number_text, string_text, number_code = texts.count, texts.number, texts.string, texts.number_code
local NIL, FALSE, TRUE, OBJECT = "\0", "\1", "\2", "\3"

-- The number of an object, 0 for one that is left out.
local function reference(object)
  local known = number[object]
  if not known then
    if at_rest[object] then
      return 0
    end
    count = count + 1
    objects[count], number[object] = object, count
    return count
  end
  return known
end

local function text_of(value)
  local kind = type(value)
  if kind == "string" then
    return string_text(value)
  elseif kind == "number" then
    return number_text(value)
  elseif kind == "boolean" then
    return value and TRUE or FALSE
  elseif kind == "nil" then
    return NIL
  end
  local known = reference(value)
  return known == 0 and NIL or OBJECT .. count_text(known)
end

local function is_object(value)
  local kind = type(value)
  return kind == "table" or kind == "function" or kind == "thread" or kind == "userdata"
end

-- Output ----------------------------------------------------------------------------------------------------------

local shapes, shape_size = {}, 0
local contents, content_size, pieces = {}, 0, {}

local function shape(text)
  shape_size = shape_size + 1
  shapes[shape_size] = text
end

local PIECE = 10000

local function put_aside()
  pieces[#pieces + 1] = concat(contents, "", 1, content_size)
  content_size = 0
end

local function write(text)
  content_size = content_size + 1
  contents[content_size] = text
  if content_size == PIECE then
    put_aside()
  end
end

-- Refusing --------------------------------------------------------------------------------------------------------

local refused = {} -- thrown
local culprit, reason

local function refuse(object, why)
  culprit, reason = object, why
  error(refused, 0)
end

-- Tables ----------------------------------------------------------------------------------------------------------

local NONE = {}
local keys_of = raw.load(keys_code, "=image", "b", {})(raw, at_rest)
local changed, kept, plain_keys, changed_keys = keys_of.changed, keys_of.kept, keys_of.plain, keys_of.changed_keys
local late = {} -- tables with keys that are objects: what hangs on those is written at the end

local LARGE = 1000

local function write_entries(t, keys)
  write(count_text(#keys))
  local size, large = content_size, #keys > LARGE
  for i = 1, #keys do
    local key = keys[i]
    contents[size + 1] = large and type(key) == "string" and texts.key(key) or text_of(key)
    contents[size + 2] = text_of(rawget(t, key))
    size = size + 2
    if size >= PIECE then
      content_size = size
      put_aside()
      size = 0
    end
  end
  content_size = size
end

local serials = rawget(boot.sandbox, "serials")
local orders = rawget(boot.sandbox, "orders") -- of keys, remembered: found again when a loop asks

local function is_weak(t)
  local meta = meta_of(t)
  local mode = meta and rawget(meta, "__mode")
  return type(mode) == "string" and find(mode, "k", 1, true) ~= nil
end

local function note_late(t, at, before)
  if not rawequal(t, orders) then
    late[#late + 1] = { table = t, at = at, before = before, weak = is_weak(t) }
  end
end

local function meta_number(t)
  local meta = meta_of(t)
  return meta and reference(meta) or 0
end

local function write_table(t, at)
  local length = rawlen(t)
  local keys, object_count = plain_keys(t, length)
  shape("t")
  shape(count_text(length))
  shape(count_text(#keys + (is_weak(t) and 0 or object_count))) -- what a weak table holds is up to the collector
  shape(count_text(meta_number(t)))
  for i = 1, length do
    write(text_of(rawget(t, i)))
  end
  write_entries(t, keys)
  if object_count > 0 then
    note_late(t, at, NONE)
  end
end

-- Functions and coroutines ----------------------------------------------------------------------------------------

local NO_NAME = "(*no name)"
local cells, cell_count = {}, boot.cell_count
local owners, owner_places = boot.owners()
for cell = 1, cell_count do
  if owners[cell] then -- image_late.lua may not have found it
    cells[upvalueid(owners[cell], owner_places[cell])] = cell
  end
end

local function write_cells(f)
  local place = 1
  local name, value = getupvalue(f, place)
  while name do
    local id = upvalueid(f, place)
    local cell = cells[id]
    if cell then
      write(count_text(cell))
    else
      cell_count = cell_count + 1
      cells[id] = cell_count
      write(count_text(cell_count))
      write(text_of(value))
    end
    place = place + 1
    name, value = getupvalue(f, place)
  end
end

local function write_function(f)
  -- Ours carry no names; with an empty list of them the host would not know the code again.
  local known, code = pcall(dump, f, getupvalue(f, 1) == NO_NAME)
  if known then
    shape("f")
    shape(count_text(number_code(sub(code, #boot.header + 1))))
    write_cells(f)
    return
  end
  local _, thread = getupvalue(f, 1)
  if type(thread) ~= "thread" then
    refuse(f, "is an iterator of a C function, as string.gmatch makes them")
  elseif status(thread) ~= "dead" then
    refuse(f, "is a coroutine.wrap that has not ended")
  end
  shape("w")
end

local function write_thread(thread)
  local state = status(thread)
  if state == "dead" or at_rest[boot.workers[thread]] then
    shape("d")
  elseif boot.workers[thread] then
    refuse(thread, "is a handler that waits for a message")
  elseif state == "suspended" and not getinfo(thread, 0) then
    refuse(thread, "is a coroutine that has not begun")
  else
    refuse(thread, "is a coroutine that is suspended")
  end
end

local done = boot.count -- how many objects have been written

local function write_objects()
  while done < count do
    done = done + 1
    local object = objects[done]
    local kind = type(object)
    if kind == "table" then
      write_table(object, done)
    elseif kind == "function" then
      write_function(object)
    elseif kind == "thread" then
      write_thread(object)
    else
      refuse(object, "is a userdata")
    end
  end
end

-- Keys that are objects -------------------------------------------------------------------------------------------

local function by_number(a, b)
  return number[a] < number[b]
end

-- Give numbers to what hangs on keys that have one. True when there was anything.
local function follow_keys(entry)
  local keys, n = {}, 0
  for key, value in next, entry.table do
    if is_object(value) and not number[value] and not at_rest[value] and is_object(key) and number[key] then
      n = n + 1
      keys[n] = key
    end
  end
  sort(keys, by_number)
  for i = 1, n do
    reference(rawget(entry.table, keys[i]))
  end
  return n > 0
end

local function plain_text(value)
  return is_object(value) and type(value) or format("%q", value)
end

-- What tells an object from others without its identity: in that order keys get numbers that nothing else leads to.
local function likeness(object)
  if not is_object(object) then
    return plain_text(object)
  end
  local parts = { pack(">I8", serials[object] or 0) }
  if type(object) == "table" then
    for key, value in next, object do
      parts[#parts + 1] = plain_text(key) .. "=" .. plain_text(value)
    end
    sort(parts)
  elseif type(object) == "function" then
    local known, code = pcall(dump, object)
    parts[2] = known and code or ""
    local place = 1
    local name, value = getupvalue(object, place)
    while name do
      parts[#parts + 1] = plain_text(value)
      place = place + 1
      name, value = getupvalue(object, place)
    end
  end
  return concat(parts, "\0")
end

-- Give numbers to the keys of a table that holds them itself. True when there were any.
local function hold_keys(entry)
  local keys, likenesses, n = {}, {}, 0
  for key, value in next, entry.table do
    if is_object(key) and not number[key] and not at_rest[key] then
      n = n + 1
      keys[n], likenesses[key] = key, likeness(key) .. likeness(value)
    end
  end
  sort(keys, function(a, b)
    return likenesses[a] < likenesses[b]
  end)
  for i = 1, n do
    reference(keys[i])
  end
  return n > 0
end

local function hold_some_keys()
  for i = 1, #late do
    if not late[i].weak and hold_keys(late[i]) then
      return true
    end
  end
  return false
end

local function write_everything_reached()
  repeat
    write_objects()
    local more = false
    for i = 1, #late do
      more = follow_keys(late[i]) or more
    end
    more = more or done < count or hold_some_keys()
  until not more
end

local function write_late(entry)
  local t, before, keys, n = entry.table, entry.before, {}, 0
  for key, value in next, t do
    if is_object(key) and number[key] and changed(before[key], kept(value)) then
      n = n + 1
      keys[n] = key
    end
  end
  for key in next, before do
    if is_object(key) and rawequal(rawget(t, key), nil) then
      n = n + 1
      keys[n] = key
    end
  end
  if n == 0 then
    return
  end
  sort(keys, by_number)
  write(count_text(entry.at))
  write_entries(t, keys)
end

-- The runtime -----------------------------------------------------------------------------------------------------

local function write_changed_tables()
  for at = 1, boot.count do
    local t = objects[at]
    if type(t) == "table" then
      if not rawequal(meta_of(t), boot.metas[at]) then
        shape(count_text(at))
        shape(count_text(meta_number(t)))
      end
      local before = boot.copies[at] or NONE
      local keys, objects_too = changed_keys(t, before)
      if keys[1] ~= nil then
        write(count_text(at))
        write_entries(t, keys)
      end
      if objects_too then
        note_late(t, at, before)
      end
    end
  end
  shape(count_text(0))
  write(count_text(0))
end

local function write_changed_cells()
  for cell = 1, boot.cell_count do
    if owners[cell] then
      local _, value = getupvalue(owners[cell], owner_places[cell])
      if changed(boot.values[cell], kept(value)) then
        write(count_text(cell))
        write(text_of(value))
      end
    end
  end
  write(count_text(0))
end

local function write_all()
  write_changed_tables()
  write_changed_cells()
  write_everything_reached()
  for i = 1, #late do
    write_late(late[i])
  end
  write(count_text(0))
end

local written, problem = pcall(write_all)
if not written then
  if not rawequal(problem, refused) then
    error(problem, 0)
  end
  boot.culprit = culprit -- for image_path.lua
  return "refused", reason
end
put_aside()
return concat(shapes), concat(pieces), concat(texts.codes)
