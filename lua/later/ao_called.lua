--- ao_called.lua: what aos itself calls of `ao` with every message that takes the long way.

local k = ...
local raw, outbox, ao, state = k.raw, k.outbox, k.ao, k.ao_state
local type, rawget, rawset, rawlen = raw.type, raw.rawget, raw.rawset, raw.rawlen
local find, sub = raw.string.find, raw.string.sub

local called = {}

-- Results ------------------------------------------------------------------------------------------------

-- A fresh list of tables for the records so far.
local function tables(records, count)
  if count == 0 then
    return {}
  end
  return k.part("requests").tables(records, count)
end

--- What ao.outbox holds when a process first looks at it.
function called.fresh_outbox()
  return {
    Output = {}, Assignments = {},
    Messages = tables(outbox.sent, outbox.sent_count),
    Spawns = tables(outbox.spawned, outbox.spawned_count)
  }
end

function called.result(t)
  local all = state.awake and ao.outbox or called.fresh_outbox()
  local failure = all.Error or t.Error
  if failure then
    return { Error = failure }
  end
  return {
    Output = t.Output or all.Output, Messages = all.Messages, Spawns = all.Spawns, Assignments = all.Assignments
  }
end

-- Trust --------------------------------------------------------------------------------------------------

function called.isAssignment(msg)
  return msg.Target ~= ao.id
end

function called.isTrusted(msg)
  for _, authority in k.ipairs(ao.authorities) do
    if msg.From == authority or msg.Owner == authority then
      return true
    end
  end
  return false
end

local function add_authority(list, text)
  for i = 1, rawlen(list) do
    if rawget(list, i) == text then
      return
    end
  end
  rawset(list, rawlen(list) + 1, text)
end

--- The authorities that tags name. aos: commas part them, spaces are kept, empty ones left out.
function called.parse_authorities(values)
  local list = {}
  for i = 1, #values do
    local text, at = values[i], 1
    while at <= #text do
      local comma = not k.authorities_whole and find(text, ",", at, true) or #text + 1
      if comma > at then
        add_authority(list, sub(text, at, comma - 1))
      end
      at = comma + 1
    end
  end
  return list
end

--- Put back what an author removed of the authorities the process was made with.
function called.restore_authorities()
  if type(ao.authorities) ~= "table" then
    ao.authorities = {}
  end
  for i = 1, #k.authorities do
    add_authority(ao.authorities, k.authorities[i])
  end
end

--- A function of ao that aos itself calls: the one the process has put in its place, if it has.
function called.ao_function(name)
  if state.whole then
    return ao[name]
  end
  return called[name]
end

return called
