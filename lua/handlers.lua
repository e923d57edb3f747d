--- handlers.lua: the list of handlers, and the search through it.

handlers = { _version = "0.0.5", list = {}, coroutines = {}, onceNonce = 0, utils = k.handlers_utils }
k.handlers = handlers

-- Who waits for answers. While the list sleeps (asleep is the table the author knows as Handlers.list) its
-- entries are in shadow, and the waits stand in front of them; see waiting.lua.
waits = { asleep = false, shadow = false, count = 0, changes = 0, next_number = 0, by_reference = {} }
k.waits = waits

-- A handler's error gets the place of the search in front.
k.search_place = '[string ".handlers"]:723: '

-- Where patterns come from, for findings made while one of them looks at a message.
k.pattern_places = setmetatable({}, weak_keys)

k.later(handlers, "handlers_more", {
  "add", "append", "prepend", "once", "before", "after", "receive", "generateResolver", "remove", "evaluate"
})

local function verdict_of(result)
  if type(result) == "number" then
    return result
  elseif type(result) == "boolean" then
    return result and -1 or 0
  elseif type(result) ~= "string" then
    error('[string ".handlers"]:667: Pattern result is not valid, it MUST be string, number, or boolean', 0)
  elseif result == "continue" then
    return 1
  end
  return result == "break" and -1 or 0
end

-- The function behind a handle that only calls it.
local direct = setmetatable({}, weak_keys)
k.direct = direct

local function match(msg, pattern)
  k.current_pattern = pattern
  local kind = type(pattern)
  if kind == "function" then
    return pattern(msg)
  elseif kind == "string" then
    return msg.Action == pattern
  elseif kind == "table" then
    return k.utils().matchesSpec(msg, pattern)
  end
  return false
end

k.own_once, k.own_receive, k.own_remove = handlers.once, handlers.receive, handlers.remove
k.own_resolver = handlers.generateResolver

local first_tag = message.first_tag
local TAGS, ALIAS = 1, 5 -- in a record
local match_texts

-- The record of the message being handled, if this is the one and nobody has changed it.
local function record_of(msg)
  local record = current.record
  return record and msg == current.message and msg.Tags == record[TAGS] and record
end

-- As match(), for such a message. The second value says that code of the author has had it.
local function match_current(msg, record, pattern)
  local tag = tag_patterns[pattern]
  if tag then
    local name, found = tag[1]
    if name == "Action" then
      found = current.first_action
    else
      found = first_tag(record, name)
    end
    if found ~= nil or not record[ALIAS] then
      return found == tag[2]
    end
  elseif pattern == k.eval_pattern then
    return current.action == "Eval" and env.Owner == msg.From
  elseif type(pattern) == "string" then
    return current.action == pattern
  elseif type(pattern) == "table" then
    match_texts = match_texts or k.part("text_patterns").match
    local matches = match_texts(msg, record, pattern)
    if matches ~= nil then
      return matches
    end
  end
  return match(msg, pattern), true
end

-- The list may change while it is walked: a handler added behind is met, one removed in front makes the
-- walk skip one. When waits have come or gone the list is woken, and the walk goes on at its place in it.
function search(msg, worker)
  local shown = handlers.list
  local list, in_front, changes = shown, 0, waits.changes
  if shown == waits.asleep then
    list, in_front = waits.shadow, waits.count
    if in_front > 0 and (current.reference or msg ~= current.message or not current.record or not worker) then
      local wait = k.waiting.find(msg)
      if wait and wait.handle then
        return k.waiting.run(wait, msg, worker)
      elseif wait and waits.asleep then
        k.waiting.wake_list()
      end
      if waits.asleep ~= shown then
        list, in_front, changes = shown, 0, waits.changes
      end
    end
  end
  local at, entry, record = 1, list[1], record_of(msg)
  while entry ~= nil do
    if entry.name ~= "_default" then
      local pattern, result, seen = entry.pattern, nil, nil
      local tag = record and tag_patterns[pattern]
      if tag and tag[1] == "Action" and current.first_action then
        result = current.first_action == tag[2]
      elseif record then
        result, seen = match_current(msg, record, pattern)
      else
        result = match(msg, pattern)
      end
      if seen then
        record = record_of(msg)
      end
      if result ~= false then
        local verdict = result == true and -1 or verdict_of(result)
        if verdict ~= 0 then
          local handle = entry.handle
          if worker then
            worker.handling = true
            handle = direct[handle] or handle
            handle(msg)
            worker.handling = false
          else
            k.part("handlers_more").run_handle(msg, handle)
          end
          if entry.maxRuns ~= nil then
            k.part("handlers_more").count_run(entry)
          end
          if verdict < 0 then
            return true
          end
          record = record_of(msg)
        end
      end
    end
    if waits.changes ~= changes then
      if waits.asleep then
        k.waiting.wake_list()
      end
      list, at, in_front, changes = shown, at + in_front, 0, waits.changes
    end
    at = at + 1
    entry = list[at]
  end
  list = handlers.list
  local default
  for _, other in k.ipairs(list == waits.asleep and waits.shadow or list) do
    if other.name == "_default" then
      default = other
      break
    end
  end
  k.verdict = "inbox"
  return default.handle(msg)
end

k.search = search
