--- handlers_more.lua: handlers put beside another one.

local k = ...
local raw, handlers = k.raw, k.handlers
local type, error = raw.type, raw.error

local more = {}

local function inserter(name, offset)
  if type(name) ~= "string" then
    error('[string ".handlers"]:' .. (offset == 0 and 255 or 295) .. ": Handler name MUST be a string", 0)
  end
  local at = k.find_by_name(name)
  return {
    add = function(...)
      local new, pattern, handle, max_runs = k.handler_arguments(raw.select("#", ...), ...)
      k.check_arguments(new, pattern)
      if at then
        k.insert(handlers.list, at + offset, k.new_entry(new, pattern, handle, max_runs))
      end
    end
  }
end

function more.before(name)
  return inserter(name, 0)
end

function more.after(name)
  return inserter(name, 1)
end

return more
