--- image_texts.lua: numbers, texts and code as an image holds them; image_read.lua reads them.
--
-- Called as chunk(raw, boot). A value is a tag and what follows it: 0 nil, 1 false, 2 true, 3 an object by its number,
-- 4 a text by its number, 5 and 6 texts with one and four bytes of length, 7 to 10 integers of 1, 2, 4 and 8 bytes,
-- 11 a float, 12 code by its number, 13 a text that gets no number, from 64 on the integers from 0 on.

local raw, boot = ...
local char, pack, sub, math_type = raw.string.char, raw.string.pack, raw.string.sub, raw.math.type

-- The numbers of objects and of entries: one byte below 240, two below 4080, else five.
local count_texts = {}

local function count_text(n)
  local known = count_texts[n]
  if known then
    return known
  elseif n < 240 then
    known = char(n)
  elseif n < 4080 then
    known = char(240 + (n - 240) // 256, (n - 240) % 256)
  else
    return pack("<BI4", 255, n)
  end
  count_texts[n] = known
  return known
end

local KNOWN_TEXT, SHORT_TEXT, LONG_TEXT, CODE_TEXT, KEY_TEXT = "\4", 5, 6, "\12", 13
local INTEGER_1, INTEGER_2, INTEGER_4, INTEGER_8, FLOAT = 7, 8, 9, 10, 11
local SMALL = 64 -- from here on the tag is the integer itself

local function number_text(value)
  if math_type(value) == "float" then
    return pack("<Bd", FLOAT, value)
  elseif value >= 0 and value < 256 - SMALL then
    return char(value + SMALL)
  elseif value >= -0x80 and value < 0x80 then
    return pack("<Bi1", INTEGER_1, value)
  elseif value >= -0x8000 and value < 0x8000 then
    return pack("<Bi2", INTEGER_2, value)
  elseif value >= -0x80000000 and value < 0x80000000 then
    return pack("<Bi4", INTEGER_4, value)
  end
  return pack("<Bi8", INTEGER_8, value)
end

-- Code goes to the host by itself: it knows that of the runtime by heart.
local codes, code_count, code_number = {}, 0, {}

local function number_code(code)
  local known = code_number[code]
  if not known then
    code_count = code_count + 1
    codes[2 * code_count - 1], codes[2 * code_count] = pack("<I4", #code), code
    known, code_number[code] = code_count, code_count
  end
  return known
end

-- A text that has been written is named by its number; the reader counts alike, and forgets at the same moment.
local KNOWN_SIZE_MIN, KNOWN_SIZE_MAX, KNOWN_MAX = 2, 64, 16000
local known_texts, known_count = {}, 0

local function string_text(text)
  local size = #text
  if size <= KNOWN_SIZE_MAX then
    if size < KNOWN_SIZE_MIN then
      return pack("<Bs1", SHORT_TEXT, text)
    end
    local known = known_texts[text]
    if known then
      return KNOWN_TEXT .. count_text(known)
    end
    if known_count == KNOWN_MAX then
      known_texts, known_count = {}, 0
    end
    known_count = known_count + 1
    known_texts[text] = known_count
    return pack("<Bs1", SHORT_TEXT, text)
  elseif size < 256 then
    return pack("<Bs1", SHORT_TEXT, text)
  elseif sub(text, 1, #boot.header) == boot.header then
    return CODE_TEXT .. count_text(number_code(sub(text, #boot.header + 1)))
  end
  return pack("<Bs4", LONG_TEXT, text)
end

-- A key of a large table: most are nowhere else.
local function key_text(text)
  return #text < 256 and pack("<Bs1", KEY_TEXT, text) or string_text(text)
end

return {
  count = count_text, number = number_text, string = string_text, key = key_text, number_code = number_code, codes = codes
}
