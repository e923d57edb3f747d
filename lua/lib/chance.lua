--- chance.lua: the random generator of a process, MT19937, as it gets it from require(".chance").
--- Returns the module and a second table for the runtime alone: math.random, seeding.

local lib = ...
local raw = lib.raw
local error, math_type, select = raw.error, raw.math.type, raw.select
local math_floor = raw.math.floor
local string_byte = raw.string.byte

local SIZE, SHIFT = 624, 397
local WORD = 0xFFFFFFFF

-- The words are made when the first draw comes: an idle generator costs nothing.
local seed, block, used = 5489, nil, SIZE

local function first_block(word)
  local words = { word }
  for index = 1, SIZE - 1 do
    word = (1812433253 * (word ~ word >> 30) + index) & WORD
    words[index + 1] = word
  end
  return words
end

-- Each word is made from later ones; near the end those are words that have been renewed before.
local function renew(words)
  for index = 1, SIZE do
    local mixed = words[index] & 0x80000000 | words[index % SIZE + 1] & 0x7FFFFFFF
    local word = words[(index + SHIFT - 1) % SIZE + 1] ~ mixed >> 1
    words[index] = mixed & 1 == 1 and word ~ 0x9908B0DF or word
  end
end

local function draw()
  local index = used + 1
  if index > SIZE then
    block = block or first_block(seed)
    renew(block)
    index = 1
  end
  used = index
  local word = block[index]
  word = word ~ word >> 11
  word = word ~ word << 7 & 0x9D2C5680
  word = word ~ word << 15 & 0xEFC60000
  return word ~ word >> 18
end

local function random()
  return draw() / 4294967296
end

local function integer(min, max)
  if max < min then
    error('[string ".chance"]:125: max must bigger than min', 0)
  end
  return math_floor(random() * (max - min + 1) + min)
end

local function start(word)
  seed, block, used = word & WORD, nil, SIZE
end

local function set_seed(number)
  if math_type(number) ~= "integer" then
    error('[string ".chance"]:15: seed must be an integer', 0)
  end
  start(number)
end

local internals = {}

--- math.random of a process: no number of arguments but one and two asks for an integer.
function internals.math_random(...)
  local count = select("#", ...)
  if count == 1 then
    return integer(1, (...))
  elseif count == 2 then
    return integer(...)
  end
  return random()
end

--- Seed from a decimal number of any length, of which the low 32 bits count.
function internals.seed_digits(digits)
  local word = 0
  for index = 1, #digits do
    word = word * 10 + string_byte(digits, index) - 48 & WORD
  end
  start(word)
end

return { seed = set_seed, random = random, integer = integer }, internals
