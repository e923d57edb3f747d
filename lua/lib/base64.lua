--- base64.lua: base64 with any two last characters and padding, from require(".base64").

local lib = ...
local raw = lib.raw
local error, type = raw.error, raw.type
local string_byte, string_char, string_find, string_gsub, string_sub =
  raw.string.byte, raw.string.char, raw.string.find, raw.string.gsub, raw.string.sub
local table_concat = raw.table.concat
local pairs, next = raw.pairs, raw.next

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
local PAD = 64 -- the value that stands for the padding character

local base64 = {}

--- The alphabet as a table from 0..63, and 64 for the padding, to the codes of its characters.
function base64.makeencoder(c62, c63, pad)
  local text = ALPHABET .. (c62 or "+") .. (c63 or "/") .. (pad or "=")
  local encoder = {}
  for value = 0, #text - 1 do
    encoder[value] = string_byte(text, value + 1)
  end
  return encoder
end

--- The same table the other way round.
function base64.makedecoder(c62, c63, pad)
  local decoder = {}
  for value, code in pairs(base64.makeencoder(c62, c63, pad)) do
    decoder[code] = value
  end
  return decoder
end

local LONG = 4000 -- bytes from which it pays to ask the host

local make_encoder, make_decoder = base64.makeencoder, base64.makedecoder
local standard_encoder, standard_decoder -- made when first used

local function need_text(text, name)
  if type(text) ~= "string" then
    error("[string \".base64\"]:99: bad argument #1 to '" .. name .. "' (string expected, got " .. type(text) .. ")", 0)
  end
end

-- Four characters for three bytes, in groups of four to keep calls few.
local function encode_groups(text, stop, encoder, parts)
  local n = 0
  for index = 1, stop - 11, 12 do
    local a, b, c, d, e, f, g, h, i, j, k, l = string_byte(text, index, index + 11)
    n = n + 1
    parts[n] = string_char(
      encoder[a >> 2], encoder[(a & 3) << 4 | b >> 4], encoder[(b & 15) << 2 | c >> 6], encoder[c & 63],
      encoder[d >> 2], encoder[(d & 3) << 4 | e >> 4], encoder[(e & 15) << 2 | f >> 6], encoder[f & 63],
      encoder[g >> 2], encoder[(g & 3) << 4 | h >> 4], encoder[(h & 15) << 2 | i >> 6], encoder[i & 63],
      encoder[j >> 2], encoder[(j & 3) << 4 | k >> 4], encoder[(k & 15) << 2 | l >> 6], encoder[l & 63]
    )
  end
  return n
end

function base64.encode(text, encoder)
  need_text(text, "encode")
  if not encoder then
    if #text > LONG then
      return (lib.ask("texts.base64", text))
    end
    standard_encoder = standard_encoder or make_encoder()
    encoder = standard_encoder
  end
  local parts, size = {}, #text
  local n = encode_groups(text, size, encoder, parts)
  for index = n * 12 + 1, size, 3 do
    local a, b, c = string_byte(text, index, index + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    n = n + 1
    parts[n] = string_char(
      encoder[bits >> 18], encoder[bits >> 12 & 63],
      encoder[b and bits >> 6 & 63 or PAD], encoder[c and bits & 63 or PAD]
    )
  end
  return table_concat(parts)
end

-- A pattern for what is not in the alphabet, and one for the padding character.
local function decoder_patterns(decoder)
  local codes, pad = {}, "%="
  for code, value in next, decoder do
    local char = string_char(code)
    local class = string_find(char, "%w") and char or "%" .. char
    codes[#codes + 1] = class
    if value == PAD then
      pad = class
    end
  end
  return "[^" .. pad .. table_concat(codes) .. "]", pad
end

-- aos: a text without its padding fails on the character that is missing.
local function decode_quads(text, start, decoder, parts, n)
  for index = start, #text, 4 do
    local a, b, c, d = string_byte(text, index, index + 3)
    a, b, c, d = decoder[a], decoder[b], decoder[c], decoder[d]
    if not (a and b and c and d) then
      error('[string ".base64"]:191: attempt to perform arithmetic on a nil value', 0)
    end
    local bits = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | d & 63
    n = n + 1
    parts[n] = string_char(bits >> 16 & 255, bits >> 8 & 255, bits & 255)
  end
end

function base64.decode(text, decoder)
  need_text(text, "decode")
  local whole = not decoder and #text > LONG and lib.ask("texts.unbase64", text)
  if whole then
    return whole
  end
  local others, pad = "[^%w%+%/%=]", "%="
  if decoder then
    others, pad = decoder_patterns(decoder)
  else
    standard_decoder = standard_decoder or make_decoder()
    decoder = standard_decoder
  end
  if string_find(text, others) then
    text = string_gsub(text, others, "")
  end
  local missing = string_find(text, pad .. pad .. "$") and 2 or string_find(text, pad .. "$") and 1 or 0
  local parts, n = {}, 0
  for index = 1, #text - 19, 16 do -- the last group, which may be padded, is left to decode_quads
    local a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q = string_byte(text, index, index + 15)
    local first = decoder[a] << 18 | decoder[b] << 12 | decoder[c] << 6 | decoder[d]
    local second = decoder[e] << 18 | decoder[f] << 12 | decoder[g] << 6 | decoder[h]
    local third = decoder[i] << 18 | decoder[j] << 12 | decoder[k] << 6 | decoder[l]
    local fourth = decoder[m] << 18 | decoder[o] << 12 | decoder[p] << 6 | decoder[q]
    n = n + 1
    parts[n] = string_char(
      first >> 16 & 255, first >> 8 & 255, first & 255, second >> 16 & 255, second >> 8 & 255, second & 255,
      third >> 16 & 255, third >> 8 & 255, third & 255, fourth >> 16 & 255, fourth >> 8 & 255, fourth & 255
    )
  end
  decode_quads(text, n * 16 + 1, decoder, parts, n)
  local bytes = table_concat(parts)
  return missing > 0 and string_sub(bytes, 1, -1 - missing) or bytes
end

return base64
