--- stringify.lua: tables as print and Eval show them, from require(".stringify").

local lib = ...
local raw = lib.raw
local error, type = raw.error, raw.type
local string_rep = raw.string.rep
local table_concat = raw.table.concat
local pairs, tostring = lib.pairs, lib.tostring

-- aos: these do not follow the process's Colors.
local RED, GREEN, BLUE, RESET = "\27[31m", "\27[32m", "\27[34m", "\27[0m"

-- A table inside itself as an item of a list is not noticed and recurses until the stack is full. Stopping
-- earlier spares the memory of ever deeper indents; no table anybody prints is as deep as this.
local INDENT_MAX = 8000

local function is_plain(value)
  local kind = type(value)
  return kind == "number" or kind == "string"
end

--- Whether a table is a list of nothing but numbers and texts; the empty table is.
local function is_simple_array(array)
  local expected = 1
  for key, value in pairs(array) do
    if key ~= expected or not is_plain(value) then
      return false
    end
    expected = expected + 1
  end
  return true
end

local function scalar_text(value)
  if type(value) == "string" then
    return GREEN .. '"' .. value .. '"' .. RESET
  end
  return BLUE .. tostring(value) .. RESET
end

local function key_text(key)
  if not is_plain(key) then
    error('[string ".stringify"]:75: attempt to concatenate a ' .. type(key) .. " value (local 'k')", 0)
  end
  return RED .. key .. RESET
end

local format

-- Lists of anything; items is the table itself, count its length.
local function format_list(items, count, indent, visited)
  local parts, margin = {}, string_rep(" ", indent + 2)
  for index = 1, count do
    local value = items[index]
    if type(value) == "table" then
      parts[index] = margin .. format(value, indent + 2, visited)
    else
      parts[index] = margin .. scalar_text(value)
    end
  end
  return "{\n" .. table_concat(parts, ",\n") .. "\n" .. string_rep(" ", indent) .. " }"
end

-- Keys and values in the order of the loop, of which there are count.
local function format_map(keys, values, count, indent, visited)
  local parts, margin = {}, string_rep(" ", indent + 2)
  for index = 1, count do
    local value, text = values[index], nil
    if type(value) == "table" then
      if visited[value] then -- aos: the whole map is given up, also for a table that is only used twice
        return "<circular reference>"
      end
      visited[value] = true
      text = format(value, indent + 2, visited)
    else
      text = scalar_text(value)
    end
    parts[index] = margin .. key_text(keys[index]) .. " = " .. text
  end
  return "{\n " .. table_concat(parts, ",\n ") .. "\n" .. string_rep(" ", indent) .. "}"
end

local function format_simple(values, count)
  local parts = {}
  for index = 1, count do
    parts[index] = scalar_text(values[index])
  end
  return "{ " .. table_concat(parts, ", ") .. " }"
end

--- The table as coloured text. Values at 1.. count as a list until a key comes that is not the next one;
--- what the list held before is then left out, as aos does.
format = function(tbl, indent, visited)
  indent, visited = indent or 0, visited or {}
  if indent > INDENT_MAX then
    error("stack overflow", 0)
  end
  local keys, values, count = {}, {}, 0
  local is_list, is_simple = true, true
  for key, value in pairs(tbl) do
    if is_list and key ~= count + 1 then
      is_list, count = false, 0
    end
    count = count + 1
    keys[count], values[count] = key, value
    is_simple = is_simple and is_plain(value)
  end
  if not is_list then
    return format_map(keys, values, count, indent, visited)
  elseif is_simple then
    return format_simple(values, count)
  end
  return format_list(values, count, indent, visited)
end

return { _version = "0.0.1", format = format, isSimpleArray = is_simple_array }
