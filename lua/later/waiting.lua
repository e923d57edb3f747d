--- waiting.lua: waiting for the answer to a message that was sent.
--
-- A wait is what the handler `_once_<n>` with the pattern { From, X-Reference } stands for. As long as
-- nobody looks at Handlers.list the handler is not made: the list sleeps, its entries are in a private one
-- (waits.shadow), and the waits are found by their reference. To the author they stand in front of the
-- entries, the latest first; whatever touches the list wakes it, and then they do.
-- In the same way Handlers.coroutines sleeps while only this file knows who waits.

local k = ...
local raw, sandbox, handlers, waits, workers = k.raw, k.sandbox, k.handlers, k.waits, k.workers
local current, first_tag, outbox = k.message.current, k.message.first_tag, k.outbox
local type, next, rawlen = raw.type, raw.next, raw.rawlen
local setmetatable, getmetatable, tostring = raw.setmetatable, raw.getmetatable, raw.tostring
local running, yield, create, resume = raw.coroutine.running, raw.coroutine.yield, raw.coroutine.create, raw.coroutine.resume
local find, lower, sort, math_type = raw.string.find, raw.string.lower, raw.table.sort, raw.math.type
local by_reference, select = waits.by_reference, raw.select
local more = k.part("handlers_more") -- held, for the list may be woken where nothing can be fetched

local waiting = {}
k.waiting = waiting

local TAGS = 1 -- in a record
local own_once, own_receive, own_remove = k.own_once, k.own_receive, k.own_remove
local own_resolver = k.own_resolver

-- The list of handlers --------------------------------------------------------------------------------------

local lazy_list = {}

local function pattern_of(wait)
  return { From = wait.from or nil, ["X-Reference"] = wait.reference }
end

local function entry_of(wait)
  local handle = wait.handle or more.resumer(wait.worker.thread, wait.turn)
  local entry = {
    name = "_once_" .. tostring(wait.number), pattern = pattern_of(wait), handle = more.generateResolver(handle), maxRuns = 1
  }
  wait.entry = entry
  return entry
end

--- Make the list the ordinary table it is for the author.
function waiting.wake_list()
  local list, shadow = waits.asleep, waits.shadow
  waits.asleep, waits.shadow = false, false
  setmetatable(list, nil)
  local front, n = {}, 0
  for reference, wait in next, by_reference do
    n = n + 1
    front[n] = wait
    by_reference[reference] = nil
  end
  sort(front, function(a, b)
    return a.number > b.number
  end)
  for i = 1, n do
    list[i] = entry_of(front[i])
  end
  for i = 1, #shadow do
    list[n + i] = shadow[i]
  end
  waits.count, waits.changes = 0, waits.changes + 1
end

local wake_list = waiting.wake_list

function lazy_list.__index(t, key)
  wake_list()
  return t[key]
end

function lazy_list.__newindex(t, key, value)
  wake_list()
  t[key] = value
end

function lazy_list.__len()
  return #waits.shadow + waits.count
end

sandbox.lazy[lazy_list], sandbox.hidden[lazy_list] = wake_list, true

-- False when the list is not one that can sleep.
local function put_to_sleep(list)
  if type(list) ~= "table" or getmetatable(list) ~= nil then
    return false
  end
  local shadow = {}
  for i = 1, rawlen(list) do
    shadow[i] = list[i]
  end
  for i = 1, #shadow do
    list[i] = nil
  end
  if next(list) ~= nil then -- more than a list: it stays as it was
    for i = 1, #shadow do
      list[i] = shadow[i]
    end
    return false
  end
  if waits.asleep then
    wake_list()
  end
  waits.asleep, waits.shadow, waits.changes = list, shadow, waits.changes + 1
  setmetatable(list, lazy_list)
  return true
end

-- Coroutines that wait --------------------------------------------------------------------------------------

local lazy_coroutines = {}
local own_coroutines = handlers.coroutines
local listed, dead, dead_count, last_place, coroutines_sleep = {}, {}, 0, 0, false

local function dead_thread()
  local thread = create(function() end)
  resume(thread)
  return thread
end

