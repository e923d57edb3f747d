--- crypto_arrays.lua: crypto.utils.array: arrays of bytes. None of these changes what it is given.

local lib = ...
local raw = lib.raw
local move, tointeger, type = raw.table.move, raw.math.tointeger, raw.type
local common, streams = lib.file("crypto_common"), lib.file("crypto_streams")
local array_of, blame, bytes_text, text_bytes = common.array, common.blame, common.bytes_text, common.text_bytes

local arrays = {}

function arrays.fromString(text)
  return text_bytes(common.text(text, 1, "fromString"))
end

function arrays.toString(array)
  return bytes_text(array, 1, "toString")
end

--- Hex in either case; an odd length or another character is an error.
function arrays.fromHex(text)
  return text_bytes(common.from_strict_hex(common.text(text, 1, "fromHex")))
end

--- Hex in upper case.
function arrays.toHex(array)
  return common.hex(bytes_text(array, 1, "toHex"), "%02X")
end

function arrays.concat(a, b)
  local first, size = array_of(a, 1, "concat")
  local second, more = array_of(b, 2, "concat")
  return move(second, 1, more, size + 1, move(first, 1, size, 1, {}))
end

--- The first n elements.
function arrays.truncate(array, n)
  local values, size = array_of(array, 1, "truncate")
  n = common.integer(n, 2, "truncate")
  return move(values, 1, n < size and n or size, 1, {})
end

--- Element by element, as many as a has; b may be longer.
function arrays.XOR(a, b)
  local first, size = array_of(a, 1, "XOR")
  local second, enough = array_of(b, 2, "XOR")
  if enough < size then
    blame("bad argument #2 to 'XOR' (at least " .. size .. " elements expected, got " .. enough .. ")")
  end
  local result = {}
  for i = 1, size do
    local x, y = tointeger(first[i]), tointeger(second[i])
    if not x or not y then
      blame("bad argument #" .. (x and 2 or 1) .. " to 'XOR' (whole numbers expected)")
    end
    result[i] = x ~ y
  end
  return result
end

--- Each element replaced by what a box has for it. A box with a value at 0 is counted from 0, any other from 1.
function arrays.substitute(array, box)
  local values, size = array_of(array, 1, "substitute")
  if type(box) ~= "table" then
    common.unexpected(2, "substitute", "table", box)
  end
  local shift = raw.rawget(box, 0) == nil and 1 or 0
  local result = {}
  for i = 1, size do
    local value = tointeger(values[i])
    if not value then
      blame("bad argument #1 to 'substitute' (whole numbers expected)")
    end
    result[i] = raw.rawget(box, value + shift)
  end
  return result
end

--- The elements at the places a box names, in its order.
function arrays.permute(array, box)
  local values = array_of(array, 1, "permute")
  local places, size = array_of(box, 2, "permute")
  local result = {}
  for i = 1, size do
    result[i] = values[places[i]]
  end
  return result
end

function arrays.copy(array)
  local values, size = array_of(array, 1, "copy")
  return move(values, 1, size, 1, {})
end

--- The elements from place `first` to place `last`, both included; of places the array does not have, none.
function arrays.slice(array, first, last)
  local values, size = array_of(array, 1, "slice")
  first, last = common.integer(first, 2, "slice"), last == nil and size or common.integer(last, 3, "slice")
  first, last = first < 1 and 1 or first, last > size and size or last
  return move(values, first, last, 1, {})
end

function arrays.size(array)
  local _, size = array_of(array, 1, "size")
  return size
end

arrays.toStream = streams.fromArray

function arrays.fromStream(stream)
  return text_bytes(streams.read(stream, 1, "fromStream"))
end

--- Take n elements from the front of a queue, or all there are.
function arrays.readFromQueue(queue, n)
  local result = {}
  for i = 1, common.integer(n, 2, "readFromQueue") do
    local item = queue.pop()
    if item == nil then
      break
    end
    result[i] = item
  end
  return result
end

--- Put the elements at the end of a queue.
function arrays.writeToQueue(queue, array)
  local values, size = array_of(array, 2, "writeToQueue")
  for i = 1, size do
    queue.push(values[i])
  end
end

return arrays
