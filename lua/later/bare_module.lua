--- bare_module.lua: a module of one's own: a chunk that returns a table with handle(msg, ao), and nothing of aos around.

local k = ...
local raw, ao = k.raw, k.ao
local type, rawset = raw.type, raw.rawset
local create, resume, status = raw.coroutine.create, raw.coroutine.resume, raw.coroutine.status

local bare = {}
local make, module -- the chunk, and what it returned

--- The text of the module, and what Lua calls it. Nothing, or what is wrong with it.
function bare.load(text, name)
  local problem
  make, problem = raw.load(text, name, "t", k.env)
  return problem
end

-- The library `ao` as a module finds it: ready for the next message; the environment is in ao.env, and its parts are
-- fields, for modules written for the one or the other.
local function prepare(environment, untouched)
  environment, untouched = environment.env or environment, untouched.env or untouched
  if type(environment.Process) == "table" then
    k.set_environment(environment)
  end
  k.ao_state.reset()
  ao.id = k.process_id or ""
  k.restore_authorities()
  ao.env = untouched
  rawset(ao, "Process", untouched.Process)
  rawset(ao, "Module", untouched.Module)
  rawset(k.env, "HANDLER_PRINT_LOGS", {})
end

local function handle(message_text, environment_text)
  local json = k.private_json()
  prepare(json.decode(environment_text), json.decode(environment_text)) -- the first one is changed
  local msg = json.decode(message_text)
  k.set_time(msg.Timestamp)
  if not module then
    local made = make()
    if type(made) ~= "table" or type(made.handle) ~= "function" then
      raw.error("the module returns no table with a function handle(msg, ao)", 0)
    end
    module = made
  end
  return module.handle(msg, ao)
end

local function finish(thread, ok, first, second)
  while ok and status(thread) ~= "dead" do
    if first ~= k.need then
      ok, first = false, "attempt to yield from outside a coroutine"
      break
    end
    raw.coroutine.yield(first, second)
    ok, first, second = resume(thread)
  end
  return k.part("json_door").told(ok, first)
end

--- One message and its environment as JSON texts; see told() of the JSON door.
function bare.answer(message_text, environment_text)
  local thread = create(handle)
  k.ours[thread] = true
  return finish(thread, resume(thread, message_text, environment_text))
end

return bare
