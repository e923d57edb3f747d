--- sandbox_texts.lua: errors at the author's line, string.format with objects, looking without a trace.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, select, pcall, error = raw.type, raw.select, raw.pcall, raw.error
local getinfo, next, pack, unpack = raw.debug.getinfo, raw.next, raw.table.pack, raw.table.unpack
local find, gsub, gmatch, raw_format = raw.string.find, raw.string.gsub, raw.string.gmatch, raw.string.format
local serials, to_text = sandbox.serials, sandbox.tostring

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
  if find(message, "^bad argument") or find(message, "^calling") then -- other complaints name what they mean
    message = gsub(message, " '[^']*'", " '" .. gsub(name, "%%", "%%%%") .. "'", 1)
  end
  error(message, 3)
end

--- The number of a table, function or thread, given at first sight.
local function serial(object)
  local number = serials[object]
  if not number then
    number = sandbox.serial_last + 1
    sandbox.serial_last = number
    serials[object] = number
  end
  return number
end

--- tostring of a table, function or thread; it calls this in return place.
local function of_object(value)
  local kind, meta = type(value), sandbox.awake(value)
  if meta then
    local custom = raw.rawget(meta, "__tostring")
    if custom ~= nil then
      local text = custom(value)
      if type(text) ~= "string" and type(text) ~= "number" then
        error("'__tostring' must return a string", 2)
      end
      return text
    end
    local name = raw.rawget(meta, "__name")
    kind = type(name) == "string" and name or kind
  end
  return raw_format("%s: 0x%08x", kind, serial(value))
end

-- pcall of string.format, where some of the values are objects.
local function format(...)
  local count, values = select("#", ...), { ... }
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
  return pcall(raw_format, unpack(values, 1, count))
end

--- Call a function that looks at the process from outside: the numbers it gave are forgotten, so that looking
--- changes nothing the process can print.
local function unnumbered(look, ...)
  local last = sandbox.serial_last
  local answer = pack(look(...))
  if sandbox.serial_last > last then
    for object, number in next, serials do
      if number > last then
        serials[object] = nil
      end
    end
    sandbox.serial_last = last
  end
  return unpack(answer, 1, answer.n)
end

--- The "file:line" of the innermost code of the author on the stack, or nil. Trusted code carries no lines.
local function where()
  local level = 2
  local info = raw.debug.getinfo(level, "Sl")
  while info do
    if info.currentline > 0 then
      return info.short_src .. ":" .. raw_format("%d", info.currentline)
    end
    level = level + 1
    info = raw.debug.getinfo(level, "Sl")
  end
  return nil
end

return { blame = blame, format = format, unnumbered = unnumbered, where = where, serial = serial, of_object = of_object }
