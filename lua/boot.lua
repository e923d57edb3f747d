--- boot.lua: the globals of a process, all of them made here.

local colors = {
  red = "\27[31m", green = "\27[32m", blue = "\27[34m", reset = "\27[0m", gray = "\27[90m"
}

env.ao = ao
env.Handlers = handlers
env.Colors = colors
env.Bell = "\7"
env.Errors = {}
env.Inbox = {}
env.HANDLER_PRINT_LOGS = {}
env.Seeded = false

--- aos: one argument, one line.
function env.print(value)
  if type(value) ~= "string" then
    value = k.printable(value)
  end
  k.insert(env.HANDLER_PRINT_LOGS, value)
  return nil
end

local function prompt()
  local c = env.Colors
  return c.green .. env.Name .. c.gray .. "@" .. c.blue .. "aos-" .. process._version .. c.gray .. "[Inbox:"
    .. c.red .. k.tostring(#env.Inbox) .. c.gray .. "]" .. c.reset .. "> "
end

env.Prompt, k.own_prompt = prompt, prompt

-- Globals that are seldom used, and libraries that are globals, are there when they are asked for; nobody can tell.
for _, name in raw.ipairs({ "Version", "Tab", "Send", "Spawn", "Receive", "Assign", "handle" }) do
  pending[name] = "globals"
end

pending.Dump, pending.Utils, pending.bit32 = true, true, true
pending.json = k.fidelity == "docs" or nil -- aos has no such global; code of the docs uses it
