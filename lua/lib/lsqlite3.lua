--- lsqlite3.lua: SQL databases of a process, as it gets them from require("lsqlite3"). SQLite runs in the host.
--- Returns the module and a second table for the runtime alone: what the host calls.

local lib = ...
local raw = lib.raw
local core = lib.file("lsqlite3_core")
local statements = lib.file("lsqlite3_statements")
local functions = lib.file("lsqlite3_functions")
local next, select, type = raw.next, raw.select, raw.type
local OK, ROW, DONE = core.OK, core.ROW, core.DONE
local blame, expected, host, text, whole, work =
  core.blame, core.expected, core.host, core.text, core.whole, core.work

local LVERSION = "0.9.6"
local READWRITE_CREATE = 6

local lsqlite3 = {}
for name, value in next, lib.file("lsqlite3_names") do
  lsqlite3[name] = value
end

-- Databases ----------------------------------------------------------------------------------------------

local database = {}
local meta = core.kind(database, ":sqlite3", "sqlite database")

local function add(name, run)
  core.method(database, meta, name, run)
end

function database.isopen(self)
  return core.state_of(self, meta) and true or false
end

local function closed(state)
  state.open = false
  core.gone(state.number)
  core.forget(state)
  return OK
end

local function close(state)
  if state.busy > 0 then -- a function that SQL calls wants to close what it is called from
    return core.BUSY
  end
  host("databases.close", state.number)
  return closed(state)
end

add("close", close)

add("close_vm", function(state, only_loops)
  if state.busy > 0 then
    return core.BUSY
  end
  if not only_loops then
    state.generation = state.generation + 1
  end
  return host("databases.close_statements", state.number, only_loops and true or false)
end)

-- What happened.

local function add_status(names, place)
  for _, name in raw.ipairs(names) do
    add(name, function(state)
      return (select(place, host("databases.status", state.number)))
    end)
  end
end

add_status({ "errcode", "error_code" }, 1)
add_status({ "errmsg", "error_message" }, 2)
add_status({ "changes" }, 3)
add_status({ "total_changes" }, 4)
add_status({ "last_insert_rowid" }, 5)

add("interrupt", function(state)
  host("databases.interrupt", state.number)
end)

add("db_filename", function(state, schema)
  return host("databases.filename", state.number, text(schema) or "main")
end)

add("readonly", function(state, schema)
  return host("databases.readonly", state.number, text(schema) or "main")
end)

add("load_extension", function()
  return false, "not authorized"
end)

add("serialize", function(state)
  return host("databases.serialize", state.number, "main")
end)

add("deserialize", function(state, content)
  content = text(content) or blame("deserialize", expected(1, "string", content))
  return work(state, "databases.deserialize", state.number, content)
end)

-- Running SQL.

local function prepared(state, sql, again, ...)
  if select("#", ...) == 0 then
    if again then
      return core.NOMEM
    end
    core.let_go()
    return prepared(state, sql, true, work(state, "databases.prepare", state.number, sql))
  end
  return ...
end

local function prepare(state, sql)
  return prepared(state, sql, false, work(state, "databases.prepare", state.number, sql))
end

local function add_prepare(name)
  add(name, function(state, sql)
    sql = text(sql) or blame(name, expected(1, "string", sql))
    return statements.new(state, prepare(state, sql))
  end)
end

add_prepare("prepare")
add_prepare("prepare_v2")

-- Ask for the next row of a statement: its code, and its values as texts.
local function text_row(code, width, ...)
  if width > 0 and select("#", ...) > 0 then
    return ROW, { host("databases.texts", ...) }
  end
  return code
end

-- Run one statement with a call for each row; what it answers ends all when it is not 0.
local function each_row(state, number, column_count, run, user_data)
  local names
  local code, values = text_row(work(state, "databases.run", number, 1, nil))
  while code == ROW do
    if not names then
      names = {}
      local in_turn = core.pack(host("databases.describe", number))
      for index = 1, column_count do
        names[index] = in_turn[2 * index - 1]
      end
    end
    local ok, answer = raw.pcall(run, user_data, column_count, values, names)
    if not ok or answer ~= 0 then
      host("databases.note", state.number, core.ABORT, "query aborted")
      return core.ABORT
    end
    code, values = text_row(work(state, "databases.rows", number, 1))
  end
  return code
