--- sandbox.lua: the closed world of one process: its globals, with all chance and all of the host taken out.
--
-- Called as chunk(raw, parts) in a fresh Lua: `raw` holds the original functions and libraries, `parts` the compiled
-- files of this folder by name. Nothing here reaches for a global. Trusted code never calls a method on a string,
-- whose methods are the process's, and touches tables of the process with raw access only.

local raw, parts = ...

local type, select, pcall, raw_next, rawget = raw.type, raw.select, raw.pcall, raw.next, raw.rawget
local rawset, raw_setmetatable, raw_rawlen, raw_ipairs = raw.rawset, raw.setmetatable, raw.rawlen, raw.ipairs
local error, tonumber, meta_of, raw_load = raw.error, raw.tonumber, raw.debug.getmetatable, raw.load
local find, sub, gsub, concat = raw.string.find, raw.string.sub, raw.string.gsub, raw.table.concat
local set_meta = raw.debug.setmetatable -- the plain one would refuse where a hidden metatable stands

local env = {}
local libraries = {} -- name -> the table the process found under it at the start
local lazy, hidden = {}, {}

--- lazy: private metatable -> function(table) that turns it into an ordinary one; called before any raw access.
--- hidden: metatables the process must not see; libraries: the library tables; files: path -> content for io.open.
local sandbox = { env = env, libraries = libraries, lazy = lazy, hidden = hidden, files = {} }

parts.sandbox_names(raw, sandbox)
parts.sandbox_order(raw, sandbox)
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
  rawset(meta, "__gc", nil)
  rawset(meta, "__mode", nil)
end

function env.setmetatable(t, meta)
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
      error("reader function must return a string", 4) -- after this function, pcall and load
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

local function load_source(source, name, mode, ...)
  local kind = type(source)
  if mode ~= nil and type(mode) ~= "string" and type(mode) ~= "number" then
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
env.load = load_source

-- Libraries -----------------------------------------------------------------------------------------------------

local string = library("string")
string.format = sandbox.format

function string.dump(f)
  if type(f) ~= "function" then
    blame("string.dump", expected(1, "function", f))
  end
  blame("string.dump", "unable to dump given function")
end

-- Methods of texts are looked up in the library as the process has patched it.
local text_meta = meta_of("")
text_meta.__index = string
text_meta.__metatable = false

library("coroutine")
library("utf8")
parts.sandbox_sort(raw, sandbox)
library("table").sort = sandbox.sort

-- What few processes touch is loaded when one does: it would double the size of all the others.
local function on_demand(file, own)
  local pending = {}
  for name, functions in raw_next, own do
    libraries[name], env[name] = functions, functions
    pending[name] = functions
  end
  local meta = {}
  local function wake()
    local part = sandbox.fetch(file) -- may raise, to have the host bring the file first
    part = type(part) == "string" and raw_load(part, "=" .. file, "b") or part
    for _, functions in raw_next, pending do
      set_meta(functions, nil)
    end
    for name, functions in raw_next, part(raw, sandbox) do
      for key, value in raw_next, functions do
        if rawget(pending[name], key) == nil then
          rawset(pending[name], key, value)
        end
      end
    end
  end
  function meta.__index(functions, key)
    wake()
    return rawget(functions, key)
  end
  function meta.__newindex(functions, key, value)
    wake()
    rawset(functions, key, value)
  end
  for _, functions in raw_next, pending do
    raw_setmetatable(functions, meta)
  end
  lazy[meta], hidden[meta] = wake, true
end

local kept = { sandbox_host = parts.sandbox_host, sandbox_io = parts.sandbox_io }

--- Find one of these two files, as a function or as precompiled text; the kernel may put its own way here.
function sandbox.fetch(name)
  return kept[name]
end

sandbox.now_ms, sandbox.start_ms = 0, nil
sandbox.no_file = 44 -- what AO's build calls ENOENT

function sandbox.missing(name)
  return nil, sandbox.tostring(name) .. ": No error information", sandbox.no_file
end

--- The time of the message being handled, in milliseconds. What is no number leaves the time as it was.
function sandbox.set_time(timestamp)
  sandbox.now_ms = tonumber(timestamp) or sandbox.now_ms
  sandbox.start_ms = sandbox.start_ms or sandbox.now_ms
end

-- Files and modules ---------------------------------------------------------------------------------------------

local loaded, preload = {}, {}
local package = {
  loaded = loaded,
  preload = preload,
  path = "/usr/local/share/lua/5.3/?.lua;/usr/local/share/lua/5.3/?/init.lua;"
    .. "/usr/local/lib/lua/5.3/?.lua;/usr/local/lib/lua/5.3/?/init.lua;./?.lua;./?/init.lua",
  cpath = "/usr/local/lib/lua/5.3/?.so;/usr/local/lib/lua/5.3/loadall.so;./?.so",
}
local function now()
  return sandbox.now_ms
end
on_demand("sandbox_host", { package = package, os = { time = now }, debug = {}, math = library("math") })
on_demand("sandbox_io", { io = {} })
for name, functions in raw_next, libraries do
  loaded[name] = functions
end
loaded._G = env

function sandbox.find_module()
  return nil
end

--- Ask `fn(name)` for modules that are neither loaded nor preloaded; nil means there is none.
function sandbox.module_loader(fn)
  sandbox.find_module = fn
end

-- The searchers as long as the process has not touched them: the first two, without loading the rest.
local function searched_shortly(name)
  if rawget(package, "searchers") ~= nil then
    return nil
  end
  local load_it = preload[name]
  if load_it ~= nil then
    return load_it
  end
  local value = sandbox.find_module(name)
  return value ~= nil and function()
    return value
  end
end

function env.require(name)
  if type(name) ~= "string" and type(name) ~= "number" then
    blame("require", expected(1, "string", name))
  end
  name = name .. ""
  if loaded[name] then
    return loaded[name]
  end
  local text, extra = "", nil
  local load_it = searched_shortly(name)
  if not load_it then
    for _, search in raw_ipairs(package.searchers) do
      load_it, extra = search(name)
      if type(load_it) == "function" then
        break
      elseif type(load_it) == "string" then
        text = text .. load_it
      end
      load_it = nil
    end
  end
  if not load_it then
    error("module '" .. name .. "' not found:" .. text, 2)
  end
  local value = load_it(name, extra)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name]
end

function sandbox.load_file(name, mode, ...)
  local text = sandbox.files[name]
  if type(text) ~= "string" then
    return nil, "cannot open " .. sandbox.tostring(name) .. ": No error information"
  end
  text = gsub(text, "^#[^\n]*", "", 1)
  return load_source(text, "@" .. name, mode, ...)
end
env.loadfile = sandbox.load_file

function env.dofile(name)
  local chunk, message = sandbox.load_file(name)
  if not chunk then
    error(message, 0)
  end
  return chunk()
end

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
