--- crypto_names.lua: finds what a name that starts with ".crypto" requires.

local lib = ...
local gmatch, gsub, sub = lib.raw.string.gmatch, lib.raw.string.gsub, lib.raw.string.sub
local next = lib.raw.next
local file = lib.file
local crypto = file("crypto")

-- Modules that are functions or tables of the one from require(".crypto"), by their paths below it. They are taken
-- down before the author can change that table: a name leads to the same whatever becomes of it.
local inside = {
  digest = crypto.digest, cipher = crypto.cipher, mac = crypto.mac, kdf = crypto.kdf, utils = crypto.utils,
  ["mac.hmac"] = crypto.mac.createHmac, ["kdf.pbkdf2"] = crypto.kdf.pbkdf2, ["digest.sha3"] = {}
}
for folder, name in gmatch([[digest.md2 digest.md4 digest.md5 digest.sha1 digest.sha2_256 digest.sha2_512 digest.blake2b
  cipher.aes cipher.issac cipher.morus cipher.norx utils.stream utils.array utils.hex utils.queue utils.bit]],
  "(%l+)%.(%S+)") do
  inside[folder .. "." .. name] = crypto[folder][name]
end
for name in gmatch("sha3_256 sha3_512 keccak256 keccak512", "%S+") do
  inside["digest.sha3"][name] = crypto.digest[name]
end

-- Modules that only a name leads to: those of a folder come with one file, which the folder's name gives whole.
local folders = { padding = "crypto_padding", ["cipher.mode"] = "crypto_modes" }

local function beside(path)
  if folders[path] then
    return file(folders[path])
  elseif path == "utils.lfsr" then
    return file("crypto_lfsr")
  elseif path == "cipher.aes128" or path == "cipher.aes192" or path == "cipher.aes256" then
    return file("crypto_aes")[sub(path, 8)]
  end
  local folder, name = gsub(path, "%.[^.]*$", ""), gsub(path, "^.*%.", "")
  return folders[folder] and file(folders[folder])[name]
end

-- aos: require(".crypto.init") is another table with the same contents.
local function copy(original)
  local other = {}
  for key, value in next, original do
    other[key] = value
  end
  return other
end

return function(name)
  if name == ".crypto" then
    return crypto
  elseif name == ".crypto.init" then
    return copy(crypto)
  elseif sub(name, 1, 8) ~= ".crypto." then
    return nil
  end
  local path = gsub(gsub(sub(name, 9), "%.init$", ""), "^util%f[.\0]", "utils")
  return inside[path] or beside(path)
end
