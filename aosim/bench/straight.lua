--- straight.lua: the work of the libraries as one writes it at first, in plain Lua 5.3: what they are measured against.

local straight = {}

-- SHA-256 of a stream, byte by byte (FIPS 180-4).

local K = {}
do
  local function fraction(x)
    return math.floor((x - math.floor(x)) * 2 ^ 32)
  end
  local number = 2
  while #K < 64 do
    local prime = true
    for divisor = 2, number - 1 do
      prime = prime and number % divisor ~= 0
    end
    if prime then
      K[#K + 1] = fraction(number ^ (1 / 3))
    end
    number = number + 1
  end
end

local function rotate(x, n)
  return ((x >> n) | (x << (32 - n))) & 0xFFFFFFFF
end

local function digest_block(state, block)
  local w = {}
  for i = 1, 16 do
    w[i] = block[4 * i - 3] << 24 | block[4 * i - 2] << 16 | block[4 * i - 1] << 8 | block[4 * i]
  end
  for i = 17, 64 do
    local s0 = rotate(w[i - 15], 7) ~ rotate(w[i - 15], 18) ~ (w[i - 15] >> 3)
    local s1 = rotate(w[i - 2], 17) ~ rotate(w[i - 2], 19) ~ (w[i - 2] >> 10)
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & 0xFFFFFFFF
  end
  local a, b, c, d, e, f, g, h = table.unpack(state)
  for i = 1, 64 do
    local s1 = rotate(e, 6) ~ rotate(e, 11) ~ rotate(e, 25)
    local choice = (e & f) ~ (~e & g)
    local t1 = h + s1 + choice + K[i] + w[i]
    local s0 = rotate(a, 2) ~ rotate(a, 13) ~ rotate(a, 22)
    local majority = (a & b) ~ (a & c) ~ (b & c)
    h, g, f, e, d, c, b, a = g, f, e, (d + t1) & 0xFFFFFFFF, c, b, a, (t1 + s0 + majority) & 0xFFFFFFFF
  end
  for i, value in ipairs({ a, b, c, d, e, f, g, h }) do
    state[i] = (state[i] + value) & 0xFFFFFFFF
  end
end

function straight.sha256(text)
  local state = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
  }
  local block, at = {}, 0
  local function stream()
    at = at + 1
    return text:byte(at)
  end
  local function take(byte)
    block[#block + 1] = byte
    if #block == 64 then
      digest_block(state, block)
      block = {}
    end
  end
  for byte in stream do
    take(byte)
  end
  take(0x80)
  while #block ~= 56 do
    take(0)
  end
  for shift = 56, 0, -8 do
    take((#text * 8) >> shift & 0xFF)
  end
  return ("%08x"):rep(8):format(table.unpack(state))
end

-- A table walk that concatenates, and a reader that goes from character to character.

function straight.walk(value)
  if type(value) == "string" then
    return '"' .. value .. '"'
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  if value[1] ~= nil then
    for _, item in ipairs(value) do
      parts[#parts + 1] = straight.walk(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for name, item in pairs(value) do
    parts[#parts + 1] = '"' .. name .. '":' .. straight.walk(item)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local read_value

local function skip(text, at)
  return text:find("%S", at)
end

local function read_list(text, at)
  local list = {}
  at = skip(text, at)
  while text:sub(at, at) ~= "]" do
    list[#list + 1], at = read_value(text, at)
    at = skip(text, at)
    if text:sub(at, at) == "," then
      at = skip(text, at + 1)
    end
  end
  return list, at + 1
end

local function read_object(text, at)
  local object = {}
  at = skip(text, at)
  while text:sub(at, at) ~= "}" do
    local name, value
    name, at = read_value(text, at)
    value, at = read_value(text, skip(text, at) + 1)
    object[name] = value
    at = skip(text, at)
    if text:sub(at, at) == "," then
      at = skip(text, at + 1)
    end
  end
  return object, at + 1
end

function read_value(text, at)
  at = skip(text, at)
  local char = text:sub(at, at)
  if char == '"' then
    local stop = text:find('"', at + 1, true)
    return text:sub(at + 1, stop - 1), stop + 1
  elseif char == "[" then
    return read_list(text, at + 1)
  elseif char == "{" then
    return read_object(text, at + 1)
  end
  local word = text:match("^[%w.+-]+", at)
  if word == "true" or word == "false" then
    return word == "true", at + #word
  end
  return tonumber(word), at + #word
end

function straight.read(text)
  return (read_value(text, 1))
end

-- Whole numbers of 256 bits, in eight words, that can be multiplied with one another.

local number = {}

function number.__mul(a, b)
  assert(getmetatable(a) == number and getmetatable(b) == number, "these are no numbers")
  local result = setmetatable({ 0, 0, 0, 0, 0, 0, 0, 0 }, number)
  for i = 1, 8 do
    local carry = 0
    for j = 1, 9 - i do
      local sum = result[i + j - 1] + a[i] * b[j] + carry
      result[i + j - 1] = sum & 0xFFFFFFFF
      carry = sum >> 32
    end
  end
  return result
end

function straight.number(words)
  return setmetatable(words, number)
end

-- Base64, three bytes and four characters at a time.

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

function straight.encode(text)
  local parts = {}
  for at = 1, #text, 3 do
    local a, b, c = text:byte(at, at + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    local group = ""
    for shift = 18, 0, -6 do
      local index = (bits >> shift & 63) + 1
      group = group .. ALPHABET:sub(index, index)
    end
    parts[#parts + 1] = c and group or group:sub(1, b and 3 or 2) .. (b and "=" or "==")
  end
  return table.concat(parts)
end

function straight.decode(text)
  local value = {}
  for i = 1, 64 do
    value[ALPHABET:byte(i)] = i - 1
  end
  local parts = {}
  for at = 1, #text, 4 do
    local a, b, c, d = text:byte(at, at + 3)
    local bits = value[a] << 18 | value[b] << 12 | (value[c] or 0) << 6 | (value[d] or 0)
    local group = string.char(bits >> 16, bits >> 8 & 0xFF, bits & 0xFF)
    parts[#parts + 1] = value[d] and group or group:sub(1, value[c] and 2 or 1)
  end
  return table.concat(parts)
end

return straight
