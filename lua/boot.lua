--- boot.lua: the globals of a process, all of them made here.

local k = ...
local raw, sandbox, env, ao = k.raw, k.sandbox, k.env, k.ao
local type = raw.type

local colors = {
  red = "\27[31m", green = "\27[32m", blue = "\27[34m", reset = "\27[0m", gray = "\27[90m"
}

local function coloured(color, value)
  return env.Colors[color] .. k.tostring(value) .. env.Colors.reset
end

local function printable(value)
  local kind = type(value)
  if kind == "table" then
    return k.stringify().format(value)
  elseif kind == "boolean" then
    return coloured("blue", value)
  elseif kind == "nil" then
    return coloured("red", value)
  elseif kind == "number" then
    return coloured("green", value)
  end
  return value
end

env.ao = ao
env.Handlers = k.handlers
env.Colors = colors
env.Bell = "\7"
env.Errors = {}
env.Inbox = {}
env.HANDLER_PRINT_LOGS = {}
env.Seeded = false

--- aos: one argument, one line.
function env.print(value)
  k.insert(env.HANDLER_PRINT_LOGS, printable(value))
end

local function prompt()
  local c = env.Colors
  return c.green .. env.Name .. c.gray .. "@" .. c.blue .. "aos-" .. k.process._version .. c.gray .. "[Inbox:"
    .. c.red .. k.tostring(#env.Inbox) .. c.gray .. "]" .. c.reset .. "> "
end

env.Prompt, k.own_prompt = prompt, prompt

function env.Version()
  env.print("version: " .. k.process._version)
end

function env.Tab(msg)
  local tags = {}
  for _, tag in k.ipairs(msg.Tags) do
    if tags[tag.name] == nil then
      tags[tag.name] = tag.value
    end
  end
  return tags
end

local own_send = ao.send

function env.Send(t)
  if not t.Target then
    env.print("WARN: No target specified for message. Data will be stored, but no process will receive it.")
  end
  local sent = ao.send(t)
  if ao.send == own_send then
    return k.outbox.answer(sent)
  end
  return { output = "Message added to outbox", receive = sent.receive, onReply = sent.onReply }
end

function env.Spawn(...)
  local module, t = ...
  if raw.select("#", ...) == 1 then
    module, t = ao._module, module
  end
  local spawned = ao.spawn(module, t)
  return { output = "Spawn process request added to outbox", receive = spawned.receive }
end

function env.Receive(pattern)
  return k.handlers.receive(pattern)
end

function env.Assign(t)
  ao.assign(t)
  env.print("Assignment added to outbox.")
  return "Assignment added to outbox."
end

--- Not for authors: the host calls the runtime itself.
function env.handle()
  return k.private_json().encode({ ok = false, error = "handle is called by the host" })
end

function env.math.random(...)
  return k.random(...)
end

-- Globals that are libraries are loaded when they are asked for; nobody can tell.
local later = {
  Dump = k.dump, Utils = k.utils, bit32 = k.bit32
}
if k.fidelity == "docs" then
  function later.json() -- aos has no such global; code of the docs uses it
    k.forgive("json-global", "json", "json is no global on the network: local json = require('json')")
    return k.json()
  end
end

local lazy_globals = {}

function lazy_globals.__index(_, name)
  local make = later[name]
  if make then
    later[name] = nil
    local value = make()
    raw.rawset(env, name, value)
    return value
  end
end

function lazy_globals.__newindex(_, name, value)
  later[name] = nil
  raw.rawset(env, name, value)
end

local function wake(t)
  raw.setmetatable(t, nil)
  for name, make in raw.next, later do
    raw.rawset(t, name, make())
  end
  later = {}
end

sandbox.lazy[lazy_globals] = wake
sandbox.hidden[lazy_globals] = true
raw.setmetatable(env, lazy_globals)
