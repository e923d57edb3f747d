--- handlers_more.lua: how handlers get into the list; most processes do it when they boot, and then never again.

local k = ...
local raw, handlers, waits = k.raw, k.handlers, k.waits
local type, error, tostring, tonumber, select = raw.type, raw.error, raw.tostring, raw.tonumber, raw.select
local sub, resume, yield = raw.string.sub, raw.coroutine.resume, raw.coroutine.yield
local direct, pattern_places = k.direct, k.pattern_places
local docs = k.fidelity == "docs"

local more = {}

local function entries()
  local list = handlers.list
  if list == waits.asleep then
    return waits.shadow
  end
  return list
end

local function wake_list()
  if waits.asleep and waits.count > 0 then
    k.waiting.wake_list()
  end
end

local function find_by_name(name)
  if waits.count > 0 and type(name) == "string" and sub(name, 1, 6) == "_once_" then
    wake_list()
  end
  for i, entry in k.ipairs(entries()) do
    if entry.name == name then
      return i, entry
    end
  end
end

function more.remove(name)
  if type(name) ~= "string" then
    error('[string ".handlers"]:335: name MUST be string', 0)
  end
  local at = find_by_name(name)
  if at then
    k.remove(entries(), at)
  end
end

--- A handler with maxRuns has run.
function more.count_run(entry)
  local left = entry.maxRuns
  if left == nil or left == "inf" then
    return
  end
  left = left - 1
  entry.maxRuns = left
  if left == 0 then
    handlers.remove(entry.name)
  end
end

-- The place of an error in front of it, as texts (not numbers) have it that are raised again.
local function place_first(text, place)
  if type(text) == "string" then
    return place .. text
  end
  return text
end

--- Run a handle outside of the runtime's own coroutines.
function more.run_handle(msg, handle)
  local ok, problem = raw.pcall(handle, msg)
  if not ok then
    error(place_first(problem, k.search_place), 0)
  end
end

--- Run the handlers over a message. True when one of them ended the search.
function more.evaluate(msg, environment)
  if type(msg) ~= "table" then
    error('[string ".handlers"]:650: msg is not valid', 0)
  elseif type(environment) ~= "table" then
    error('[string ".handlers"]:651: env is not valid', 0)
  end
  return k.search(msg)
end

local usage = "Invalid arguments given. Expected: \n\tname : string, \tpattern : Action : string | MsgMatch : table,\n"
  .. "\t\tfunction(msg: Message) : {-1 = break, 0 = skip, 1 = continue},\n"
  .. "\thandle(msg : Message) : void) | Resolver,\n\tMaxRuns? : number | \"inf\" | nil"

local function check_arguments(name, pattern)
  local kind = type(pattern)
  if type(name) ~= "string" or kind ~= "string" and kind ~= "table" and kind ~= "function" then
    error('[string ".handlers"]:113: ' .. usage, 0)
  end
end

local function note_handle(run, resolver)
  if type(resolver) == "function" then
    direct[run] = resolver
  end
end

--- The function that runs a handle: itself, or the one of a table of resolvers that matches.
function more.generateResolver(resolver)
  local function run(msg)
    if type(resolver) == "function" then
      return resolver(msg)
    end
    if resolver == nil or type(resolver) ~= "table" then
      error("[string \".handlers\"]:150: bad argument #1 to 'for iterator' (table expected, got " .. type(resolver) .. ")", 0)
    end
    for pattern, handle in k.sandbox.pairs(resolver) do
      if k.utils().matchesSpec(msg, pattern) then
        return handle(msg)
      end
    end
  end
  note_handle(run, resolver)
  return run
end

-- aos: a name with two arguments is its own pattern.
local function arguments(count, name, pattern, handle, max_runs)
  if count == 2 then
    return name, name, pattern, nil
  end
  return name, pattern, handle, max_runs
end

