--- globals.lua: the globals of aos that few messages need: Send, Spawn, Receive, Assign and smaller ones.

local k = ...
local raw, env, ao = k.raw, k.env, k.ao
local type = raw.type

local globals = {}

local function coloured(color, value)
  return env.Colors[color] .. k.tostring(value) .. env.Colors.reset
end

--- A value that is no text as print shows it.
function globals.printable(value)
  local kind = type(value)
  if kind == "table" then
    if k.sandbox.is_file and k.sandbox.is_file(value) then
      return value -- as a userdata would, it makes the message fail when the lines are joined
    end
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

function globals.Version()
  env.print("version: " .. k.process._version)
end

function globals.Tab(msg)
  local tags = {}
  for _, tag in k.ipairs(msg.Tags) do
    if tags[tag.name] == nil then
      tags[tag.name] = tag.value
    end
  end
  return tags
end

function globals.Send(t)
  if type(t) ~= "table" and type(t) ~= "string" then
    k.refuse_send(t)
  end
  if not t.Target and not (k.needs_no_target and k.needs_no_target(t)) then
    env.print("WARN: No target specified for message. Data will be stored, but no process will receive it.")
  end
  local sent, answer = ao.send(t), k.outbox.answer
  if answer and ao.send == k.own_send then
    return answer(sent)
  end
  return { output = "Message added to outbox", receive = sent.receive, onReply = sent.onReply }
end

function globals.Spawn(...)
  local module, t = ...
  if raw.select("#", ...) == 1 then
    module, t = ao._module, module
  end
  local spawned = ao.spawn(module, t)
  return { output = "Spawn process request added to outbox", receive = spawned.receive }
end

function globals.Receive(pattern)
  return k.handlers.receive(pattern)
end

function globals.Assign(t)
  ao.assign(t)
  env.print("Assignment added to outbox.")
  return "Assignment added to outbox."
end

--- Not for authors: the host calls the runtime itself.
function globals.handle()
  return k.private_json().encode({ ok = false, error = "handle is called by the host" })
end

--- A global that is a library.
function globals.make(name)
  if name == "json" then
    k.forgive("json-global", "json", "json is no global on the network: local json = require('json')")
    return k.json()
  elseif name == "Dump" then
    return k.dump()
  end
  return name == "Utils" and k.utils() or k.bit32()
end

return globals
