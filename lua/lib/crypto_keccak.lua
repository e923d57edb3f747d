--- crypto_keccak.lua: Keccak with its padding from before FIPS 202, which no library has.
-- Lanes are named by column and row: a12 is the one in column 1 of row 2.

local lib = ...
local raw = lib.raw
local rep = raw.string.rep
local pack, unpack_text, unpack = raw.string.pack, raw.string.unpack, raw.table.unpack
local common = lib.file("crypto_common")

local ROUNDS = {
  0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
  0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
  0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
}

-- Keccak-f[1600] on a state of 25 lanes, with a block of `lanes` lanes taken in first.
local function permute(s, block, lanes)
  for i = 1, lanes do
    s[i] = s[i] ~ block[i]
  end
  local a00, a10, a20, a30, a40 = s[1], s[2], s[3], s[4], s[5]
  local a01, a11, a21, a31, a41 = s[6], s[7], s[8], s[9], s[10]
  local a02, a12, a22, a32, a42 = s[11], s[12], s[13], s[14], s[15]
  local a03, a13, a23, a33, a43 = s[16], s[17], s[18], s[19], s[20]
  local a04, a14, a24, a34, a44 = s[21], s[22], s[23], s[24], s[25]
  for round = 1, 24 do
    -- theta: each lane with the columns beside its own
    local c0 = a00 ~ a01 ~ a02 ~ a03 ~ a04
    local c1 = a10 ~ a11 ~ a12 ~ a13 ~ a14
    local c2 = a20 ~ a21 ~ a22 ~ a23 ~ a24
    local c3 = a30 ~ a31 ~ a32 ~ a33 ~ a34
    local c4 = a40 ~ a41 ~ a42 ~ a43 ~ a44
    local d0 = c4 ~ (c1 << 1 | c1 >> 63)
    local d1 = c0 ~ (c2 << 1 | c2 >> 63)
    local d2 = c1 ~ (c3 << 1 | c3 >> 63)
    local d3 = c2 ~ (c4 << 1 | c4 >> 63)
    local d4 = c3 ~ (c0 << 1 | c0 >> 63)
    -- rho and pi: each lane turned, and at its new place
    local b00 = a00 ~ d0
    local t10 = a10 ~ d1
    local b02 = t10 << 1 | t10 >> 63
    local t20 = a20 ~ d2
    local b04 = t20 << 62 | t20 >> 2
    local t30 = a30 ~ d3
    local b01 = t30 << 28 | t30 >> 36
    local t40 = a40 ~ d4
    local b03 = t40 << 27 | t40 >> 37
    local t01 = a01 ~ d0
    local b13 = t01 << 36 | t01 >> 28
    local t11 = a11 ~ d1
    local b10 = t11 << 44 | t11 >> 20
    local t21 = a21 ~ d2
    local b12 = t21 << 6 | t21 >> 58
    local t31 = a31 ~ d3
    local b14 = t31 << 55 | t31 >> 9
    local t41 = a41 ~ d4
    local b11 = t41 << 20 | t41 >> 44
    local t02 = a02 ~ d0
    local b21 = t02 << 3 | t02 >> 61
    local t12 = a12 ~ d1
    local b23 = t12 << 10 | t12 >> 54
    local t22 = a22 ~ d2
    local b20 = t22 << 43 | t22 >> 21
    local t32 = a32 ~ d3
    local b22 = t32 << 25 | t32 >> 39
    local t42 = a42 ~ d4
    local b24 = t42 << 39 | t42 >> 25
    local t03 = a03 ~ d0
    local b34 = t03 << 41 | t03 >> 23
    local t13 = a13 ~ d1
    local b31 = t13 << 45 | t13 >> 19
    local t23 = a23 ~ d2
    local b33 = t23 << 15 | t23 >> 49
    local t33 = a33 ~ d3
    local b30 = t33 << 21 | t33 >> 43
    local t43 = a43 ~ d4
    local b32 = t43 << 8 | t43 >> 56
    local t04 = a04 ~ d0
    local b42 = t04 << 18 | t04 >> 46
    local t14 = a14 ~ d1
    local b44 = t14 << 2 | t14 >> 62
    local t24 = a24 ~ d2
    local b41 = t24 << 61 | t24 >> 3
    local t34 = a34 ~ d3
    local b43 = t34 << 56 | t34 >> 8
    local t44 = a44 ~ d4
    local b40 = t44 << 14 | t44 >> 50
    -- chi and iota: each lane with the two to its right, and the constant of the round
    a00 = b00 ~ (~b10 & b20) ~ ROUNDS[round]
    a10 = b10 ~ (~b20 & b30)
    a20 = b20 ~ (~b30 & b40)
    a30 = b30 ~ (~b40 & b00)
    a40 = b40 ~ (~b00 & b10)
    a01 = b01 ~ (~b11 & b21)
    a11 = b11 ~ (~b21 & b31)
    a21 = b21 ~ (~b31 & b41)
    a31 = b31 ~ (~b41 & b01)
    a41 = b41 ~ (~b01 & b11)
    a02 = b02 ~ (~b12 & b22)
    a12 = b12 ~ (~b22 & b32)
    a22 = b22 ~ (~b32 & b42)
    a32 = b32 ~ (~b42 & b02)
    a42 = b42 ~ (~b02 & b12)
    a03 = b03 ~ (~b13 & b23)
    a13 = b13 ~ (~b23 & b33)
    a23 = b23 ~ (~b33 & b43)
    a33 = b33 ~ (~b43 & b03)
    a43 = b43 ~ (~b03 & b13)
    a04 = b04 ~ (~b14 & b24)
    a14 = b14 ~ (~b24 & b34)
    a24 = b24 ~ (~b34 & b44)
    a34 = b34 ~ (~b44 & b04)
    a44 = b44 ~ (~b04 & b14)
  end
  s[1], s[2], s[3], s[4], s[5] = a00, a10, a20, a30, a40
  s[6], s[7], s[8], s[9], s[10] = a01, a11, a21, a31, a41
  s[11], s[12], s[13], s[14], s[15] = a02, a12, a22, a32, a42
  s[16], s[17], s[18], s[19], s[20] = a03, a13, a23, a33, a43
  s[21], s[22], s[23], s[24], s[25] = a04, a14, a24, a34, a44
end

-- The sponge whose capacity is twice the digest.
local function keccak(text, digest_bytes)
  local rate = 200 - 2 * digest_bytes
  local missing = rate - #text % rate
  text = text .. (missing == 1 and "\129" or "\1" .. rep("\0", missing - 2) .. "\128")
  local s, lanes = {}, rate // 8
  local words = "<" .. rep("i8", lanes)
  for i = 1, 25 do
    s[i] = 0
  end
  for at = 1, #text, rate do
    permute(s, { unpack_text(words, text, at) }, lanes)
  end
  return common.short_result(pack("<" .. rep("i8", digest_bytes // 8), unpack(s)))
end

return {
  keccak256 = function(text)
    return keccak(common.text(text, 1, "keccak256"), 32)
  end,
  keccak512 = function(text)
    return keccak(common.text(text, 1, "keccak512"), 64)
  end,
}
