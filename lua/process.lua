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
  workers[thread] = worker
  return worker
end

--- Run the handlers over a message. False and the error when they fail.
function process.run_handlers(msg)
  local worker = idle
  local alive, first, second
  if worker then
    idle = nil
    alive, first, second = resume(worker.thread, msg)
  else
    worker = new_worker()
    alive, first, second = resume(worker.thread, worker, msg)
  end
  if first == finished then
    idle = worker
    return true
  elseif not alive then
    return false, cause_of(worker, first)
  end
  return first, second
end

-- Boot ---------------------------------------------------------------------------------------------------

local function process_tag(name)
  return k.process_tags[name]
end

local function byte_sum(text)
  local sum = 0
  for i = 1, #text do
    sum = sum + raw.string.byte(text, i)
  end
  return sum
end

local function seed(msg)
  local function part(name)
    local value = msg[name]
    if type(value) ~= "string" and type(value) ~= "number" then
      local where = name == "Block-Height" and "565" or "567"
      error('[string ".process"]:' .. where .. ": attempt to concatenate a " .. type(value) .. " value (field '" .. name .. "')", 0)
    end
    return value .. ""
  end
  local height = part("Block-Height")
  local sum = byte_sum(part("Owner") .. part("Module") .. part("Id"))
  k.seed(height .. tostring(sum))
  env.Seeded = true
end

local function first_things(msg)
  if not env.Seeded then
    seed(msg)
  end
  env.Errors = env.Errors or {}
  env.Inbox = env.Inbox or {}
  if env.Owner == nil and msg.Id == k.process_id then
    env.Owner = process_tag("From-Process") or msg.From
  end
  if env.Name == nil then
    env.Name = process_tag("Name") or "aos"
  end
end

--- aos: the Process message opens the Inbox, then runs what On-Boot asks for.
function process.boot(msg)
  if #env.Inbox == 0 then
    k.insert(env.Inbox, msg)
  end
  local source = msg.Tags["On-Boot"]
  if not source then
    return
  end
  if source == "Data" then
    k.eval.run(msg)
  else
    k.eval.run({ Data = sandbox.files["/data/" .. source], Tags = msg.Tags })
  end
end

-- Results ------------------------------------------------------------------------------------------------

local function joined_logs()
  local logs = env.HANDLER_PRINT_LOGS
  for i = 1, #logs do
    local kind = type(logs[i])
    if kind ~= "string" and kind ~= "number" then
      error("[string \".process\"]:983: invalid value (" .. kind .. ") at index " .. i .. " in table for 'concat'", 0)
    end
  end
  return k.concat(logs, "\n")
end

local function append_text(text, value, line)
  local kind = type(value)
  if kind == "string" or kind == "number" then
    return text .. value
  end
  local meta = raw.getmetatable(value)
  if kind == "table" and meta and meta.__concat then
    return text .. value
  end
  error('[string ".process"]:' .. line .. ": attempt to concatenate a " .. kind .. " value (local 'result')", 0)
end

local function failure_of(msg, problem)
  local colors = env.Colors
  if msg.Action == "Eval" then
    return append_text(joined_logs() .. "\n\n" .. colors.red .. "error:\n" .. colors.reset, problem, 947)
  end
  local note = msg.Action and "handling message with Action = " .. msg.Action or "handling message "
  env.print(colors.red .. "Error" .. colors.gray .. " " .. note .. colors.reset)
  env.print(append_text(colors.green, problem, 965) .. colors.reset)
  env.print("\n" .. colors.gray .. "stack traceback:\n\t[string \".process\"]:967: in function '.process.handle'" .. colors.reset)
  return append_text(joined_logs() .. "\n\n" .. colors.red .. "error:\n" .. colors.reset, problem, 970)
end

local function refused(text, prompt)
  return { Output = { data = text, prompt = prompt, print = true } }
end

local function colour_safe(value)
  return k.tostring(value)
end

local function not_trusted(kind, msg)
  return kind .. " is not trusted! From: " .. colour_safe(msg.From) .. " - Owner: " .. colour_safe(msg.Owner)
end

local function eval_pattern(msg)
  return msg.Action == "Eval" and env.Owner == msg.From
end

local function default_pattern()
  return true
end

k.eval_pattern, k.default_pattern = eval_pattern, default_pattern

local function install(msg)
  handlers.add("_eval", eval_pattern, k.eval.run)
  handlers.append("_default", default_pattern, k.default.run)
  if msg.Id == k.process_id and k.process_id ~= nil then
    handlers.once("_boot", function(m)
      return m.Tags.Type == "Process" and env.Owner == m.From
    end, process.boot)
  end
end

local function decode_data(msg)
  local data = msg.Data
  if data == nil then
    msg.Data = {}
  else
    msg.Data = k.private_json().decode(data)
  end
end

--- Take a message through; returns the result as a table, as ao.result makes it.
-- Runs in a coroutine, since a process may have replaced whatever is called here.
function process.handle(make, content_type_of)
  state.reset()
  ao.id = k.process_id
  if ao._module == "" then
    ao._module = process_tag("Module") or ""
  end
  k.restore_authorities()
  local msg = make()
  first_things(msg)
  env.HANDLER_PRINT_LOGS = {}
  k.set_time(msg.Timestamp)
  if content_type_of(msg) == "application/json" then
    decode_data(msg)
  end
  k.verdict, k.is_waiting, k.syntax_error = "handled", false, false

  if msg.From ~= msg.Owner and not ao.isTrusted(msg) then
    k.verdict = "untrusted"
    return ao.result(refused(not_trusted("Message", msg), env.Prompt()))
  end
  if ao.isAssignment(msg) and not ao.isAssignable(msg) then
    k.verdict = "not-assignable"
    if msg.From ~= ao.id then
      ao.send({ Target = msg.From, Data = "Assignment is not trusted by this process!" })
    end
    return ao.result(refused(not_trusted("Assignment", msg), env.Prompt()))
  end
  install(msg)
  local ok, problem = process.run_handlers(msg)
  state.set_nonce(msg.Nonce)
  if k.is_waiting then
    k.verdict = "waiting"
  end
  return process.result(msg, ok, problem)
end

--- The result of a message whose handlers have run.
function process.result(msg, ok, problem)
  if not ok then
    k.problem = problem
    k.output = joined_logs()
    return { Error = failure_of(msg, problem) }
  end
  if msg.Action == "Eval" and not (state.awake and ao.outbox.Error) then
    local output = { data = joined_logs(), prompt = env.Prompt() }
    if k.want_test then
      output.test = k.dump()(env.HANDLER_PRINT_LOGS)
    end
    return ao.result({ Output = output })
  end
  return ao.result({ Output = { data = joined_logs(), prompt = env.Prompt(), print = true } })
end

return process
