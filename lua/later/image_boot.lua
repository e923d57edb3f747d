--- image_boot.lua: what a runtime is made of right after its start, numbered, so that an image need not say it.
--
-- Called with the table of globals in a fresh Lua, before the runtime is started in it. Returns `begin`, which is given
-- the functions of the started runtime, and `run`, which runs the code of image_write or image_read.
-- Two runtimes that have been started alike number their objects alike: whatever is met first has the lower number,
-- and tables are walked in the order of their keys.

local globals = ...
local raw = {}
for _, name in globals.ipairs({ "string", "table", "coroutine", "debug", "math" }) do
  raw[name] = {}
  for key, value in globals.next, globals[name] do
    raw[name][key] = value
  end
end
for _, name in globals.ipairs({ "error", "load", "next", "pcall", "rawequal", "rawget", "rawlen", "rawset", "type" }) do
  raw[name] = globals[name]
end

local next, type, rawget, sort = raw.next, raw.type, raw.rawget, raw.table.sort
local meta_of, getupvalue, upvalueid = raw.debug.getmetatable, raw.debug.getupvalue, raw.debug.upvalueid
local byte, char, unpack = raw.string.byte, raw.string.char, raw.table.unpack

--- objects: the tables and functions, by number, with those left out missing. copies, metas: what was in the tables.
--- cell_owner, cell_place: a function and the place of an upvalue in it, by the number of the variable they are;
--- cell_value: what was in it. other: stands for what has no number.
local boot = {
  objects = {}, count = 0, copies = {}, metas = {}, cell_count = 0, cell_owner = {}, cell_place = {},
  cell_value = {}, other = {}
}
local objects, copies, number = boot.objects, boot.copies, {}

-- What a host's Lua puts in front of every precompiled function.
local HEADER_SIZE = 33
boot.header = raw.string.sub(raw.string.dump(function() end, true), 1, HEADER_SIZE)

local function is_object(value)
  local kind = type(value)
  return kind == "table" or kind == "function" or kind == "thread" or kind == "userdata"
end

local function visit(value)
  if is_object(value) and not number[value] then
    boot.count = boot.count + 1
    objects[boot.count], number[value] = value, boot.count
  end
end

local function note_cell(f, place, value)
  local cell = boot.cell_count + 1
  boot.cell_count = cell
  boot.cell_owner[cell], boot.cell_place[cell], boot.cell_value[cell] = f, place, value
  visit(value)
  return cell
end

-- Functions have many variables in common. Which of a function's are met in it first is the plan: it is the same for
-- all runtimes of a kind, so it is made for the first of them and then given to the others.
local plan, plan_at = nil, 1

local function make_plan(f, cells)
  local places, place = {}, 1
  local name, value = getupvalue(f, place)
  while name do
    local id = upvalueid(f, place)
    if not cells[id] then
      cells[id] = note_cell(f, place, value)
      places[#places + 1] = place
    end
    place = place + 1
    name, value = getupvalue(f, place)
  end
  return char(#places, unpack(places))
end

local function follow_plan(f)
  local first = plan_at + 1
  plan_at = first + byte(plan, plan_at)
  for at = first, plan_at - 1 do
    local place = byte(plan, at)
    local _, value = getupvalue(f, place)
    note_cell(f, place, value)
  end
end

-- Objects that are keys are visited later: by then they have been met elsewhere.
local function visit_table(t, at, late)
  visit(meta_of(t))
  boot.metas[at] = meta_of(t)
  local copy, numbers, texts = {}, {}, {}
  for key, value in next, t do
    copy[key] = value
    local kind = type(key)
    if kind == "number" then
      numbers[#numbers + 1] = key
    elseif kind == "string" then
      texts[#texts + 1] = key
    else
      late[#late + 1] = { table = t, key = key, value = value }
    end
  end
  copies[at] = next(copy) ~= nil and copy or nil
  sort(numbers)
  sort(texts)
  for i = 1, #numbers do
    visit(rawget(t, numbers[i]))
  end
  for i = 1, #texts do
    visit(rawget(t, texts[i]))
  end
end

-- What hangs on keys that are objects. A weak table may have more, as the collector likes: what nothing else leads to.
local function visit_late(late)
  sort(late, function(a, b)
    local left, right = number[a.key] or 0, number[b.key] or 0
    return left < right or left == right and number[a.table] < number[b.table]
  end)
  for i = 1, #late do
    if number[late[i].key] then
      visit(late[i].value)
    end
  end
end

local function walk()
  local at, late, cells, parts = 0, {}, {}, {}
  repeat
    while at < boot.count do
      at = at + 1
      local object = objects[at]
      if type(object) == "table" then
        visit_table(object, at, late)
      elseif plan then
        follow_plan(object)
      else
        parts[#parts + 1] = make_plan(object, cells)
      end
    end
    visit_late(late)
  until at == boot.count
  return plan or raw.table.concat(parts)
end

-- The tables an author empties by putting new ones in their place: they are not held, so that what they once had in
-- them can go.
local function leave_out(left)
  for t in next, left do
    objects[number[t]] = false
  end
  for at = 1, boot.count do
    local copy = copies[at]
    if copy then
      for key, value in next, copy do
        if left[value] then
          copy[key] = boot.other
        end
      end
    end
  end
  for cell = 1, boot.cell_count do
    if left[boot.cell_value[cell]] then
      boot.cell_value[cell] = boot.other
    end
  end
end

local function find_tables()
  for i = 1, boot.count do
    local t = objects[i]
    if type(t) == "table" then
      if rawget(t, "_G") == t then
        boot.env = t
      elseif rawget(t, "serials") and rawget(t, "env") then
        boot.sandbox = t
      elseif rawget(t, "workers") and rawget(t, "sandbox") then
        boot.workers = t.workers
      end
    end
  end
end

--- Given the functions by which the host reaches the runtime, note all that is behind them. `known` is the plan that
--- was returned for another runtime of the kind, or nothing.
local function begin(known, ...)
  plan = known
  for _, entry in next, { ... } do
    visit(entry)
  end
  visit(meta_of(""))
  known = walk()
  find_tables()
  local env = boot.env
  local handlers, ao = env.Handlers, env.ao
  leave_out({
    [env.Inbox] = true, [env.Errors] = true, [env.HANDLER_PRINT_LOGS] = true, [handlers.list] = true,
    [handlers.coroutines] = true, [ao.authorities] = true, [ao.assignables] = true
  })
  number, plan = nil, nil
  return known
end

return begin, function(code, ...)
  return raw.load(code, "=image", "b", {})(raw, boot, ...)
end