end

local function run_with(state, sql, run, user_data)
  local code, number, behind, parameters, column_count
  repeat
    code, number, behind, parameters, column_count = prepare(state, sql)
    if code ~= OK then
      return code
    end
    if number then
      code = each_row(state, number, column_count, run, user_data)
      host("databases.let_go", number)
      if code ~= DONE then
        return code
      end
    end
    sql = behind
  until sql == ""
  host("databases.note", state.number, OK, "not an error")
  return OK
end

-- What is called back for a row cannot close the database.
local function execute_with(state, ...)
  state.busy = state.busy + 1
  local code = run_with(state, ...)
  state.busy = state.busy - 1
  return code
end

local function add_execute(name)
  add(name, function(state, sql, run, user_data)
    sql = text(sql) or blame(name, expected(1, "string", sql))
    if run == nil then
      return (work(state, "databases.execute", state.number, sql))
    elseif type(run) ~= "function" then
      blame(name, expected(2, "function", run))
    end
    return execute_with(state, sql, run, user_data)
  end)
end

add_execute("exec")
add_execute("execute")

local function add_loop(name)
  add(name, function(state, sql)
    sql = text(sql) or blame(name, expected(1, "string", sql))
    return statements.loop(state, name, sql)
  end)
end

add_loop("rows")
add_loop("nrows")
add_loop("urows")

functions.add_to(database, meta)

-- Opening ------------------------------------------------------------------------------------------------

local function opened(name, flags, again, number, code, problem, full)
  if full and not again then
    core.let_go()
    return opened(name, flags, true, host("databases.open", name, flags))
  elseif not number then
    return nil, code, problem
  end
  return core.new_handle(meta, { number = number, busy = 0, generation = 0, calls = {} })
end

function lsqlite3.open(name, flags)
  name = text(name) or blame("open", expected(1, "string", name))
  if flags ~= nil then
    flags = whole(flags) or blame("open", expected(2, "number", flags))
  end
  flags = flags or READWRITE_CREATE
  return opened(name, flags, false, host("databases.open", name, flags))
end

function lsqlite3.open_memory()
  return opened(":memory:", READWRITE_CREATE, false, host("databases.open", ":memory:", READWRITE_CREATE))
end

function lsqlite3.complete(sql)
  return host("databases.complete", text(sql) or blame("complete", expected(1, "string", sql)))
end

function lsqlite3.version()
  return host("databases.version")
end

function lsqlite3.lversion()
  return LVERSION
end

function lsqlite3.temp_directory()
  return nil
end

-- Copying ------------------------------------------------------------------------------------------------

local backup = {}
local backup_meta = core.kind(backup, ":sqlite3:bu", "sqlite online backup")

function lsqlite3.backup_init(target, to, source, origin)
  local into = core.state_of(target, meta) or blame("backup_init", core.complaint(target, meta))
  local from = core.state_of(source, meta) or blame("backup_init", core.complaint(source, meta))
  to = text(to) or blame("backup_init", expected(2, "string", to))
  origin = text(origin) or blame("backup_init", expected(4, "string", origin))
  local number = host("databases.copy", into.number, to, from.number, origin)
  if not number then
    local code, problem = host("databases.status", into.number)
    return nil, code, problem
  end
  return core.new_handle(backup_meta, {
    number = number, database = into, generation = into.generation, remaining = 0, count = 0, other = from
  })
end

core.method(backup, backup_meta, "step", function(state, pages)
  pages = whole(pages) or blame("step", expected(1, "number", pages))
  local code
  code, state.remaining, state.count = host("databases.copy_pages", state.number, pages)
  return code
end)

core.method(backup, backup_meta, "remaining", function(state)
  return state.remaining
end)

core.method(backup, backup_meta, "pagecount", function(state)
  return state.count
end)

core.method(backup, backup_meta, "finish", function(state)
  host("databases.let_go", state.number)
  core.gone(state.number)
  state.open = false
  return OK
end)

return lsqlite3, { call = core.call }
