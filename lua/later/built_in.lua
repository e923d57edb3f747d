--- built_in.lua: Lua modules that are built into a process, as modules made from aos have them.

local k = ...
local raw, sandbox = k.raw, k.sandbox
local create, resume, status = raw.coroutine.create, raw.coroutine.resume, raw.coroutine.status

local built_in = {}
local names = {} -- in the order in which they are required

-- Go on with a module that runs; what it asks of the host is passed on. As in aos it is in no coroutine of the author's.
local function go_on(thread, ok, first, second)
  while ok and status(thread) ~= "dead" do
    if first ~= k.need then
      raw.error("attempt to yield from outside a coroutine", 0)
    end
    raw.coroutine.yield(first, second)
    ok, first, second = resume(thread)
  end
  if not ok then
    raw.error(first, 0)
  end
end

local function require_all()
  for i = 1, #names do
    local thread = create(function()
      k.env.require(names[i])
    end)
    k.ours[thread] = true
    go_on(thread, resume(thread))
  end
end

--- Build a module in. The first message requires all of them in order, when the standard handlers are in place.
--- Nothing, or what is wrong with the text.
function built_in.add(name, text)
  local run, problem = raw.load(text, name, "t", k.env)
  if not run then
    return problem
  end
  sandbox.preload[name] = run
  if #names == 0 then
    local before = k.before_handlers
    k.before_handlers = function(msg)
      k.before_handlers = before
      require_all()
      if before then
        before(msg)
      end
    end
  end
  names[#names + 1] = name
end

return built_in
