--- crypto_common.lua: what the parts of .crypto share: arguments, hex, results. Holds crypto.utils.hex as well.

local lib = ...
local raw = lib.raw
local error, pcall, rawget, rawlen, type = raw.error, raw.pcall, raw.rawget, raw.rawlen, raw.type
local getinfo, meta_of = raw.debug.getinfo, raw.debug.getmetatable
local byte, char, find, format, gsub, rep, sub =
  raw.string.byte, raw.string.char, raw.string.find, raw.string.format, raw.string.gsub, raw.string.rep, raw.string.sub
local concat, unpack, tonumber, tointeger = raw.table.concat, raw.table.unpack, raw.tonumber, raw.math.tointeger

local SLICE = 200 -- values put on the stack at a time

local common = {}

-- Arguments ------------------------------------------------------------------------------------------

--- Raise an error at the innermost line of the author's; trusted code carries no lines.
function common.blame(text)
  local level = 2
  local info = getinfo(level, "Sl")
  while info and info.currentline <= 0 do
    level = level + 1
    info = getinfo(level, "Sl")
  end
  return error(info and format("%s:%d: %s", info.short_src, info.currentline, text) or text, 0)
end

--- The argument at a position is not what it should be.
function common.unexpected(position, name, what, value)
  return common.blame(format("bad argument #%d to '%s' (%s expected, got %s)", position, name, what,
    value == nil and "no value" or type(value)))
end

local blame, unexpected = common.blame, common.unexpected

--- A text; numbers become text as they do for Lua's own functions.
function common.text(value, position, name)
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" then
    unexpected(position, name, "string", value)
  end
  return value .. ""
end

--- A whole number.
function common.integer(value, position, name)
  local number = (type(value) == "number" or type(value) == "string") and tonumber(value)
  if not number then
    unexpected(position, name, "number", value)
  end
  return tointeger(number)
    or blame(format("bad argument #%d to '%s' (number has no integer representation)", position, name))
end

--- A table, without what its metatable may pretend, and its length.
function common.array(value, position, name)
  if type(value) ~= "table" then
    unexpected(position, name, "array", value)
  end
  local length = rawlen(value)
  if not meta_of(value) then
    return value, length
  end
  local plain = {}
  for i = 1, length do
    plain[i] = rawget(value, i)
  end
  return plain, length
end

local function joined(values, length)
  if length <= SLICE then
    return char(unpack(values, 1, length))
  end
  local pieces, n = {}, 0
  for i = 1, length, SLICE do
    local last = i + SLICE - 1
    n = n + 1
    pieces[n] = char(unpack(values, i, last < length and last or length))
  end
  return concat(pieces)
end

--- The text made of an array of bytes.
function common.bytes_text(value, position, name)
  local values, length = common.array(value, position, name)
  local done, text = pcall(joined, values, length)
  if not done then
    blame(format("bad argument #%d to '%s' (bytes expected: whole numbers from 0 to 255)", position, name))
  end
  return text
end

--- The bytes of a text as an array.
function common.text_bytes(text)
  local size = #text
  if size <= SLICE then
    return { byte(text, 1, size) }
  end
  local bytes, whole = {}, size - size % 8
  for i = 1, whole, 8 do
    bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3], bytes[i + 4], bytes[i + 5], bytes[i + 6], bytes[i + 7] =
      byte(text, i, i + 7)
  end
  for i = whole + 1, size do
    bytes[i] = byte(text, i)
  end
  return bytes
end

-- Hex ------------------------------------------------------------------------------------------------

local SHORT = 64 -- bytes that one call of format takes
local patterns = {} -- for that many bytes, by the pattern of one

--- The hex digits of a text; `digits` is "%02x" or "%02X".
function common.hex(text, digits)
  local size = #text
  if size <= SHORT then
    return format(rep(digits, size), byte(text, 1, size))
  end
  local pattern = patterns[digits] or rep(digits, SHORT)
  patterns[digits] = pattern
  local pieces, n, whole = {}, 0, size - size % SHORT
  for i = 1, whole, SHORT do
    n = n + 1
    pieces[n] = format(pattern, byte(text, i, i + SHORT - 1))
  end
  pieces[n + 1] = format(rep(digits, size - whole), byte(text, whole + 1, size))
  return concat(pieces)
end

local hex = common.hex
local characters -- hex pairs in any case -> their character, made when first needed

local function character_table()
  characters = {}
  for value = 0, 255 do
    local pair = format("%02x", value)
    local high, low = sub(pair, 1, 1), sub(pair, 2, 2)
    local HIGH, LOW = gsub(high, "%l", raw.string.upper), gsub(low, "%l", raw.string.upper)
    local letter = char(value)
    characters[pair], characters[HIGH .. LOW], characters[high .. LOW], characters[HIGH .. low] =
      letter, letter, letter, letter
  end
  return characters
end

--- The text that hex digits stand for.
function common.from_hex(text)
  if #text % 2 == 1 then
    error("invalid hex string", 0)
  end
  return (gsub(text, "..", characters or character_table()))
end

--- The same, of digits only.
function common.from_strict_hex(text)
  if find(text, "%X") then
    error("invalid hex string", 0)
  end
  return common.from_hex(text)
end

--- Hex in lower case.
function common.stringToHex(text)
  return hex(common.text(text, 1, "stringToHex"), "%02x")
end

--- aos: pairs that are no hex stay as they are, an odd length is an error.
function common.hexToString(text)
  return common.from_hex(common.text(text, 1, "hexToString"))
end

-- Results --------------------------------------------------------------------------------------------

--- What digests and ciphers answer with, without asBytes.
function common.short_result(bytes, digits)
  return {
    asHex = function()
      return hex(bytes, digits or "%02x")
    end,
    asString = function()
      return bytes
    end,
  }
end

--- The same with asBytes.
function common.result(bytes, digits)
  local result = common.short_result(bytes, digits)
  function result.asBytes()
    return common.text_bytes(bytes)
  end
  return result
end

return common
