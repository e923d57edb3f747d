--- lsqlite3_core.lua: what the parts of lsqlite3 share: handles, questions to the host, functions SQL may call.

local lib = ...
local raw, ask, sandbox, current = lib.raw, lib.ask, lib.sandbox, lib.current
local pcall, rawequal, setmetatable, tostring, type =
  raw.pcall, raw.rawequal, raw.setmetatable, raw.tostring, raw.type
local string_format, table_pack, table_unpack = raw.string.format, raw.table.pack, raw.table.unpack
local collectgarbage = raw.collectgarbage

local core = { OK = 0, BUSY = 5, ABORT = 4, NOMEM = 7, MISUSE = 21, RANGE = 25, ROW = 100, DONE = 101, blame = sandbox.blame }

-- Questions ----------------------------------------------------------------------------------------------

local last = setmetatable({}, { __mode = "v" })

--- Ask the host; it is told first when another message has begun.
local function host(name, ...)
  if not rawequal(current.message, last.message) then
    last.message = current.message
    ask("databases.message", sandbox.now_ms)
  end
  return ask(name, ...)
end
core.host = host

local function idle(state, ...)
  state.busy = state.busy - 1
  return ...
end

--- Ask while functions of the process may run: until it is answered, the database cannot be closed.
function core.work(state, name, ...)
  state.busy = state.busy + 1
  return idle(state, host(name, ...))
end

-- Handles ------------------------------------------------------------------------------------------------

-- A handle is an empty table, what is known of it stands here: the process has nothing to change.
local states = setmetatable({}, { __mode = "k" })
local alive = setmetatable({}, { __mode = "v" }) -- number -> handle
local held = {} -- number -> true, for what the host holds

--- The metatable of one kind of handle.
function core.kind(methods, name, words)
  local meta = { __index = methods, __name = name, words = words }
  sandbox.hidden[meta] = true
  function meta.__tostring(self)
    local state = states[self]
    if state and not core.is_open(state) then
      return words .. " (closed)"
    end
    return string_format("%s (0x%08x)", words, sandbox.serial(self))
  end
  return meta
end

--- A new handle; the state of one that the host holds something for has its number.
function core.new_handle(meta, state)
  local handle = setmetatable({}, meta)
  state.meta, state.open, state.handle = meta, true, handle -- whoever has the state keeps the handle
  states[handle] = state
  if state.number then
    alive[state.number], held[state.number] = handle, true
  end
  return handle
end

--- Whether it can still be used: a statement cannot when its database is closed.
function core.is_open(state)
  local database = state.database
  return state.open and (not database or database.open and database.generation == state.generation)
end

--- What is known of a handle, when it is one of this kind and open.
function core.state_of(handle, meta)
  local state = states[handle]
  return state and state.meta == meta and core.is_open(state) and state
end

--- The complaint about a first argument that is no open handle of this kind.
function core.complaint(handle, meta)
  local state = states[handle]
  if state and state.meta == meta then
    return "bad argument #1 to '?' (attempt to use closed " .. meta.words .. ")"
  end
  return "bad argument #1 to '?' (" .. meta.__name .. " expected, got " .. (handle == nil and "no value" or type(handle)) .. ")"
end

--- Add a method: `run` gets what is known of the handle, and the arguments. It is called in the place of the method, so
--- what it blames is the author's line.
function core.method(methods, meta, name, run)
  methods[name] = function(self, ...)
    local state = states[self]
    if not state or state.meta ~= meta or not core.is_open(state) then
      sandbox.blame(name, core.complaint(self, meta))
    end
    return run(state, ...)
  end
end

--- The host holds nothing under this number any more.
function core.gone(number)
  held[number] = nil
end

--- Have the host let go of what nobody holds any more; what that is does not depend on when memory was collected.
function core.let_go()
  collectgarbage()
  collectgarbage()
  local lost, count = {}, 0
  for number in raw.next, held do
    if not alive[number] then
      count = count + 1
      lost[count] = number
    end
  end
  raw.table.sort(lost)
  for index = 1, count do
    held[lost[index]] = nil
    host("databases.let_go", lost[index])
  end
end

-- Arguments ----------------------------------------------------------------------------------------------

--- A text as C takes it, or nil.
function core.text(value)
  local kind = type(value)
  return kind == "string" and value or kind == "number" and tostring(value) or nil
end

--- A whole number, or nil.
function core.whole(value)
  return (type(value) == "number" or type(value) == "string") and raw.math.tointeger(raw.tonumber(value)) or nil
end

--- The complaint about an argument, the handle not counted.
function core.expected(position, what, value)
  local got = value == nil and "no value" or type(value)
  return "bad argument #" .. position .. " to '?' (" .. what .. " expected, got " .. got .. ")"
end

-- Functions that SQL calls -------------------------------------------------------------------------------

local calls, call_count = {}, 0 -- number -> function of ours around one of the process

--- Keep a function under a new number, in the place of what this database had under that name.
function core.keep(state, name, run)
  local old = state.calls[name]
  if old then
    calls[old] = nil
  end
  if not run then
    state.calls[name] = nil
    return nil
  end
  call_count = call_count + 1
  calls[call_count], state.calls[name] = run, call_count
  return call_count
end

--- Forget the functions of a database that is closed.
function core.forget(state)
  for _, number in raw.next, state.calls do
    calls[number] = nil
  end
  state.calls = {}
end

local function plain(problem)
  local kind = type(problem)
  if kind == "string" then
    return problem
  elseif kind == "number" or kind == "boolean" then
    return tostring(problem)
  end
  return "(error object is a " .. kind .. " value)"
end

local function answered(ok, first, ...)
  if ok then
    return true, first, ...
  end
  return false, plain(first)
end

--- What the host calls while SQL waits: true and what the function gives, or false and its error.
function core.call(number, ...)
  local run = calls[number]
  if not run then
    return false, "this function is not there any more"
  end
  return answered(pcall(run, ...))
end

core.pack, core.unpack = table_pack, table_unpack
return core
