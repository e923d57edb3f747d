--- image_read.lua: puts the state that an image holds into a runtime that has just been started.
--
-- Called as chunk(raw, boot, shapes, contents, codes), the texts that image_write.lua made, for a runtime that was
-- started as that one was. First all objects are made, then they are filled.

local raw, boot, shapes, contents, codes = ...
local next, rawset, load, unpack = raw.next, raw.rawset, raw.load, raw.table.unpack
local byte, char, dump, pack, rep, sub, unpack_text =
  raw.string.byte, raw.string.char, raw.string.dump, raw.string.pack, raw.string.rep, raw.string.sub, raw.string.unpack
local setmetatable, setupvalue, upvaluejoin = raw.debug.setmetatable, raw.debug.setupvalue, raw.debug.upvaluejoin
local getupvalue, create = raw.debug.getupvalue, raw.coroutine.create
local resume, wrap = raw.coroutine.resume, raw.coroutine.wrap

local objects, count = {}, boot.count
for i = 1, count do
  objects[i] = boot.objects[i]
end

-- Code ------------------------------------------------------------------------------------------------------------

local code_list = {}
do
  local at, n = 1, 0
  while at <= #codes do
    n = n + 1
    code_list[n], at = unpack_text("<s4", codes, at)
  end
end

-- Functions made from one piece of code share it, as they do where a function makes functions. A piece that is used
-- again gets such a maker: a function of three instructions with that piece in it. Which variables a function takes
-- from the registers of its maker, and which from the variables of its maker, the code says; here they need only exist.

local function behind_text(code, at)
  local size = byte(code, at)
  if size == 255 then
    size, at = unpack_text("<I8", code, at + 1)
    return at + size - 1
  end
  return at + (size == 0 and 1 or size)
end

local constant_sizes = { [0] = 0, [1] = 1, [3] = 8, [19] = 8 } -- nil, boolean, float, integer

-- For each variable of a function: whether it is a register of its maker, and its number there.
local function origins_of(code)
  local count, at = unpack_text("<i4", code, behind_text(code, 2) + 11)
  count, at = unpack_text("<i4", code, at + 4 * count)
  for _ = 1, count do
    local size = constant_sizes[byte(code, at)]
    at = size and at + 1 + size or behind_text(code, at + 1)
  end
  count, at = unpack_text("<i4", code, at)
  local origins = {}
  for i = 1, count do
    origins[i] = { register = byte(code, at) == 1, number = byte(code, at + 1) }
    at = at + 2
  end
  return origins
end

