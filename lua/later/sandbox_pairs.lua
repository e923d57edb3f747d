--- sandbox_pairs.lua: pairs in an order that is the same in every run.
--
-- 1..n without gaps, other numbers ascending, strings by bytes, booleans, objects by serial number. What is rarer than
-- loops over sequences and over names is in sandbox_next.lua.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, error, raw_next, rawget, raw_rawlen = raw.type, raw.error, raw.next, raw.rawget, raw.rawlen
local meta_of, raw_sort, math_type = raw.debug.getmetatable, raw.table.sort, raw.math.type
local awake = sandbox.awake

local function ordered_next(t, key)
  return sandbox.next(t, key)
end

local orders = raw.setmetatable({}, { __mode = "k" }) -- table -> its keys in order, remembered from 16 keys up
sandbox.orders = orders -- which an image leaves out
local remember_from = 16

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
      keys = sandbox.part("sandbox_next").sort_mixed(t, keys)
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

return { pairs = ordered_pairs, keys_after = keys_after }
