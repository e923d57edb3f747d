--- lsqlite3_functions.lua: functions of the process that SQL calls, aggregates, collations and hooks.

local lib = ...
local raw = lib.raw
local core = lib.file("lsqlite3_core")
local error, type = raw.error, raw.type
local blame, expected, method, host, keep, text, whole =
  core.blame, core.expected, core.method, core.host, core.keep, core.text, core.whole

local functions = {}

-- The context a function gets -----------------------------------------------------------------------------

local context = {}
local meta = core.kind(context, ":sqlite3:ctx", "sqlite function context")

local function in_context(name, run)
  method(context, meta, name, run)
end

local function give(state, value, is_blob)
  state.value, state.is_blob, state.problem = value, is_blob or false, nil
end

in_context("user_data", function(state)
  return state.user_data
end)

in_context("result", function(state, value)
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" and kind ~= "boolean" and kind ~= "nil" then
    blame("result", "invalid result type " .. kind)
  end
  give(state, value)
end)

in_context("result_null", function(state)
  give(state, nil)
end)

for _, name in raw.ipairs({ "result_number", "result_double" }) do
  in_context(name, function(state, value)
    give(state, raw.tonumber(value) or blame(name, expected(1, "number", value)))
  end)
end

in_context("result_int", function(state, value)
  give(state, whole(value) or blame("result_int", expected(1, "number", value)))
end)

in_context("result_text", function(state, value)
  give(state, text(value) or blame("result_text", expected(1, "string", value)))
end)

in_context("result_blob", function(state, value)
  give(state, text(value) or blame("result_blob", expected(1, "string", value)), true)
end)

in_context("result_error", function(state, value)
  state.problem = text(value) or blame("result_error", expected(1, "string", value))
end)

local function of_aggregates(name, run)
  in_context(name, function(state, ...)
    if not state.group then
      blame(name, "attempt to call aggregate method from scalar function")
    end
    return run(state.group, ...)
  end)
end

of_aggregates("aggregate_count", function(group)
  return group.count
end)

of_aggregates("get_aggregate_data", function(group)
  return group.data
end)

of_aggregates("set_aggregate_data", function(group, value)
  group.data = value
end)

-- Call a function of the process with a context of its own; what it gave as a result.
local function in_new_context(run, user_data, group, ...)
  local state = { user_data = user_data, group = group }
  run(core.new_handle(meta, state), ...)
  state.open = false
  if state.problem then
    error(state.problem, 0)
  end
  return state.value, state.is_blob or false
end

-- Functions and aggregates --------------------------------------------------------------------------------

local function is_ok(code)
  return code == core.OK
end

--- create_function, create_aggregate, create_collation and the hooks, for the methods of a database.
function functions.add_to(database, database_meta)
  local function add(name, run)
    method(database, database_meta, name, run)
  end

  add("create_function", function(state, name, arity, run, user_data)
    name = text(name) or blame("create_function", expected(1, "string", name))
    arity = whole(arity) or blame("create_function", expected(2, "number", arity))
    if run ~= nil and type(run) ~= "function" then
      blame("create_function", expected(3, "function", run))
    end
    local number = keep(state, "function " .. name .. "/" .. arity, run and function(...)
      return in_new_context(run, user_data, nil, ...)
    end)
    return is_ok(host("databases.function", state.number, name, arity, number))
  end)

  add("create_aggregate", function(state, name, arity, step, final, user_data)
    name = text(name) or blame("create_aggregate", expected(1, "string", name))
    arity = whole(arity) or blame("create_aggregate", expected(2, "number", arity))
    if type(step) ~= "function" or type(final) ~= "function" then
      local missing = type(step) ~= "function"
      blame("create_aggregate", expected(missing and 3 or 4, "function", missing and step or final))
    end
    local groups = {}
    local key = "function " .. name .. "/" .. arity
    local function group_of(number)
      groups[number] = groups[number] or { count = 0 }
      return groups[number]
    end
    local step_number = keep(state, key, function(number, ...)
      local group = group_of(number)
      group.count = group.count + 1
      in_new_context(step, user_data, group, ...)
    end)
    local final_number = keep(state, key .. " final", function(number)
      local group = group_of(number)
      groups[number] = nil
      return in_new_context(final, user_data, group)
    end)
    return is_ok(host("databases.aggregate", state.number, name, arity, step_number, final_number))
  end)

  add("create_collation", function(state, name, compare)
    name = text(name) or blame("create_collation", expected(1, "string", name))
    if compare ~= nil and type(compare) ~= "function" then
      blame("create_collation", "create_collation: function or nil expected")
    end
    local number = keep(state, "collation " .. name, compare and function(one, other)
      local order = compare(one, other)
      return type(order) == "number" and (order < 0 and -1 or order > 0 and 1) or 0
    end)
    return is_ok(host("databases.collation", state.number, name, number))
  end)

  -- Hooks -------------------------------------------------------------------------------------------------

  -- What a function of the process says to a hook: an error in it says no, as it would to C.
  local function hook(kind, name, silent)
    add(name, function(state, run, user_data)
      if run ~= nil and type(run) ~= "function" then
        blame(name, expected(1, "function", run))
      end
      local number = keep(state, kind, run and function(...)
        local ok, answer = raw.pcall(run, user_data, ...)
        if silent or not ok then
          return false
        end
        return answer ~= nil and answer ~= false and (kind == "commit" or answer ~= 0)
      end)
      host("databases.hook", state.number, kind, number)
    end)
  end

  hook("commit", "commit_hook")
  hook("rollback", "rollback_hook", true)
  hook("update", "update_hook", true)
  hook("trace", "trace", true)
  hook("busy", "busy_handler")
  hook("wal", "wal_hook", true)

  add("progress_handler", function(state, every, run, user_data)
    if every == nil or run == nil then
      every, run = 0, nil
    end
    every = whole(every) or blame("progress_handler", expected(1, "number", every))
    if run ~= nil and type(run) ~= "function" then
      blame("progress_handler", expected(2, "function", run))
    end
    local number = keep(state, "progress", run and function()
      local ok, answer = raw.pcall(run, user_data)
      return not ok or answer ~= nil and answer ~= false and answer ~= 0
    end)
    host("databases.hook", state.number, "progress", number, every)
  end)

  add("busy_timeout", function(state, wait_ms)
    return host("databases.busy_timeout", state.number,
      whole(wait_ms) or blame("busy_timeout", expected(1, "number", wait_ms)))
  end)
end

return functions
