--- utils.lua: list functions, names and message matching, from require(".utils"), also the global Utils.

local lib = ...
local raw = lib.raw
local error, getmetatable, math_type, next, select, type =
  raw.error, raw.getmetatable, raw.math.type, raw.next, raw.select, raw.type
local string_find, string_gsub, string_lower, string_match, string_upper =
  raw.string.find, raw.string.gsub, raw.string.lower, raw.string.match, raw.string.upper
local getinfo = raw.debug.getinfo
local pairs, fold = lib.pairs, lib.fold

-- aos: errors carry the position in the library's own file, which is not compared.
local function fail(line, text)
  return error('[string ".utils"]:' .. line .. ": " .. text, 0)
end

-- Lists ----------------------------------------------------------------------------------------------

-- The length of a table whose keys are 1..n and nothing else, or nil.
local function list_length(value)
  if type(value) ~= "table" then
    return nil
  end
  local count, highest = 0, 0
  for key in next, value do
    if math_type(key) ~= "integer" or key < 1 then
      return nil
    end
    count = count + 1
    highest = key > highest and key or highest
  end
  return count == highest and count or nil
end

local function need_function(value, text, line)
  if type(value) ~= "function" then
    fail(line, text)
  end
end

local function need_text(value, text, line)
  if type(value) ~= "string" then
    fail(line, text)
  end
end

local function need_table(value, text, line)
  if type(value) ~= "table" then
    fail(line, text)
  end
end

local function need_list(value, text, line)
  return list_length(value) or fail(line, text)
end

local utils = { _version = "0.0.5" }

--- A function that may be given its n arguments (by default as many as it has parameters) in several
--- calls. aos: of a call that does not complete them only the first argument is kept, but all are counted,
--- so reduce(f, 0)(list) calls f(f, list).
local function curry(fn, arity)
  need_function(fn, "function is required as first argument", 181)
  arity = arity or getinfo(fn, "u").nparams
  if arity < 2 then
    return fn
  end
  return function(...)
    local given = select("#", ...)
    if given >= arity then
      return fn(...)
    end
    if given == 0 then
      return curry(fn, arity)
    end
    local first = ...
    return utils.curry(function(...)
      return fn(first, ...)
    end, arity - given)
  end
end

utils.curry = curry

utils.concat = curry(function(a, b)
  need_table(a, "first argument should be a table", 241)
  need_table(b, "second argument should be a table", 243)
  local a_length = need_list(a, "first argument should be a table that is an array", 245)
  local b_length = need_list(b, "second argument should be a table that is an array", 247)
  local result = {}
  for index = 1, a_length do
    result[index] = a[index]
  end
  for index = 1, b_length do
    result[a_length + index] = b[index]
  end
  return result
end, 2)

utils.reduce = curry(function(fn, initial, list)
  need_function(fn, "first argument should be a function", 291)
  local length = need_list(list, "third argument should be a table that is an array", 293)
  local result = initial
  for index = 1, length do
    local value = list[index]
    if result == nil then
      result = value
    else
      result = fn(result, value, index)
    end
  end
  return result
end, 3)

utils.map = curry(function(fn, list)
  need_function(fn, "first argument should be a unary function", 485)
  local length = need_list(list, "second argument should be an Array", 487)
  local result = {}
  for index = 1, length do
    result[index] = fn(list[index], index)
  end
  return result
end, 2)

utils.filter = curry(function(fn, list)
  need_function(fn, "first argument should be a unary function", 521)
  local length = need_list(list, "second argument should be an Array", 523)
  local result, count = {}, 0
  for index = 1, length do
    local value = list[index]
    if fn(value) then
      count = count + 1
      result[count] = value
    end
  end
  return result
end, 2)

utils.find = curry(function(fn, tbl)
  need_function(fn, "first argument should be a unary function", 561)
  need_table(tbl, "second argument should be a table that is an array", 563)
  for _, value in pairs(tbl) do
    if fn(value) then
      return value
    end
  end
end, 2)

utils.propEq = curry(function(name, value, tbl)
  need_text(name, "first argument should be a string", 601)
  need_text(value, "second argument should be a string", 603)
  need_table(tbl, "third argument should be a table<object>", 605)
  return tbl[name] == value
end, 3)

utils.prop = curry(function(name, tbl)
  need_text(name, "first argument should be a string", 661)
  need_table(tbl, "second argument should be a table (object)", 663)
  return tbl[name]
end, 2)

