--- image_boot.lua: what a runtime is made of right after its start, numbered, so that an image need not say it.
--
-- Called with the table of globals in a fresh Lua, before the runtime is started in it. Returns `begin`, which is given
-- the way through the objects (see image_plan.lua) and the functions of the started runtime, and `run`, which runs the
-- code of image_plan, image_write and image_read.

local globals = ...
local raw = {}
for _, name in globals.ipairs({ "string", "table", "coroutine", "debug", "math" }) do
  raw[name] = {}
  for key, value in globals.next, globals[name] do
    raw[name][key] = value
  end
end
for name in globals.string.gmatch("error load next pcall rawequal rawget rawlen rawset select tostring type", "%a+") do
  raw[name] = globals[name]
end

local next, type, rawget, unpack = raw.next, raw.type, raw.rawget, raw.string.unpack
local meta_of, getupvalue = raw.debug.getmetatable, raw.debug.getupvalue

--- objects: the tables and functions, by number, false for those left out. copies, metas: what was in the tables.
--- values: what was in the variables of functions; cells: where those are, as a text. other: stands for what has no
--- number.
local boot = { objects = {}, count = 0, copies = {}, metas = {}, values = {}, other = {} }
local objects, copies, values = boot.objects, boot.copies, boot.values

-- What a host's Lua puts in front of every precompiled function.
local HEADER_SIZE = 33
boot.header = raw.string.sub(raw.string.dump(function() end, true), 1, HEADER_SIZE)

local META, VARIABLE, TEXT, INTEGER = 1, 2, 3, 4 -- kinds of edges

local function reached(from, kind, key)
  if kind == VARIABLE then
    local _, value = getupvalue(from, raw.string.byte(key))
    return value
  elseif kind == TEXT then
    return rawget(from, key)
  elseif kind == META then
    return meta_of(from)
  elseif kind == INTEGER then
    return rawget(from, (unpack("<j", key)))
  end
  return rawget(from, objects[unpack("<I2", key)])
end

local function number_objects(edges)
  local at, count = 1, boot.count
  while at <= #edges do
    local from, kind, key
    from, kind, key, at = unpack("<I2Bs1", edges, at)
    count = count + 1
    objects[count] = reached(objects[from], kind, key)
  end
  boot.count = count
end

local function copy_tables(left)
  for at = 1, boot.count do
    local t = objects[at]
    if type(t) == "table" then
      local copy = nil
      for key, value in next, t do
        copy = copy or {}
        if left[value] then
          value = boot.other
        end
        copy[key] = value
      end
      copies[at], boot.metas[at] = copy, meta_of(t)
      if rawget(t, "_G") == t then
        boot.env = t
      elseif rawget(t, "serials") and rawget(t, "serial_last") then
        boot.sandbox = t
      elseif rawget(t, "workers") and rawget(t, "sandbox") then
        boot.workers = t.workers
      end
    end
  end
end

local function copy_values(cells, left)
  local count = 0
  for at = 1, #cells, 3 do
    local owner, place = unpack("<I2B", cells, at)
    local _, value = getupvalue(objects[owner], place)
    count = count + 1
    if left[value] then
      value = boot.other
    end
    values[count] = value
  end
  boot.cells, boot.cell_count = cells, count
end

--- Given the way and the functions by which the host reaches the runtime, note all that is behind them.
local function begin(edges, cells, left_out, ...)
  for i = 1, raw.select("#", ...) do
    objects[i] = (raw.select(i, ...))
  end
  boot.count = raw.select("#", ...) + 1
  objects[boot.count] = meta_of("")
  number_objects(edges)
  local left = {}
  for at = 1, #left_out, 2 do
    local number = unpack("<I2", left_out, at)
    left[objects[number]] = number
  end
  copy_tables(left)
  copy_values(cells, left)
  for _, number in next, left do
    objects[number], copies[number] = false, nil
  end
end

--- The function and the place in it where each of its variables was met first, by number.
function boot.owners()
  local owners, owner_places, count = {}, {}, 0
  for at = 1, #boot.cells, 3 do
    count = count + 1
    owners[count], owner_places[count] = unpack("<I2B", boot.cells, at)
    owners[count] = objects[owners[count]]
  end
  return owners, owner_places
end

return begin, function(code, ...)
  return raw.load(code, "=image", "b", {})(raw, boot, ...)
end
