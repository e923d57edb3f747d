--- crypto_padding.lua: the paddings of block ciphers, from require(".crypto.padding") and by their names.
-- Each is called with the size of a block and the number of bytes there are, and returns a stream of the bytes
-- that are missing to whole blocks. All but zero padding add a whole block where nothing is missing.

local lib = ...
local char, rep = lib.raw.string.char, lib.raw.string.rep
local common, streams = lib.file("crypto_common"), lib.file("crypto_streams")

local function of_name(name, bytes_of)
  return function(block_size, count)
    block_size, count = common.integer(block_size, 1, name), common.integer(count, 2, name)
    if block_size < 1 or block_size > 255 then
      common.blame("bad argument #1 to '" .. name .. "' (a block has 1 to 255 bytes)")
    end
    return streams.stream_of(bytes_of(block_size - count % block_size, block_size))
  end
end

return {
  zero = of_name("zero", function(missing, block_size)
    return rep("\0", missing % block_size)
  end),
  --- RFC 5652, 6.3: as many bytes as are missing, each of them that number.
  pkcs7 = of_name("pkcs7", function(missing)
    return rep(char(missing), missing)
  end),
  --- ANSI X9.23: zeros, and their number with itself counted.
  ansix923 = of_name("ansix923", function(missing)
    return rep("\0", missing - 1) .. char(missing)
  end),
  --- ISO/IEC 7816-4: the byte 128, then zeros.
  isoiec7816 = of_name("isoiec7816", function(missing)
    return "\128" .. rep("\0", missing - 1)
  end),
}
