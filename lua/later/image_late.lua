--- image_late.lua: an image of a process that was not started as one with images.
--
-- What its runtime was made of is told by the text that image_template.lua has made in another runtime of the kind. Here
-- the objects of this one are found that stand for those: what is at the same place, is of the same kind, and has the
-- same code and variables. Whether all are found, and found right, decides about the size of the image alone: it says
-- what differs from the runtime at its start, whatever stands for what. Nothing of the process is run or changed.

local k = ...
local raw = k.raw
local type, rawget, rawset, pcall, tostring = raw.type, raw.rawget, raw.rawset, raw.pcall, raw.tostring
local dump, sub, unpack, byte = raw.string.dump, raw.string.sub, raw.string.unpack, raw.string.byte
local getupvalue, upvalueid, meta_of = raw.debug.getupvalue, raw.debug.upvalueid, raw.debug.getmetatable

local HEADER_SIZE = 33 -- as in image_boot.lua
local LEFT_OUT, TABLE, FUNCTION, HOST_FUNCTION = 0, 1, 2, 3
local NO_NAME = "(*no name)"

-- The template -----------------------------------------------------------------------------------------------------

local OBJECT, OTHER = {}, {} -- OBJECT: the keys of what stands for an object that is to be found

local stand_ins = {}

local function object(at)
  local known = stand_ins[at]
  if not known then
    known = { [OBJECT] = at }
    stand_ins[at] = known
  end
  return known
end

local function take_value(text, at)
  local kind = byte(text, at)
  at = at + 1
  if kind == 6 then
    local number
    number, at = unpack("<I2", text, at)
    return object(number), at
  elseif kind == 1 then
    return unpack("<s4", text, at)
  elseif kind == 2 then
    return unpack("<j", text, at)
  elseif kind == 3 then
    return unpack("<d", text, at)
  elseif kind == 7 then
    return OTHER, at
  elseif kind == 0 then
    return nil, at
  end
  return kind == 4, at
end

local function take_object(text, at)
  local kind = byte(text, at)
  at = at + 1
  local one, count = { kind = kind }, nil
  if kind == TABLE then
    one.meta, count, at = unpack("<I2I2", text, at)
    for i = 1, 2 * count do
      one[i], at = take_value(text, at)
    end
    one.size = 2 * count
  elseif kind == FUNCTION then
    one.code, count, at = unpack("<s4B", text, at)
    for place = 1, count do
      one[place], at = unpack("<I2", text, at)
    end
    one.size = count
  elseif kind == HOST_FUNCTION then
    one.address, at = unpack("<s1", text, at)
  end
  return one, at
end

local function read_template(text)
  local template, at, count = { objects = {}, values = {} }, nil, nil
  template.env, template.sandbox, template.workers, count, at = unpack("<I2I2I2I2", text)
  for number = 1, count do
    template.objects[number], at = take_object(text, at)
  end
  template.count = count
  count, at = unpack("<I2", text, at)
  for cell = 1, count do
    template.values[cell], at = take_value(text, at)
  end
  template.cell_count = count
  return template
end

-- Finding ----------------------------------------------------------------------------------------------------------

local template
local objects, number = {}, {} -- that were found: by number, and their numbers
local cell_ids, cells_by_id = {}, {}
local owners, owner_places = {}, {}
local functions, tables = {}, {} -- numbers of those whose contents have still to be followed
local by_objects = {} -- entries with keys that are objects: a table's number, the key's, the value's

local function same_variables(one, f)
  for place = 1, one.size do
    local cell, id = one[place], upvalueid(f, place)
    if (cell_ids[cell] or id) ~= id or (cells_by_id[id] or cell) ~= cell then
      return false
    end
  end
  return true
end

local function take_variables(one, f)
  for place = 1, one.size do
    local cell, id = one[place], upvalueid(f, place)
    if not cell_ids[cell] then
      cell_ids[cell], cells_by_id[id] = id, cell
      owners[cell], owner_places[cell] = f, place
    end
  end
end

