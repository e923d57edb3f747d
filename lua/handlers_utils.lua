--- handlers_utils.lua: Handlers.utils, ready-made patterns and handles.

-- What such a pattern asks for, so that the search need not call it.
tag_patterns = setmetatable({}, weak_keys)

local utils = { _version = "0.0.2" }

function utils.hasMatchingTag(name, value)
  if type(name) ~= "string" or type(value) ~= "string" then
    error('[string ".handlers-utils"]:45: invalid arguments: (name : string, value : string)', 0)
  end
  local function matches(msg)
    return msg.Tags[name] == value
  end
  tag_patterns[matches] = { name, value }
  return matches
end

k.later(utils, "handlers_utils_more", { "hasMatchingTagOf", "hasMatchingData", "reply", "continue" })
k.handlers_utils = utils
