--- text_patterns.lua: tables of texts as patterns, matched against the record of a sleeping message.
--
-- { Action = "Transfer", From = "..." } is what most patterns are. Everything beyond that (functions, Lua
-- patterns, alternatives, fields that are no tags) is left to Utils.matchesSpec, as are processes that
-- have put another function in its place.

local k = ...
local raw, sandbox, message = k.raw, k.sandbox, k.message
local rawget, type, next, getmetatable = raw.rawget, raw.type, raw.next, raw.getmetatable
local find, fold = raw.string.find, k.fold -- to lower case, in most versions of aos
local first_tag, last_tag = message.first_tag, message.last_tag

local text_patterns = {}
local ALIAS = 5 -- in a record

-- Keys that are more than a tag, or less.
local no_tag = { TagArray = true, reply = true, forward = true, ["Forwarded-By"] = true }
for _, names in raw.ipairs({ message.never_field, message.place }) do
  for name in next, names do
    no_tag[name] = true
  end
end
no_tag.From, no_tag["Pushed-For"] = nil, nil

local plain, plain_count = {}, 0 -- texts without magic; few, since they may be anybody's

local function is_plain(text)
  if plain[text] then
    return true
  elseif type(text) ~= "string" or find(text, "[%^%$%(%)%%%.%[%]%*%+%?]") then
    return false
  elseif plain_count < 200 and #text < 64 then
    plain[text], plain_count = true, plain_count + 1
  end
  return true
end

local function same(value, wanted)
  return value == wanted or value ~= nil and fold(value) == fold(wanted)
end

local function own_matching()
  local utils = rawget(sandbox.loaded, ".utils")
  if utils == nil then
    return true
  end
  local pair = k.loaded_libraries.utils
  return pair ~= nil and utils == pair[1] and rawget(utils, "matchesSpec") == pair[2].matchesSpec
end

--- Whether a message matches; nil when that is not for this file to say.
function text_patterns.match(msg, record, spec)
  if getmetatable(spec) ~= nil or not own_matching() then
    return nil
  end
  local matches = true
  for key, wanted in next, spec do -- all of them: what is behind a mismatch may still raise an error
    if type(key) ~= "string" or no_tag[key] or not is_plain(wanted) then
      return nil
    end
    local field, tag = last_tag(record, key), first_tag(record, key)
    if key == "From" then
      field = msg.From
      if type(field) ~= "string" then
        return nil
      end
    elseif tag == nil and record[ALIAS] then
      return nil
    end
    if field == nil and tag == nil or wanted ~= "_" and not same(field, wanted) and not same(tag, wanted) then
      matches = false
    end
  end
  return matches
end

return text_patterns
