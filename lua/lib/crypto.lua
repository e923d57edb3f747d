--- crypto.lua: the table a process gets from require(".crypto"). Its functions bring the file they are in
--- when they are first called, so a process pays for what it uses.

local lib = ...
local gmatch, next = lib.raw.string.gmatch, lib.raw.next
local file = lib.file

-- A table of functions; `names` are theirs, by the file they come with.
local function group(names)
  local functions = {}
  for key, list in next, names do
    for name in gmatch(list, "%S+") do
      functions[name] = function(...)
        return file(key)[name](...)
      end
    end
  end
  return functions
end

local digest = group({
  crypto_hashes = "md5 sha1 sha2_256 sha2_512 sha3_256 sha3_512 blake2b",
  crypto_md2 = "md2", crypto_md4 = "md4", crypto_keccak = "keccak256 keccak512",
})
local mac = group({ crypto_hashes = "createHmac" })
local kdf = group({ crypto_hashes = "pbkdf2" })
local cipher = {
  _version = "0.0.1",
  aes = group({ crypto_aes = "encrypt decrypt" }),
  issac = group({ crypto_isaac = "seedIsaac getRandom getRandomChar random encrypt decrypt" }),
  morus = group({ crypto_morus = "encrypt decrypt" }),
  norx = group({ crypto_norx = "encrypt decrypt" }),
}
local utils = group({ crypto_queue = "queue" })
utils.stream = group({ crypto_streams = "fromString fromArray fromHex toString toArray toHex" })
utils.hex = group({ crypto_common = "stringToHex hexToString" })
utils.bit = group({ bit32 = "arshift band bnot bor btest bxor extract lrotate lshift replace rrotate rshift" })
utils.array = group({
  crypto_arrays = "fromString toString fromHex toHex concat truncate XOR substitute permute copy slice size toStream"
    .. " fromStream readFromQueue writeToQueue",
})
digest._version, mac._version, kdf._version, utils._version = "0.0.1", "0.0.1", "0.0.1", "0.0.1"

return {
  _version = "0.0.1", digest = digest, cipher = cipher, mac = mac, kdf = kdf, random = cipher.issac.random, utils = utils
}
