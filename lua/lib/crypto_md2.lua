--- crypto_md2.lua: MD2, RFC 1319.

local lib = ...
local raw = lib.raw
local byte, char, rep, unpack = raw.string.byte, raw.string.char, raw.string.rep, raw.table.unpack
local common, streams = lib.file("crypto_common"), lib.file("crypto_streams")

-- The permutation of 0..255 that the RFC takes from the digits of pi; from 0.
local PI = raw.table.move(common.text_bytes(common.from_hex(
  "292e43c9a2d87c013d3654a1ecf0061362a705f3c0c7738c98932bd9bc4c82ca1e9b573cfdd4e01667426f188a17e512"
    .. "be4ec4d6da9ede49a0fbf58ebb2fee7aa968799115b2073f94c210890b225f21807f5d9a5a903227353ecce7bff79703"
    .. "ff1930b348a5b5d1d75e922aac56aac64fb838d296a47db676fc6be29c7404f1459d705964718720865bcf65e62da802"
    .. "1b6025adaeb0b9f61c46616934407e0f5547a323dd51af3ac35cf9cebac5ea262c530d6e85288409d3dfcdf441814d52"
    .. "6adc37c86cc1abfa24e17b080cbdb14a7888958be363e86de9cbd5fe3b001d39f2efb70e6658d0e4a67772f8eb754b0a"
    .. "314450b48fed1f1adb998d339f118314"
)), 1, 256, 0, {})

-- One block, from a place in the text, into the 48 bytes of x.
local function add_block(x, text, at)
  for i = 1, 16 do
    local value = byte(text, at + i)
    x[16 + i], x[32 + i] = value, value ~ x[i]
  end
  local t = 0
  for round = 0, 17 do
    for i = 1, 48 do
      t = x[i] ~ PI[t]
      x[i] = t
    end
    t = t + round & 255
  end
end

local function checksum(text)
  local sum, last = {}, 0
  for i = 1, 16 do
    sum[i] = 0
  end
  for at = 0, #text - 16, 16 do
    for i = 1, 16 do
      last = sum[i] ~ PI[byte(text, at + i) ~ last]
      sum[i] = last
    end
  end
  return char(unpack(sum))
end

local function md2(stream)
  local text = streams.read(stream, 1, "md2")
  local missing = 16 - #text % 16
  text = text .. rep(char(missing), missing)
  text = text .. checksum(text)
  local x = {}
  for i = 1, 48 do
    x[i] = 0
  end
  for at = 0, #text - 16, 16 do
    add_block(x, text, at)
  end
  return common.result(char(unpack(x, 1, 16)))
end

return { md2 = md2 }
