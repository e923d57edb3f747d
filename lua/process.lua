--- process.lua: one message from its arrival to its result.

local k = ...
local raw, sandbox, message, outbox = k.raw, k.sandbox, k.message, k.outbox
local env, ao, handlers = k.env, k.ao, k.handlers
local rawget, rawset, rawlen, type, tostring, error, pcall =
  raw.rawget, raw.rawset, raw.rawlen, raw.type, raw.tostring, raw.error, raw.pcall
local create, resume, yield, status_of = raw.coroutine.create, raw.coroutine.resume, raw.coroutine.yield, raw.coroutine.status
local concat = raw.table.concat
local state = k.ao_state

local process = { _version = "2.0.4" }

-- Handlers run in a coroutine of their own, so that they can wait. One that has finished its message
-- without anybody having seen it is used again for the next. A worker is { thread, handling, kept }.
local idle
local workers = raw.setmetatable({}, { __mode = "k" })
local finished = {} -- yielded by a coroutine that is ready for another message
local HERE = k.search_place

local function running_seen(...)
  local thread, main = raw.coroutine.running()
  local worker = workers[thread]
  if worker then
    worker.kept = true
  end
  return thread, main
end

env.coroutine.running = running_seen

--- Remember the coroutine that runs as one that waits; dead ones are dropped on that occasion.
local function keep_waiting(thread)
  local list = handlers.coroutines
  if type(list) ~= "table" then
    return
  end
  local at = 1
  while list[at] ~= nil do
    if list[at] == thread then
      return
    end
    if type(list[at]) == "thread" and status_of(list[at]) == "dead" then
      k.remove(list, at)
    end
    at = at + 1
  end
  k.insert(list, thread)
end

function k.begin_waiting()
  local thread = running_seen()
  k.is_waiting = true
  keep_waiting(thread)
  return thread
end

-- What a dead worker died of, with the place of the search when it was in a handle.
local function cause_of(worker, problem)
  if worker.handling and type(problem) == "string" then
    return HERE .. problem
  end
  return problem
end

--- Resume a handler that waits. False and its error when it fails.
function k.resume_waiting(thread, msg)
  k.is_waiting = false
  local alive, ok, problem = resume(thread, msg)
  while ok == k.need do -- pass it on, and back
    yield(ok, problem)
    alive, ok, problem = resume(thread)
  end
  local worker = workers[thread]
  if not alive and worker and worker.running then
    worker.running = false
    return false, cause_of(worker, ok)
  end
  return ok, problem
end

local own_evaluate, search = handlers.evaluate, k.search

local function work(worker, msg)
  while true do
    worker.running = true
    if handlers.evaluate == own_evaluate then
      search(msg, worker) -- without the checks that are for callers from outside
    else
      handlers.evaluate(msg, ao.env)
    end
    if worker.kept then
      worker.running = false
      return true
    end
    msg = yield(finished)
  end
end

local function new_worker()
  local thread = create(work)
  local worker = { thread = thread, handling = false, kept = false, running = false }
  workers[thread], k.ours[thread] = worker, true
  return worker
end

local need, halted = k.need, nil

local function ended(worker, alive, first, second)
  if first == finished then
    idle = worker
    return true
  elseif not alive then
    return false, cause_of(worker, first)
  elseif first == need then
    halted = worker
  end
  return first, second
end

--- Run the handlers over a message. False and the error when they fail; k.need and a name when they have
--- stopped for something the host has to hand over.
function process.run_handlers(msg)
  local worker = idle
  if worker then
    idle = nil
    return ended(worker, resume(worker.thread, msg))
  end
  worker = new_worker()
  return ended(worker, resume(worker.thread, worker, msg))
end

--- Go on after the host has handed it over.
function process.continue_handlers()
  return ended(halted, resume(halted.thread))
end

local function eval_pattern(msg)
  return msg.Action == "Eval" and env.Owner == msg.From
end

local function default_pattern()
  return true
end

k.eval_pattern, k.default_pattern = eval_pattern, default_pattern

k.later(process, "long_way", { "boot", "handle" })
k.later(process, "results", { "result" })

return process
