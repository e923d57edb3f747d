--- crypto_blake2b.lua: BLAKE2b as aos computes it of texts whose length is a multiple of 128.
--
-- aos: their last block is taken for one that is not the last; a block of zeros follows as the last, and the count of
-- bytes stays what it was. No library computes that. The rest is RFC 7693.

local lib = ...
local raw = lib.raw
local rep, sub, unpack, pack = raw.string.rep, raw.string.sub, raw.string.unpack, raw.string.pack

local BLOCK = 128
local WORDS = "<" .. rep("i8", 16)
local IV = {
  0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
  0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
}

-- Which words of a block each round takes; the last two rounds are as the first two.
local ORDERS = {
  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
  { 15, 11, 5, 9, 10, 16, 14, 7, 2, 13, 1, 3, 12, 8, 6, 4 },
  { 12, 9, 13, 1, 6, 3, 16, 14, 11, 15, 4, 7, 8, 2, 10, 5 },
  { 8, 10, 4, 2, 14, 13, 12, 15, 3, 7, 6, 11, 5, 1, 16, 9 },
  { 10, 1, 6, 8, 3, 5, 11, 16, 15, 2, 12, 13, 7, 9, 4, 14 },
  { 3, 13, 7, 11, 1, 12, 9, 4, 5, 14, 8, 6, 16, 15, 2, 10 },
  { 13, 6, 2, 16, 15, 14, 5, 11, 1, 8, 7, 4, 10, 3, 9, 12 },
  { 14, 12, 8, 15, 13, 2, 4, 10, 6, 1, 16, 5, 9, 7, 3, 11 },
  { 7, 16, 15, 10, 12, 4, 1, 9, 13, 3, 14, 8, 2, 5, 11, 6 },
  { 11, 3, 9, 5, 8, 7, 2, 6, 16, 12, 10, 15, 4, 13, 14, 1 },
}
ORDERS[11], ORDERS[12] = ORDERS[1], ORDERS[2]

local function mix(a, b, c, d, x, y)
  a = a + b + x
  d = d ~ a
  d = d >> 32 | d << 32
  c = c + d
  b = b ~ c
  b = b >> 24 | b << 40
  a = a + b + y
  d = d ~ a
  d = d >> 16 | d << 48
  c = c + d
  b = b ~ c
  return a, b >> 63 | b << 1, c, d
end

-- One block into the state h; `count` is how many bytes there were with it.
local function compress(h, block, count, last)
  local m = { unpack(WORDS, block) }
  local a, b, c, d, e, f, g, i = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
  local j, k, l, n = IV[1], IV[2], IV[3], IV[4]
  local o, p, q, r = IV[5] ~ count, IV[6], last and ~IV[7] or IV[7], IV[8]
  for round = 1, 12 do
    local s = ORDERS[round]
    a, e, j, o = mix(a, e, j, o, m[s[1]], m[s[2]])
    b, f, k, p = mix(b, f, k, p, m[s[3]], m[s[4]])
    c, g, l, q = mix(c, g, l, q, m[s[5]], m[s[6]])
    d, i, n, r = mix(d, i, n, r, m[s[7]], m[s[8]])
    a, f, l, r = mix(a, f, l, r, m[s[9]], m[s[10]])
    b, g, n, o = mix(b, g, n, o, m[s[11]], m[s[12]])
    c, i, j, p = mix(c, i, j, p, m[s[13]], m[s[14]])
    d, e, k, q = mix(d, e, k, q, m[s[15]], m[s[16]])
  end
  h[1], h[2], h[3], h[4] = h[1] ~ a ~ j, h[2] ~ b ~ k, h[3] ~ c ~ l, h[4] ~ d ~ n
  h[5], h[6], h[7], h[8] = h[5] ~ e ~ o, h[6] ~ f ~ p, h[7] ~ g ~ q, h[8] ~ i ~ r
end

--- The digest of a text of whole blocks, with a key of at most 64 bytes or an empty one for none.
return function(data, size, key)
  if key ~= "" then
    data = key .. rep("\0", BLOCK - #key) .. data
  end
  local h = { raw.table.unpack(IV) }
  h[1] = h[1] ~ 0x01010000 ~ #key << 8 ~ size
  for at = 1, #data, BLOCK do
    compress(h, sub(data, at, at + BLOCK - 1), at + BLOCK - 1, false)
  end
  compress(h, rep("\0", BLOCK), #data, true)
  return sub(pack("<i8i8i8i8i8i8i8i8", raw.table.unpack(h)), 1, size)
end
