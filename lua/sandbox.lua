--- sandbox.lua: the closed world of one process: its globals, with all chance and all of the host taken out.
--
-- Called as chunk(raw, part) in a fresh Lua: `raw` holds the original functions and libraries, part(name) answers the
-- compiled chunk of another file of this folder. Nothing here reaches for a global. Trusted code never calls a method
-- on a string, whose metatable is the process's, and touches tables of the process with raw access only.

local raw, part = ...

local type, select, pcall, raw_next, rawget = raw.type, raw.select, raw.pcall, raw.next, raw.rawget
local rawset, raw_setmetatable, raw_rawlen, raw_ipairs = raw.rawset, raw.setmetatable, raw.rawlen, raw.ipairs
local meta_of, find, sub, raw_load, concat =
  raw.debug.getmetatable, raw.string.find, raw.string.sub, raw.load, raw.table.concat

local env = {}
local libraries = {} -- name -> the table the process found under it at the start
local lazy, hidden = {}, {}

--- lazy: private metatable -> function(table) that turns it into an ordinary one; called before any raw access.
--- hidden: metatables the process must not see; libraries: the library tables; files: path -> content for io.open.
local sandbox = { env = env, libraries = libraries, lazy = lazy, hidden = hidden, files = {} }

part("sandbox_names")(raw, sandbox)
part("sandbox_order")(raw, sandbox)
local blame, expected, awake = sandbox.blame, sandbox.expected, sandbox.awake

local function library(name)
  local own = {}
  for key, value in raw_next, raw[name] do
    own[key] = value
  end
  libraries[name] = own
  env[name] = own
  return own
end

-- Base functions ------------------------------------------------------------------------------------------------

for _, name in raw_ipairs({ "assert", "error", "pcall", "rawequal", "select", "tonumber", "type", "xpcall" }) do
  env[name] = raw[name]
end
env._G = env
env._VERSION = "Lua 5.3"
env.next, env.pairs, env.tostring = sandbox.next, sandbox.pairs, sandbox.tostring

-- The binding's Lua lacks __ipairs, which the 5.2 compatibility of AO's build still honours.
function env.ipairs(t)
  local meta = meta_of(t)
  local custom = meta and rawget(meta, "__ipairs")
  if custom ~= nil then
    local step, state, first = custom(t)
    return step, state, first
  end
  return raw_ipairs(t)
end

function env.rawget(t, key)
  if type(t) ~= "table" then
    blame("rawget", expected(1, "table", t))
  end
  local meta = meta_of(t)
  if meta then
    awake(t)
  end
  return rawget(t, key)
end

function env.rawset(t, key, value)
  if type(t) ~= "table" then
    blame("rawset", expected(1, "table", t))
  elseif key == nil or key ~= key then
    blame("rawset", key == nil and "table index is nil" or "table index is NaN")
  end
  awake(t)
  return rawset(t, key, value)
end

function env.rawlen(value)
  local kind = type(value)
  if kind ~= "table" and kind ~= "string" then
    blame("rawlen", "bad argument #1 to '?' (table or string expected)")
  end
  awake(value)
  return raw_rawlen(value)
end

function env.getmetatable(value)
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
  awake(meta)
  if rawget(meta, "__gc") ~= nil then
    rawset(meta, "__gc", nil)
  end
  if rawget(meta, "__mode") ~= nil then
    rawset(meta, "__mode", nil)
  end
end

function env.setmetatable(t, meta)
  if type(t) ~= "table" then
    blame("setmetatable", expected(1, "table", t))
  end
  local old = awake(t)
  if type(meta) == "table" then
    without_chance(meta)
  elseif meta ~= nil then
    blame("setmetatable", "bad argument #2 to '?' (nil or table expected)")
  end
  if old and rawget(old, "__metatable") ~= nil and not hidden[old] then
    blame("setmetatable", "cannot change a protected metatable")
  end
  return raw.debug.setmetatable(t, meta)
end

local memory_kb = 1024.0
local collector_answers = {
  collect = 0, stop = 0, restart = 0, count = memory_kb, step = true, isrunning = true, setpause = 200, setstepmul = 200,
}

function env.collectgarbage(option)
  local answer = collector_answers[option == nil and "collect" or option]
  if answer == nil then
    blame("collectgarbage", "bad argument #1 to '?' (invalid option '" .. sandbox.tostring(option) .. "')")
  end
  return answer
end

-- Source text ---------------------------------------------------------------------------------------------------

--- Compile text of the process; its globals are those of the process.
function sandbox.load(text, name)
  return raw_load(text, name, "t", env)
end

local function drained(reader)
  local pieces, n = {}, 0
  while true do
    local piece = reader()
    if piece == nil or piece == "" then
      return concat(pieces)
    elseif type(piece) ~= "string" then
      raw.error("reader function must return a string", 0)
    end
    n = n + 1
    pieces[n] = piece
  end
end

local function load_text(text, name, mode, ...)
  local target = env
  if select("#", ...) > 0 then
    target = (...)
  end
  if mode ~= nil and not find(mode, "t", 1, true) and sub(text, 1, 1) ~= "\27" then
    return nil, "attempt to load a text chunk (mode is '" .. mode .. "')"
  end
  return raw_load(text, name, "t", target)
end

function env.load(source, name, mode, ...)
  local kind = type(source)
  if mode ~= nil and type(mode) ~= "string" then
    blame("load", expected(3, "string", mode))
  elseif kind == "string" or kind == "number" then
    source = source .. ""
    return load_text(source, name == nil and source or name, mode, ...)
  elseif kind ~= "function" then
    blame("load", expected(1, "function", source))
  end
  local done, text = pcall(drained, source)
  if not done then
    return nil, text
  end
  return load_text(text, name == nil and "=(load)" or name, mode, ...)
end

-- Libraries -----------------------------------------------------------------------------------------------------

local string = library("string")
string.format = sandbox.format

function string.dump(f)
  if type(f) ~= "function" then
    blame("dump", expected(1, "function", f))
  end
  blame("dump", "unable to dump given function")
end

-- Methods of texts are looked up in the library as the process has patched it.
local text_meta = meta_of("")
text_meta.__index = string
text_meta.__metatable = false

library("coroutine")
library("utf8")
part("sandbox_library")(raw, sandbox, library)
part("sandbox_host")(raw, sandbox, library)

--- The "file:line" of the innermost code of the author on the stack, or nil. Trusted code carries no lines.
function sandbox.where(level)
  level = (level or 1) + 1
  local info = raw.debug.getinfo(level, "Sl")
  while info do
    if info.currentline > 0 then
      return info.short_src .. ":" .. raw.string.format("%d", info.currentline)
    end
    level = level + 1
    info = raw.debug.getinfo(level, "Sl")
  end
  return nil
end

--- Empty the true globals and the list of loaded libraries. The binding looks up `debug` before every call into Lua,
--- so that one name must lead to a plain value.
function sandbox.close()
  local registry = raw.debug.getregistry()
  for _, name in raw_ipairs({ 2, "_LOADED", "_PRELOAD" }) do -- 2 is the table of globals
    local closed = registry[name]
    for key in raw_next, closed do
      closed[key] = nil
    end
    raw_setmetatable(closed, nil)
  end
  registry[2].debug = false
end

return sandbox
