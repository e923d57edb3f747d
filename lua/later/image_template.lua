--- image_template.lua: what a runtime is made of right after its start, as a text: for image_late.lua in others.
--
-- Called as chunk(raw, boot), with what image_boot.lua has noted. The text has the numbers of three tables (the globals,
-- the sandbox, the workers), how many objects there are, each of them, how many variables functions have, the value of
-- each. An object is a byte and: 1 a table, with the number of its metatable (0 for none), how many entries it has, and
-- these; 2 a function, with its code, how many variables it has, and the number of each; 3 a function of the host's, with
-- its address, which is the same in all of this host's runtimes. 0 is one that is left out. A value is a byte and: 1 a
-- text, 2 an integer, 3 a float, 6 an object by its number; 4 is true, 5 false, 7 what is left out, 0 nil.

local raw, boot = ...
local next, type, tostring, pack = raw.next, raw.type, raw.tostring, raw.string.pack
local concat, dump, math_type = raw.table.concat, raw.string.dump, raw.math.type
local getupvalue, upvalueid, pcall = raw.debug.getupvalue, raw.debug.upvalueid, raw.pcall

local number = {}
for at = 1, boot.count do
  if boot.objects[at] then
    number[boot.objects[at]] = at
  end
end

local function value_text(value)
  local kind = type(value)
  if value == boot.other then
    return "\7"
  elseif kind == "string" then
    return pack("<Bs4", 1, value)
  elseif math_type(value) == "integer" then
    return pack("<Bj", 2, value)
  elseif kind == "number" then
    return pack("<Bd", 3, value)
  elseif kind == "boolean" then
    return value and "\4" or "\5"
  elseif kind == "nil" then
    return "\0"
  end
  return number[value] and pack("<BI2", 6, number[value]) or "\7"
end

local cells, owners, places = {}, boot.owners()
for cell = 1, boot.cell_count do
  cells[upvalueid(owners[cell], places[cell])] = cell
end

local function table_text(at)
  local entries = {}
  for key, value in next, boot.copies[at] or {} do
    local key_text = value_text(key)
    if key_text ~= "\7" then
      entries[#entries + 1] = key_text .. value_text(value)
    end
  end
  local meta = boot.metas[at]
  return pack("<BI2I2", 1, meta and number[meta] or 0, #entries) .. concat(entries)
end

local function function_text(f)
  local known, code = pcall(dump, f, true)
  if not known then
    return pack("<Bs1", 3, tostring(f))
  end
  local numbers, place = {}, 1
  while getupvalue(f, place) do
    numbers[place] = pack("<I2", cells[upvalueid(f, place)])
    place = place + 1
  end
  return pack("<Bs4B", 2, code, #numbers) .. concat(numbers)
end

local texts = { pack("<I2I2I2I2", number[boot.env], number[boot.sandbox], number[boot.workers], boot.count) }
for at = 1, boot.count do
  local object = boot.objects[at]
  texts[at + 1] = not object and "\0" or type(object) == "table" and table_text(at) or function_text(object)
end
texts[#texts + 1] = pack("<I2", boot.cell_count)
for cell = 1, boot.cell_count do
  texts[#texts + 1] = value_text(boot.values[cell])
end
return concat(texts)
