--- bit32.lua: the 32-bit operations of Lua 5.2, which the reference module's Lua still has.

local lib = ...
local raw = lib.raw
local error, math_type, select, tonumber, type = raw.error, raw.math.type, raw.select, raw.tonumber, raw.type
local tointeger = raw.math.tointeger

local MASK = 0xFFFFFFFF

-- Like Lua's own functions these blame the caller's line: four levels up from here
-- (bad_argument, integer, the function of the library, the caller).
local function bad_argument(position, name, reason)
  return error("bad argument #" .. position .. " to '" .. name .. "' (" .. reason .. ")", 4)
end

-- The argument as a 64-bit integer; numeric text is fine, a fraction is not.
local function integer(value, position, name)
  if math_type(value) == "integer" then
    return value
  end
  local kind = type(value)
  local number = (kind == "number" or kind == "string") and tonumber(value)
  if not number then
    bad_argument(position, name, "number expected, got " .. (kind == "nil" and "no value" or kind))
  end
  return tointeger(number) or bad_argument(position, name, "number has no integer representation")
end

local bit32 = {}

function bit32.band(...)
  local result = MASK
  for position = 1, select("#", ...) do
    result = result & integer((select(position, ...)), position, "band")
  end
  return result
end

function bit32.bor(...)
  local result = 0
  for position = 1, select("#", ...) do
    result = result | integer((select(position, ...)), position, "bor")
  end
  return result & MASK
end

function bit32.bxor(...)
  local result = 0
  for position = 1, select("#", ...) do
    result = result ~ integer((select(position, ...)), position, "bxor")
  end
  return result & MASK
end

function bit32.btest(...)
  local result = MASK
  for position = 1, select("#", ...) do
    result = result & integer((select(position, ...)), position, "btest")
  end
  return result ~= 0
end

function bit32.bnot(x)
  local value = integer(x, 1, "bnot")
  return ~value & MASK
end

-- Lua's own shifts give 0 from 64 places on and turn round for negative ones; the mask does the rest.
function bit32.lshift(x, places)
  local value, by = integer(x, 1, "lshift") & MASK, integer(places, 2, "lshift")
  return (value << by) & MASK
end

function bit32.rshift(x, places)
  local value, by = integer(x, 1, "rshift") & MASK, integer(places, 2, "rshift")
  return (value >> by) & MASK
end

function bit32.arshift(x, places)
  local value, by = integer(x, 1, "arshift") & MASK, integer(places, 2, "arshift")
  if by < 0 or value < 0x80000000 then
    return (value >> by) & MASK
  end
  if by > 31 then
    return MASK
  end
  return value >> by | ~(MASK >> by) & MASK
end

local function rotated(value, by)
  by = by & 31
  return (value << by | value >> 32 - by) & MASK
end

function bit32.lrotate(x, places)
  local value, by = integer(x, 1, "lrotate") & MASK, integer(places, 2, "lrotate")
  return rotated(value, by)
end

function bit32.rrotate(x, places)
  local value, by = integer(x, 1, "rrotate") & MASK, integer(places, 2, "rrotate")
  return rotated(value, -by)
end

-- Three levels up here: field_mask, the function of the library, the caller.
local function field_mask(field, width, position, name)
  if field < 0 then
    error("bad argument #" .. position .. " to '" .. name .. "' (field cannot be negative)", 3)
  elseif width <= 0 then
    error("bad argument #" .. position + 1 .. " to '" .. name .. "' (width must be positive)", 3)
  elseif field > 32 or width > 32 - field then
    error("trying to access non-existent bits", 3)
  end
  return (1 << width) - 1
end

function bit32.extract(x, field, width)
  local value, from = integer(x, 1, "extract") & MASK, integer(field, 2, "extract")
  local size = width == nil and 1 or integer(width, 3, "extract")
  local mask = field_mask(from, size, 2, "extract")
  return value >> from & mask
end

function bit32.replace(x, replacement, field, width)
  local value, bits = integer(x, 1, "replace") & MASK, integer(replacement, 2, "replace")
  local from = integer(field, 3, "replace")
  local size = width == nil and 1 or integer(width, 4, "replace")
  local mask = field_mask(from, size, 3, "replace")
  return value & ~(mask << from) | (bits & mask) << from
end

return bit32
