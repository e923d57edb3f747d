--- handlers_utils.lua: Handlers.utils, ready-made patterns and handles.

local k = ...
local raw, message = k.raw, k.message
local type, error, rawget = raw.type, raw.error, raw.rawget
local current, first_tag = message.current, message.first_tag

local utils = { _version = "0.0.2" }

local function check(good, text, line)
  if not good then
    error('[string ".handlers-utils"]:' .. line .. ": " .. text, 0)
  end
end

function utils.hasMatchingTag(name, value)
  check(type(name) == "string" and type(value) == "string", "invalid arguments: (name : string, value : string)", 45)
  return function(msg)
    local record = current.record
    if record and msg == current.message then -- asleep: nobody has changed its tags
      local found = first_tag(record, name)
      if found ~= nil or not record[5] then
        return found == value
      end
    end
    return msg.Tags[name] == value
  end
end

function utils.hasMatchingTagOf(name, values)
  check(type(name) == "string" and type(values) == "table", "invalid arguments: (name : string, values : string[])", 75)
  return function(msg)
    for _, value in k.ipairs(values) do
      if utils.hasMatchingTag(name, value)(msg) then
        return true
      end
    end
    return 0
  end
end

function utils.hasMatchingData(value)
  check(type(value) == "string", "invalid arguments: (value : string)", 109)
  return function(msg)
    return msg.Data == value
  end
end

function utils.reply(input)
  check(type(input) == "table" or type(input) == "string", "invalid arguments: (input : table or string)", 131)
  return function(msg)
    if type(input) == "string" then
      msg.reply({ Data = input })
      return
    end
    msg.reply(input)
  end
end

function utils.continue(pattern)
  return function(msg)
    local result = k.utils().matchesSpec(msg, pattern)
    if not result or result == 0 or result == "skip" then
      return result
    end
    return 1
  end
end

return utils
