--- crypto_isaac.lua: ISAAC, Bob Jenkins's generator of 32-bit numbers, and what aos makes with it.

local lib = ...
local raw = lib.raw
local byte, math_type, tonumber, type =
  raw.string.byte, raw.math.type, raw.tonumber, raw.type
local common = lib.file("crypto_common")

local WORD = 0xFFFFFFFF

local results, memory = {}, {} -- of 256 numbers each, from 0
local a, b, c = 0, 0, 0
local taken = 0 -- how many of the results

for i = 0, 255 do
  results[i], memory[i] = 0, 0
end

local function turned(i)
  local kind = i & 3
  if kind == 0 then
    return a ~ a << 13
  elseif kind == 1 then
    return a ~ a >> 6
  elseif kind == 2 then
    return a ~ a << 2
  end
  return a ~ a >> 16
end

-- The next 256 results.
local function generate()
  c = c + 1 & WORD
  b = b + c & WORD
  for i = 0, 255 do
    local x = memory[i]
    a = turned(i) + memory[i + 128 & 255] & WORD
    local y = memory[x >> 2 & 255] + a + b & WORD
    memory[i] = y
    b = memory[y >> 10 & 255] + x & WORD
    results[i] = b
  end
end

local function mix(s)
  local d, e, f, g, h, i, j, k = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
  d = d ~ e << 11 & WORD
  g, e = g + d & WORD, e + f & WORD
  e = e ~ f >> 2
  h, f = h + e & WORD, f + g & WORD
  f = f ~ g << 8 & WORD
  i, g = i + f & WORD, g + h & WORD
  g = g ~ h >> 16
  j, h = j + g & WORD, h + i & WORD
  h = h ~ i << 10 & WORD
  k, i = k + h & WORD, i + j & WORD
  i = i ~ j >> 4
  d, j = d + i & WORD, j + k & WORD
  j = j ~ k << 8 & WORD
  e, k = e + j & WORD, k + d & WORD
  k = k ~ d >> 9
  f, d = f + k & WORD, d + e & WORD
  s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7] = d, e, f, g, h, i, j, k
end

-- Stir eight numbers through the memory, with what is in `from` added to them, or with nothing.
local function stir(s, from)
  for at = 0, 248, 8 do
    if from then
      for i = 0, 7 do
        s[i] = s[i] + from[at + i] & WORD
      end
    end
    mix(s)
    for i = 0, 7 do
      memory[at + i] = s[i]
    end
  end
end

-- Jenkins's randinit: with the flag the results, which hold the seed, go into the memory.
local function initialise(flag)
  a, b, c, taken = 0, 0, 0, 0
  local s = {}
  for i = 0, 7 do
    s[i] = 0x9E3779B9 -- the golden ratio
  end
  for _ = 1, 4 do
    mix(s)
  end
  stir(s, flag and results)
  if flag then
    stir(s, memory)
  end
  generate()
end

local isaac = {}

--- Seed with the bytes of a text, of which the first 256 count; without the flag they do not.
function isaac.seedIsaac(seed, flag)
  seed = common.text(seed, 1, "seedIsaac")
  for i = 0, 255 do
    results[i], memory[i] = byte(seed, i + 1) or 0, 0
  end
  initialise(flag)
end

--- The next number of 32 bits.
function isaac.getRandom()
  local number = results[taken]
  taken = taken + 1
  if taken > 255 then
    generate()
    taken = 0
  end
  return number
end

--- The next number as the code of a character that can be printed.
function isaac.getRandomChar()
  return isaac.getRandom() % 95 + 32
end

local get_random, get_random_char, seed_isaac = isaac.getRandom, isaac.getRandomChar, isaac.seedIsaac

local function number(value, position)
  local found = (type(value) == "number" or type(value) == "string") and tonumber(value)
  return found or common.unexpected(position, "random", "number", value)
end

--- aos: without a seed this is always made from the same number; with the default maximum it is a float.
function isaac.random(min, max, seed)
  min = min == nil and 0 or number(min, 1)
  max = max == nil and 2^31 - 1 or number(max, 2)
  local size = max - min + 1
  if size == 0 and math_type(size) == "integer" then
    common.blame("bad argument #2 to 'random' (interval is empty)")
  end
  if seed == nil then
    seed_isaac("", false)
  else
    seed_isaac(seed, true)
  end
  return get_random() % size + min
end

-- Each byte moved by the next random character within the 95 that can be printed.
local function moved(text, key, direction)
  seed_isaac(key, true)
  local bytes = common.text_bytes(text)
  for i = 1, #bytes do
    bytes[i] = 32 + (bytes[i] - 32 + direction * get_random_char()) % 95
  end
  return common.bytes_text(bytes)
end

function isaac.encrypt(text, key)
  text, key = common.text(text, 1, "encrypt"), common.text(key, 2, "encrypt")
  return common.result(moved(text, key, 1))
end

function isaac.decrypt(text, key)
  text, key = common.text(text, 1, "decrypt"), common.text(key, 2, "decrypt")
  return moved(text, key, -1)
end

return isaac
