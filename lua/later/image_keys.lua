--- image_keys.lua: the keys of tables in the order in which an image has them.
--
-- Called as chunk(raw, at_rest), at_rest being the values that an image leaves out, as if they were nil.

local raw, at_rest = ...
local next, type, rawget, rawequal = raw.next, raw.type, raw.rawget, raw.rawequal
local sort, math_type = raw.table.sort, raw.math.type

local NONE = {}

--- Whether a value is another than it was, or a number of another kind.
local function changed(was, is)
  return not rawequal(was, is) or math_type(was) ~= math_type(is)
end

--- A value as an image has it.
local function kept(value)
  if at_rest[value] then
    return nil
  end
  return value
end

-- Keys in order: numbers ascending, texts by bytes, false before true. Each list is nil when it is empty.
local function in_order(numbers, texts, booleans)
  if texts then
    sort(texts)
  end
  if not numbers and not booleans then
    return texts or NONE
  end
  numbers = numbers or {}
  sort(numbers)
  local n = #numbers
  for i = 1, texts and #texts or 0 do
    numbers[n + i] = texts[i]
  end
  for i = 1, booleans and 2 or 0 do
    if booleans[i] ~= nil then
      numbers[#numbers + 1] = booleans[i]
    end
  end
  return numbers
end

-- The keys of a new table that are no objects and not among 1..length; and how many are objects.
local function plain_keys(t, length)
  local numbers, texts, booleans
  local text_count, object_count = 0, 0
  for key, value in next, t do
    local kind = type(key)
    if at_rest[value] then
      kind = "none"
    end
    if kind == "string" then
      texts = texts or {}
      text_count = text_count + 1
      texts[text_count] = key
    elseif kind == "number" then
      if math_type(key) == "float" or key < 1 or key > length then
        numbers = numbers or {}
        numbers[#numbers + 1] = key
      end
    elseif kind == "boolean" then
      booleans = booleans or {}
      booleans[key and 2 or 1] = key
    elseif kind ~= "none" then
      object_count = object_count + 1
    end
  end
  return in_order(numbers, texts, booleans), object_count
end

-- Of a table that was there at the start: the keys whose values have changed, come or gone; and whether there are
-- objects among those.
local function changed_keys(t, before)
  local numbers, texts, booleans, objects_too = nil, nil, nil, false
  local function look(key, was, is)
    local kind = type(key)
    if not changed(was, is) then
      return
    elseif kind == "string" then
      texts = texts or {}
      texts[#texts + 1] = key
    elseif kind == "number" then
      numbers = numbers or {}
      numbers[#numbers + 1] = key
    elseif kind == "boolean" then
      booleans = booleans or {}
      booleans[key and 2 or 1] = key
    else
      objects_too = true
    end
  end
  for key, value in next, t do
    if not rawequal(before[key], value) or type(value) == "number" then
      look(key, before[key], kept(value))
    end
  end
  for key, was in next, before do
    if rawequal(rawget(t, key), nil) then
      look(key, was, nil)
    end
  end
  return in_order(numbers, texts, booleans), objects_too
end

return { changed = changed, kept = kept, plain = plain_keys, changed_keys = changed_keys }
