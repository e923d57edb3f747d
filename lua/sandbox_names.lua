--- sandbox_names.lua: texts of objects, with serial numbers in the place of addresses.

local raw_format = raw.string.format

-- Errors at the author's line, see later/sandbox_texts.lua. A call in return place leaves no frame behind.
local function blame(name, message)
  return sandbox.part("sandbox_texts").blame(name, message)
end

local function expected(position, what, value)
  return "bad argument #" .. position .. " to '?' (" .. what .. " expected, got " .. type(value) .. ")"
end

-- The metatable of a table after it was woken, if it was a message nobody had looked into yet.
function awake(object)
  local meta = meta_of(object)
  local wake = meta and lazy[meta]
  if wake then
    wake(object)
    meta = meta_of(object)
  end
  return meta
end

-- What a private metatable does with an assignment.
function wake_first(object, key, value)
  awake(object)
  object[key] = value
end

local function to_text(...)
  local value = ...
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "nil" and select("#", ...) == 0 then
    blame("tostring", "bad argument #1 to '?' (value expected)")
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  return sandbox.part("sandbox_texts").of_object(value)
end

local function is_object(value)
  local kind = type(value)
  return kind == "table" or kind == "function" or kind == "thread"
end

local function format(...)
  local count = select("#", ...)
  local _, first, second = ...
  local objects = is_object(first) or is_object(second)
  for i = 4, count do
    objects = objects or is_object((select(i, ...)))
  end
  local done, text
  if objects then
    done, text = sandbox.part("sandbox_texts").format(...)
  else
    done, text = pcall(raw_format, ...)
  end
  if not done then
    blame("string.format", text)
  end
  return text
end

sandbox.blame, sandbox.expected, sandbox.awake = blame, expected, awake
sandbox.serials, sandbox.serial_last, sandbox.tostring = setmetatable({}, weak_keys), 0, to_text
return format
