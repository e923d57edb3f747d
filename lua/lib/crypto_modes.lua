--- crypto_modes.lua: the modes of block ciphers (NIST SP 800-38A), for any block cipher and padding.
--
-- Each is { Cipher, Decipher }, functions that make one to be told what to do, step by step:
--   local cipher = require(".crypto.cipher.mode.cbc").Cipher()
--   cipher.setKey(key).setBlockCipher(aes128).setPadding(pkcs7).init().update(iv).update(text).finish().asHex()
-- Keys are arrays of bytes; iv and text are streams. The first block to come in is the iv, except with ECB.

local lib = ...
local raw = lib.raw
local type = raw.type
local sub, concat = raw.string.sub, raw.table.concat
local common, streams = lib.file("crypto_common"), lib.file("crypto_streams")

local function xor(a, b)
  local out = {}
  for i = 1, #a do
    out[i] = a[i] ~ b[i]
  end
  return out
end

-- A counter is the whole block, its last byte the lowest.
local function counted(block)
  local out = {}
  local carry = 1
  for i = #block, 1, -1 do
    local value = block[i] + carry
    out[i], carry = value & 255, value >> 8
  end
  return out
end

-- What each mode makes of a block: (encrypt or decrypt one block, what is kept, the block) -> out, what is kept next.
-- `inward` modes decrypt with the cipher's own decrypt.
local modes = {
  ecb = {
    inward = true,
    encrypt = function(encrypt, _, block)
      return encrypt(block)
    end,
    decrypt = function(decrypt, _, block)
      return decrypt(block)
    end,
  },
  cbc = {
    inward = true,
    encrypt = function(encrypt, kept, block)
      local out = encrypt(xor(block, kept))
      return out, out
    end,
    decrypt = function(decrypt, kept, block)
      return xor(decrypt(block), kept), block
    end,
  },
  cfb = {
    encrypt = function(encrypt, kept, block)
      local out = xor(block, encrypt(kept))
      return out, out
    end,
    decrypt = function(encrypt, kept, block)
      return xor(block, encrypt(kept)), block
    end,
  },
  ofb = {
    encrypt = function(encrypt, kept, block)
      local stream = encrypt(kept)
      return xor(block, stream), stream
    end,
  },
  ctr = {
    encrypt = function(encrypt, kept, block)
      return xor(block, encrypt(kept)), counted(kept)
    end,
  },
}

local function need(value, kind, name)
  if type(value) ~= kind then
    common.unexpected(1, name, kind, value)
  end
  return value
end

local function machine(name, decrypting)
  local mode = modes[name]
  local turn = decrypting and mode.decrypt or mode.encrypt
  local key, block_cipher, padding
  local waiting, came, kept, out, n -- the bytes not used yet, how many there were in all; what came out, in n pieces
  local public = {}

  local function one(block)
    return (decrypting and mode.inward and block_cipher.decrypt or block_cipher.encrypt)(key, block)
  end

  local function take(block)
    if not kept and name ~= "ecb" then
      kept = block
      return
    end
    local answer
    answer, kept = turn(one, kept, block)
    n = n + 1
    out[n] = common.bytes_text(answer, 1, "update")
  end

  local function bytes()
    return concat(out or {})
  end

  function public.setKey(bytes_of_key)
    key = need(bytes_of_key, "table", "setKey")
    return public
  end

  function public.setBlockCipher(cipher)
    block_cipher = need(cipher, "table", "setBlockCipher")
    return public
  end

  function public.setPadding(pad)
    padding = need(pad, "function", "setPadding")
    return public
  end

  --- Begin; whatever came in before is forgotten.
  function public.init()
    if not (key and block_cipher and padding) then
      common.blame("set the key, the block cipher and the padding before init()")
    end
    waiting, came, kept, out, n = "", 0, nil, {}, 0
    return public
  end

  function public.update(stream)
    if not waiting then
      common.blame("call init() before update()")
    end
    local text, size = streams.read(stream, 1, "update"), block_cipher.blockSize
    came, waiting = came + #text, waiting .. text
    local used = #waiting - #waiting % size
    local blocks = sub(waiting, 1, used)
    waiting = sub(waiting, used + 1)
    for at = 1, used, size do
      take(common.text_bytes(sub(blocks, at, at + size - 1)))
    end
    return public
  end

  --- The last bytes, with the padding. What is decrypted keeps its padding.
  function public.finish()
    if not waiting then
      common.blame("call init() before finish()")
    end
    if not decrypting or #waiting > 0 then
      public.update(padding(block_cipher.blockSize, came))
    end
    return public
  end

  --- Hex in upper case.
  function public.asHex()
    return common.hex(bytes(), "%02X")
  end

  function public.asString()
    return bytes()
  end

  function public.asBytes()
    return common.text_bytes(bytes())
  end

  return public
end

local made = {}
for name in raw.next, modes do
  made[name] = {
    Cipher = function()
      return machine(name, false)
    end,
    Decipher = function()
      return machine(name, true)
    end,
  }
end

return made
