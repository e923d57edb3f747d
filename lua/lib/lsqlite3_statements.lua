--- lsqlite3_statements.lua: prepared statements and loops over queries.

local lib = ...
local raw = lib.raw
local core = lib.file("lsqlite3_core")
local error, select, type = raw.error, raw.select, raw.type
local string_sub, string_find = raw.string.sub, raw.string.find
local OK, ROW, DONE = core.OK, core.ROW, core.DONE
local blame, expected, host, method, text, unpack, whole, work =
  core.blame, core.expected, core.host, core.method, core.text, core.unpack, core.whole, core.work

local FIRST_ROWS, MOST_ROWS = 16, 512 -- asked for at once, at the beginning and later

local statements = {}

-- Rows ---------------------------------------------------------------------------------------------------

-- A source of rows: `cells` holds some that were handed over, `offset` is in front of the current one, `left` counts
-- those behind it; `after` is what comes after them.

local function take(rows, after, width, ...)
  rows.after, rows.width = after, width
  if select("#", ...) == 0 then
    rows.left = 0
  else
    rows.cells, rows.offset = { ... }, -width
    rows.left = select("#", ...) // width
  end
  rows.wanted = rows.wanted * 4 < MOST_ROWS and rows.wanted * 4 or MOST_ROWS
end

local function next_row(rows)
  rows.left, rows.offset = rows.left - 1, rows.offset + rows.width
end

local function problem_of(database)
  local _, problem = host("databases.status", database.number)
  return problem
end

-- What a loop gets for each row, by the method that began it.
local shapes = {}

function shapes.rows(rows)
  local cells, offset, row = rows.cells, rows.offset, {}
  for index = 1, rows.width do
    row[index] = cells[offset + index]
  end
  return row
end

function shapes.nrows(rows)
  local cells, offset, names, row = rows.cells, rows.offset, rows.names, {}
  for index = 1, rows.width do
    row[names[index]] = cells[offset + index]
  end
  return row
end

function shapes.urows(rows)
  return unpack(rows.cells, rows.offset + 1, rows.offset + rows.width)
end

-- Loops over the text of a query -------------------------------------------------------------------------

local function more_of(loop)
  if loop.busy then
    error("misuse of a loop over a query within itself", 0)
  end
  loop.busy = true
  take(loop, work(loop.database, "databases.rows", loop.number, loop.wanted))
  loop.busy = false
end

local function ended(loop)
  loop.over = true
  if loop.after ~= DONE then
    local problem = problem_of(loop.database)
    error(problem ~= "not an error" and problem or "this loop over a query was given up for newer ones", 0)
  end
end

local function begin(loop, number, ...)
  if number then
    loop.number = number
    take(loop, ...)
  end
  return number, ...
end

local function names_of(number)
  local in_turn = core.pack(host("databases.describe", number))
  local names, types = {}, {}
  for index = 1, in_turn.n // 2 do
    names[index], types[index] = in_turn[2 * index - 1], in_turn[2 * index]
  end
  return names, types
end

--- An iterator over the rows of a query; what is wrong with it is an error.
function statements.loop(database, shape, sql)
  local loop = { database = database, generation = database.generation, wanted = FIRST_ROWS, left = 0 }
  local number, problem = begin(loop, work(database, "databases.loop", database.number, sql, FIRST_ROWS, shape == "nrows"))
  if number == nil then
    if problem then
      error(problem, 0)
    end
    loop.over = true -- a text without a statement
  elseif shape == "nrows" and loop.left > 0 then -- the first row is the names
    next_row(loop)
    loop.names = shapes.rows(loop)
  end
  local make = shapes[shape]
  return function()
    if loop.over then
      return nil
    elseif loop.left == 0 and loop.after == ROW then
      if not database.open or database.generation ~= loop.generation then
        error("attempt to use closed sqlite virtual machine", 0)
      end
      more_of(loop)
    end
    if loop.left == 0 then
      ended(loop)
      return nil
    end
    next_row(loop)
    return make(loop)
  end
end

-- Statements ---------------------------------------------------------------------------------------------

