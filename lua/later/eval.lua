--- eval.lua: the handler that runs the owner's code.

local k = ...
local raw, sandbox = k.raw, k.sandbox
local type, error = raw.type, raw.error

local eval = {}

-- A file that was loaded by name shows its name in errors.
local function chunk_name(msg)
  local file = type(msg.Tags) == "table" and msg.Tags["Source-File"]
  return type(file) == "string" and "@" .. file or "aos"
end

-- As an argument, since a call in return place would leave no line behind for the functions of the sandbox
-- to blame, which are C functions to whoever wrote the text.
local function compile(text, name)
  local run = raw.load("return " .. text, name, "t", k.env)
  if run then
    return raw.load("return (function(...) return ... end)(" .. text .. ")", name, "t", k.env) or run
  end
  return raw.load(text, name, "t", k.env)
end

--- aos: first as an expression, then as statements; a second value that is true is an error.
function eval.run_eval(msg)
  local text = msg.Data
  if type(text) ~= "string" and type(text) ~= "number" then
    error("[string \".eval\"]:33: attempt to concatenate a " .. type(text) .. " value (local 'expr')", 0)
  end
  local run, problem = compile(text .. "", chunk_name(msg))
  if not run then
    k.syntax_error = true
    k.ao.outbox.Error = problem
    return
  end
  local value, failure = run()
  k.last_value = value
  if failure then
    k.ao.outbox.Error = failure
    return
  end
  if value then
    local logs = k.env.HANDLER_PRINT_LOGS
    if logs then
      local listed = type(value) == "table" and not (sandbox.is_file and sandbox.is_file(value))
      k.insert(logs, listed and k.stringify().format(value) or k.tostring(value))
    end
  end
end

return eval
