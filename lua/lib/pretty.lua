--- pretty.lua: tables as indented lines, from require(".pretty").

local lib = ...
local raw = lib.raw
local error, type = raw.error, raw.type
local string_rep = raw.string.rep
local table_concat = raw.table.concat
local pairs, tostring = lib.pairs, lib.tostring

local function scalar_text(value)
  local kind = type(value)
  if kind == "function" or kind == "thread" or kind == "userdata" then
    error('[string ".pretty"]:39: attempt to concatenate a ' .. kind .. " value (local 'v')", 0)
  end
  return tostring(value)
end

local function append_entries(tbl, indent, parts)
  local margin = string_rep(" ", indent)
  for key, value in pairs(tbl) do
    if type(value) == "table" then
      parts[#parts + 1] = margin .. tostring(key) .. ": \n"
      append_entries(value, indent + 1, parts)
    else
      parts[#parts + 1] = margin .. tostring(key) .. ": " .. scalar_text(value) .. "\n"
    end
  end
end

local function tprint(tbl, indent)
  local parts = {}
  append_entries(tbl, indent or 0, parts)
  return table_concat(parts)
end

return { tprint = tprint }
