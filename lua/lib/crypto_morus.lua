--- crypto_morus.lua: MORUS-1280, an authenticated cipher (version 2 of its specification), with a tag of 16 bytes.

local lib = ...
local raw = lib.raw
local error = raw.error
local rep, sub, pack, unpack_text = raw.string.rep, raw.string.sub, raw.string.pack, raw.string.unpack
local concat = raw.table.concat
local common = lib.file("crypto_common")

local BLOCK, TAG, WORDS = 32, 16, "<i8i8i8i8"
local FIRST = "\0\1\1\2\3\5\8\13\21\34\55\89\144\233\121\98" -- Fibonacci's numbers, modulo 256
  .. "\219\61\24\85\109\194\47\241\32\17\49\66\115\181\40\221"

-- The state is five registers of four words, the lowest first: s[1..4], s[5..8] and so on. One step of the update
-- mixes register `at` with the four after it and the message m, turns its words by `bits`, and turns the register
-- three after it by `words` words.
local function step(s, at, bits, words, m)
  local b, c, d = (at + 4) % 20, (at + 8) % 20, (at + 12) % 20
  for i = 1, 4 do
    local x = s[at + i] ~ s[b + i] & s[c + i] ~ s[d + i] ~ m[i]
    s[at + i] = x << bits | x >> 64 - bits
  end
  local d1, d2, d3, d4 = s[d + 1], s[d + 2], s[d + 3], s[d + 4]
  if words == 1 then
    s[d + 1], s[d + 2], s[d + 3], s[d + 4] = d4, d1, d2, d3
  elseif words == 2 then
    s[d + 1], s[d + 2], s[d + 3], s[d + 4] = d3, d4, d1, d2
  else
    s[d + 1], s[d + 2], s[d + 3], s[d + 4] = d2, d3, d4, d1
  end
end

local NOTHING = { 0, 0, 0, 0 }

local function update(s, m)
  step(s, 0, 13, 1, NOTHING)
  step(s, 4, 46, 2, m)
  step(s, 8, 38, 3, m)
  step(s, 12, 7, 2, m)
  step(s, 16, 4, 1, m)
end

local function started(key, iv)
  if #key == 16 then
    key = key .. key
  end
  local k = { unpack_text(WORDS, key) }
  local iv1, iv2 = unpack_text("<i8i8", iv)
  local f1, f2, f3, f4 = unpack_text(WORDS, FIRST)
  local s = { iv1, iv2, 0, 0, k[1], k[2], k[3], k[4], -1, -1, -1, -1, 0, 0, 0, 0, f1, f2, f3, f4 }
  for _ = 1, 16 do
    update(s, NOTHING)
  end
  for i = 1, 4 do
    s[4 + i] = s[4 + i] ~ k[i]
  end
  return s
end

local function absorb(s, data)
  data = data .. rep("\0", -#data % BLOCK)
  for at = 1, #data, BLOCK do
    update(s, { unpack_text(WORDS, data, at) })
  end
end

-- The words a block is mixed with.
local function key_stream(s)
  return s[1] ~ s[6] ~ s[9] & s[13], s[2] ~ s[7] ~ s[10] & s[14], s[3] ~ s[8] ~ s[11] & s[15],
    s[4] ~ s[5] ~ s[12] & s[16]
end

-- What comes out where `data` goes in. Either way it is the plain text that enters the state.
local function crypt(s, data, decrypting)
  local pieces, n, size = {}, 0, #data
  data = data .. rep("\0", -size % BLOCK)
  for at = 1, size, BLOCK do
    local m = { unpack_text(WORDS, data, at) }
    local x1, x2, x3, x4 = key_stream(s)
    local out = pack(WORDS, m[1] ~ x1, m[2] ~ x2, m[3] ~ x3, m[4] ~ x4)
    if size - at < BLOCK - 1 then
      out = sub(out, 1, size - at + 1)
    end
    if decrypting then
      m = { unpack_text(WORDS, out .. rep("\0", BLOCK - #out)) }
    end
    update(s, m)
    n = n + 1
    pieces[n] = out
  end
  return concat(pieces)
end

local function tag_of(s, ad_bytes, text_bytes)
  for i = 1, 4 do
    s[16 + i] = s[16 + i] ~ s[i]
  end
  local sizes = { ad_bytes * 8, text_bytes * 8, 0, 0 }
  for _ = 1, 10 do
    update(s, sizes)
  end
  local x1, x2 = key_stream(s)
  return pack("<i8i8", x1, x2)
end

-- The key, the iv and what is to be encrypted or decrypted.
local function arguments(name, key, iv, data)
  key, iv, data = common.text(key, 1, name), common.text(iv, 2, name), common.text(data, 3, name)
  if #key ~= 16 and #key ~= 32 then
    error("key must be 16 or 32 bytes", 0)
  elseif #iv ~= 16 then
    error("iv must be 16 bytes", 0)
  end
  return key, iv, data
end

local morus = {}

--- The associated data as it is, the text encrypted, then the tag.
function morus.encrypt(key, iv, text, ad)
  key, iv, text = arguments("encrypt", key, iv, text)
  ad = ad == nil and "" or common.text(ad, 4, "encrypt")
  local s = started(key, iv)
  absorb(s, ad)
  local out = crypt(s, text, false)
  return common.result(ad .. out .. tag_of(s, #ad, #text))
end

--- The text, or nil and why not. The associated data are the first ad_bytes.
function morus.decrypt(key, iv, data, ad_bytes)
  key, iv, data = arguments("decrypt", key, iv, data)
  ad_bytes = ad_bytes == nil and 0 or common.integer(ad_bytes, 4, "decrypt")
  local size = #data - TAG - ad_bytes
  if ad_bytes >= 0 and size >= 0 then
    local s = started(key, iv)
    absorb(s, sub(data, 1, ad_bytes))
    local text = crypt(s, sub(data, ad_bytes + 1, -TAG - 1), true)
    if tag_of(s, ad_bytes, size) == sub(data, -TAG) then
      return text
    end
  end
  return nil, "decrypt error"
end

return morus
