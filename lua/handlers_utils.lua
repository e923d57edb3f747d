--- handlers_utils.lua: Handlers.utils, ready-made patterns and handles.

local k = ...
local raw = k.raw
local type, error = raw.type, raw.error

-- What such a pattern asks for, so that the search need not call it.
local tag_patterns = raw.setmetatable({}, { __mode = "k" })
k.tag_patterns = tag_patterns

local utils = { _version = "0.0.2" }

local function check(good, text, line)
  if not good then
    error('[string ".handlers-utils"]:' .. line .. ": " .. text, 0)
  end
end

function utils.hasMatchingTag(name, value)
  check(type(name) == "string" and type(value) == "string", "invalid arguments: (name : string, value : string)", 45)
  local function matches(msg)
    return msg.Tags[name] == value
  end
  tag_patterns[matches] = { name, value }
  return matches
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