utils.includes = curry(function(value, list)
  for index = 1, need_list(list, "argument should be a table that is an array", 701) do
    if list[index] == value then
      return true
    end
  end
  return false
end, 2)

utils.compose = curry(function(...)
  local functions, count = { ... }, select("#", ...)
  for index = 1, count do
    need_function(functions[index], "each argument needs to be a function", 411)
  end
  return function(value)
    for index = count, 1, -1 do
      value = functions[index](value)
    end
    return value
  end
end, 2)

function utils.reverse(list)
  local length = need_list(list, "argument needs to be a table that is an array", 381)
  local result = {}
  for index = 1, length do
    result[index] = list[length + 1 - index]
  end
  return result
end

function utils.keys(tbl)
  need_table(tbl, "argument needs to be a table", 741)
  local result, count = {}, 0
  for key in pairs(tbl) do
    count = count + 1
    result[count] = key
  end
  return result
end

function utils.values(tbl)
  need_table(tbl, "argument needs to be a table", 781)
  local result, count = {}, 0
  for _, value in pairs(tbl) do
    count = count + 1
    result[count] = value
  end
  return result
end

-- Names ----------------------------------------------------------------------------------------------

--- Title case, as tag names have it: block_height becomes Block-Height. Other types are left alone.
function utils.normalize(name)
  -- Most names are in title case already.
  if type(name) ~= "string" or string_find(name, "^%u%l*$") or string_find(name, "^%u%l*%-%u%l*$") then
    return name
  end
  name = string_lower((string_gsub(name, "_", "-")))
  name = string_gsub(name, "^%l", string_upper)
  return (string_gsub(name, "%-%l", string_upper))
end

function utils.capitalize(text)
  if type(text) ~= "string" then
    fail(861, "bad argument #1 to 'capitalize' (string expected, got " .. type(text) .. ")")
  end
  return (string_gsub(string_lower(text), "^%l", string_upper))
end

-- Matching -------------------------------------------------------------------------------------------

-- aos: a dash alone does not make a text a Lua pattern.
local MAGIC = "[%^%$%(%)%%%.%[%]%*%+%?]"

local function matches_text(text, value)
  if value ~= nil and type(value) ~= "string" and type(value) ~= "number" then
    fail(29, "bad argument #1 to 'lower' (string expected, got " .. type(value) .. ")")
  end
  if string_find(text, MAGIC) then -- aos: the pattern is made lower case too, %S becomes %s
    return string_match(fold(value or ""), fold(text)) ~= nil -- find takes "a)" for no pattern
  end
  return value == text or value ~= nil and fold(value) == fold(text)
end

--- Whether a value is what a pattern asks for: "_", text, Lua pattern, function, or a table of such.
local function matches_pattern(pattern, value, msg)
  if pattern == "_" then
    return true
  end
  local kind = type(pattern)
  if kind == "string" then
    return matches_text(pattern, value)
  elseif kind == "function" then
    return pattern(value, msg) and true or false
  elseif kind == "table" then
    for _, alternative in pairs(pattern) do
      if matches_pattern(alternative, value, msg) then
        return true
      end
    end
  end
  return false
end

utils.matchesPattern = matches_pattern

-- aos: field and tag are both tried, always; a function is called twice.
local function matches_key(msg, key, pattern)
  local field, tag = msg[key], msg.Tags[key]
  if not field and not tag then
    return false
  end
  local by_field = matches_pattern(pattern, field, msg)
  local by_tag = matches_pattern(pattern, tag, msg)
  return by_field or by_tag
end

local function matches_table(msg, spec)
  -- With one key there is no order to keep, and most specs have one.
  local key, pattern = next(spec)
  if key ~= nil and next(spec, key) == nil and getmetatable(spec) == nil then
    return matches_key(msg, key, pattern)
  end
  for name, wanted in pairs(spec) do
    if not matches_key(msg, name, wanted) then
      return false
    end
  end
  return true
end

--- Whether a message is what a spec asks for. A function's result is handed on as it is.
function utils.matchesSpec(msg, spec)
  local kind = type(spec)
  if kind == "string" then
    return msg.Action == spec
  elseif kind == "table" then
    return matches_table(msg, spec)
  elseif kind == "function" then
    return spec(msg)
  end
  return false
end

return utils, { matchesSpec = utils.matchesSpec } -- the second for the runtime alone
