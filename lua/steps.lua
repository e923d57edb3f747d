--- steps.lua: the functions the host calls. Only texts, numbers and booleans go in and come out.

local k = ...
local raw, sandbox, message, outbox, process = k.raw, k.sandbox, k.message, k.outbox, k.process
local env, ao, state = k.env, k.ao, k.ao_state
local type, tostring, rawget, rawlen, next = raw.type, raw.tostring, raw.rawget, raw.rawlen, raw.next
local create, resume = raw.coroutine.create, raw.coroutine.resume
local unpack, select = raw.table.unpack, raw.select

local from_record, take = message.from_record, nil

local steps = { provide = k.provide }
k.steps = steps

-- The environment ----------------------------------------------------------------------------------------

local source -- flat: process id, owner, module id, owner, number of process tags, tags...
local decoded -- or a decoded JSON object

local function tag_list(flat, first, last)
  local list = {}
  for at = first, last, 2 do
    list[#list + 1] = { name = flat[at], value = flat[at + 1] }
  end
  return list
end

local function tag_map(list)
  local map = {}
  for i = 1, #list do
    local tag = list[i]
    if tag.name ~= nil and map[tag.name] == nil then
      map[tag.name] = tag.value
    end
  end
  return map
end

--- A fresh ao.env.
function k.environment()
  if decoded then
    return decoded
  end
  local last = 5 + source[5]
  local list = tag_list(source, 6, last)
  return {
    Process = { Id = source[1], Owner = source[2], Tags = tag_map(list), TagArray = list },
    Module = { Id = source[3], Owner = source[4], Tags = tag_list(source, last + 1, #source) }
  }
end

local function adopt(id, list)
  k.process_id = id
  k.process_tags = tag_map(list)
  local authorities = {}
  for i = 1, #list do
    if list[i].name == "Authority" then
      authorities[#authorities + 1] = list[i].value
    end
  end
  k.authorities = k.parse_authorities(authorities)
end

--- Who this process is; once, before the first step.
function steps.introduce(...)
  source, decoded = { ... }, nil
  adopt(source[1], tag_list(source, 6, 5 + source[5]))
end

function k.set_environment(environment)
  if type(environment) ~= "table" then
    return
  end
  local list = environment.Process.Tags
  if environment.Process.TagArray then
    list = environment.Process.TagArray
  end
  adopt(environment.Process.Id, list)
  environment.Process.TagArray = list
  environment.Process.Tags = tag_map(list)
  decoded = environment
end

-- Running ------------------------------------------------------------------------------------------------

-- Texts of errors are made here, by raw means: what a process threw may be anything.
local function plain_text(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" then
    return tostring(value)
  end
  return "(error object is a " .. kind .. " value)"
end

local function run(make, content_type)
  k.missing, k.problem, k.output = nil, nil, nil
  local ok, result = resume(create(process.handle), make, content_type)
  if k.missing then
    return nil, k.missing
  end
  if not ok then
    k.verdict = "failed"
    k.problem = result
    return { Error = plain_text(result) }
  end
  return result
end

-- Answers as JSON ----------------------------------------------------------------------------------------

local function first_of_list(tags, name)
  if type(tags) == "table" then
    for _, tag in k.ipairs(tags) do
      if tag.name == name then
        return tag.value
      end
    end
  end
end

local function json_content_type(msg)
  return first_of_list(msg.TagArray, "Content-Type")
end

local function encode(result)
  return k.private_json().encode(result)
end

--- One message and its environment as JSON texts; the result as JSON text, or nil and what is missing.
function steps.answer_json(message_text, environment_text)
  k.want_test = true
  local decode = k.private_json().decode
  local environment = decode(environment_text)
  k.set_environment(environment.env or environment)
  local result, missing = run(function()
    return message.from_table(decode(message_text))
  end, json_content_type)
  if not result then
    return nil, missing
  end
  local ok, text = raw.pcall(encode, result)
  if k.missing then
    return nil, k.missing
  end
  if not ok then
    return encode({ Error = plain_text(text) })
  end
  return text
end

-- Answers as flat values ---------------------------------------------------------------------------------

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

local function failed(failure)
  return failure ~= nil and failure ~= false and failure ~= "" and failure ~= 0 and failure == failure
end

local function emit_result(result)
  local failure = result.Error
  local output = result.Output
  if failed(failure) then
    k.verdict = "failed"
    emit("failed")
    emit(type(k.output) == "string" and k.output or "")
    emit(false)
    emit(plain_text(k.problem == nil and failure or k.problem))
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

local function record_content_type()
  local record = message.current.record
  return record and message.first_tag(record, "Content-Type")
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

--- What is left of the short way when it turned out not to be one.
function steps.finish(msg, ok, problem)
  local worker = create(process.result)
  local good, result = resume(worker, msg, ok, problem)
  if k.missing then
    return "missing", k.missing
  elseif not good then
    k.verdict, k.problem = "failed", result
    result = { Error = plain_text(result) }
  end
  return steps.hand_out(result)
end

--- The long way: everything done by the book, in a coroutine, since a process may have replaced any part of it.
function steps.long_way(msg)
  local result, missing = run(function()
    return msg
  end, record_content_type)
  if not result then
    return "missing", missing
  end
  return steps.hand_out(result)
end

--- A result as flat values.
function steps.hand_out(result)
  out, size = {}, 0
  local worker = create(emit_result)
  local ok, problem = resume(worker, result)
  if k.missing then
    return "missing", k.missing
  end
  if not ok then
    return "failed", "", false, plain_text(problem), plain_text(problem), 0
  end
  return unpack(out, 1, size)
end

-- Looking in ---------------------------------------------------------------------------------------------

local describe

local function describe_table(t, seen)
  if seen[t] then
    emit("text")
    emit("<cycle>")
    return
  end
  seen[t] = true
  k.wake(t)
  local at = size + 2
  emit("table")
  emit(0)
  local n = 0
  for key, value in sandbox.next, t do
    describe(key, seen)
    describe(value, seen)
    n = n + 1
  end
  out[at] = n
  seen[t] = nil
end

function describe(value, seen)
  local kind = type(value)
  if kind == "string" then
    emit("text")
    emit(value)
  elseif kind == "number" or kind == "boolean" then
    emit("plain")
    emit(value)
  elseif kind == "nil" then
    emit("nil")
  elseif kind == "table" then
    describe_table(value, seen)
  else
    emit("text")
    emit(sandbox.tostring(value))
  end
end

local function described(value)
  out, size = {}, 0
  describe(value, {})
  return unpack(out, 1, size)
end

function steps.last_value()
  return described(k.last_value)
end

-- A field without metamethods of the author. Of the globals nothing is woken: that would count as a use of json.
local function field(value, key)
  local meta = raw.getmetatable(value)
  if value == env and meta and sandbox.lazy[meta] and key ~= "json" then
    return value[key]
  end
  if value ~= env then
    k.wake(value)
  end
  local found = rawget(value, key)
  if found == nil and raw.tonumber(key) then
    found = rawget(value, raw.tonumber(key))
  end
  return found
end

local function read(...)
  local value = env
  for i = 1, select("#", ...) do
    if type(value) ~= "table" then
      value = nil
      break
    end
    value = field(value, (select(i, ...)))
  end
  return described(value)
end

--- A global, or a field of it by a dotted path, read without running anything.
function steps.read(...)
  return sandbox.unnumbered(read, ...)
end

local at_boot = {}
for name in next, env do
  at_boot[name] = true
end
for _, name in raw.ipairs({ "Owner", "Name", "json", "Dump", "Utils", "bit32" }) do
  at_boot[name] = true
end

--- The author's own globals, by name.
function steps.global_names()
  local names = {}
  for name in raw.next, env do
    if type(name) == "string" and not at_boot[name] then
      names[#names + 1] = name
    end
  end
  raw.table.sort(names)
  return unpack(names)
end

function steps.file(path, text)
  sandbox.files[path] = text
end

take = k.fast.step
sandbox.close()
return steps.step, steps.introduce, steps.provide, steps.answer_json, steps.last_value, steps.read, steps.global_names, steps.file
