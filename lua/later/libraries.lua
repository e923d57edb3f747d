--- libraries.lua: the libraries a process can require, each made when it is first asked for.

local k = ...
local raw, sandbox = k.raw, k.sandbox
local rawget, rawset = raw.rawget, raw.rawset

k.loaded_libraries = k.loaded_libraries or {} -- key -> { module, what it has for the runtime alone }
local loaded = k.loaded_libraries

local libraries = {}

-- Asking the host ----------------------------------------------------------------------------------------

local function answered()
  local values = k.answer
  k.question, k.answer = nil, nil
  if not values[1] then
    raw.error(values[2], 0)
  end
  return raw.table.unpack(values, 2, values.n)
end

--- Have the host compute something: a service by its name, and texts, numbers and booleans for it. What it refuses is
--- an error with its text, without a position.
--- A coroutine of the process, or a C function that calls back, lets no question through: then the message is given up,
--- and done again by a process in which such coroutines and functions do.
function libraries.ask(...)
  local co = raw.coroutine
  if k.missing then
    k.give_up(k.missing)
  end
  if not co.isyieldable() or not (k.ours[co.running()] or k.lets_through) then
    if k.lets_through then
      raw.error("this cannot be called from within a metamethod or a message handler that C code calls", 0)
    end
    k.give_up("letting_through")
  end
  k.question = raw.table.pack(...)
  co.yield(k.need, k.question)
  return answered()
end

-- Libraries ----------------------------------------------------------------------------------------------

-- What a library is given.
local lib = {
  raw = raw, tostring = sandbox.tostring, ask = libraries.ask,
  fold = k.fold
}

function lib.pairs(t)
  return sandbox.pairs(t)
end

function lib.next(t, key)
  return sandbox.next(t, key)
end

function lib.sort(t, before)
  return sandbox.part("sandbox_sort").table.sort(t, before)
end

local library

--- A file of the libraries' own.
function lib.file(key)
  return (library(key))
end

function library(key)
  local pair = loaded[key]
  if not pair then
    pair = { k.code(key)(lib) }
    loaded[key] = pair
    if k.without and k.without[key] then
      k.without[key](pair[1])
    end
    if key == "chance" and k.seed_digits then
      pair[2].seed_digits(k.seed_digits)
    end
  end
  return pair[1], pair[2]
end

function libraries.private_json()
  return (library("json"))
end

-- aos: ao.send and print use whatever the process has put in the place of a library.
local function visible(name, key)
  local module = rawget(sandbox.loaded, name)
  if module == nil then
    module = library(key)
    rawset(sandbox.loaded, name, module)
  end
  return module
end

function libraries.json()
  return visible("json", "json")
end

function libraries.utils()
  return visible(".utils", "utils")
end

function libraries.stringify()
  return visible(".stringify", "stringify")
end

function libraries.bit32()
  return visible("bit32", "bit32")
end

function libraries.dump()
  return visible(".dump", "dump")
end

function libraries.random(...)
  local _, private = library("chance")
  return private.math_random(...)
end

-- What require knows beside what the process has put into package.loaded or package.preload.
local modules = {
  ["json"] = "json", [".utils"] = "utils", [".dump"] = "dump", [".pretty"] = "pretty", [".stringify"] = "stringify",
  [".base64"] = "base64", [".bint"] = "bint", [".chance"] = "chance"
}
local runtime = {
  ao = k.ao, [".ao"] = k.ao, [".handlers"] = k.handlers, [".handlers-utils"] = k.handlers_utils
}

local makers = {} -- of modules that are made when somebody requires them

makers[".process"] = function()
  return { _version = k.process._version, handle = k.env.handle }
end

makers[".assignment"] = function()
  return k.later({}, "assignment", { "init" })
end

-- The network has it in modules that are built with it.
makers.lsqlite3 = function()
  if not k.has_sqlite then
    if k.fidelity ~= "docs" then
      return nil
    end
    k.forgive("sqlite-module", "lsqlite3", 'require("lsqlite3")')
  end
  lib.sandbox, lib.current = sandbox, k.message.current
  return (library("lsqlite3"))
end

local YIELDED = "attempt to yield across a C-call boundary"

local function refuse()
  raw.debug.sethook()
  raw.error(YIELDED, 0)
end

-- What such a function gives. Code of the author's that yields here has nobody who would resume it: it goes on with an
-- error, as it would if the library were in C.
local function given(thread, ok, first, ...)
  if not ok then
    raw.error(first, 0)
  elseif raw.coroutine.status(thread) == "dead" then
    return first, ...
  elseif first == k.need then
    raw.coroutine.yield(first, ...)
  else
    raw.debug.sethook(thread, refuse, "", 1)
  end
  return given(thread, raw.coroutine.resume(thread))
end

--- Called by the host, in the midst of a question: a function of the process that a library keeps.
function libraries.call_library(key, ...)
  local _, private = library(key)
  local thread = raw.coroutine.create(private.call)
  k.ours[thread] = true
  return given(thread, raw.coroutine.resume(thread, ...))
end

-- aos: these modules are functions that return the runtime's own.
local function giver(owner, name)
  return function()
    return function()
      return owner[name]
    end
  end
end

makers[".eval"], makers[".default"] = giver(k, "run_eval"), giver(k, "run_default")
makers[".boot"] = giver(k.later({}, "long_way", { "boot" }), "boot")

--- The text of a file: one the host has put there, or data on Arweave, which it hands over when somebody asks.
function libraries.read_file(path)
  local text = sandbox.files[path]
  if text == nil and raw.string.find(path, "^/data/.") then
    return libraries.ask("reading.data", raw.string.sub(path, 7))
  end
  return text
end

function libraries.find_module(name)
  if makers[name] then
    return makers[name]()
  elseif raw.string.sub(name, 1, 7) == ".crypto" then
    return library("crypto_names")(name)
  end
  return runtime[name] or modules[name] and (library(modules[name]))
end

return libraries
