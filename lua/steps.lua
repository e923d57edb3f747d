--- steps.lua: the functions the host calls. Only texts, numbers and booleans go in and come out.

local provide, forget_parts = ...
local from_record, take = message.from_record, nil

steps = {}
k.steps = steps

-- Running ------------------------------------------------------------------------------------------------

--- What the host is told when a coroutine has stopped for it: "need" and the name of a part, or "ask" and a question.
function k.need_of(name)
  if name == k.question then
    return "ask", unpack(name, 1, name.n)
  end
  return "need", name
end

-- A coroutine that has stopped for something the host has to hand over, and what comes after it.
local halted, after_it

local function next_of(thread, after, ok, first, ...)
  if k.missing then
    return "missing", k.missing
  elseif ok and first == need then
    halted, after_it = thread, after
    return k.need_of(...)
  elseif not ok then
    return after(false, first)
  end
  return after(true, first, ...)
end

local function call_part(part, name, ...)
  return k.part(part)[name](...)
end

-- Call a function of a part in a coroutine: it may meet functions of the process, and may need other parts.
local function drive(after, ...)
  local thread = create(call_part)
  k.ours[thread] = true
  return next_of(thread, after, resume(thread, ...))
end

--- Go on after the host has handed over what was needed, or with its answer to what was asked.
function steps.go_on(...)
  if select("#", ...) > 0 then
    k.answer = raw.table.pack(...)
  end
  local thread, after = halted, after_it
  halted, after_it = nil, nil
  if thread == nil then
    return fast.go_on()
  end
  return next_of(thread, after, resume(thread))
end

local function pass(ok, ...)
  if not ok then
    return drive(pass, "results", "broken", ...)
  end
  return ...
end

local function hand_out(ok, result)
  return drive(pass, "results", ok and "hand_out" or "hand_out_failure", result)
end

local PIECE = 10000

--- Return values to the host, many of them in pieces.
function steps.hand_over(out, size)
  if size > PIECE then
    return drive(pass, "results", "in_pieces", out, size)
  end
  return unpack(out, 1, size)
end

--- The long way: everything done by the book.
function steps.long_way(msg)
  k.missing, k.problem, k.output = false, nil, nil
  return drive(hand_out, "long_way", "handle_record", msg)
end

--- What is left of the short way when it turned out not to be one.
function steps.finish(msg, ok, problem)
  return drive(hand_out, "results", "result", msg, ok, problem)
end

--- One message, as flat values; the result as flat values.
function steps.step(...)
  local record = { false, false, false, false, false, ... }
  local msg, action, heavy = from_record(record)
  if heavy then
    return steps.long_way(msg)
  end
  return take(msg, record, action)
end

--- Call a function of a part by names: "looking", "read", ... The host may do so while a question waits for its answer.
function steps.call(part, name, ...)
  k.missing = false
  local outer, after_outer = halted, after_it
  halted, after_it = nil, nil
  local function back(...)
    halted, after_it = outer, after_outer
    return pass(...)
  end
  return drive(back, part, name, ...)
end

take = fast.step
sandbox.close()
sandbox.close = nil
return steps.step, provide, steps.go_on, steps.call, forget_parts
