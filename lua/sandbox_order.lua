--- sandbox_order.lua: pairs and next in an order that is the same in every run.
--
-- 1..n without gaps, other numbers ascending, strings by bytes, booleans, objects by serial number.

local raw, sandbox = ...

local type, error, raw_next, rawget, raw_rawlen = raw.type, raw.error, raw.next, raw.rawget, raw.rawlen
local raw_setmetatable, raw_ipairs, raw_tostring = raw.setmetatable, raw.ipairs, raw.tostring
local meta_of, getinfo, getupvalue = raw.debug.getmetatable, raw.debug.getinfo, raw.debug.getupvalue
local match, raw_format = raw.string.match, raw.string.format
local concat, raw_sort, math_type = raw.table.concat, raw.table.sort, raw.math.type
local env, libraries, serials, serial = sandbox.env, sandbox.libraries, sandbox.serials, sandbox.serial
local blame, expected, awake = sandbox.blame, sandbox.expected, sandbox.awake

local by_key = { __mode = "k" }
local orders = raw_setmetatable({}, by_key) -- table -> its keys in order, remembered from 16 keys up
local traversals = raw_setmetatable({}, by_key) -- table -> keys in order and the place where `next` stands
local remember_from = 16

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

-- Whether exactly these keys, and 1..done, are those of the table.
local function still_valid(t, keys, done)
  if keys.done ~= done then
    return false
  end
  local n = #keys
  local spare = n + done
  for _ in raw_next, t do
    spare = spare - 1
  end
  if spare ~= 0 then
    return false
  end
  for i = 1, n do
    if rawget(t, keys[i]) == nil then
      return false
    end
  end
  return true
end

-- The keys of t in order, without 1..done. Lists are shared between loops: never change one.
local function keys_after(t, done)
  local known = orders[t]
  if known and still_valid(t, known, done) then
    return known, #known
  end
  local keys, n, texts, expect = {}, 0, true, 1
  for key in raw_next, t do
    if key == expect and expect <= done then
      expect = expect + 1
    elseif type(key) == "string" then
      n = n + 1
      keys[n] = key
    elseif not (math_type(key) == "integer" and key >= 1 and key <= done) then
      n = n + 1
      keys[n] = key
      texts = false
    end
  end
  if n > 1 then
    if texts then
      raw_sort(keys)
    else
      keys = sort_mixed(t, keys)
    end
  end
  if n >= remember_from then
    keys.done = done
    orders[t] = keys
  elseif known then
    orders[t] = nil
  end
  return keys, n
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

local function no_keys()
  return nil
end

local function no_table(value)
  error("bad argument #1 to 'for iterator' (table expected, got " .. type(value) .. ")", 2)
end

-- A loop over what begins with 1: nothing is collected unless something comes after the sequence.
local function sequence_loop(t, bare)
  local length, i, last, keys, n = raw_rawlen(t), 0, nil, nil, nil
  return function(_, key)
    if key ~= last then -- somebody calls the iterator by hand, out of order
      return ordered_next(t, key)
    end
    if not keys then
      i = i + 1
      if i <= length then
        local value
        if bare then -- without a metatable plain access is raw, and faster
          value = t[i]
        else
          value = rawget(t, i)
        end
        if value ~= nil then
          last = i
          return i, value
        end
      end
      keys, n = keys_after(t, i - 1)
      i = 0
    end
    while i < n do
      i = i + 1
      local value = rawget(t, keys[i])
      if value ~= nil then
        last = keys[i]
        return last, value
      end
    end
    last = nil
    return nil
  end
end

local function keys_loop(t)
  local keys, n = keys_after(t, 0)
  local i, last = 0, nil
  return function(_, key)
    if key ~= last then
      return ordered_next(t, key)
    end
    while i < n do
      i = i + 1
      local value = rawget(t, keys[i])
      if value ~= nil then
        last = keys[i]
        return last, value
      end
    end
    last = nil
    return nil
  end
end

local function ordered_pairs(t)
  local meta = meta_of(t)
  if meta then
    meta = awake(t)
    local custom = meta and rawget(meta, "__pairs")
    if custom ~= nil then
      local step, state, first = custom(t)
      return step, state, first
    end
  end
  if type(t) ~= "table" then
    return no_table, t, nil
  elseif raw_next(t) == nil then
    return no_keys, t, nil
  elseif rawget(t, 1) ~= nil then
    return sequence_loop(t, meta == nil), t, nil
  end
  return keys_loop(t), t, nil
end

sandbox.next, sandbox.pairs = ordered_next, ordered_pairs
