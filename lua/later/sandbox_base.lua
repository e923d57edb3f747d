--- sandbox_base.lua: raw access, metatables and the collector, for processes that ask for them.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, rawget, rawset, raw_rawlen = raw.type, raw.rawget, raw.rawset, raw.rawlen
local meta_of, set_meta = raw.debug.getmetatable, raw.debug.setmetatable -- the plain one refuses hidden metatables
local lazy, hidden = sandbox.lazy, sandbox.hidden
local blame, expected, awake = sandbox.blame, sandbox.expected, sandbox.awake

local base = {}

function base.rawget(t, key)
  if type(t) ~= "table" then
    blame("rawget", expected(1, "table", t))
  end
  local meta = meta_of(t)
  if meta then
    awake(t)
  end
  return rawget(t, key)
end

function base.rawset(t, key, value)
  if type(t) ~= "table" then
    blame("rawset", expected(1, "table", t))
  elseif key == nil or key ~= key then
    blame("rawset", key == nil and "table index is nil" or "table index is NaN")
  end
  awake(t)
  return rawset(t, key, value)
end

function base.rawlen(value)
  local kind = type(value)
  if kind ~= "table" and kind ~= "string" then
    blame("rawlen", "bad argument #1 to '?' (table or string expected)")
  end
  awake(value)
  return raw_rawlen(value)
end

function base.getmetatable(value)
  local meta = meta_of(value)
  if meta and lazy[meta] then
    meta = awake(value)
  end
  if not meta or hidden[meta] then
    return nil
  end
  local shown = rawget(meta, "__metatable")
  if shown ~= nil then
    return shown
  end
  return meta
end

-- Finalizers run when the collector likes, and weak tables hold what it left: both fields are taken out.
local function without_chance(meta)
  rawset(meta, "__gc", nil)
  rawset(meta, "__mode", nil)
end

function base.setmetatable(t, meta)
  if type(t) ~= "table" then
    blame("setmetatable", expected(1, "table", t))
  elseif meta ~= nil and type(meta) ~= "table" then
    blame("setmetatable", "bad argument #2 to '?' (nil or table expected)")
  end
  local old = meta_of(t)
  if old then
    old = awake(t)
    if old and not hidden[old] and rawget(old, "__metatable") ~= nil then
      blame("setmetatable", "cannot change a protected metatable")
    end
  end
  if meta then
    if meta_of(meta) then
      awake(meta)
    end
    if rawget(meta, "__gc") ~= nil or rawget(meta, "__mode") ~= nil then
      without_chance(meta)
    end
  end
  return set_meta(t, meta)
end

local memory_kb = 1024.0
local collector_answers = {
  collect = 0, stop = 0, restart = 0, count = memory_kb, step = true, isrunning = true,
  setpause = 200, setstepmul = 200,
}

function base.collectgarbage(option)
  local answer = collector_answers[option == nil and "collect" or option]
  if answer == nil then
    blame("collectgarbage", "bad argument #1 to '?' (invalid option '" .. sandbox.tostring(option) .. "')")
  end
  return answer
end

local string = {}

function string.dump(f)
  if type(f) ~= "function" then
    blame("string.dump", expected(1, "function", f))
  end
  blame("string.dump", "unable to dump given function")
end

base.string = string
return base
