--- results.lua: puts the result of a message together when there is more to it than messages.

local k = ...
local raw, outbox = k.raw, k.outbox
local env, ao, state = k.env, k.ao, k.ao_state
local type, tostring, error = raw.type, raw.tostring, raw.error
local find, format, unpack, getinfo = raw.string.find, raw.string.format, raw.table.unpack, raw.debug.getinfo

local results = {}

--- Texts of errors are made here, by raw means: what a process threw may be anything.
local function plain_text(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" then
    return tostring(value)
  end
  return "(error object is a " .. kind .. " value)"
end

results.plain_text = plain_text

--- What is told of code that failed where nothing else can be told.
function results.broken(problem)
  local text = plain_text(problem)
  return "failed", "", false, text, text, 0
end

-- Where the author's code called what failed; nothing when it failed itself.
local LEVELS_MAX = 100 -- each is looked for from the top: a stack that has overflowed would take minutes
local function place_of(thread)
  local level, ours = 0, false
  local info = getinfo(thread, 0, "Sl")
  while info and level < LEVELS_MAX do
    if info.currentline > 0 then
      return ours and info.short_src .. ":" .. format("%d", info.currentline)
    end
    ours = ours or info.what ~= "C"
    level = level + 1
    info = getinfo(thread, level, "Sl")
  end
  return nil -- none of the author's: another coroutine's error is passed on
end

-- The same of the coroutine that died last, or of the one whose error it passed on.
local function place_of_death()
  local dead, place = k.dead, nil
  k.dead = false
  while dead do
    place = place_of(dead.thread)
    if place ~= nil then
      break
    end
    dead = dead.before
  end
  return place
end

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

--- The result of a message whose handlers have run.
function results.result(msg, ok, problem)
  if not ok then
    k.error_place = place_of_death()
    if type(problem) == "string" then -- the place of an error in code of the runtime's own, which has no lines
      problem = raw.string.gsub(problem, "%?:%-1: ", "")
    end
    k.problem = problem
    k.output = joined_logs()
    return { Error = failure_of(msg, problem) }
  end
  if msg.Action == "Eval" and not (state.awake and ao.outbox.Error) then
    local output = { data = joined_logs(), prompt = env.Prompt() }
    if k.want_test then
      output.test = k.dump()(env.HANDLER_PRINT_LOGS)
    end
    return k.ao_function("result")({ Output = output })
  end
  return k.ao_function("result")({ Output = { data = joined_logs(), prompt = env.Prompt(), print = true } })
end

-- The result as flat values ------------------------------------------------------------------------------

local out, size

local function emit(value)
  size = size + 1
  out[size] = value
end

local docs = k.fidelity == "docs"

-- A value as text, or "" and what is wrong with it.
local function as_text(value, what, place)
  local kind = type(value)
  if kind == "string" then
    return value
  end
  local problem = what .. " is a " .. kind .. ", the network takes text only"
  if docs and (kind == "number" or kind == "boolean") then
    k.forgive("tag-text", what, problem, place)
    return tostring(value)
  end
  return kind == "table" and "" or tostring(value), problem
end

local function emit_tag(name, value, place)
  local name_text, name_problem = as_text(name, "a tag name", place)
  local value_text, value_problem = as_text(value, "tag '" .. name_text .. "'", place)
  emit(name_text)
  emit(value_text)
  return name_problem or value_problem
end

-- target, data, anchor, problem, number of tag texts, tags
local function emit_entry(entry, place)
  local start = size
  size = size + 5
  local target, data, problem, other = entry.Target, entry.Data
  if target ~= nil then
    target, problem = as_text(target, "Target", place)
  end
  if data ~= nil then
    data, other = as_text(data, "Data", place)
    problem = problem or other
  end
  local tags = entry.Tags
  if type(tags) == "table" then
    for _, tag in k.ipairs(tags) do
      local name, value
      if type(tag) == "table" then
        name, value = tag.name, tag.value
      end
      problem = emit_tag(name, value, place) or problem
    end
  end
  out[start + 1], out[start + 2] = target or false, data or false
  out[start + 3] = type(entry.Anchor) == "string" and entry.Anchor or ""
  out[start + 4], out[start + 5] = problem or false, size - start - 5
end

local function emit_list(list)
  local at = size + 1
  emit(0)
  local n = 0
  for _, entry in k.ipairs(list) do
    if type(entry) == "table" then
      n = n + 1
      emit_entry(entry, outbox.places[entry])
    end
  end
  out[at] = n
end

local function emit_assignments(list)
  local at = size + 1
  emit(0)
  local n = 0
  for _, entry in k.ipairs(list) do
    if type(entry) == "table" and type(entry.Message) == "string" and type(entry.Processes) == "table" then
      n = n + 1
      emit(entry.Message)
      local where = size + 1
      emit(0)
      for _, id in k.ipairs(entry.Processes) do
        if type(id) == "string" then
          emit(id)
        end
      end
      out[where] = size - where
    end
  end
  out[at] = n
end

local function emit_forgiven()
  local list = k.forgiven
  emit(#list)
  for i = 1, #list do
    emit(list[i])
    list[i] = nil
  end
end

-- As the network sees it, in JSON: functions disappear, and NaN makes the whole evaluation fail.
local function failed(failure)
  return failure ~= nil and failure ~= false and failure ~= "" and failure ~= 0 and type(failure) ~= "function"
end

-- An error raised in the runtime's own code says nothing of the author's line that led there.
local function with_place(problem)
  local place = k.error_place
  if place and not find(problem, place .. ": ", 1, true) then
    return place .. ": " .. problem
  end
  return problem
end

local function emit_result(result)
  local failure = result.Error
  local output = result.Output
  if failed(failure) then
    k.verdict = "failed"
    emit("failed")
    emit(type(k.output) == "string" and k.output or "")
    emit(false)
    emit(with_place(plain_text(k.problem == nil and failure or k.problem)))
    emit(plain_text(failure))
    emit_forgiven()
    return
  end
  emit(k.verdict)
  if type(output) == "table" then
    emit(output.data ~= nil and plain_text(output.data) or "")
    emit(type(output.prompt) == "string" and output.prompt or false)
  else
    emit(output ~= nil and plain_text(output) or "")
    emit(false)
  end
  emit(false)
  emit(false)
  emit_list(result.Messages or {})
  emit_list(result.Spawns or {})
  emit_assignments(result.Assignments or {})
  emit_forgiven()
end

-- Lua returns no more than a million values at once, and fewer are kinder to its stack.
local PIECE = 10000

--- Return values to the host: many of them in pieces, which it asks for by go_on.
function results.in_pieces(all, count)
  if count <= PIECE then
    return unpack(all, 1, count)
  end
  local at = 1
  function k.next_piece()
    local first = at
    if first > count then
      k.next_piece = nil
      return "done"
    end
    at = first + PIECE
    return "more", unpack(all, first, at > count and count or at - 1)
  end
  return k.next_piece()
end

--- A result as flat values.
function results.hand_out(result)
  out, size = {}, 0
  emit_result(result)
  return results.in_pieces(out, size)
end

--- The result of a message that failed where there is no result.
function results.hand_out_failure(problem)
  k.verdict, k.problem = "failed", problem
  return results.hand_out({ Error = plain_text(problem) })
end

return results
