--- sandbox_next.lua: next in the fixed order, and the order of keys that are neither numbers nor texts.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, raw_next, rawget, raw_setmetatable = raw.type, raw.next, raw.rawget, raw.setmetatable
local raw_ipairs, raw_tostring = raw.ipairs, raw.tostring
local getinfo, getupvalue = raw.debug.getinfo, raw.debug.getupvalue
local match, raw_format = raw.string.match, raw.string.format
local concat, raw_sort, math_type = raw.table.concat, raw.table.sort, raw.math.type
local env, libraries, serials, serial = k.env, sandbox.libraries, sandbox.serials, sandbox.serial
local blame, expected, awake = sandbox.blame, sandbox.expected, sandbox.awake
local keys_after = sandbox.part("sandbox_pairs").keys_after

local traversals = raw_setmetatable({}, { __mode = "k" }) -- table -> keys in order and the place where `next` stands

local breadth = 64 -- larger tables are told apart by their size alone

-- What can be said about an object without its identity, so that new ones are numbered alike in every run.
local function fingerprint(value, depth)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" then
    return kind .. raw_tostring(value)
  elseif serials[value] then
    return "#" .. raw_format("%016d", serials[value])
  end
  local parts = {}
  if kind == "function" then
    local info = getinfo(value, "S")
    parts[1] = info.source .. ":" .. info.linedefined
    local i, name, content = 1, getupvalue(value, 1)
    while name do
      parts[#parts + 1] = depth > 0 and fingerprint(content, depth - 1) or type(content)
      i = i + 1
      name, content = getupvalue(value, i)
    end
  elseif kind == "table" and depth > 0 then
    awake(value)
    local count = 0
    for key, content in raw_next, value do
      count = count + 1
      if count <= breadth then
        parts[count] = fingerprint(key, depth - 1) .. "=" .. fingerprint(content, depth - 1)
      end
    end
    if count > breadth then -- which ones were read is chance
      parts = { raw_format("%d", count) }
    end
    raw_sort(parts)
  end
  return kind .. "(" .. concat(parts, ",") .. ")"
end

-- Library functions tell nothing apart but their names, so they are numbered by name before anything else.
local function number_libraries()
  if serials[env] then
    return
  end
  serial(env)
  awake(env) -- what comes with parts has its number too
  for _, library in raw_next, libraries do
    awake(library)
  end
  local names = {}
  for name, library in raw_next, env do
    if type(name) == "string" then
      if type(library) == "function" then
        names[#names + 1] = name
      elseif type(library) == "table" and libraries[name] == library then
        for inner, value in raw_next, library do
          if type(inner) == "string" and type(value) == "function" then
            names[#names + 1] = name .. "." .. inner
          end
        end
      end
    end
  end
  raw_sort(names)
  for i = 1, #names do
    local library, inner = match(names[i], "^([^.]*)%.(.*)$")
    local object
    if library then
      object = rawget(libraries[library], inner)
    else
      object = rawget(env, names[i])
    end
    serial(object)
  end
end

local function sort_objects(t, objects)
  number_libraries()
  local unseen, prints = {}, {}
  for i = 1, #objects do
    local object = objects[i]
    if not serials[object] then
      unseen[#unseen + 1] = object
      prints[object] = fingerprint(object, 3) .. "=" .. fingerprint(rawget(t, object), 2)
    end
  end
  raw_sort(unseen, function(a, b)
    return prints[a] < prints[b]
  end)
  for i = 1, #unseen do
    serial(unseen[i])
  end
  raw_sort(objects, function(a, b)
    return serials[a] < serials[b]
  end)
end

local function sort_mixed(t, keys)
  local groups = { number = {}, string = {}, boolean = {}, object = {} }
  for i = 1, #keys do
    local group = groups[type(keys[i])] or groups.object
    group[#group + 1] = keys[i]
  end
  raw_sort(groups.number)
  raw_sort(groups.string)
  if #groups.boolean == 2 then
    groups.boolean = { false, true }
  end
  if groups.object[1] then
    sort_objects(t, groups.object)
  end
  local result, n = {}, 0
  for _, kind in raw_ipairs({ "number", "string", "boolean", "object" }) do
    local group = groups[kind]
    for i = 1, #group do
      n = n + 1
      result[n] = group[i]
    end
  end
  return result
end

local function precedes(a, b)
  local kind, other = type(a), type(b)
  if kind == other and (kind == "number" or kind == "string") then
    return a < b
  end
  return kind == "number" or kind == "string" and other ~= "number"
end

-- The first key alone: most who ask only want to know whether there is one, so nothing is sorted.
local function first_of(t)
  traversals[t] = nil
  local key = raw_next(t)
  if key == nil then
    return nil
  end
  local value = rawget(t, 1)
  if value ~= nil then
    return 1, value
  end
  local other = raw_next(t, key)
  while other ~= nil do
    if precedes(other, key) then
      key = other
    end
    other = raw_next(t, other)
  end
  if type(key) ~= "number" and type(key) ~= "string" then
    local keys, n = keys_after(t, 0)
    traversals[t] = { keys = keys, n = n, i = 1 }
    key = keys[1]
  end
  return key, rawget(t, key)
end

-- Stand at `key`, or, if it was deleted meanwhile, right before the first key that comes after it.
local function stand_at(t, key)
  local length = 0
  while rawget(t, length + 1) ~= nil do
    length = length + 1
  end
  local rest, n = keys_after(t, length)
  local keys = rest
  if length > 0 then
    keys = {}
    for i = 1, length do
      keys[i] = i
    end
    for i = 1, n do
      keys[length + i] = rest[i]
    end
    n = length + n
  end
  local place = n
  for i = 1, n do
    if keys[i] == key then
      place = i
      break
    elseif place == n and precedes(key, keys[i]) then
      place = i - 1
    end
  end
  local state = { keys = keys, n = n, i = place }
  traversals[t] = state
  return state
end

local function ordered_next(t, key)
  if type(t) ~= "table" then
    blame("next", expected(1, "table", t))
  end
  awake(t)
  if key == nil then
    return first_of(t)
  end
  local state = traversals[t]
  if not state or state.keys[state.i] ~= key then
    if math_type(key) == "integer" and not state and rawget(t, 1) ~= nil then
      local value = rawget(t, key + 1)
      if key > 0 and value ~= nil then
        return key + 1, value
      end
    end
    if raw_next(t) == nil then
      return nil
    end
    state = stand_at(t, key)
  end
  local keys = state.keys
  for i = state.i + 1, state.n do
    local value = rawget(t, keys[i])
    if value ~= nil then
      state.i = i
      return keys[i], value
    end
  end
  traversals[t] = nil
  return nil
end

return { next = ordered_next, sort_mixed = sort_mixed }
