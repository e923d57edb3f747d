--- dump.lua: values as Lua source, sorted, from require(".dump"), which is also the global Dump.

local lib = ...
local raw = lib.raw
local error, math_type, select, type = raw.error, raw.math.type, raw.select, raw.type
local string_find, string_format, string_rep = raw.string.find, raw.string.format, raw.string.rep
local table_concat = raw.table.concat
local pairs, sort, tostring = lib.pairs, lib.sort, lib.tostring

local RESERVED = {}
for _, word in raw.ipairs({
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
  "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}) do
  RESERVED[word] = true
end

local function quoted(value)
  return string_format("%q", tostring(value))
end

local function scalar_text(value)
  local kind = type(value)
  if kind == "number" or kind == "boolean" then
    return tostring(value)
  end
  return quoted(value)
end

local function key_text(key)
  if type(key) == "string" and string_find(key, "^[%a_][%w_]*$") and not RESERVED[key] then
    return key
  end
  return "[" .. scalar_text(key) .. "]"
end

-- Numbers first, by value, then everything else by the text shown.
local function comes_before(a, b)
  local a_number, b_number = type(a.key) == "number", type(b.key) == "number"
  if a_number and b_number then
    return a.key < b.key
  elseif a_number or b_number then
    return a_number
  end
  return a.text < b.text
end

local dump_table

-- A filter gets (value, depth, type, "key" | "val" | "circular", key, udata) and returns what to show
-- instead, and true to have a table shown by tostring. Returning nil leaves the entry out.
local function dump_value(value, depth, use, key, state)
  local as_is
  if use == "val" and type(value) == "table" and state.open[value] then
    use, value = "circular", "<Circular " .. tostring(value) .. ">"
  end
  if state.filter then
    value, as_is = state.filter(value, depth, type(value), use, key, state.udata)
    if value == nil then
      return nil
    end
  end
  if type(value) == "table" and not as_is and not state.open[value] then
    return dump_table(value, depth + 1, state)
  end
  return scalar_text(value)
end

local function filtered_key(key, depth, state)
  if not state.filter then
    return key
  end
  return (state.filter(key, depth, type(key), "key", nil, state.udata))
end

dump_table = function(tbl, depth, state)
  state.open[tbl] = true
  local entries, count = {}, 0
  for key, value in pairs(tbl) do
    local shown = filtered_key(key, depth, state)
    local text = shown ~= nil and dump_value(value, depth, "val", key, state)
    if text then
      local name = key_text(shown)
      count = count + 1
      entries[count] = { key = shown, text = name, line = name .. " = " .. text }
    end
  end
  state.open[tbl] = nil
  if count == 0 then
    return "{}"
  end
  sort(entries, comes_before)
  local newline = state.indent == 0 and " " or "\n" .. string_rep(" ", state.padding + state.indent * (depth - 1))
  local margin = newline .. string_rep(" ", state.indent)
  local lines = {}
  for index = 1, count do
    lines[index] = entries[index].line
  end
  return "{" .. margin .. table_concat(lines, "," .. margin) .. newline .. "}"
end

local function unsigned(value, default, name, line)
  if value == nil then
    return default
  end
  if math_type(value) ~= "integer" or value < 0 then
    error('[string ".dump"]:' .. line .. ": " .. name .. " must be unsigned integer", 0)
  end
  return value
end

return function(value, indent, padding, filter, ...)
  indent = unsigned(indent, 4, "indent", 423)
  padding = unsigned(padding, 0, "padding", 431)
  if filter ~= nil and type(filter) ~= "function" then
    error('[string ".dump"]:439: filter must be function', 0)
  end
  local udata = select("#", ...) > 0 and (...) or nil
  if type(value) == "table" then
    return dump_table(value, 1, { open = {}, filter = filter, udata = udata, indent = indent, padding = padding })
  end
  return quoted(value)
end
