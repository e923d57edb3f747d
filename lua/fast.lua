--- fast.lua: the short way of an ordinary message to a process that has left the runtime as it was.
--
-- It does what process.handle does, leaving out what would come to nothing. Whatever is unusual makes it
-- decline, before it has changed anything, or hand the rest over to the long way.

local concat = raw.table.concat
local run_handlers, forgiven = process.run_handlers, k.forgiven

fast = {}
k.fast = fast

local FROM, OWNER, TIMESTAMP, NONCE, FLAGS = 6, 7, 9, 11, 13
local ORDINARY = 2 -- flags below it: nothing but "pushed"

-- What a process may replace, and what stood there at first.
local prompt_of = env.Prompt
local add_of, append_of, evaluate_of = handlers.add, handlers.append, handlers.evaluate
local lazy_globals = getmetatable(env)

-- os.time ---------------------------------------------------------------------------------------------------

-- aos: os.time is a new function with every message. It is made when somebody looks.
local os_library = env.os
local lazy_os = {}
local now, time_made = nil, true

local function make_time(t)
  local mine = now
  local function time()
    return mine
  end
  rawset(t, "time", time)
  time_made = true
end

function lazy_os.__index(t, key)
  if not time_made then
    make_time(t)
  end
  if key ~= "time" and asleep[t] then
    wake_library(t)
  end
  return rawget(t, key)
end

lazy_os.__newindex = wake_first
lazy[lazy_os] = function(t)
  lazy_os.__index(t)
  setmetatable(t, nil)
end

-- Until somebody looks, there is as little as can be.
setmetatable(os_library, lazy_os)

--- Set the clock of a process to the time of a message.
function k.set_time(timestamp)
  sandbox.now_ms = raw.tonumber(timestamp) or sandbox.now_ms -- which stays as it was for what is no number
  sandbox.start_ms = sandbox.start_ms or sandbox.now_ms
  now = timestamp
  local library = rawget(env, "os")
  local meta = getmetatable(library)
  if library == os_library and (meta == nil or meta == lazy_os) then
    setmetatable(library, lazy_os)
    rawset(library, "time", nil)
    time_made = false
  elseif type(library) == "table" then
    make_time(library)
  else
    k.no_os_library(library)
  end
end

-- Built-in handlers -------------------------------------------------------------------------

local eval_at, default_at = 1, 2
local eval_entry, eval_handle, default_entry, default_handle
local eval_pattern = k.eval_pattern

local function place_in(list, name)
  for i = 1, rawlen(list) do
    local entry = rawget(list, i)
    if type(entry) == "table" and rawget(entry, "name") == name then
      return i
    end
  end
end

-- Whether the built-in handlers are in the list as they were put there.
local function handlers_stand()
  local list = handlers.list
  if list == waits.asleep then
    list = waits.shadow
  end
  local eval, default = list[eval_at], list[default_at]
  if eval == eval_entry and default == default_entry and eval and default then
    return eval.name == "_eval" and eval.pattern == eval_pattern and eval.handle == eval_handle
      and default.name == "_default" and default.handle == default_handle
  end
  eval_at, default_at = place_in(list, "_eval") or 0, place_in(list, "_default") or 0
  eval, default = list[eval_at], list[default_at]
  if not eval or not default or eval.pattern ~= eval_pattern or default.pattern ~= k.default_pattern then
    return false
  end
  eval_entry, eval_handle = eval, eval.handle
  default_entry, default_handle = default, default.handle
  return k.direct[eval.handle] == k.run_eval and k.direct[default.handle] == k.run_default
end

-- The step --------------------------------------------------------------------------------------------------

-- Whether all that the short way relies on is in place. Changes nothing.
local function ordinary(record)
  local own = state.own -- what most processes have no need of is not there
  if own and (ao.isTrusted ~= own.isTrusted or ao.isAssignment ~= own.isAssignment) or handlers.add ~= add_of
    or handlers.append ~= append_of or handlers.evaluate ~= evaluate_of or env.Handlers ~= handlers
    or getmetatable(env) ~= lazy_globals or not env.Seeded or not env.Owner or not env.Name
    or not env.Inbox or not env.Errors then
    return false
  end
  local from, owner, list, wanted = record[FROM], record[OWNER], ao.authorities, k.authorities
  local known = from == owner
  for i = 1, #wanted do
    local authority = rawget(list, i)
    if authority ~= wanted[i] then
      return false
    end
    known = known or authority == owner or authority == from
  end
  if not known or not handlers_stand() then
    return false
  end
  if state.awake then
    state.reset()
    return not state.awake
  end
  return true
