--- crypto_hashes.lua: the digests, the mac and the key derivation that the host computes.

local lib = ...
local ask, unpack_text = lib.ask, lib.raw.string.unpack
local error, type = lib.raw.error, lib.raw.type
local common, streams = lib.file("crypto_common"), lib.file("crypto_streams")
local result, short_result, text, read = common.result, common.short_result, common.text, streams.read

local WORK_MAX = 100000000 -- iterations of pbkdf2 that one call may take, for all parts of the key together

local hashes = {}

-- Digests --------------------------------------------------------------------------------------------

function hashes.md5(stream)
  return result(ask("hashing.md5", read(stream, 1, "md5")))
end

function hashes.sha1(stream)
  return result(ask("hashing.sha1", read(stream, 1, "sha1")))
end

function hashes.sha2_256(stream)
  return result(ask("hashing.sha256", read(stream, 1, "sha2_256")))
end

--- aos: its bytes are eight words of 64 bits.
function hashes.sha2_512(data)
  local bytes = ask("hashing.sha512", text(data, 1, "sha2_512"))
  local answer = short_result(bytes)
  function answer.asBytes()
    local words = { unpack_text(">i8i8i8i8i8i8i8i8", bytes) }
    words[9] = nil -- where it stopped reading
    return words
  end
  return answer
end

-- aos: the results of the sponges have no asBytes.
function hashes.sha3_256(data)
  return short_result(ask("hashing.sha3_256", text(data, 1, "sha3_256")))
end

function hashes.sha3_512(data)
  return short_result(ask("hashing.sha3_512", text(data, 1, "sha3_512")))
end

--- RFC 7693; nothing for sizes it does not have.
function hashes.blake2b(data, size, key)
  data = text(data, 1, "blake2b")
  size = size == nil and 64 or common.integer(size, 2, "blake2b")
  key = key == nil and "" or text(key, 3, "blake2b")
  if size < 1 or size > 64 or #key > 64 then
    return
  elseif #data > 0 and #data % 128 == 0 then
    return result(lib.file("crypto_blake2b")(data, size, key))
  end
  return result(ask("hashing.blake2b", data, size, key))
end

-- With keys ------------------------------------------------------------------------------------------

local function known_algorithm(algorithm)
  if algorithm == nil then
    return "sha1"
  elseif algorithm ~= "sha1" and algorithm ~= "sha256" then
    error("Unsupported algorithm: " .. (type(algorithm) == "string" and algorithm or lib.tostring(algorithm)), 0)
  end
  return algorithm
end

function hashes.createHmac(stream, key, algorithm)
  algorithm = known_algorithm(algorithm)
  key = common.bytes_text(key, 2, "createHmac")
  return result(ask("hashing.hmac", algorithm, key, read(stream, 1, "createHmac")))
end

--- Hex in upper case. Fewer iterations than one are one.
function hashes.pbkdf2(password, salt, iterations, size, algorithm)
  algorithm = known_algorithm(algorithm)
  password, salt = common.bytes_text(password, 1, "pbkdf2"), common.bytes_text(salt, 2, "pbkdf2")
  iterations, size = common.integer(iterations, 3, "pbkdf2"), common.integer(size, 4, "pbkdf2")
  iterations = iterations < 1 and 1 or iterations
  if size < 1 then
    return result("", "%02X")
  elseif size > WORK_MAX or iterations > WORK_MAX // (size // 20 + 1) then -- 20 bytes come at a time, of sha1
    common.blame("pbkdf2: " .. size .. " bytes after " .. iterations .. " iterations are more work than can be asked for")
  end
  return result(ask("hashing.pbkdf2", algorithm, password, salt, iterations, size), "%02X")
end

return hashes
