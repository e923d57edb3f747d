--- image_plan.lua: the way through all objects of a runtime that has just been started, for others of its kind.
--
-- Called as chunk(raw, boot, functions by which the host reaches the runtime ...). Two runtimes that have been started
-- alike are walked alike: what is met first has the lower number, and tables are walked in the order of their keys. So
-- the way is found once for each kind of runtime. Returns three texts: how each object is got at from one before it,
-- where each variable of functions is met first, and the numbers of objects that are left out. See image_boot.lua.

local raw = ...
local next, type, rawget, sort, pack = raw.next, raw.type, raw.rawget, raw.table.sort, raw.string.pack
local char, concat, meta_of = raw.string.char, raw.table.concat, raw.debug.getmetatable
local getupvalue, upvalueid = raw.debug.getupvalue, raw.debug.upvalueid

local objects, number, count = {}, {}, 0
local edges, cells = {}, {} -- texts

local META, VARIABLE, TEXT, INTEGER, OBJECT = 1, 2, 3, 4, 5 -- kinds of edges

local function is_object(value)
  local kind = type(value)
  return kind == "table" or kind == "function" or kind == "thread" or kind == "userdata"
end

-- Number a value that is got at from another by an edge; without one it is where the way begins.
local function visit(value, from, kind, key)
  if is_object(value) and not number[value] then
    count = count + 1
    objects[count], number[value] = value, count
    if from then
      edges[#edges + 1] = pack("<I2Bs1", from, kind, key)
    end
  end
end

local seen_cells = {} -- by upvalueid

local function visit_function(f, at)
  local place = 1
  local name, value = getupvalue(f, place)
  while name do
    local id = upvalueid(f, place)
    if not seen_cells[id] then
      seen_cells[id] = true
      cells[#cells + 1] = pack("<I2B", at, place)
      visit(value, at, VARIABLE, char(place))
    end
    place = place + 1
    name, value = getupvalue(f, place)
  end
end

local late = {} -- entries whose keys are objects: by the time they are visited, those have been met elsewhere

local function visit_table(t, at)
  visit(meta_of(t), at, META, "")
  local numbers, texts = {}, {}
  for key in next, t do
    local kind = type(key)
    if kind == "number" then
      numbers[#numbers + 1] = key
    elseif kind == "string" then
      texts[#texts + 1] = key
    elseif is_object(key) then
      late[#late + 1] = { at = at, table = t, key = key }
    end
  end
  sort(numbers)
  sort(texts)
  for i = 1, #numbers do
    visit(rawget(t, numbers[i]), at, INTEGER, pack("<j", numbers[i]))
  end
  for i = 1, #texts do
    visit(rawget(t, texts[i]), at, TEXT, texts[i])
  end
end

-- A weak table may have more, as the collector likes: what nothing else leads to.
local function visit_late()
  sort(late, function(a, b)
    local left, right = number[a.key] or 0, number[b.key] or 0
    return left < right or left == right and a.at < b.at
  end)
  for i = 1, #late do
    local entry = late[i]
    if number[entry.key] then
      visit(rawget(entry.table, entry.key), entry.at, OBJECT, pack("<I2", number[entry.key]))
    end
  end
end

local function walk()
  local at = 0
  repeat
    while at < count do
      at = at + 1
      local object = objects[at]
      if type(object) == "table" then
        visit_table(object, at)
      else
        visit_function(object, at)
      end
    end
    visit_late()
  until at == count
end

-- The tables an author empties by putting new ones in their place: they are not held, so that what they once had in
-- them can go.
local function left_out()
  local left = {}
  for i = 1, count do
    local env = objects[i]
    if type(env) == "table" and rawget(env, "_G") == env then
      local handlers, ao = env.Handlers, env.ao
      local emptied = { env.Inbox, env.Errors, env.HANDLER_PRINT_LOGS, handlers.list, handlers.coroutines }
      emptied[6], emptied[7] = ao.authorities, ao.assignables
      for place = 1, #emptied do
        left[place] = pack("<I2", number[emptied[place]])
      end
    end
  end
  return concat(left)
end

for i = 3, raw.select("#", ...) do
  visit((raw.select(i, ...)))
end
visit(meta_of(""))
walk()
return concat(edges), concat(cells), left_out()
