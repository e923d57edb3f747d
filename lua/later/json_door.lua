--- json_door.lua: messages and results as JSON, the way a compute unit talks to a module.

local k = ...
local raw, sandbox, message = k.raw, k.sandbox, k.message
local type, pcall = raw.type, raw.pcall
local current, normalize, never_field = message.current, message.normalize, message.never_field

local door = {}

local function sorted_names(t)
  local names = {}
  for name in sandbox.pairs(t) do
    names[#names + 1] = name
  end
  return names
end

-- Make the message of a decoded JSON object, whatever its fields and values are.
local function from_table(source)
  local msg = {}
  current.action = nil
  for _, name in raw.ipairs(sorted_names(source)) do
    msg[type(name) == "string" and normalize(name) or name] = source[name]
  end
  local list = {}
  for i, tag in sandbox.pairs(msg.Tags) do
    list[i] = { name = normalize(tag.name), value = tag.value }
  end
  local tags = {}
  for _, tag in sandbox.pairs(list) do
    if tags[tag.name] == nil then
      tags[tag.name] = tag.value
    end
    if not never_field[tag.name] then
      msg[tag.name] = tag.value
    end
  end
  msg.Tags, msg.TagArray = tags, list
  msg.reply = function(answer)
    return k.reply(msg, answer)
  end
  msg.forward = function(target, changes)
    return k.forward(msg, target, changes)
  end
  current.message, current.record = msg, false
  return msg
end

local function content_type(msg)
  for _, tag in sandbox.pairs(msg.TagArray) do
    if tag.name == "Content-Type" then
      return tag.value
    end
  end
end

--- What came of an evaluation, as JSON text: its result; or "threw" and what was thrown instead of one.
function door.told(ok, value)
  local json = k.private_json()
  local good, text = pcall(json.encode, value)
  if ok and good then
    return text
  elseif ok then -- the result has no JSON form, and so the module fails in the end
    value, good = text, false
  end
  return "threw", good and text or json.encode(k.plain_text(value))
end

--- One message and its environment as JSON texts; see told().
function door.answer(message_text, environment_text)
  k.want_test = true
  k.problem, k.output = nil, nil
  return door.told(pcall(function()
    local json = k.private_json()
    local environment = json.decode(environment_text)
    k.set_environment(environment.env or environment)
    return k.part("long_way").handle(function()
      return from_table(json.decode(message_text))
    end, content_type)
  end))
end

--- Let the process read a file no more.
function door.no_file(path)
  sandbox.files[path] = nil
end

--- How much memory the process takes, in bytes.
function door.size()
  return raw.math.floor(raw.collectgarbage("count") * 1024)
end

return door
