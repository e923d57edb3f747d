--- long_way.lua: a message taken through by the book, as the first one is, and every unusual one.
--
-- A process may have replaced whatever is called here, so it runs in a coroutine.

local k = ...
local raw, sandbox, process = k.raw, k.sandbox, k.process
local env, ao, handlers, state = k.env, k.ao, k.handlers, k.ao_state
local type, tostring, error = raw.type, raw.tostring, raw.error

local long_way = {}

-- Boot ---------------------------------------------------------------------------------------------------

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
  if not raw.string.find(height, "^%d+$") then
    error('[string ".chance"]:41: bad argument #1 to \'seed\' (number has no integer representation)', 0)
  end
  local sum = byte_sum(part("Owner") .. part("Module") .. part("Id"))
  k.seed_digits = height .. tostring(sum) -- the generator is only made when something is drawn
  local chance = k.loaded_libraries and k.loaded_libraries.chance
  if chance then
    chance[2].seed_digits(k.seed_digits)
  end
  env.Seeded = true
end

local function first_things(msg)
  if not env.Seeded then
    seed(msg)
  end
  env.Errors = env.Errors or {}
  env.Inbox = env.Inbox or {}
  if env.Owner == nil and msg.Id == k.process_id then
    env.Owner = k.process_tag("From-Process") or msg.From
  end
  if env.Name == nil then
    env.Name = k.process_tag("Name") or "aos"
  end
end

--- aos: the Process message opens the Inbox, then runs what On-Boot asks for.
function long_way.boot(msg)
  if #env.Inbox == 0 then
    k.insert(env.Inbox, msg)
  end
  local source = msg.Tags["On-Boot"]
  if not source then
    return
  end
  if source == "Data" then
    k.run_eval(msg)
  else
    k.run_eval({ Data = sandbox.read_file("/data/" .. source), Tags = msg.Tags })
  end
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

local function install(msg)
  handlers.add("_eval", k.eval_pattern, k.run_eval)
  handlers.append("_default", k.default_pattern, k.run_default)
  if k.boot_handler_stays or msg.Id == k.process_id and k.process_id ~= nil then
    handlers.once("_boot", function(m)
      return m.Tags.Type == "Process" and env.Owner == m.From
    end, long_way.boot)
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

function long_way.no_os_library(value)
  error("[string \".process\"]:583: attempt to index a " .. type(value) .. " value (global 'os')", 0)
end

-- aos: a message that does not say who sent and signed it cannot be evaluated.
local function need_sender(msg)
  for _, name in raw.ipairs({ "From", "Owner" }) do
    if msg[name] == nil then
      error('[string ".process"]:543: attempt to index a nil value (field \'' .. name .. "')", 0)
    end
  end
end

--- Take a message through; returns the result as a table, as ao.result makes it.
function long_way.handle(make, content_type_of)
  state.reset()
  ao.id = k.process_id
  if ao._module == "" then
    ao._module = k.process_tag("Module") or ""
  end
  k.restore_authorities()
  local msg = make()
  need_sender(msg)
  first_things(msg)
  env.HANDLER_PRINT_LOGS = {}
  k.set_time(msg.Timestamp)
  if content_type_of(msg) == "application/json" then
    decode_data(msg)
  end
  k.verdict, k.is_waiting, k.syntax_error = "handled", false, false

  if msg.From ~= msg.Owner and not k.ao_function("isTrusted")(msg) then
    k.verdict = "untrusted"
    if k.refusals_answered and msg.From ~= ao.id then
      ao.send({ Target = msg.From, Data = "Message is not trusted by this process!" })
    end
    return k.ao_function("result")(refused(not_trusted("Message", msg), env.Prompt()))
  end
  if k.ao_function("isAssignment")(msg) and not ao.isAssignable(msg) then
    k.verdict = "not-assignable"
    if msg.From ~= ao.id then
      ao.send({ Target = msg.From, Data = "Assignment is not trusted by this process!" })
    end
    return k.ao_function("result")(refused(not_trusted("Assignment", msg), env.Prompt()))
  end
  install(msg)
  if k.before_handlers then
    k.before_handlers(msg)
  end
  local ok, problem = process.run_handlers(msg)
  while ok == k.need do
    raw.coroutine.yield(ok, problem)
    ok, problem = process.continue_handlers()
  end
  state.set_nonce(msg.Nonce)
  if k.is_waiting then
    k.verdict = "waiting"
  end
  return k.part("results").result(msg, ok, problem)
end

local function content_type()
  local record = k.message.current.record
  return record and k.message.first_tag(record, "Content-Type")
end

--- The same for a message that is made already.
function long_way.handle_record(msg)
  return long_way.handle(function()
    return msg
  end, content_type)
end

return long_way
