--- sandbox_library.lua: the parts of Lua's table and math libraries that the host's Lua does otherwise, or lacks.

local raw, sandbox, library = ...

local type, rawget, meta_of, raw_sort = raw.type, raw.rawget, raw.debug.getmetatable, raw.table.sort
local error, tonumber, math_type = raw.error, raw.tonumber, raw.math.type
local exp, log, floor, atan, huge = raw.math.exp, raw.math.log, raw.math.floor, raw.math.atan, raw.math.huge
local blame, expected = sandbox.blame, sandbox.expected

-- table.sort ----------------------------------------------------------------------------------------------------
-- Lua's own picks pivots by the clock on unbalanced input, so the order of equals and the calls of the comparison
-- would vary. This one is stable: a merge sort over short runs sorted by insertion.

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
    blame("sort", expected(1, "table", t))
  end
  local n = #t
  if n < 2 then
    return
  elseif before ~= nil and type(before) ~= "function" then
    blame("sort", expected(2, "function", before))
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

library("table").sort = sort
sandbox.sort = sort

-- math ----------------------------------------------------------------------------------------------------------
-- The functions of Lua 5.2 which AO's build keeps.

local math = library("math")

local function number(value, position, name)
  local result = tonumber(value)
  if not result then
    local info = raw.debug.getinfo(2, "n")
    error((raw.string.gsub(expected(position, "number", value), "'%?'", "'" .. (info.name or name) .. "'")), 3)
  end
  return result + 0.0
end

local function scaled(x, power)
  -- In two steps: 2^power alone may be out of range where the product is not.
  local half = power // 2
  return x * 2.0 ^ half * 2.0 ^ (power - half)
end

function math.pow(x, y)
  return number(x, 1, "pow") ^ number(y, 2, "pow")
end

function math.log10(x)
  return log(number(x, 1, "log10"), 10)
end

function math.atan2(y, x)
  return atan(number(y, 1, "atan2"), number(x, 2, "atan2"))
end

function math.ldexp(x, power)
  return scaled(number(x, 1, "ldexp"), floor(number(power, 2, "ldexp")))
end

function math.frexp(x)
  x = number(x, 1, "frexp")
  if x == 0 or x ~= x or x == huge or x == -huge then
    return x, 0
  end
  local power = floor(log(x < 0 and -x or x, 2)) + 1
  local part = scaled(x, -power)
  if part >= 1 or part <= -1 then -- the logarithm was rounded up or down to a whole number
    return part / 2, power + 1
  elseif part < 0.5 and part > -0.5 then
    return part * 2, power - 1
  end
  return part, power
end

-- Near zero the difference of two exponentials loses its digits; the series does not.
local function sinh(x)
  if x > -0.5 and x < 0.5 then
    local square, term, sum = x * x, x, x
    for i = 2, 16, 2 do
      term = term * square / (i * (i + 1))
      sum = sum + term
    end
    return sum
  end
  return x > 0 and (exp(x) - exp(-x)) / 2 or -(exp(-x) - exp(x)) / 2
end

function math.sinh(x)
  return sinh(number(x, 1, "sinh"))
end

function math.cosh(x)
  x = number(x, 1, "cosh")
  return (exp(x) + exp(-x)) / 2
end

function math.tanh(x)
  x = number(x, 1, "tanh")
  if x > 20 or x < -20 then
    return x > 0 and 1.0 or -1.0
  end
  return sinh(x) / ((exp(x) + exp(-x)) / 2)
end