end

local last_name, last_count, last_colors, last_inbox
local red, green, blue, gray, reset

-- The prompt: false while it is the one handed out last, nil when the process makes it in ways of its own.
local function new_prompt()
  local colors, inbox, name = env.Colors, env.Inbox, env.Name
  if env.Prompt ~= prompt_of or inbox ~= last_inbox and type(inbox) ~= "table" or getmetatable(inbox) ~= nil then
    return nil
  end
  local count = #inbox
  if count == last_count and name == last_name and colors == last_colors and colors.red == red
    and colors.green == green and colors.blue == blue and colors.gray == gray and colors.reset == reset then
    return false
  end
  if type(name) ~= "string" or type(colors) ~= "table" or getmetatable(colors) ~= nil then
    return nil
  end
  for _, color in next, { colors.red, colors.green, colors.blue, colors.gray, colors.reset } do
    if type(color) ~= "string" then
      return nil
    end
  end
  local text = k.own_prompt()
  last_count, last_name, last_colors, last_inbox = count, name, colors, inbox
  red, green, blue, gray, reset = colors.red, colors.green, colors.blue, colors.gray, colors.reset
  return text
end

-- Messages, one behind the other.
local function append(out, size, sent, sent_count)
  for i = 1, sent_count do
    local record = sent[i]
    local count = #record
    out[size + 1], out[size + 2], out[size + 3], out[size + 4] = record[1], record[2], record[3], count - 3
    size = size + 4
    for at = 4, count do
      size = size + 1
      out[size] = record[at]
    end
  end
  return steps.hand_over(out, size)
end

-- What was printed, or nil when some of it is no text.
local function printed(logs)
  if getmetatable(logs) ~= nil then
    return nil
  end
  for i = 1, rawlen(logs) do
    if type(rawget(logs, i)) ~= "string" then
      return nil
    end
  end
  return concat(logs, "\n")
end

local halted -- { msg, record, logs } of a message whose handlers have stopped for something

local function after(msg, record, logs, ok, problem)
  if ok == need then
    halted = { msg, record, logs }
    return k.need_of(problem)
  elseif k.missing then
    return "missing", k.missing
  end
  local awake = state.awake
  local nonce = record[NONCE]
  if record.covers then
    nonce = msg.Nonce
  end
  if awake then
    state.set_nonce(nonce)
  else
    state.nonce = nonce
  end
  if k.is_waiting then
    k.verdict = "waiting"
  end
  local count = outbox.sent_count
  local sent = outbox.sent
  if ok and not awake and env.HANDLER_PRINT_LOGS == logs and not outbox.odd and outbox.spawned_count == 0 and forgiven[1] == nil
    and (not state.own or ao.result == state.own.result) then
    local prompt = new_prompt()
    if prompt == false and logs[1] == nil and k.verdict == "handled" then
      if count == 0 then
        return
      elseif count == 1 then
        return 1, unpack(sent[1])
      end
      return append({ count }, 1, sent, count)
    end
    if prompt == false and logs[1] == nil and count == 1 and k.verdict == "waiting" then
      return -1, unpack(sent[1])
    end
    local output = prompt ~= nil and printed(logs)
    if output then
      return append({ "plain", k.verdict, output, prompt }, 4, sent, count)
    end
  end
  k.problem, k.output = nil, nil
  return steps.finish(msg, ok, problem)
end

--- Take a message to its result, as flat values.
function fast.step(msg, record, action)
  if record[FLAGS] >= ORDINARY or action == "Eval" or not ordinary(record) then
    return steps.long_way(msg)
  end
  if outbox.sent_count > 0 or outbox.spawned_count > 0 or outbox.odd then
    outbox.clear()
  end
  local logs = {}
  env.HANDLER_PRINT_LOGS = logs
  local timestamp = record[TIMESTAMP]
  local covers = message.current.covers
  if covers then
    timestamp, record.covers = message.field_of(record, "Timestamp"), true
  end
  if time_made or covers or env.os ~= os_library then
    if type(env.os) ~= "table" then
      return steps.long_way(msg) -- where it fails
    end
    k.set_time(timestamp)
  elseif now ~= timestamp then
    now, sandbox.now_ms = timestamp, timestamp
  end
  k.verdict, k.is_waiting = "handled", false
  k.missing = false
  return after(msg, record, logs, run_handlers(msg))
end

--- Go on after the host has handed over what the handlers asked for, or has taken a piece of the result.
function fast.go_on()
  if k.next_piece then
    return k.next_piece()
  end
  return after(halted[1], halted[2], halted[3], process.continue_handlers())
end
