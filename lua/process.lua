--- process.lua: one message from its arrival to its result.

process = { _version = "2.0.4" }
k.process = process

-- Handlers run in a coroutine of their own, so that they can wait. One that has finished its message
-- without anybody having seen it is used again for another. A worker is { thread, handling, kept ... };
-- its turn tells the wait it is in from older ones, its place in the list of those that wait is `listed`.
local idle
local IDLE_MAX = 16
local more_idle, idle_count = {}, 0
local workers = setmetatable({}, weak_keys)
k.workers = workers
local finished = {} -- yielded by a coroutine that is ready for another message
local HERE = k.search_place

local function running_seen(...)
  local thread, main = running()
  local worker = workers[thread]
  if worker then
    worker.kept = true
    if worker.listed then
      k.waiting.wake_coroutines()
    end
  end
  return thread, main
end

sandbox.libraries.coroutine.running = running_seen

-- A worker that can take another message.
local function release(worker)
  if worker.listed then
    worker.turn = worker.turn + 1
    k.waiting.bury(worker)
  end
  if not idle then
    idle = worker
  elseif idle_count < IDLE_MAX then
    idle_count = idle_count + 1
    more_idle[idle_count] = worker
  end
end

-- What a dead worker died of has the place of the search in front when it was in a handle.
local function died(worker, problem)
  worker.running = false
  k.dead = { thread = worker.thread, before = k.dead } -- keeps its stack
  if worker.listed then
    k.waiting.bury(worker)
  end
  if worker.handling and type(problem) == "string" then
    problem = HERE .. problem
  end
  return false, problem
end

local own_evaluate = handlers.evaluate

local function work(worker, msg)
  while true do
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
  local worker = {
    thread = thread, handling = false, kept = false, running = true, listed = false, turn = 0, spare = false
  }
  workers[thread], k.ours[thread] = worker, true
  return worker
end

local halted, halted_wait

-- What has come of a worker that was resumed.
local function ended(worker, alive, first, second)
  if first == finished then
    release(worker)
    return true
  elseif not alive then
    return died(worker, first)
  elseif first == need then
    halted = worker
  end
  return first, second
end

k.ended = ended

-- What comes of a handler that waited and has been given what it waited for. aos: the search woke it.
local function answered(wait, first, second)
  if first == need then
    halted_wait = wait
    return first, second
  elseif first then
    k.waiting.done(wait)
    return true
  elseif type(second) == "string" then
    second = HERE .. '[string ".handlers"]:199: ' .. second
  end
  return false, second
end

--- Run the handlers over a message. False and the error when they fail; k.need and a name when they have
--- stopped for something the host has to hand over.
function process.run_handlers(msg)
  if current.reference and waits.count > 0 and handlers.list == waits.asleep and handlers.evaluate == own_evaluate then
    local wait = k.waiting.find(msg)
    if wait and wait.worker then -- nobody else need run
      k.is_waiting = false
      return answered(wait, ended(wait.worker, resume(wait.worker.thread, msg)))
    end
  end
  local worker = idle
  if worker then
    idle = nil
    return ended(worker, resume(worker.thread, msg))
  end
  while idle_count > 0 do
    worker = more_idle[idle_count]
    idle_count = idle_count - 1
    if worker then -- an image of the process has none
      return ended(worker, resume(worker.thread, msg))
    end
  end
  worker = new_worker()
  return ended(worker, resume(worker.thread, worker, msg))
end

--- Go on after the host has handed it over.
function process.continue_handlers()
  local wait = halted_wait
  if wait then
    halted_wait = nil
    return answered(wait, ended(halted, resume(halted.thread)))
  end
  return ended(halted, resume(halted.thread))
end

local function eval_pattern(msg)
  return msg.Action == "Eval" and env.Owner == msg.From
end

local function default_pattern()
  return true
end

k.eval_pattern, k.default_pattern = eval_pattern, default_pattern
