--- json.lua: texts from values and values from texts, as a process gets them from require("json").

local lib = ...
local raw = lib.raw
local error, next, rawequal, rawget, tonumber, type =
  raw.error, raw.next, raw.rawequal, raw.rawget, raw.tonumber, raw.type
local string_byte, string_char, string_find, string_format, string_gsub, string_match, string_sub =
  raw.string.byte, raw.string.char, raw.string.find, raw.string.format, raw.string.gsub, raw.string.match,
  raw.string.sub
local table_concat = raw.table.concat
local utf8_char = raw.utf8.char
local pairs, tostring = lib.pairs, lib.tostring

-- aos: errors carry the position in the library's own file; the numbers are those of the 2.0.6 module.
local function fail(line, text)
  return error('[string "json"]:' .. line .. ": " .. text, 0)
end

-- Encoding -------------------------------------------------------------------------------------------

local SPECIAL = '[\0-\31"\\]'
local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape(char)
  return ESCAPES[char] or string_format("\\u%04x", string_byte(char))
end

local function quoted(text)
  if string_find(text, SPECIAL) then
    text = string_gsub(text, SPECIAL, escape)
  end
  return '"' .. text .. '"'
end

local function number_text(value)
  if value - value ~= 0 then -- not a number, or infinite
    fail(149, "unexpected number value '" .. tostring(value) .. "'")
  end
  return string_format("%.14g", value) -- aos: 14 digits, also for integers
end

-- The length of a table that has a value at 1: it must have the keys 1..n and no others.
local function array_length(array)
  local count = 0
  for key in next, array do
    if type(key) ~= "number" then
      fail(83, "invalid table: mixed or invalid key types")
    end
    count = count + 1
  end
  for index = 1, count do
    if rawequal(rawget(array, index), nil) then
      fail(91, "invalid table: sparse array")
    end
  end
  return count
end

local encode_table

-- Appends the text of a value to parts, of which there are already n; returns how many there are then.
-- open holds the tables being encoded, to notice one inside itself.
local function encode_value(value, parts, n, open)
  local kind = type(value)
  if kind == "string" then
    parts[n + 1] = quoted(value)
  elseif kind == "number" then
    parts[n + 1] = number_text(value)
  elseif kind == "table" then
    return encode_table(value, parts, n, open)
  elseif kind == "boolean" then
    parts[n + 1] = value and "true" or "false"
  elseif kind == "nil" then
    parts[n + 1] = "null"
  else
    fail(183, "unexpected type '" .. kind .. "'")
  end
  return n + 1
end

local function encode_array(array, parts, n, open)
  local mark = "["
  for index = 1, array_length(array) do
    parts[n + 1] = mark
    n = encode_value(rawget(array, index), parts, n + 1, open)
    mark = ","
  end
  parts[n + 1] = "]"
  return n + 1
end

local function encode_object(object, parts, n, open)
  local empty, mark = true, "{"
  for key, value in pairs(object) do
    empty = false
    if type(key) ~= "string" then
      fail(83, "invalid table: mixed or invalid key types")
    end
    if type(value) ~= "function" then -- aos: functions disappear from objects
      if string_find(key, SPECIAL) then
        key = string_gsub(key, SPECIAL, escape)
      end
      parts[n + 1] = mark .. '"' .. key .. '":'
      n = encode_value(value, parts, n + 1, open)
      mark = ","
    end
  end
  if empty then
    parts[n + 1] = "[]" -- an empty table could be either; aos takes it for an array
  elseif mark == "{" then
    parts[n + 1] = "{}"
  else
    parts[n + 1] = "}"
  end
  return n + 1
end

encode_table = function(value, parts, n, open)
  if open[value] then
    fail(65, "circular reference")
  end
  open[value] = true
  if rawequal(rawget(value, 1), nil) then
    n = encode_object(value, parts, n, open)
  else
    n = encode_array(value, parts, n, open)
  end
  open[value] = nil
  return n
end

local function encode(value)
  local parts = {}
  encode_value(value, parts, 0, {})
  return table_concat(parts)
end

-- Decoding -------------------------------------------------------------------------------------------

local UNESCAPES = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}
local LITERALS = { ["true"] = true, ["false"] = false }

local function decode_fail(text, index, reason)
  local line, start, at = 1, 0, string_find(text, "\n", 1, true)
  while at and at < index do
    line, start = line + 1, at
    at = string_find(text, "\n", at + 1, true)
  end
  return fail(261, string_format("%s at line %d col %d", reason, line, index - start))
end

local function skip_blanks(text, index)
  return string_find(text, "[^ \t\r\n]", index) or #text + 1
end

-- Numbers and literals reach to the next blank, comma or closing bracket.
local function word_at(text, index)
  return string_match(text, "^[^ \t\r\n%]},]*", index)
end

