--- image_path.lua: where in a process the object is of which no image can be made, in words for its author.
--
-- Called as chunk(raw, boot) after image_write.lua has refused it. Returns a path from the globals of the process, or
-- "" for what only the runtime holds.

local raw, boot = ...
local next, type, rawget, find, format = raw.next, raw.type, raw.rawget, raw.string.find, raw.string.format
local sort, meta_of, getupvalue = raw.table.sort, raw.debug.getmetatable, raw.debug.getupvalue
local NO_NAME = "(*no name)" -- of variables in code of ours

local function is_object(value)
  local kind = type(value)
  return kind == "table" or kind == "function" or kind == "thread" or kind == "userdata"
end

local function step_text(from, key)
  if type(key) == "string" then
    if find(key, "^[%a_][%w_]*$") then
      return from == "" and key or from .. "." .. key
    end
    return from .. format("[%q]", key)
  elseif type(key) == "number" then
    return from .. format("[%s]", key)
  end
  return from .. "[a " .. type(key) .. "]"
end

-- What an object holds that an author can name: calls go(object, path) for each.
local function each_inside(object, path, go)
  if type(object) == "table" then
    local lists = { { }, { }, { } }
    for key in next, object do
      local list = type(key) == "number" and lists[1] or type(key) == "string" and lists[2] or lists[3]
      list[#list + 1] = not is_object(key) and key or nil
    end
    sort(lists[1])
    sort(lists[2])
    for _, list in next, lists do
      for i = 1, #list do
        go(rawget(object, list[i]), step_text(path, list[i]))
      end
    end
    for key, value in next, object do
      if is_object(key) then
        go(key, "a key of " .. path)
        go(value, step_text(path, key))
      end
    end
    go(meta_of(object), "the metatable of " .. path)
    return
  end
  local place = 1
  local name, value = getupvalue(object, place)
  while name and name ~= NO_NAME do -- ours have none
    go(value, "the variable " .. name .. " of " .. path)
    place = place + 1
    name, value = getupvalue(object, place)
  end
end

-- The shortest way from the globals of the process to an object; "" when only the runtime knows it.
local function path_of(wanted)
  local queue, n, at, paths = { boot.env }, 1, 0, { [boot.env] = "" }
  local function go(object, path)
    if is_object(object) and not paths[object] then
      n = n + 1
      queue[n], paths[object] = object, path
    end
  end
  while at < n and not paths[wanted] do
    at = at + 1
    local object = queue[at]
    if type(object) == "table" or type(object) == "function" then
      each_inside(object, paths[object], go)
    end
  end
  return paths[wanted] or ""
end

local culprit = boot.culprit
boot.culprit = nil
if boot.workers[culprit] then
  return "Handlers.coroutines" -- which sleeps as long as nobody looks at it
end
return path_of(culprit)
