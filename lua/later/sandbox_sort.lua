--- sandbox_sort.lua: a table.sort that calls the comparison the same way in every run, and keeps equals in their order.
--
-- Lua's own picks pivots by the clock on unbalanced input. This is a merge sort over short runs sorted by insertion.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, error, rawget, meta_of = raw.type, raw.error, raw.rawget, raw.debug.getmetatable
local raw_sort, math_type = raw.table.sort, raw.math.type
local blame, expected = sandbox.blame, sandbox.expected

local run_length = 6

local function type_name(value)
  local meta = type(value) == "table" and meta_of(value)
  local name = meta and rawget(meta, "__name")
  return type(name) == "string" and name or type(value)
end

-- Whether `<` works between them is Lua's to say; where it does not, say so in its words, without a place in here.
local function less(a, b)
  local kind = type(a)
  if kind == type(b) and (kind == "number" or kind == "string") then
    return a < b
  end
  local meta, other = meta_of(a), meta_of(b)
  if meta and rawget(meta, "__lt") ~= nil or other and rawget(other, "__lt") ~= nil then
    return a < b
  end
  local left, right = type_name(a), type_name(b)
  if left == right then
    error("attempt to compare two " .. left .. " values", 0)
  end
  error("attempt to compare " .. left .. " with " .. right, 0)
end

local function merge(from, into, low, middle, high, before)
  local left, right = low, middle
  for place = low, high - 1 do
    if left < middle and (right >= high or not before(from[right], from[left])) then
      into[place] = from[left]
      left = left + 1
    else
      into[place] = from[right]
      right = right + 1
    end
  end
end

local function sorted(list, n, before)
  for low = 1, n, run_length do
    for i = low + 1, low + run_length - 1 < n and low + run_length - 1 or n do
      local value, place = list[i], i
      while place > low and before(value, list[place - 1]) do
        list[place] = list[place - 1]
        place = place - 1
      end
      list[place] = value
    end
  end
  local spare, width = {}, run_length
  while width < n do
    for low = 1, n, 2 * width do
      local middle = low + width <= n and low + width or n + 1
      local high = middle + width <= n and middle + width or n + 1
      merge(list, spare, low, middle, high, before)
    end
    list, spare = spare, list
    width = 2 * width
  end
  return list
end

-- Integers and texts that are equal are the same: then the fast way of the host gives the only possible answer.
local function indistinguishable(t, n)
  if meta_of(t) then
    return false
  end
  local first = t[1]
  local integers = math_type(first) == "integer"
  if not integers and type(first) ~= "string" then
    return false
  end
  for i = 2, n do
    local value = t[i]
    if integers and math_type(value) ~= "integer" or not integers and type(value) ~= "string" then
      return false
    end
  end
  return true
end

local function sort(t, before)
  if type(t) ~= "table" then
    blame("table.sort", expected(1, "table", t))
  end
  local n = #t
  if n < 2 then
    return
  elseif before ~= nil and type(before) ~= "function" then
    blame("table.sort", expected(2, "function", before))
  elseif before == nil and indistinguishable(t, n) then
    raw_sort(t)
    return
  end
  local list = {}
  for i = 1, n do
    list[i] = t[i]
  end
  list = sorted(list, n, before or less)
  for i = 1, n do
    t[i] = list[i]
  end
end

return { table = { sort = sort } }
