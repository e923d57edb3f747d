--- crypto_md4.lua: MD4, RFC 1320.

local lib = ...
local raw = lib.raw
local rep, pack, unpack_text = raw.string.rep, raw.string.pack, raw.string.unpack
local common, streams = lib.file("crypto_common"), lib.file("crypto_streams")

local WORD = 0xFFFFFFFF
local WORDS = "<" .. rep("I4", 16)

-- The three rounds: what is added to every step, how far each of four steps turns, which words are taken.
local ROUNDS = {
  { 0, { 3, 7, 11, 19 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
  { 0x5A827999, { 3, 5, 9, 13 }, { 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 4, 8, 12, 16 } },
  { 0x6ED9EBA1, { 3, 9, 11, 15 }, { 1, 9, 5, 13, 3, 11, 7, 15, 2, 10, 6, 14, 4, 12, 8, 16 } },
}

local FUNCTIONS = {
  function(x, y, z)
    return x & y | ~x & z
  end,
  function(x, y, z)
    return x & y | x & z | y & z
  end,
  function(x, y, z)
    return x ~ y ~ z
  end,
}

local function add_block(a, b, c, d, words)
  local a0, b0, c0, d0 = a, b, c, d
  for round = 1, 3 do
    local constant, turns, order = ROUNDS[round][1], ROUNDS[round][2], ROUNDS[round][3]
    local mixed = FUNCTIONS[round]
    for step = 1, 16 do
      local sum = a + mixed(b, c, d) + words[order[step]] + constant & WORD
      local turn = turns[(step - 1) % 4 + 1]
      a, b, c, d = d, (sum << turn | sum >> 32 - turn) & WORD, b, c
    end
  end
  return a + a0 & WORD, b + b0 & WORD, c + c0 & WORD, d + d0 & WORD
end

local function md4(stream)
  local text = streams.read(stream, 1, "md4")
  text = text .. "\128" .. rep("\0", (55 - #text) % 64) .. pack("<i8", #text << 3)
  local a, b, c, d = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476
  for at = 1, #text, 64 do
    a, b, c, d = add_block(a, b, c, d, { unpack_text(WORDS, text, at) })
  end
  return common.result(pack("<I4I4I4I4", a, b, c, d))
end

return { md4 = md4 }