local function replace(name, pattern, handle, max_runs)
  local _, entry = find_by_name(name)
  if not entry then
    return false
  end
  entry.pattern, entry.handle, entry.maxRuns = pattern, handle, max_runs
  return true
end

local function new_entry(name, pattern, handle, max_runs)
  local number = sub(name, 1, 6) == "_once_" and tonumber(sub(name, 7))
  if number and number >= waits.next_number then
    waits.next_number = number + 1 -- waits leave the names of others alone
  end
  if docs and type(pattern) ~= "string" and pattern ~= k.eval_pattern and pattern ~= k.default_pattern then
    pattern_places[pattern] = k.sandbox.where()
  end
  return { name = name, pattern = pattern, handle = handlers.generateResolver(handle), maxRuns = max_runs }
end

local function put(at_front, count, ...)
  local name, pattern, handle, max_runs = arguments(count, ...)
  check_arguments(name, pattern)
  local entry = new_entry(name, pattern, handle, max_runs)
  if replace(name, pattern, entry.handle, max_runs) then
    return
  end
  if at_front then
    wake_list()
    k.insert(entries(), 1, entry)
  else
    k.insert(entries(), entry)
  end
end

function more.add(...)
  put(false, select("#", ...), ...)
  return #handlers.list
end

function more.append(...)
  put(false, select("#", ...), ...)
end

function more.prepend(...)
  put(true, select("#", ...), ...)
end

function more.once(...)
  if select("#", ...) == 3 then
    local name, pattern, handle = ...
    put(true, 4, name, pattern, handle, 1)
    return
  end
  local pattern, handle = ...
  local name = "_once_" .. tostring(handlers.onceNonce)
  handlers.onceNonce = handlers.onceNonce + 1
  put(true, 4, name, pattern, handle, 1)
end

local function inserter(name, offset)
  if type(name) ~= "string" then
    error('[string ".handlers"]:' .. (offset == 0 and 255 or 295) .. ": Handler name MUST be a string", 0)
  end
  wake_list()
  local at = find_by_name(name)
  return {
    add = function(...)
      local new, pattern, handle, max_runs = arguments(select("#", ...), ...)
      check_arguments(new, pattern)
      if at then
        k.insert(handlers.list, at + offset, new_entry(new, pattern, handle, max_runs))
      end
    end
  }
end

function more.before(name)
  return inserter(name, 0)
end

function more.after(name)
  return inserter(name, 1)
end

-- Resume a handler that waits. False and its error when it fails.
local function resume_waiting(thread, turn, msg)
  k.is_waiting = false
  local worker = k.workers[thread]
  if worker and worker.turn ~= turn then -- it has long ended, and serves others
    return "cannot resume dead coroutine"
  end
  local alive, ok, problem = resume(thread, msg)
  while ok == k.need do -- pass it on, and back
    yield(ok, problem)
    alive, ok, problem = resume(thread)
  end
  if worker and (alive or worker.running) then
    return k.ended(worker, alive, ok, problem)
  end
  return ok, problem
end

--- The handle that wakes one that waits.
function more.resumer(thread, turn)
  return function(msg)
    local ok, problem = resume_waiting(thread, turn, msg)
    if not ok then
      error(place_first(problem, '[string ".handlers"]:199: '), 0)
    end
  end
end

-- The coroutine that runs is going to wait. Returns it and its turn.
local function begin_waiting()
  local thread = raw.coroutine.running()
  local worker = k.workers[thread]
  if k.ours[thread] and not worker then -- a function that a library of the host's calls
    error("attempt to yield across a C-call boundary", 0)
  end
  k.is_waiting = true
  local waiting = k.waiting or k.part("waiting")
  waiting.note(thread, worker)
  return thread, worker and worker.turn
end

--- aos: a once handler that wakes the one that waits; the message being handled ends here.
function more.receive(pattern)
  handlers.once(pattern, more.resumer(begin_waiting()))
  return yield(true)
end

return more
