--- crypto_streams.lua: crypto.utils.stream. A stream is a function that returns the next byte, or nothing.

local lib = ...
local raw = lib.raw
local setmetatable, type = raw.setmetatable, raw.type
local byte, sub = raw.string.byte, raw.string.sub
local meta_of, rawget = raw.debug.getmetatable, raw.rawget
local common = lib.file("crypto_common")

-- Our own streams -> { their text, how many bytes of it are taken }: what reads a whole stream need not call it.
local known = setmetatable({}, { __mode = "k" })

local streams = {}

local function stream_of(text)
  local state = { text, 0 }
  local function stream()
    local at = state[2] + 1
    state[2] = at
    return byte(text, at)
  end
  known[stream] = state
  return stream
end

streams.stream_of = stream_of

local function callable(value)
  local meta = meta_of(value)
  return type(value) == "function" or meta and rawget(meta, "__call") ~= nil
end

--- What is left of a stream, as text; the stream is at its end then.
function streams.read(stream, position, name)
  local state = known[stream]
  if state then
    local text, at = state[1], state[2]
    state[2] = #text
    return at == 0 and text or sub(text, at + 1)
  elseif type(stream) == "string" or not callable(stream) then
    common.unexpected(position, name, "stream", stream)
  end
  local bytes, n = {}, 0
  local value = stream()
  while value ~= nil do
    n = n + 1
    bytes[n] = value
    value = stream()
  end
  return common.bytes_text(bytes, position, name)
end

local read = streams.read

function streams.fromString(text)
  return stream_of(common.text(text, 1, "fromString"))
end

--- The elements of an array in turn, as they are when their turn comes.
function streams.fromArray(array)
  if type(array) ~= "table" then
    common.unexpected(1, "fromArray", "array", array)
  end
  local at = 0
  return function()
    at = at + 1
    return rawget(array, at)
  end
end

function streams.fromHex(text)
  return stream_of(common.from_strict_hex(common.text(text, 1, "fromHex")))
end

function streams.toString(stream)
  return read(stream, 1, "toString")
end

function streams.toArray(stream)
  return common.text_bytes(read(stream, 1, "toArray"))
end

--- Hex in upper case.
function streams.toHex(stream)
  return common.hex(read(stream, 1, "toHex"), "%02X")
end

return streams