-- See whether a value can stand for an object of the template.
local function try(wanted, value)
  local at = type(wanted) == "table" and rawget(wanted, OBJECT)
  if not at or objects[at] ~= nil or value == nil or number[value] then
    return
  end
  local one = template.objects[at]
  if one.kind == TABLE then
    if type(value) ~= "table" then
      return
    end
    tables[#tables + 1] = at
  elseif type(value) ~= "function" then
    return
  elseif one.kind == HOST_FUNCTION then
    if one.address ~= tostring(value) then
      return
    end
  else
    local known, code = pcall(dump, value, getupvalue(value, 1) == NO_NAME)
    if not known or code ~= one.code or not same_variables(one, value) then
      return
    end
    take_variables(one, value)
    functions[#functions + 1] = at
  end
  objects[at], number[value] = value, at
end

local function follow_function(at)
  local f, one = objects[at], template.objects[at]
  for place = 1, one.size do
    local _, value = getupvalue(f, place)
    try(template.values[one[place]], value)
  end
end

local function follow_table(at)
  local t, one = objects[at], template.objects[at]
  if one.meta > 0 then
    try(object(one.meta), meta_of(t))
  end
  for i = 1, one.size, 2 do
    local key = one[i]
    local place = type(key) == "table" and rawget(key, OBJECT)
    if not place then
      try(one[i + 1], rawget(t, key))
    elseif type(one[i + 1]) == "table" then
      by_objects[#by_objects + 1] = { table = at, key = place, value = one[i + 1] }
    end
  end
end

-- Variables first: nobody but the runtime changes what they lead to.
local function follow_all()
  local function_at, table_at = 0, 0
  repeat
    if function_at < #functions then
      function_at = function_at + 1
      follow_function(functions[function_at])
    else
      table_at = table_at + 1
      follow_table(tables[table_at])
    end
    local all = function_at == #functions and table_at == #tables
    if all then
      for i = 1, #by_objects do
        local entry = by_objects[i]
        if objects[entry.key] then
          try(entry.value, rawget(objects[entry.table], objects[entry.key]))
        end
      end
    end
  until all and function_at == #functions and table_at == #tables
end

-- What image_boot.lua would have noted -------------------------------------------------------------------------------

-- The value that this runtime has for one of the template.
local function own(value)
  local at = type(value) == "table" and rawget(value, OBJECT)
  if at then
    return objects[at]
  end
  return value
end

local function copy_of(one)
  local copy = {}
  for i = 1, one.size, 2 do
    copy[own(one[i])] = own(one[i + 1])
  end
  return copy
end

local function as_booted()
  local boot = { objects = objects, count = template.count, copies = {}, metas = {}, values = {}, other = OTHER }
  local found = {}
  for at = 1, template.count do
    local one = template.objects[at]
    found[at] = objects[at] ~= nil
    if one.kind == LEFT_OUT then
      objects[at] = false
    elseif not found[at] then
      objects[at] = {} -- nothing there is the same
    end
  end
  for at = 1, template.count do
    local one = template.objects[at]
    if one.kind == TABLE and found[at] then
      boot.copies[at] = copy_of(one)
      boot.metas[at] = one.meta > 0 and objects[one.meta] or nil
    end
  end
  for cell = 1, template.cell_count do
    boot.values[cell] = own(template.values[cell])
  end
  boot.cell_count = template.cell_count
  boot.env, boot.sandbox, boot.workers = objects[template.env], objects[template.sandbox], objects[template.workers]
  boot.header = sub(dump(function() end, true), 1, HEADER_SIZE)
  function boot.owners()
    return owners, owner_places
  end
  return boot
end

local late = {}

-- This part is not of the process, and gone when it has been used.
local function forget_itself()
  local place = 1
  local name, value = getupvalue(k.part, place)
  while name do
    if type(value) == "table" and rawget(value, "image_late") == late then
      rawset(value, "image_late", nil)
    end
    place = place + 1
    name, value = getupvalue(k.part, place)
  end
end

--- How many bytes the whole process takes, roughly.
function late.size()
  forget_itself()
  return raw.math.floor(raw.collectgarbage("count") * 1024)
end

local function run(code, ...)
  return raw.load(code, "=image", "b", {})(raw, ...)
end

--- The three texts of image_write.lua; or "refused", what is refused, and why. Given are the template, the code of
--- image_write, image_texts, image_keys and image_path, and the functions by which the host reaches the runtime.
function late.image(text, write, texts, keys, path, ...)
  forget_itself()
  template = read_template(text)
  for at = 1, raw.select("#", ...) do
    try(object(at), (raw.select(at, ...)))
  end
  try(object(raw.select("#", ...) + 1), meta_of(""))
  follow_all()
  local boot = as_booted()
  local shapes, contents, codes = run(write, boot, texts, keys)
  if shapes == "refused" then
    return shapes, run(path, boot), contents
  end
  return shapes, contents, codes
end

return late