local vm = {}
local meta = core.kind(vm, ":sqlite3:vm", "sqlite virtual machine")

local function add(name, run)
  method(vm, meta, name, run)
end

--- The answer to db:prepare: a statement and the text behind it, or nil and a code.
function statements.new(database, code, number, behind, parameter_count, column_count, only_reads)
  if code ~= OK then
    return nil, code
  end
  local state = {
    number = number, database = database, generation = database.generation,
    parameter_count = parameter_count, column_count = column_count, wanted = only_reads and FIRST_ROWS or 1,
    width = column_count, left = 0, after = OK, ready = true, values = {}
  }
  local statement = core.new_handle(meta, state)
  state.open = number ~= nil
  return statement, behind
end

local function described(state)
  if not state.names then
    state.names, state.types = names_of(state.number)
  end
  return state.names, state.types
end

-- Binding.

local misuse = "bad parameter or other API misuse"

local function note(state, code, problem)
  host("databases.note", state.database.number, code, problem)
  return code
end

local function keep_value(state, name, index, value, is_blob)
  local kind = type(value)
  if kind ~= "nil" and kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
    return "index (" .. index .. ") - invalid data type for bind (" .. kind .. ")"
  end
  state.values[index] = value
  if is_blob then
    state.blobs = state.blobs or {}
  end
  if state.blobs then
    state.blobs[index] = is_blob
  end
end

local function place_of(state, index)
  index = whole(index)
  return index and index >= 1 and index <= state.parameter_count and index
end

local function out_of_range(state, index)
  if not whole(index) then
    return expected(1, "number", index)
  end
  return "bind index out of range [1.." .. state.parameter_count .. "]"
end

add("bind", function(state, index, value)
  local place = place_of(state, index) or blame("bind", out_of_range(state, index))
  if not state.ready then
    return note(state, core.MISUSE, misuse)
  end
  local problem = keep_value(state, "bind", place, value)
  if problem then
    blame("bind", problem)
  end
  return OK
end)

add("bind_blob", function(state, index, value)
  local place = place_of(state, index) or blame("bind_blob", out_of_range(state, index))
  value = text(value) or blame("bind_blob", expected(2, "string", value))
  if not state.ready then
    return note(state, core.MISUSE, misuse)
  end
  keep_value(state, "bind_blob", place, value, true)
  return OK
end)

add("bind_values", function(state, ...)
  local count = select("#", ...)
  if count ~= state.parameter_count then
    blame("bind_values",
      "incorrect number of parameters to bind (" .. count .. " given, " .. state.parameter_count .. " to bind)")
  end
  if not state.ready then
    return note(state, core.MISUSE, misuse)
  end
  local given = { ... }
  state.blobs = nil
  for index = 1, count do
    local problem = keep_value(state, "bind_values", index, given[index])
    if problem then
      blame("bind_values", problem)
    end
  end
  return OK
end)

local function parameters_of(state)
  if not state.parameters then
    state.parameters = { host("databases.parameters", state.number) }
  end
  return state.parameters
end

add("bind_names", function(state, names)
  if type(names) ~= "table" then
    blame("bind_names", expected(1, "table", names))
  end
  if not state.ready then
    return note(state, core.MISUSE, misuse)
  end
  local parameters = parameters_of(state)
  for index = 1, state.parameter_count do
    local name = parameters[index]
    local key = index
    if name and string_find(name, "^[:@$]") then
      key = string_sub(name, 2)
    end
    local problem = keep_value(state, "bind_names", index, names[key])
    if problem then
      blame("bind_names", problem)
    end
  end
  return OK
end)

add("bind_parameter_count", function(state)
  return state.parameter_count
end)

add("bind_parameter_name", function(state, index)
  local place = place_of(state, index) or blame("bind_parameter_name", out_of_range(state, index))
  return parameters_of(state)[place] or nil
end)

-- Running.

local function marks(state)
  local text_of_marks = ""
  for index = 1, state.parameter_count do
    text_of_marks = text_of_marks .. (state.blobs[index] and "1" or "0")
  end
  return text_of_marks
end