local MAKE = sub(dump(function() return function() end end, true), #boot.header + 14, #boot.header + 29)

local function new_maker(code)
  local registers, variables, outside = 0, 0, {}
  for place, origin in next, origins_of(code) do
    if origin.register then
      registers = origin.number > registers and origin.number or registers
    else
      variables = origin.number >= variables and origin.number + 1 or variables
      outside[#outside + 1] = place
    end
  end
  local text = boot.header .. char(variables) .. "\0" .. rep("\0", 10) .. char(registers + 2) .. MAKE .. rep("\0", 4)
    .. pack("<i4", variables) .. rep("\1\0", variables) .. pack("<i4", 1) .. sub(code, 2) .. rep("\0", 12)
  return { make = load(text, "=image", "b", nil), outside = outside }
end

local function new_cell()
  local value = nil
  return function()
    return value
  end
end

local makers = {} -- by number of code; true when it has been used once

local function new_function(number)
  local code, maker = code_list[number], makers[number]
  if not maker or byte(code) == 0 then -- without variables Lua would return the same function again
    makers[number] = true
    return load(boot.header .. code, "=image", "b", nil)
  elseif maker == true then
    maker = new_maker(code)
    makers[number] = maker
  end
  local f = maker.make()
  for i = 1, #maker.outside do -- the maker's own, so far: each function must have its own
    upvaluejoin(f, maker.outside[i], new_cell(), 1)
  end
  return f
end

-- Numbers and values ----------------------------------------------------------------------------------------------

local text, at = shapes, 1

local function take_count()
  local first = byte(text, at)
  if first < 240 then
    at = at + 1
    return first
  elseif first < 255 then
    local second = byte(text, at + 1)
    at = at + 2
    return 240 + (first - 240) * 256 + second
  end
  local n = unpack_text("<I4", text, at + 1)
  at = at + 5
  return n
end

local KNOWN_SIZE_MIN, KNOWN_SIZE_MAX, KNOWN_MAX = 2, 64, 16000
local known_texts, known_count = {}, 0
local SMALL = 64

local function take_short_text()
  local value
  value, at = unpack_text("<s1", text, at)
  local size = #value
  if size <= KNOWN_SIZE_MAX and size >= KNOWN_SIZE_MIN then
    if known_count == KNOWN_MAX then
      known_texts, known_count = {}, 0
    end
    known_count = known_count + 1
    known_texts[known_count] = value
  end
  return value
end

local formats = { [6] = "<s4", [7] = "<i1", [8] = "<i2", [9] = "<i4", [10] = "<i8", [11] = "<d", [13] = "<s1" }

local function take()
  local tag = byte(text, at)
  at = at + 1
  if tag >= SMALL then
    return tag - SMALL
  elseif tag == 5 then
    return take_short_text()
  elseif tag == 4 then
    return known_texts[take_count()]
  elseif tag == 3 then
    return objects[take_count()]
  elseif tag < 3 then
    if tag == 0 then
      return nil
    end
    return tag == 2
  elseif tag == 12 then
    return boot.header .. code_list[take_count()]
  end
  local value
  value, at = unpack_text(formats[tag], text, at)
  return value
end

-- Making ----------------------------------------------------------------------------------------------------------

local lengths, functions = {}, {} -- of the tables that were made, by number; which were made from code

-- Tables are made with the room for what they will hold. So nothing is moved while they are filled, and a list has the
-- length it had, holes or not: `{...}` has as many places as there are values, and the maker below, which is
-- that with another first instruction, as many entries beside them as it says.
local MAKE_LIST = dump(function(...) return {...} end, true)
local FIRST_INSTRUCTION = #boot.header + 18
local PLACES_MAX = 200000

-- A size as Lua's instructions have it, five bits of exponent and three of mantissa; rounded up.
local function rounded(size)
  local exponent = 0
  if size < 8 then
    return size
  end
  while size >= 16 do
    size, exponent = (size + 1) >> 1, exponent + 1
  end
  return (exponent + 1) << 3 | size - 8
end

local list_makers = {} -- by the size of what is beside the list

local function list_maker(size)
  local make = list_makers[size]
  if not make then
    local instruction = unpack_text("<I4", MAKE_LIST, FIRST_INSTRUCTION)
    make = load(sub(MAKE_LIST, 1, FIRST_INSTRUCTION - 1) .. pack("<I4", instruction | size << 14)
      .. sub(MAKE_LIST, FIRST_INSTRUCTION + 4), "=image", "b", nil)
    list_makers[size] = make
  end
  return make
end

local places, place_count = {}, 0

local function new_table(length, entries)
  if length == 0 and entries == 0 then
    return {}
  elseif length > PLACES_MAX then
    length = 0
  end
  while place_count < length do
    place_count = place_count + 1
    places[place_count] = false
  end
  return list_maker(rounded(entries))(unpack(places, 1, length))
end

local function ended() end

local function make_objects()
  local metas = {}
  local changed = take_count()
  while changed ~= 0 do
    metas[#metas + 1], metas[#metas + 2] = changed, take_count()
    changed = take_count()
  end
  while at <= #text do
    count = count + 1
    local kind = byte(text, at)
    at = at + 1
    if kind == 116 then -- t
      lengths[count] = take_count()
      objects[count] = new_table(lengths[count], take_count())
      local meta = take_count()
      if meta ~= 0 then
        metas[#metas + 1], metas[#metas + 2] = count, meta
      end
    elseif kind == 102 then -- f
      objects[count], functions[count] = new_function(take_count()), true
    elseif kind == 100 then -- d
      local thread = create(ended)
      resume(thread)
      objects[count] = thread
    else
      local f = wrap(ended)
      f()
      objects[count] = f
    end
  end
  -- As long as they are empty: a field that Lua looks at when a metatable is set may have come later.
  for i = 1, #metas, 2 do
    setmetatable(objects[metas[i]], objects[metas[i + 1]])
  end
end

-- Filling ---------------------------------------------------------------------------------------------------------

local function fill_entries(t)
  for _ = 1, take_count() do
    local key = take()
    rawset(t, key, (take()))
  end
end

local function fill_changed_tables()
  local changed = take_count()
  while changed ~= 0 do
    fill_entries(objects[changed])
    changed = take_count()
  end
end

local owners, owner_places = boot.owners()
local cell_count = boot.cell_count

local function fill_changed_cells()
  local changed = take_count()
  while changed ~= 0 do
    setupvalue(owners[changed], owner_places[changed], (take()))
    changed = take_count()
  end
end

local function fill_function(f)
  local place = 1
  while getupvalue(f, place) do
    local cell = take_count()
    if cell > cell_count then
      cell_count = cell
      owners[cell], owner_places[cell] = f, place
      setupvalue(f, place, (take()))
    else
      upvaluejoin(f, place, owners[cell], owner_places[cell])
    end
    place = place + 1
  end
end

local function fill_objects()
  for number = boot.count + 1, count do
    local object, length = objects[number], lengths[number]
    if length then
      for i = 1, length do
        rawset(object, i, (take()))
      end
      fill_entries(object)
    elseif functions[number] then
      fill_function(object)
    end
  end
end

make_objects()
text, at = contents, 1
fill_changed_tables()
fill_changed_cells()
fill_objects()
fill_changed_tables()
