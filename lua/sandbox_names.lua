--- sandbox_names.lua: errors at the author's line, and texts of objects with serial numbers in the place of addresses.

local raw, sandbox = ...

local type, select, pcall, error = raw.type, raw.select, raw.pcall, raw.error
local rawget, raw_setmetatable, raw_tostring = raw.rawget, raw.setmetatable, raw.tostring
local meta_of, getinfo = raw.debug.getmetatable, raw.debug.getinfo
local find, gsub, gmatch, raw_format = raw.string.find, raw.string.gsub, raw.string.gmatch, raw.string.format
local next, pack, unpack = raw.next, raw.table.pack, raw.table.unpack
local lazy = sandbox.lazy

-- Raise what a C function complained about, in its words, at the line of whoever called the wrapper.
-- Called by the wrapper itself, so the wrapper is level 2 and the author level 3.
local function blame(name, message)
  local call = getinfo(2, "nt")
  local position = call.namewhat == "method" and select(3, find(message, "^bad argument #(%d+)"))
  if position == "1" then
    message = gsub(message, "^bad argument #1 to ('[^']*')", "calling %1 on bad self")
  elseif position then -- Lua does not count the object before the colon
    message = gsub(message, "#%d+", "#" .. raw_format("%d", position - 1), 1)
  end
  -- Called without a name, by pcall say, Lua tells the full one; of a tail call the name at the place is lost.
  name = call.name or call.istailcall and gsub(name, "^.*%.", "") or name
  error((gsub(message, " '[^']*'", " '" .. gsub(name, "%%", "%%%%") .. "'", 1)), 3)
end

local function expected(position, what, value)
  return "bad argument #" .. position .. " to '?' (" .. what .. " expected, got " .. type(value) .. ")"
end

-- The metatable of a table after it was woken, if it was a message nobody had looked into yet.
local function awake(object)
  local meta = meta_of(object)
  local wake = meta and lazy[meta]
  if wake then
    wake(object)
    meta = meta_of(object)
  end
  return meta
end

local serials, serial_last = raw_setmetatable({}, { __mode = "k" }), 0

--- The number of a table, function or thread, given at first sight.
local function serial(object)
  local number = serials[object]
  if not number then
    number = serial_last + 1
    serial_last = number
    serials[object] = number
  end
  return number
end

--- Call a function that looks at the process from outside: the numbers it gave are forgotten, so that looking
--- changes nothing the process can print.
function sandbox.unnumbered(look, ...)
  local last = serial_last
  local answer = pack(look(...))
  if serial_last > last then
    for object, number in next, serials do
      if number > last then
        serials[object] = nil
      end
    end
    serial_last = last
  end
  return unpack(answer, 1, answer.n)
end

local function to_text(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return raw_tostring(value)
  end
  local meta = awake(value)
  if meta then
    local custom = rawget(meta, "__tostring")
    if custom ~= nil then
      local text = custom(value)
      if type(text) ~= "string" and type(text) ~= "number" then
        error("'__tostring' must return a string", 2)
      end
      return text
    end
    local name = rawget(meta, "__name")
    kind = type(name) == "string" and name or kind
  end
  return raw_format("%s: 0x%08x", kind, serial(value))
end

local function is_object(value)
  local kind = type(value)
  return kind == "table" or kind == "function" or kind == "thread"
end

local function format(...)
  local count = select("#", ...)
  local _, first, second = ...
  local values = (is_object(first) or is_object(second)) and { ... }
  for i = 4, count do
    if is_object((select(i, ...))) then
      values = { ... }
      break
    end
  end
  local done, text
  if values then
    -- Only %s looks at an object's text; anything else complains about its type, which stays as it is.
    local at = 1
    for letter in gmatch(type(values[1]) == "string" and values[1] or "", "%%[-+ #0-9.]*(.)") do
      if letter ~= "%" then
        at = at + 1
        if letter == "s" and type(values[at]) ~= "string" then
          values[at] = at <= count and to_text(values[at]) or nil
        end
      end
    end
    done, text = pcall(raw_format, unpack(values, 1, count))
  else
    done, text = pcall(raw_format, ...)
  end
  if not done then
    blame("string.format", text)
  end
  return text
end

sandbox.blame, sandbox.expected, sandbox.awake = blame, expected, awake
sandbox.serials, sandbox.serial, sandbox.tostring, sandbox.format = serials, serial, to_text, format