local function ask_rows(state)
  state.busy = true
  if state.running then
    take(state, work(state.database, "databases.rows", state.number, state.wanted))
  else
    state.running, state.ready = true, false
    take(state, work(state.database, "databases.run", state.number, state.wanted, state.blobs and marks(state) or nil,
      unpack(state.values, 1, state.parameter_count)))
    if state.width ~= state.column_count then -- another table may have come in the place of the one it read
      state.column_count, state.names = state.width, nil
    end
  end
  state.busy = false
end

local function step(state)
  if state.busy then
    return core.MISUSE
  end
  if state.left == 0 then
    if not state.running or state.after == ROW then
      ask_rows(state)
    end
    if state.left == 0 then
      state.running, state.has_row = false, false
      return state.after
    end
  end
  next_row(state)
  state.has_row = true
  return ROW
end

local function reset(state)
  if state.running and state.after == ROW then
    host("databases.reset", state.number)
  end
  state.running, state.has_row, state.left, state.ready = false, false, 0, true
  return OK
end

add("step", step)

add("reset", function(state)
  return state.busy and core.MISUSE or reset(state)
end)

add("finalize", function(state)
  if state.busy then
    return core.MISUSE
  end
  host("databases.let_go", state.number)
  core.gone(state.number)
  state.open = false
  return OK
end)

function vm.isopen(self)
  return core.state_of(self, meta) and true or false
end

add("last_insert_rowid", function(state)
  local _, _, _, _, row_id = host("databases.status", state.database.number)
  return row_id
end)

-- Values of the current row.

add("columns", function(state)
  return state.column_count
end)

local function column_of(state, index)
  index = whole(index)
  return index and index >= 0 and index < state.column_count and index + 1
end

local function no_column(state, index)
  if not whole(index) then
    return expected(1, "number", index)
  end
  return "index out of range [0.." .. state.column_count - 1 .. "]"
end

add("get_value", function(state, index)
  if not state.has_row then
    blame("get_value", "misuse of function")
  end
  local column = column_of(state, index) or blame("get_value", no_column(state, index))
  return state.cells[state.offset + column]
end)

add("get_name", function(state, index)
  local column = column_of(state, index) or blame("get_name", no_column(state, index))
  return (described(state))[column]
end)

add("get_type", function(state, index)
  local column = column_of(state, index) or blame("get_type", no_column(state, index))
  local _, types = described(state)
  return types[column]
end)

local function add_of_row(name, shape)
  add(name, function(state)
    if not state.has_row then
      blame(name, "misuse of function")
    end
    described(state)
    return shapes[shape](state)
  end)
end

add_of_row("get_values", "rows")
add_of_row("get_named_values", "nrows")
add_of_row("get_uvalues", "urows")

add("get_names", function(state)
  local names, copy = described(state), {}
  for index = 1, state.column_count do
    copy[index] = names[index]
  end
  return copy
end)

add("get_types", function(state)
  local _, types = described(state)
  local copy = {}
  for index = 1, state.column_count do
    copy[index] = types[index]
  end
  return copy
end)

add("get_unames", function(state)
  return unpack(described(state), 1, state.column_count)
end)

add("get_utypes", function(state)
  local _, types = described(state)
  return unpack(types, 1, state.column_count)
end)

add("get_named_types", function(state)
  local names, types = described(state)
  local named = {}
  for index = 1, state.column_count do
    named[names[index]] = types[index]
  end
  return named
end)

-- Loops over a statement.

local function add_loop(shape)
  add(shape, function(state)
    return function()
      if not core.is_open(state) then
        error("attempt to use closed sqlite virtual machine", 0)
      end
      local code = step(state)
      if code == ROW then
        described(state)
        return shapes[shape](state)
      end
      local problem = code ~= DONE and problem_of(state.database)
      reset(state)
      if problem then
        error(problem, 0)
      end
      return nil
    end
  end)
end

add_loop("rows")
add_loop("nrows")
add_loop("urows")

-- The names of older versions.
vm.idata, vm.inames, vm.itypes = vm.get_values, vm.get_names, vm.get_types
vm.data, vm.type = vm.get_named_values, vm.get_named_types

return statements
