--- names.lua: what the files of this folder have in common, each thing as one variable.
--
-- This text stands in front of theirs, and all of them are one chunk: a variable of its own for `type` in every file
-- would be as many variables in every process. The parts in later/ see none of it.

-- The originals, out of the process's reach; the library tables themselves become the process's.
local raw, own = {}, {}
for name, functions in next, {
  string = "byte char dump find format gmatch gsub lower match pack rep reverse sub unpack upper",
  table = "concat insert move pack remove sort unpack", math = "abs atan ceil exp floor huge log max min tointeger type",
  coroutine = "create isyieldable resume running status yield",
  debug = "getinfo getmetatable getregistry getupvalue sethook setmetatable traceback upvalueid", os = "date difftime", utf8 = "char"
} do
  raw[name], own[name] = {}, _G[name]
  for inner in functions:gmatch("%w+") do
    raw[name][inner] = own[name][inner]
  end
end
for name in ([[next pairs ipairs select type tostring tonumber pcall xpcall error assert load rawget rawset rawlen
  rawequal setmetatable getmetatable collectgarbage]]):gmatch("%w+") do
  raw[name] = _G[name]
end

local type, error, next, select, pcall, tostring = raw.type, raw.error, raw.next, raw.select, raw.pcall, raw.tostring
local rawget, rawset, rawlen, setmetatable, getmetatable =
  raw.rawget, raw.rawset, raw.rawlen, raw.setmetatable, raw.getmetatable
local find, sub, unpack = raw.string.find, raw.string.sub, raw.table.unpack
local create, resume, yield, running = raw.coroutine.create, raw.coroutine.resume, raw.coroutine.yield, raw.coroutine.running
local meta_of = raw.debug.getmetatable

local weak_keys = { __mode = "k" } -- a metatable
local need = {} -- what a coroutine yields, or throws, to have the host fetch something
local secret = {} -- the key under which what is made when it is looked at keeps its record; no process ever meets it

--- What the kernel builds, each made by the file of its name; the first is the table that the parts in later/ are given.
local k, sandbox, env, message, outbox, ao, handlers, process, fast, steps
local state, waits, tag_patterns, search, current -- of ao, of handlers, of message
local lazy, awake, wake_first, asleep, wake_library, pending -- of sandbox
