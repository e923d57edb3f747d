--- assignment.lua: which messages meant for others a process lets in.

local k = ...
local raw, ao = k.raw, k.ao
local type, error = raw.type, raw.error

local assignment = {}

local function find_by_name(name)
  for i, entry in k.ipairs(ao.assignables) do
    if entry.name == name then
      return i, entry
    end
  end
end

function assignment.addAssignable(...)
  local name, pattern
  if raw.select("#", ...) == 1 then
    pattern = ...
  else
    name, pattern = ...
    if type(name) ~= "string" then
      error('[string ".assignment"]:95: MatchSpec name MUST be a string', 0)
    end
  end
  local _, entry = find_by_name(name)
  if name and entry then
    entry.pattern = pattern
    return
  end
  k.insert(ao.assignables, { pattern = pattern, name = name })
end

function assignment.removeAssignable(which)
  local at
  if type(which) == "string" then
    at = find_by_name(which)
  elseif type(which) == "number" then
    at = which
  else
    error('[string ".assignment"]:131: index MUST be a number', 0)
  end
  if at and ao.assignables[at] ~= nil then
    k.remove(ao.assignables, at)
  end
end

function assignment.isAssignable(msg)
  for _, entry in k.ipairs(ao.assignables) do
    if k.utils().matchesSpec(msg, entry.pattern) then
      return true
    end
  end
  return false
end

--- Give a table the functions about assignments.
function assignment.init(target)
  target.assignables = target.assignables or {}
  for _, name in raw.ipairs({ "addAssignable", "removeAssignable", "isAssignable" }) do
    target[name] = assignment[name]
  end
  target.isAssignment = ao.isAssignment
end

return assignment
