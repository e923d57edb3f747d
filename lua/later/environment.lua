--- environment.lua: who a process is: its environment, its tags, its authorities.

local k = ...
local raw = k.raw
local type, pack, unpack, rep = raw.type, raw.string.pack, raw.string.unpack, raw.string.rep
local rawequal, rawget, rawset = raw.rawequal, raw.rawget, raw.rawset

local environment = {}

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

-- What the host introduced the process with: id, owner, module id, owner, number of process tags, tags... It is
-- looked at so seldom that one text is kept of it.
local function introduction()
  local flat = { unpack(rep("s4", k.introduced_count), k.introduced) }
  flat[#flat] = nil -- the place behind the text
  flat[5] = raw.tonumber(flat[5])
  return flat
end

local function process_tags()
  if k.decoded then
    return k.decoded.Process.TagArray
  end
  local flat = introduction()
  return tag_list(flat, 6, 5 + flat[5])
end

--- The first tag of a name that the process was spawned with.
function environment.process_tag(name)
  local list = process_tags()
  for i = 1, #list do
    if list[i].name == name then
      return list[i].value
    end
  end
end

--- A fresh ao.env.
function environment.environment()
  if k.decoded then
    return k.decoded
  end
  local flat = introduction()
  local last = 5 + flat[5]
  local list = tag_list(flat, 6, last)
  return {
    Process = { Id = flat[1], Owner = flat[2], Tags = tag_map(list), TagArray = list },
    Module = { Id = flat[3], Owner = flat[4], Tags = tag_list(flat, last + 1, #flat) }
  }
end

local function adopt(id)
  k.process_id = id
  local authorities, list = {}, process_tags()
  for i = 1, #list do
    if list[i].name == "Authority" then
      authorities[#authorities + 1] = list[i].value
    end
  end
  k.authorities = k.parse_authorities(authorities)
end

--- Who this process is; once, before the first step.
function environment.introduce(...)
  k.introduced_count = raw.select("#", ...)
  k.introduced, k.decoded = pack(rep("s4", k.introduced_count), ...), nil
  adopt((...))
end

--- Who it is from now on: another process, which differs in its id.
function environment.rename(...)
  local id = k.process_id
  environment.introduce(...)
  if rawequal(rawget(k.ao, "id"), id) then
    rawset(k.ao, "id", k.process_id)
  end
end

--- Let the process read a text at a path.
function environment.put_file(path, text)
  k.sandbox.files[path] = text
end

--- The same from a decoded JSON object.
function environment.set_environment(given)
  if type(given) ~= "table" then
    return
  end
  local process = given.Process
  process.TagArray = process.TagArray or process.Tags
  process.Tags = tag_map(process.TagArray)
  k.decoded = given
  adopt(process.Id)
end

return environment
