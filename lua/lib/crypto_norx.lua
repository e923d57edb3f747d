--- crypto_norx.lua: NORX64-4-1, an authenticated cipher (version 3.0 of its specification), with a tag of 32 bytes.

local lib = ...
local raw = lib.raw
local error = raw.error
local rep, sub = raw.string.rep, raw.string.sub
local pack, unpack_text, unpack = raw.string.pack, raw.string.unpack, raw.table.unpack
local common = lib.file("crypto_common")

local ROUNDS, RATE, TAG = 4, 96, 32 -- the last two in bytes
local HEADER, PAYLOAD, TRAILER, FINAL = 1, 2, 4, 8 -- what a block belongs to
local TWELVE, FOUR = "<" .. rep("i8", 12), "<i8i8i8i8"

local function mix(a, b, c, d)
  a = a ~ b ~ (a & b) << 1
  d = d ~ a
  d = d >> 8 | d << 56
  c = c ~ d ~ (c & d) << 1
  b = b ~ c
  b = b >> 19 | b << 45
  a = a ~ b ~ (a & b) << 1
  d = d ~ a
  d = d >> 40 | d << 24
  c = c ~ d ~ (c & d) << 1
  b = b ~ c
  return a, b >> 63 | b << 1, c, d
end

-- The permutation of the state s, 16 words in 4 rows: its columns, then its diagonals.
local function permute(s, rounds)
  local a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p = unpack(s)
  for _ = 1, rounds do
    a, e, i, m = mix(a, e, i, m)
    b, f, j, n = mix(b, f, j, n)
    c, g, k, o = mix(c, g, k, o)
    d, h, l, p = mix(d, h, l, p)
    a, f, k, p = mix(a, f, k, p)
    b, g, l, m = mix(b, g, l, m)
    c, h, i, n = mix(c, h, i, n)
    d, e, j, o = mix(d, e, j, o)
  end
  s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8] = a, b, c, d, e, f, g, h
  s[9], s[10], s[11], s[12], s[13], s[14], s[15], s[16] = i, j, k, l, m, n, o, p
end

local function enter(s, domain)
  s[16] = s[16] ~ domain
  permute(s, ROUNDS)
end

-- The rate: the first twelve words.
local function mix_in(s, block)
  local words = { unpack_text(TWELVE, block) }
  for i = 1, 12 do
    s[i] = s[i] ~ words[i]
  end
end

local function add_key(s, key)
  for i = 1, 4 do
    s[12 + i] = s[12 + i] ~ key[i]
  end
end

local function padded(rest)
  local missing = RATE - #rest
  return rest .. (missing == 1 and "\129" or "\1" .. rep("\0", missing - 2) .. "\128")
end

local function absorb(s, data, domain)
  if data == "" then
    return
  end
  local whole = #data - #data % RATE
  for at = 1, whole, RATE do
    enter(s, domain)
    mix_in(s, sub(data, at, at + RATE - 1))
  end
  enter(s, domain)
  mix_in(s, padded(sub(data, whole + 1)))
end

local function xor(text, stream)
  local x, y = common.text_bytes(text), common.text_bytes(stream)
  for i = 1, #x do
    x[i] = x[i] ~ y[i]
  end
  return common.bytes_text(x)
end

-- The payload: what comes out where `data` goes in. Either way it is the plain text that enters the state.
local function crypt(s, data, decrypting)
  local pieces, n = {}, 0
  if data == "" then
    return ""
  end
  for at = 1, #data - #data % RATE + 1, RATE do
    enter(s, PAYLOAD)
    local block = sub(data, at, at + RATE - 1)
    local out = xor(block, pack(TWELVE, unpack(s, 1, 12)))
    local plain = decrypting and out or block
    mix_in(s, #block == RATE and plain or padded(plain))
    n = n + 1
    pieces[n] = out
  end
  return raw.table.concat(pieces)
end

local function started(key, nonce)
  local s = {}
  for i = 1, 16 do
    s[i] = i - 1
  end
  permute(s, 2) -- where the constants of the last eight words come from
  local words = { unpack_text(FOUR, nonce) }
  for i = 1, 4 do
    s[i], s[4 + i] = words[i], key[i]
  end
  s[13], s[14], s[15], s[16] = s[13] ~ 64, s[14] ~ ROUNDS, s[15] ~ 1, s[16] ~ TAG * 8
  permute(s, ROUNDS)
  add_key(s, key)
  return s
end

local function tag_of(s, key)
  enter(s, FINAL)
  add_key(s, key)
  permute(s, ROUNDS)
  add_key(s, key)
  return pack(FOUR, unpack(s, 13, 16))
end

-- What comes out of the payload, and the tag.
local function run(key, nonce, data, header, trailer, decrypting)
  local words = { unpack_text(FOUR, key) }
  local s = started(words, nonce)
  absorb(s, header, HEADER)
  local out = crypt(s, data, decrypting)
  absorb(s, trailer, TRAILER)
  return out, tag_of(s, words)
end

local function arguments(name, key, nonce, data, header, trailer)
  key, nonce, data = common.text(key, 1, name), common.text(nonce, 2, name), common.text(data, 3, name)
  if #key ~= 32 then
    error("key must be 32 bytes", 0)
  elseif #nonce ~= 32 then
    error("nonce must be 32 bytes", 0)
  end
  return key, nonce, data, common.text(header == nil and "" or header, 4, name),
    common.text(trailer == nil and "" or trailer, 5, name)
end

local norx = {}

--- The text encrypted, then the tag.
function norx.encrypt(...)
  local key, nonce, text, header, trailer = arguments("encrypt", ...)
  local out, tag = run(key, nonce, text, header, trailer, false)
  return common.result(out .. tag)
end

--- The text, or nil and why not.
function norx.decrypt(...)
  local key, nonce, data, header, trailer = arguments("decrypt", ...)
  if #data >= TAG then
    local out, tag = run(key, nonce, sub(data, 1, -TAG - 1), header, trailer, true)
    if tag == sub(data, -TAG) then
      return out
    end
  end
  return nil, "auth failure"
end

return norx