-- Those that have ended are used again, so others stand in for them.
local function wake_coroutines()
  setmetatable(own_coroutines, nil)
  coroutines_sleep = false
  local places, threads = {}, {}
  for worker, place in next, listed do
    worker.kept, worker.listed = true, false
    listed[worker] = nil
    places[#places + 1], threads[place] = place, worker.thread
  end
  for i = 1, dead_count do
    places[#places + 1], threads[dead[i]] = dead[i], dead_thread()
  end
  dead_count = 0
  sort(places)
  for i = 1, #places do
    own_coroutines[i] = threads[places[i]]
  end
end

function lazy_coroutines.__index(t, key)
  wake_coroutines()
  return t[key]
end

function lazy_coroutines.__newindex(t, key, value)
  wake_coroutines()
  t[key] = value
end

function lazy_coroutines.__len(t)
  wake_coroutines()
  return rawlen(t)
end

sandbox.lazy[lazy_coroutines], sandbox.hidden[lazy_coroutines] = wake_coroutines, true

--- Show the list of those that wait, because one of them has been seen.
waiting.wake_coroutines = wake_coroutines

--- A worker that waited has ended.
function waiting.bury(worker)
  dead_count = dead_count + 1
  dead[dead_count] = worker.listed
  listed[worker], worker.listed = nil, false
end

-- Put a coroutine that waits into the list of them, where an author can see it; dead ones are dropped.
local function list_coroutine(thread, worker)
  if worker then
    worker.kept = true
  end
  local list = handlers.coroutines
  if type(list) ~= "table" then
    return
  end
  local at = 1
  while list[at] ~= nil do
    if list[at] == thread then
      return
    end
    if type(list[at]) == "thread" and raw.coroutine.status(list[at]) == "dead" then
      k.remove(list, at)
    end
    at = at + 1
  end
  k.insert(list, thread)
end

--- Note the coroutine that runs as one that waits; those that ended are dropped on that occasion.
function waiting.note(thread, worker)
  if handlers.coroutines == own_coroutines and worker and not worker.kept then
    if not coroutines_sleep and getmetatable(own_coroutines) == nil and next(own_coroutines) == nil then
      setmetatable(own_coroutines, lazy_coroutines)
      coroutines_sleep = true
    end
    if coroutines_sleep then
      dead_count = 0
      if not worker.listed then
        last_place = last_place + 1
        worker.listed, listed[worker] = last_place, last_place
      end
      return
    end
  end
  if coroutines_sleep and handlers.coroutines == own_coroutines then
    wake_coroutines()
  end
  list_coroutine(thread, worker)
end

-- Waits -----------------------------------------------------------------------------------------------------

-- Texts that a pattern compares as they are. Small, since the names are those of others.
local known_plain, known_count = {}, 0

local function is_plain(text)
  if type(text) ~= "string" or text == "_" or find(text, "[^%w_-]") then
    return false
  end
  if known_count < 100 then
    known_plain[text], known_count = true, known_count + 1
  end
  return true
end

-- Whether a wait says all that the handler would: nobody has replaced what makes handlers, the name is free.
local function can_wait(from, record)
  if handlers.once ~= own_once or handlers.receive ~= own_receive or handlers.generateResolver ~= own_resolver then
    return false
  end
  local number = handlers.onceNonce
  if math_type(number) ~= "integer" or number < waits.next_number or by_reference[record[3]]
    or record.anchor then -- its reference is no whole number
    return false
  end
  if from ~= nil and not known_plain[from] and not is_plain(from) then
    return false
  end
  local list = handlers.list
  return waits.asleep and list == waits.asleep or put_to_sleep(list)
end

-- A wait has either a handle or a worker; one of a worker that is over is used again.
local function add(from, reference, handle, worker)
  local number = handlers.onceNonce
  handlers.onceNonce, waits.next_number = number + 1, number + 1
  local wait = worker and worker.spare
  if wait then
    worker.spare = false
    wait.from, wait.reference, wait.number, wait.turn = from, reference, number, worker.turn
  else
    wait = {
      from = from, reference = reference, number = number, handle = handle, worker = worker,
      turn = worker and worker.turn, entry = false
    }
  end
  by_reference[reference] = wait
  waits.count, waits.changes = waits.count + 1, waits.changes + 1
end

-- Docs fidelity takes names for targets, but an answer comes from an address: there the reference alone tells it.
local docs = k.fidelity == "docs"

local function answerer(from)
  if docs and type(from) == "string" and #from ~= 43 then
    return nil
  end
  return from
end

--- Suspend the handler until an answer with this reference comes.
function waiting.receive(from, record)
  from = answerer(from)
  local thread = running()
  local worker = workers[thread]
  if worker and can_wait(from, record) then
    add(from, record[3], nil, worker)
    k.is_waiting = true
    waiting.note(thread, worker)
    return yield(true)
  end
  return handlers.receive({ From = from, ["X-Reference"] = record[3] })
end

--- Call a handle when an answer with this reference comes.
function waiting.on_reply(from, record, handle)
  from = answerer(from)
  if can_wait(from, record) then
    add(from, record[3], type(handle) == "function" and handle or own_resolver(handle))
    return
  end
  handlers.once({ From = from, ["X-Reference"] = record[3] }, handle)
end

-- The Target of a request, which the author may have changed in the table that ao.send returned.
local function target_of(t, record)
  if t and getmetatable(t) ~= outbox.lazy_sent then
    return t.Target
  elseif record.target ~= nil then
    return record.target
  end
  return record[1] or nil
end

--- Makers of the functions of a message that was sent. `t` is what ao.send returned, nil when nobody has it.
waiting.functions = {
  receive = function(t, record)
    return function(from)
      return waiting.receive(from or target_of(t, record), record)
    end
  end,
  onReply = function(t, record)
    return function(...)
      local from, handle = target_of(t, record), ...
      if select("#", ...) == 2 then
        from, handle = ...
      end
      waiting.on_reply(from, record, handle)
    end
  end
}

--- The wait that a message ends, if any. Where only the handlers themselves can tell, the list is woken.
function waiting.find(msg)
  local record, reference = current.record, current.reference
  if not record or msg ~= current.message or handlers.remove ~= own_remove or reference == true
    or msg.Tags ~= record[TAGS] then
    wake_list()
    return nil
  end
  local wait = reference and by_reference[reference]
  if not wait then
    return nil
  end
  local from, sender = wait.from, msg.From
  if from == nil or from == sender then
    return wait
  elseif type(sender) ~= "string" or lower(from) == lower(sender) or first_tag(record, "From") then
    wake_list()
  end
  return nil
end

--- A wait is over.
function waiting.done(wait)
  if by_reference[wait.reference] == wait then
    by_reference[wait.reference] = nil
    if wait.worker then
      wait.worker.spare = wait
    end
    waits.count, waits.changes = waits.count - 1, waits.changes + 1
  elseif wait.entry then -- somebody has looked meanwhile
    more.count_run(wait.entry)
  end
end

--- Call the handle of a wait. A worker says itself where it was when it failed; others need a protected call.
function waiting.run(wait, msg, worker)
  if worker then
    worker.handling = true
    wait.handle(msg)
    worker.handling = false
  else
    more.run_handle(msg, wait.handle)
  end
  waiting.done(wait)
  return true
end

return waiting
