--- sandbox.lua: the closed world of one process: its globals, with all chance and all of the host taken out.
--
-- Called in a fresh Lua as chunk(parts): the files of this folder as functions. Nothing here reaches for a global.
-- Trusted code never calls a method on a string, whose methods are the process's, and touches tables of the process with
-- raw access only. What few processes touch comes with a part when one does: it would double the size of all the others.

local parts = ...

local raw_ipairs, set_meta = raw.ipairs, raw.debug.setmetatable

env = {}
local libraries = {} -- name -> the table the process found under it at the start
lazy = {}
local hidden = setmetatable({}, { __mode = "k", __index = lazy })

--- lazy: private metatable -> function(table) that brings all the table has; called before any raw access.
--- hidden: metatables the process must not see, those among them; libraries: the library tables; files: path -> content
--- for io.open; now_ms, start_ms: the time of the message being handled, and of the first. part: finds a part by name,
--- set by whoever loaded this.
sandbox = { libraries = libraries, lazy = lazy, hidden = hidden, files = {}, now_ms = 0 }

local format = parts.sandbox_names()

-- Functions that are in parts: pairs and next in the fixed order; a module by its name, and the text of a file; the
-- innermost place in code of the author; the number of an object.
local found_in = {
  pairs = "sandbox_pairs", next = "sandbox_next", find_module = "libraries", read_file = "libraries",
  random = "libraries", where = "sandbox_texts", serial = "sandbox_texts"
}
setmetatable(sandbox, {
  __index = function(_, name)
    local part = found_in[name]
    return part and sandbox.part(part)[name]
  end
})

local function library(name)
  libraries[name], env[name] = own[name], own[name]
  return own[name]
end

-- Base functions ------------------------------------------------------------------------------------------------

for _, name in raw_ipairs({ "assert", "error", "pcall", "select", "tonumber", "type" }) do
  env[name] = raw[name]
end
env._G = env
env._VERSION = "Lua 5.3"
env.tostring = sandbox.tostring

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

-- Globals that are there once somebody asks for them: name -> the part they come with, true for what is made by itself,
-- or the value, for what few look for: a table with more than 32 globals takes the room of one with 64.
pending = {
  pairs = "sandbox_pairs", next = "sandbox_next",
  rawget = "sandbox_base", rawset = "sandbox_base", rawlen = "sandbox_base", getmetatable = "sandbox_base",
  setmetatable = "sandbox_base", collectgarbage = "sandbox_base",
  load = "sandbox_modules", require = "sandbox_modules", loadfile = "sandbox_modules", dofile = "sandbox_modules",
  rawequal = raw.rawequal, xpcall = raw.xpcall
}

-- All that come with one part come at once.
local function bring(name)
  local from = pending[name]
  if type(from) ~= "string" then
    local value = from == true and sandbox.part("globals").make(name) or from
    pending[name] = nil
    rawset(env, name, value)
    return
  end
  local part = sandbox.part(from)
  for other, its in next, pending do
    if its == from then
      pending[other] = nil
      rawset(env, other, part[other])
    end
  end
end

local lazy_globals = {}

function lazy_globals.__index(_, name)
  if pending[name] then
    bring(name)
    return rawget(env, name)
  end
end

function lazy_globals.__newindex(_, name, value)
  pending[name] = nil
  rawset(env, name, value)
end

lazy[lazy_globals] = function()
  for name in next, pending do
    bring(name)
  end
end
setmetatable(env, lazy_globals)

-- Libraries -----------------------------------------------------------------------------------------------------

-- Tables that come whole with a part once somebody misses something in one of them: table -> the part.
asleep = {}
local lazy_library = {}

function wake_library(t)
  local file = asleep[t]
  local part = sandbox.part(file) -- may raise, to have the host bring the file first
  for name, functions in next, libraries do
    if asleep[functions] == file then
      asleep[functions] = nil
      if meta_of(functions) == lazy_library then
        set_meta(functions, nil)
      end
      for key, value in next, part[name] do
        if rawget(functions, key) == nil then
          rawset(functions, key, value)
        end
      end
    end
  end
end

function lazy_library.__index(functions, key)
  wake_library(functions)
  return rawget(functions, key)
end

lazy_library.__newindex, lazy[lazy_library] = wake_first, wake_library

local function on_demand(file, tables)
  for name, functions in next, tables do
    libraries[name], asleep[functions] = functions, file
    setmetatable(functions, lazy_library)
  end
end

local string = library("string")
string.format, string.dump = format, nil

-- Methods of texts are looked up in the library as the process has patched it.
local text_meta = meta_of("")
text_meta.__index = string
text_meta.__metatable = false

libraries.coroutine, libraries.utf8 = own.coroutine, own.utf8
library("table").sort = nil
library("math").random = nil

local function now()
  return sandbox.now_ms
end

local loaded = {}
sandbox.loaded, sandbox.preload = loaded, {}
env.os = { time = now }
on_demand("sandbox_host", {
  package = { loaded = loaded, preload = sandbox.preload }, os = env.os, debug = {}, math = env.math
})
on_demand("sandbox_io", { io = {} })
on_demand("sandbox_sort", { table = env.table })
on_demand("sandbox_base", { string = string })
for _, name in raw_ipairs({ "package", "debug", "io", "utf8", "coroutine" }) do
  pending[name] = libraries[name]
end
for name, functions in next, libraries do
  loaded[name] = functions
end
loaded._G = env

--- Take away the true globals and the list of loaded libraries. The binding looks up `debug` before every call into
--- Lua, so that one name must lead to a plain value. The files of the host are left open, but out of reach.
function sandbox.close()
  local registry = raw.debug.getregistry()
  local nothing = {}
  registry[2], registry._LOADED, registry._PRELOAD = { debug = false }, nothing, nothing -- 2 is the table of globals
  registry["FILE*"].__gc = nil
  registry["FILE*"], registry._IO_input, registry._IO_output = nil, nil, nil
end

return sandbox
