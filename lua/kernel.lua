--- kernel.lua: builds a process in a fresh Lua and returns the few functions the host calls.
--
-- `parts` are the files of this folder as functions, `fidelity` is "docs" or "network". A module that is not aos 2.0.6
-- is given as the code of later/versions.lua, what it calls itself, and its traits. Most of the runtime is not here
-- but in later/: what a process does not use takes no room in it.

local parts, fidelity, versions, calls_itself, traits = ...

sandbox = parts.sandbox(parts)
k = { raw = raw, sandbox = sandbox, env = env, fidelity = fidelity, verdict = "handled" }

-- Raw helpers: tables of the process may pretend anything, and its library tables may have been changed.
k.insert, k.ipairs, k.tostring = raw.table.insert, raw.ipairs, sandbox.tostring
local seldom = {
  fold = raw.string.lower, remove = raw.table.remove, concat = raw.table.concat, wake = sandbox.awake
}

-- Parts --------------------------------------------------------------------------------------------------

local codes, kept = {}, {} -- precompiled texts that were handed over and not used yet; which parts to keep

-- Take over the code of a library or part; one that was missed is kept for good.
local function provide(name, code, keep)
  codes[name], kept[name] = code, keep
end

-- What is not at hand is asked of the host. A coroutine of ours can wait for it right here; within one of the
-- process's, or below a C function, it cannot: then the step is given up, and done again by the host.
function k.give_up(name)
  k.missing = name
  error(need, 0)
end

--- The code of a part or library, as a function.
function k.code(name)
  local code = codes[name]
  if not code then
    if not k.ours[running()] or not raw.coroutine.isyieldable() then
      k.give_up(name)
    end
    yield(need, name)
    code = codes[name]
  end
  codes[name] = nil
  return raw.load(code, "=" .. name, "b", {})
end

k.need, k.ours = need, setmetatable({}, weak_keys)

local parts_loaded = {}

--- A part of the runtime that is handed over when it is needed for the first time.
function k.part(name)
  local part = parts_loaded[name]
  if not part then
    part = k.code(name)(k)
    parts_loaded[name] = part
  end
  return part
end

sandbox.part = k.part

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

-- Fields of k that belong to a part, by the part's name. A table of k's own size would double with a few more.
local comes_with = {
  libraries = " json utils stringify dump private_json bit32 random ask ", findings = " forgive forgive_camel ", globals = " printable ",
  environment = " environment set_environment process_tag ",
  ao_more = " forward refuse_send encode_data odd_reference refuse_reply ",
  ao_called = " parse_authorities restore_authorities fresh_outbox ao_function ",
  whole_message = " reply ", long_way = " no_os_library ",
  results = " plain_text "
}

setmetatable(k, {
  __index = function(_, name)
    if seldom[name] then
      return seldom[name]
    end
    for part, names in next, comes_with do
      if find(names, " " .. name .. " ", 1, true) then
        return k.part(part)[name]
      end
    end
  end
})

-- Let go of the parts, and of what else was needed to boot; most will not be needed again.
local function forget_parts()
  state.reset()
  for name in next, parts_loaded do
    if not kept[name] then
      parts_loaded[name] = nil
    end
  end
  current.message, current.record = false, false
  message.forget_names()
  raw.collectgarbage()
  raw.collectgarbage() -- what has a finalizer goes at the second time, with all that hangs on it
end

k.forgiven = {}

-- The runtime --------------------------------------------------------------------------------------------

local finish_version = versions and raw.load(versions, "=versions", "b", {})(k, calls_itself, traits)

parts.message()
parts.outbox()
parts.ao()
parts.handlers_utils()
parts.handlers()
k.later(k, "eval", { "run_eval" })
k.later(k, "default", { "run_default" })
parts.process()
parts.boot()
parts.fast()
if finish_version then
  finish_version()
end
return parts.steps(provide, forget_parts)
