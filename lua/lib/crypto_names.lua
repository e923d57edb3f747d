--- crypto_names.lua: finds what a name that starts with ".crypto" requires.

local lib = ...
local gsub, sub = lib.raw.string.gsub, lib.raw.string.sub
local next = lib.raw.next
local file = lib.file

-- Modules that are functions or tables of the one from require(".crypto"), by where they are in it.
local inside = {
  digest = "digest", cipher = "cipher", mac = "mac", kdf = "kdf", utils = "utils",
  ["digest.md2"] = "digest.md2", ["digest.md4"] = "digest.md4", ["digest.md5"] = "digest.md5",
  ["digest.sha1"] = "digest.sha1", ["digest.sha2_256"] = "digest.sha2_256", ["digest.sha2_512"] = "digest.sha2_512",
  ["digest.blake2b"] = "digest.blake2b", ["mac.hmac"] = "mac.createHmac", ["kdf.pbkdf2"] = "kdf.pbkdf2",
  ["cipher.aes"] = "cipher.aes", ["cipher.issac"] = "cipher.issac", ["cipher.morus"] = "cipher.morus",
  ["cipher.norx"] = "cipher.norx", ["utils.stream"] = "utils.stream", ["utils.array"] = "utils.array",
  ["utils.hex"] = "utils.hex", ["utils.queue"] = "utils.queue", ["utils.bit"] = "utils.bit",
}

-- Modules that only a name leads to: the file they come with, and their field there, or none for all of it.
local beside = {
  padding = { "crypto_padding" },
  ["padding.zero"] = { "crypto_padding", "zero" }, ["padding.pkcs7"] = { "crypto_padding", "pkcs7" },
  ["padding.ansix923"] = { "crypto_padding", "ansix923" }, ["padding.isoiec7816"] = { "crypto_padding", "isoiec7816" },
  ["cipher.aes128"] = { "crypto_aes", "aes128" }, ["cipher.aes192"] = { "crypto_aes", "aes192" },
  ["cipher.aes256"] = { "crypto_aes", "aes256" },
  ["cipher.mode"] = { "crypto_modes" },
  ["cipher.mode.ecb"] = { "crypto_modes", "ecb" }, ["cipher.mode.cbc"] = { "crypto_modes", "cbc" },
  ["cipher.mode.cfb"] = { "crypto_modes", "cfb" }, ["cipher.mode.ofb"] = { "crypto_modes", "ofb" },
  ["cipher.mode.ctr"] = { "crypto_modes", "ctr" },
  ["utils.lfsr"] = { "crypto_lfsr" },
}

-- aos: require(".crypto.init") is another table with the same contents.
local function copy(original)
  local other = {}
  for key, value in next, original do
    other[key] = value
  end
  return other
end

local function find(name)
  local index = file("crypto")
  if name == ".crypto" then
    return index.crypto
  elseif name == ".crypto.init" then
    return copy(index.crypto)
  elseif sub(name, 1, 8) ~= ".crypto." then
    return nil
  end
  local path, parts = gsub(gsub(sub(name, 9), "%.init$", ""), "^util%f[.\0]", "utils"), index.parts
  if path == "digest.sha3" then
    return {
      sha3_256 = parts["digest.sha3_256"], sha3_512 = parts["digest.sha3_512"],
      keccak256 = parts["digest.keccak256"], keccak512 = parts["digest.keccak512"],
    }
  end
  local place = beside[path]
  if place then
    local found = file(place[1])
    return place[2] == nil and found or found[place[2]]
  end
  return inside[path] and parts[inside[path]]
end

return find