-- The character of a \u escape whose backslash is at index, and the index behind it.
local function decode_unicode(text, index)
  local digits = string_match(text, "^%x%x%x%x", index + 2)
  if not digits then
    decode_fail(text, index, "invalid unicode escape in string")
  end
  local code = tonumber(digits, 16)
  if code >= 0xD800 and code < 0xDC00 then
    local low = string_match(text, "^\\u([dD][c-fC-F]%x%x)", index + 6)
    if low then
      return utf8_char((code - 0xD800) * 0x400 + (tonumber(low, 16) - 0xDC00) + 0x10000), index + 12
    end
  end
  return utf8_char(code), index + 6
end

-- A string with escapes: from is the opening quote, stop the first character that is not plain.
local function decode_escaped(text, from, stop)
  local parts, n, start = {}, 0, from + 1
  while stop do
    local char = string_byte(text, stop)
    if char == 34 then
      parts[n + 1] = string_sub(text, start, stop - 1)
      return table_concat(parts), stop + 1
    end
    if char ~= 92 then
      decode_fail(text, stop, "control character in string")
    end
    parts[n + 1] = string_sub(text, start, stop - 1)
    n = n + 2
    local code = string_sub(text, stop + 1, stop + 1)
    if code == "u" then
      parts[n], start = decode_unicode(text, stop)
    else
      parts[n] = UNESCAPES[code] or decode_fail(text, stop, "invalid escape char '" .. code .. "' in string")
      start = stop + 2
    end
    stop = string_find(text, SPECIAL, start)
  end
  return decode_fail(text, from, "expected closing quote for string")
end

local function decode_string(text, index)
  local stop = string_find(text, SPECIAL, index + 1)
  if stop and string_byte(text, stop) == 34 then
    return string_sub(text, index + 1, stop - 1), stop + 1
  end
  return decode_escaped(text, index, stop)
end

local function decode_number(text, index)
  local word = word_at(text, index)
  return tonumber(word) or decode_fail(text, index, "invalid number '" .. word .. "'"), index + #word
end

local function decode_literal(text, index)
  local word = word_at(text, index)
  local value = LITERALS[word]
  if value == nil and word ~= "null" then
    decode_fail(text, index, "invalid literal '" .. word .. "'")
  end
  return value, index + #word
end

local decode_array, decode_object

-- The value whose first character is at index, and the index behind it.
local function decode_value(text, index)
  local char = string_byte(text, index)
  if char == 34 then
    return decode_string(text, index)
  elseif char == 123 then
    return decode_object(text, index)
  elseif char == 91 then
    return decode_array(text, index)
  elseif char == 45 or char and char >= 48 and char <= 57 then
    return decode_number(text, index)
  elseif char == 116 or char == 102 or char == 110 then
    return decode_literal(text, index)
  end
  return decode_fail(text, index, "unexpected character '" .. (char and string_char(char) or "") .. "'")
end

decode_array = function(text, index)
  local array, n = {}, 0
  while true do
    index = skip_blanks(text, index + 1)
    if string_byte(text, index) == 93 then
      return array, index + 1
    end
    n = n + 1
    array[n], index = decode_value(text, index)
    local char = string_byte(text, index)
    if char ~= 44 and char ~= 93 then
      index = skip_blanks(text, index)
      char = string_byte(text, index)
    end
    if char == 93 then
      return array, index + 1
    elseif char ~= 44 then -- aos: the column is that of the character behind
      decode_fail(text, index + 1, "expected ']' or ','")
    end
  end
end

-- The key whose text begins at or behind index, and the index of its value.
local function decode_key(text, index)
  index = skip_blanks(text, index)
  if string_byte(text, index) ~= 34 then
    decode_fail(text, index, "expected string for key")
  end
  local key, behind = decode_string(text, index)
  behind = skip_blanks(text, behind)
  if string_byte(text, behind) ~= 58 then
    decode_fail(text, behind, "expected ':' after key")
  end
  return key, skip_blanks(text, behind + 1)
end

-- A key without escapes and all around it in one step.
local PLAIN_KEY = '^[ \t\r\n]*"([^\0-\31"\\]*)"[ \t\r\n]*:[ \t\r\n]*()'

decode_object = function(text, index)
  local object = {}
  while true do
    local key, at = string_match(text, PLAIN_KEY, index + 1)
    if not key then
      index = skip_blanks(text, index + 1)
      if string_byte(text, index) == 125 then
        return object, index + 1
      end
      key, at = decode_key(text, index)
    end
    object[key], index = decode_value(text, at)
    local char = string_byte(text, index)
    if char ~= 44 and char ~= 125 then
      index = skip_blanks(text, index)
      char = string_byte(text, index)
    end
    if char == 125 then
      return object, index + 1
    elseif char ~= 44 then
      decode_fail(text, index + 1, "expected '}' or ','")
    end
  end
end

local function decode(text)
  if type(text) ~= "string" then
    fail(597, "expected argument of type string, got " .. type(text))
  end
  local value, index = decode_value(text, skip_blanks(text, 1))
  index = skip_blanks(text, index)
  if index <= #text then
    decode_fail(text, index, "trailing garbage")
  end
  return value
end

return { _version = "0.2.0", encode = encode, decode = decode }
