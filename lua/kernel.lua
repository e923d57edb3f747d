--- kernel.lua: builds a process in a fresh Lua and returns the few functions the host calls.
--
-- `parts` are the files of this folder as functions, `fidelity` is "docs" or "network"; then follow the
-- libraries that are at hand from the start, as name, precompiled text, name, precompiled text ...

local parts, fidelity = ...
local libraries = {}
for i = 3, select("#", ...), 2 do
  libraries[select(i, ...)] = select(i + 1, ...)
end

local raw = {}
for _, name in ipairs({
  "string", "table", "math", "utf8", "coroutine", "debug", "os", "next", "pairs", "ipairs", "select", "type",
  "tostring", "tonumber", "pcall", "xpcall", "error", "assert", "load", "rawget", "rawset", "rawlen", "rawequal",
  "setmetatable", "getmetatable", "collectgarbage"
}) do
  raw[name] = _G[name]
end

local sandbox = parts.sandbox(raw, parts)
local k = { raw = raw, sandbox = sandbox, env = sandbox.env, fidelity = fidelity, verdict = "handled" }
local env, type, error, rawget = k.env, raw.type, raw.error, raw.rawget

-- Raw helpers: tables of the process may pretend anything, and its library tables may have been changed.
k.insert, k.remove, k.concat, k.ipairs = env.table.insert, env.table.remove, env.table.concat, raw.ipairs
k.pairs, k.tostring = sandbox.pairs, sandbox.tostring

function k.wake(t)
  local meta = raw.getmetatable(t)
  local wake = meta and sandbox.lazy[meta]
  if wake then
    wake(t)
  end
end

function k.sorted_names(t)
  local names = {}
  for name in sandbox.pairs(t) do
    names[#names + 1] = name
  end
  return names
end

-- Libraries ----------------------------------------------------------------------------------------------

local loaded_libraries, private_parts = {}, {}
local lib = { raw = raw, pairs = sandbox.pairs, next = sandbox.next, tostring = sandbox.tostring, sort = sandbox.sort }

local function library(name)
  local module = loaded_libraries[name]
  if module == nil then
    local code = libraries[name]
    code = code or k.ask_for(name)
    libraries[name] = false
    local private
    module, private = raw.load(code, "=" .. name, "b", {})(lib)
    loaded_libraries[name], private_parts[name] = module, private
    if name == "chance" and k.seed_digits then
      private.seed_digits(k.seed_digits)
    end
  end
  return module
end

local kept = {}

--- Take over the code of a library or part; one that was missed is kept for good.
function k.provide(name, code, keep)
  libraries[name] = code
  kept[name] = keep
end

-- What is not at hand is asked of the host. A coroutine of ours can wait for it right here; within one of the
-- process's, or below a C function, it cannot: then the step is given up, and done again by the host.
local give_up = {}
k.need, k.ours = {}, raw.setmetatable({}, { __mode = "k" })

function k.ask_for(name)
  local thread = raw.coroutine.running()
  if k.ours[thread] and raw.coroutine.isyieldable() then
    raw.coroutine.yield(k.need, name)
    return libraries[name]
  end
  k.missing = name
  error(give_up, 0)
end

local parts_loaded = {}

--- A part of the runtime that is handed over when it is needed for the first time.
function k.part(name)
  local part = parts_loaded[name]
  if not part then
    local code = libraries[name] or k.ask_for(name)
    libraries[name] = nil
    part = raw.load(code, "=" .. name, "b", {})(k)
    parts_loaded[name] = part
  end
  return part
end

--- Put functions into a table that fetch their part when they are called.
function k.later(target, part_name, names)
  for i = 1, #names do
    local name = names[i]
    target[name] = function(...)
      return k.part(part_name)[name](...)
    end
  end
  return target
end

--- Let go of the parts; most were needed to boot and will not be again.
function k.forget_parts()
  for name in raw.next, parts_loaded do
    if not kept[name] then
      parts_loaded[name] = nil
    end
  end
  raw.collectgarbage()
end

function k.private_json()
  return library("json")
end

-- aos: ao.send and print use whatever the process has put in the place of a library.
local package_loaded = env.package.loaded

local function visible(name, key)
  local module = rawget(package_loaded, name)
  if module == nil then
    module = library(key)
    raw.rawset(package_loaded, name, module)
  end
  return module
end

function k.json()
  return visible("json", "json")
end

function k.utils()
  return visible(".utils", "utils")
end

function k.stringify()
  return visible(".stringify", "stringify")
end

function k.bit32()
  return visible("bit32", "bit32")
end

function k.dump()
  return visible(".dump", "dump")
end

--- Seed the generator with a number given by its digits; it is only made when something is drawn.
function k.seed(digits)
  if private_parts.chance then
    private_parts.chance.seed_digits(digits)
  end
  k.seed_digits = digits
end

function k.random(...)
  library("chance")
  return private_parts.chance.math_random(...)
end

-- What require knows beside what the process has put into package.loaded or package.preload.
local modules = {
  ["json"] = "json", [".utils"] = "utils", [".dump"] = "dump", [".pretty"] = "pretty", [".stringify"] = "stringify",
  [".base64"] = "base64", [".bint"] = "bint", [".chance"] = "chance"
}
local runtime = {
  ao = "ao", [".ao"] = "ao", [".handlers"] = "handlers", [".handlers-utils"] = "handlers_utils",
  [".process"] = "process_module", [".eval"] = "eval_module", [".default"] = "default_module",
  [".boot"] = "boot_module", [".assignment"] = "assignment"
}

sandbox.module_loader(function(name)
  if runtime[name] then
    return k[runtime[name]]
  end
  return modules[name] and library(modules[name])
end)

-- Findings -----------------------------------------------------------------------------------------------

local forgiven_seen, forgiven = {}, {}
k.forgiven = forgiven

--- Note something docs fidelity let pass, once per rule, place and name.
function k.forgive(rule, name, detail, place)
  place = place or sandbox.where(2) or k.pattern_places[k.current_pattern] or "?"
  local key = rule .. "\0" .. place .. "\0" .. name
  if not forgiven_seen[key] then
    forgiven_seen[key] = true
    local n = #forgiven
    forgiven[n + 1], forgiven[n + 2], forgiven[n + 3] = rule, place, detail
  end
end

function k.tag_of(msg, name)
  local tags = msg.Tags
  return type(tags) == "table" and tags[name] or nil
end

-- Parts --------------------------------------------------------------------------------------------------

k.later(k, "whole_message", { "wake_message", "wake_tags" })
k.message = parts.message(k)
k.outbox = parts.outbox(k)
parts.ao(k)
k.assignment = k.later({}, "assignment", { "init" })
k.later(k.ao, "assignment", { "addAssignable", "removeAssignable", "isAssignable" })
k.handlers_utils = parts.handlers_utils(k)
parts.handlers(k)
k.eval = k.later({}, "eval", { "run" })
k.default = k.later({}, "default", { "run" })
k.process = parts.process(k)
parts.boot(k)
k.later(k, "results", { "hand_out" })
k.fast = parts.fast(k)
k.process_module = { _version = k.process._version, handle = env.handle }
k.eval_module = function() return k.eval.run end
k.default_module = function() return k.default.run end
k.boot_module = function() return k.process.boot end
return parts.steps(k)
