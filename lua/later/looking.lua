--- looking.lua: reads the state of a process for the host, and changes nothing in it.

local k = ...
local raw, sandbox, env = k.raw, k.sandbox, k.env
local type, rawget, select = raw.type, raw.rawget, raw.select
local unpack = raw.table.unpack

local looking = {}

local out, size

local function emit(value)
  size = size + 1
  out[size] = value
end

local describe

local function describe_table(t, seen)
  if seen[t] then
    emit("text")
    emit("<cycle>")
    return
  end
  seen[t] = true
  k.wake(t)
  local at = size + 2
  emit("table")
  emit(0)
  local n = 0
  for key, value in sandbox.next, t do
    describe(key, seen)
    describe(value, seen)
    n = n + 1
  end
  out[at] = n
  seen[t] = nil
end

function describe(value, seen)
  local kind = type(value)
  if kind == "string" then
    emit("text")
    emit(value)
  elseif kind == "number" or kind == "boolean" then
    emit("plain")
    emit(value)
  elseif kind == "nil" then
    emit("nil")
  elseif kind == "table" then
    describe_table(value, seen)
  else
    emit("text")
    emit(sandbox.tostring(value))
  end
end

local function described(value)
  out, size = {}, 0
  describe(value, {})
  return unpack(out, 1, size)
end

function looking.last_value()
  return described(k.last_value)
end

-- A field without metamethods of the author. Of the globals nothing is woken: that would count as a use of json.
local function field(value, key)
  local meta = raw.getmetatable(value)
  if value == env and meta and sandbox.lazy[meta] and key ~= "json" then
    return value[key]
  end
  if value ~= env then
    k.wake(value)
  end
  local found = rawget(value, key)
  if found == nil and raw.tonumber(key) then
    found = rawget(value, raw.tonumber(key))
  end
  return found
end

local function read(...)
  local value = env
  for i = 1, select("#", ...) do
    if type(value) ~= "table" then
      value = nil
      break
    end
    value = field(value, (select(i, ...)))
  end
  return described(value)
end

--- A global, or a field of it by a dotted path, read without running anything.
function looking.read(...)
  return k.part("sandbox_texts").unnumbered(read, ...)
end

--- How many handlers wait for a message.
function looking.waiting()
  local list, count = rawget(k.handlers, "coroutines"), 0
  if type(list) == "table" then
    k.wake(list)
    for _, thread in raw.next, list do
      if type(thread) == "thread" and raw.coroutine.status(thread) == "suspended" then
        count = count + 1
      end
    end
  end
  return count
end

-- The globals of every process.
local at_boot = {}
for name in raw.string.gmatch([[
  Assign Bell Colors Dump Errors HANDLER_PRINT_LOGS Handlers Inbox Name Owner Prompt Receive Seeded Send Spawn Tab Utils
  Version _G _VERSION ao assert bit32 collectgarbage coroutine debug dofile error getmetatable handle io ipairs json load
  loadfile math next os package pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table
  tonumber tostring type utf8 xpcall]], "%S+") do
  at_boot[name] = true
end

--- The author's own globals, by name.
function looking.global_names()
  local names = {}
  for name in raw.next, env do
    if type(name) == "string" and not at_boot[name] then
      names[#names + 1] = name
    end
  end
  raw.table.sort(names)
  return unpack(names)
end

return looking
