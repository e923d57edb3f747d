--- handlers_utils_more.lua: the ready-made patterns and handles that are seldom used.

local k = ...
local raw, utils = k.raw, k.handlers_utils
local type, error = raw.type, raw.error

local more = {}

local function check(good, text, line)
  if not good then
    error('[string ".handlers-utils"]:' .. line .. ": " .. text, 0)
  end
end

function more.hasMatchingTag(name, value)
  if type(name) ~= "string" or type(value) ~= "string" then
    error('[string ".handlers-utils"]:45: invalid arguments: (name : string, value : string)', 0)
  end
  local function matches(msg)
    return msg.Tags[name] == value
  end
  k.tag_patterns[matches] = { name, value }
  return matches
end

function more.hasMatchingTagOf(name, values)
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

function more.hasMatchingData(value)
  check(type(value) == "string", "invalid arguments: (value : string)", 109)
  return function(msg)
    return msg.Data == value
  end
end

function more.reply(input)
  check(type(input) == "table" or type(input) == "string", "invalid arguments: (input : table or string)", 131)
  return function(msg)
    if type(input) == "string" then
      msg.reply({ Data = input })
      return
    end
    msg.reply(input)
  end
end

function more.continue(pattern)
  return function(msg)
    local result = k.utils().matchesSpec(msg, pattern)
    if not result or result == 0 or result == "skip" then
      return result
    end
    return 1
  end
end

return more
