--- default.lua: what happens to a message that no handler has ended: it is filed in the Inbox.

local k = ...
local raw = k.raw
local type, sub, error = raw.type, raw.string.sub, raw.error

local default = {}

local INBOX_MAX = 10000

local function shorten(address)
  if not address then
    return "unknown"
  end
  return sub(address, 1, 3) .. "..." .. sub(address, -3)
end

local function twenty(text)
  if type(text) == "number" then
    error("[string \".default\"]:30: attempt to index a number value", 0)
  end
  return sub(text, 1, 20)
end

local function summary(msg)
  local colors = k.env.Colors
  if msg.Action then
    return colors.gray .. "Action = " .. colors.blue .. twenty(msg.Action) .. colors.reset
  end
  local data = msg.Data
  if type(data) == "table" then
    data = k.json().encode(data)
  end
  return colors.gray .. "Data = " .. colors.blue .. twenty(data or "") .. colors.reset
end

--- File a message and print one line about it.
function default.run_default(msg)
  local env = k.env
  local inbox = env.Inbox
  k.insert(inbox, msg)
  while #inbox > INBOX_MAX do
    k.remove(inbox, 1)
  end
  local colors = env.Colors
  env.print(colors.gray .. "New Message From " .. colors.green .. shorten(msg.From) .. colors.gray .. ": " .. summary(msg))
end

return default
