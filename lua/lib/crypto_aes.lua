--- crypto_aes.lua: AES on texts, and as the block ciphers aes128, aes192 and aes256.

local lib = ...
local ask = lib.ask
local error, type = lib.raw.error, lib.raw.type
local find, rep, sub = lib.raw.string.find, lib.raw.string.rep, lib.raw.string.sub
local common = lib.file("crypto_common")
local text = common.text

local BLOCK = 16
local KEY_BYTES = { [128] = 16, [192] = 24, [256] = 32 }

-- The first bytes of the key, as many as the cipher takes.
local function key_of(key, size)
  if #key < size then
    error("key must be " .. size .. " bytes", 0)
  end
  return sub(key, 1, size)
end

local function settings(name, key, iv, mode, bits)
  key, iv = text(key, 2, name), iv == nil and "" or text(iv, 3, name)
  mode, bits = mode == nil and "CBC" or mode, bits == nil and 128 or bits
  if type(mode) ~= "string" or not find(" ECB CBC CFB OFB CTR ", " " .. mode .. " ", 1, true) then
    common.blame("bad argument #4 to '" .. name .. "' (a mode expected: ECB, CBC, CFB, OFB or CTR)")
  elseif not KEY_BYTES[bits] then
    common.blame("bad argument #5 to '" .. name .. "' (128, 192 or 256 bits expected)")
  end
  return key_of(key, KEY_BYTES[bits]), iv == "" and rep("\0", BLOCK) or iv, mode
end

local function in_blocks(data)
  return data .. rep("\0", -#data % BLOCK)
end

local aes = {}

--- aos: ECB encrypts the iv as well, as a first block. In the other modes an iv of another length than 16 is one run
--- of bytes with the text: its first 16 are the iv.
function aes.encrypt(data, key, iv, mode, bits)
  data = text(data, 1, "encrypt")
  key, iv, mode = settings("encrypt", key, iv, mode, bits)
  data = in_blocks(iv .. data)
  if mode == "ECB" then
    return common.result(ask("hashing.aes_encrypt", mode, key, "", data), "%02X")
  end
  iv, data = sub(data, 1, BLOCK), sub(data, BLOCK + 1)
  return common.result(ask("hashing.aes_encrypt", mode, key, iv, data), "%02X")
end

--- aos: nothing is taken off: not the zeros at the end, and not what ECB has in front.
function aes.decrypt(hex, key, iv, mode, bits)
  local data = common.from_strict_hex(text(hex, 1, "decrypt"))
  key, iv, mode = settings("decrypt", key, iv, mode, bits)
  if mode == "ECB" then
    return common.result(ask("hashing.aes_decrypt", mode, key, "", in_blocks(data)), "%02X")
  end
  data = in_blocks(iv .. data)
  iv, data = sub(data, 1, BLOCK), sub(data, BLOCK + 1)
  return common.result(ask("hashing.aes_decrypt", mode, key, iv, data), "%02X")
end

-- A block cipher: the key and one block are arrays of bytes, and so is the answer.
local function block_cipher(bits)
  local function runner(name, service)
    return function(key, block)
      key, block = common.bytes_text(key, 1, name), common.bytes_text(block, 2, name)
      if #block ~= BLOCK then
        common.blame("bad argument #2 to '" .. name .. "' (a block of 16 bytes expected)")
      end
      return common.text_bytes(ask(service, "ECB", key_of(key, KEY_BYTES[bits]), "", block))
    end
  end
  return {
    blockSize = BLOCK,
    encrypt = runner("encrypt", "hashing.aes_encrypt"), decrypt = runner("decrypt", "hashing.aes_decrypt"),
  }
end

aes.aes128, aes.aes192, aes.aes256 = block_cipher(128), block_cipher(192), block_cipher(256)

return aes
