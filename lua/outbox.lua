--- outbox.lua: what the current message has asked for, kept flat until somebody looks at it.
--
-- A send is a record: { target, data, reference, name, value, name, value ... }. As long as the process
-- does not look at ao.outbox the records go to the host as they are; once it does, they become the
-- tables it expects, and what it makes of those is what leaves.

outbox = {}
k.outbox = outbox

local not_tags = { Target = true, Data = true, Anchor = true, Tags = true, From = true }
local lazy_sent = {}
local places = setmetatable({}, weak_keys) -- of requests that hold what is no text
outbox.places = places

outbox.sent, outbox.sent_count = {}, 0
outbox.spawned, outbox.spawned_count = {}, 0
outbox.odd = false -- whether one of them holds what is no text

-- In docs fidelity: tags that delay a message, and targets that are names. The network knows neither.
local docs = k.fidelity == "docs"
local delays = docs and { ["Deliver-After"] = true, ["Deliver-At"] = true } or {}
local ADDRESS_SIZE = 43

outbox.not_tags, outbox.delays = not_tags, delays

local NAMES_MAX = 8
local names = {} -- used again for every send

-- The names of what leaves as tags, sorted, in `names`; nil when there is more to it than a few texts.
local function few_names(t)
  local n = 0
  for name, value in next, t do
    if not not_tags[name] then
      if type(name) ~= "string" or type(value) ~= "string" or delays[name] or n == NAMES_MAX then
        return nil
      end
      local at = n
      while at > 0 and name < names[at] do
        names[at + 1] = names[at]
        at = at - 1
      end
      names[at + 1] = name
      n = n + 1
    end
  end
  return n
end

--- The record of a send. Most have few fields that leave as tags; those are made in one go.
function outbox.request(t, target, data, reference)
  local plain = type(target) == "string"
  if docs and plain and #target ~= ADDRESS_SIZE and target ~= "" then
    k.forgive("name-target", "Target", "Target '" .. target .. "' is a name, not an address")
  end
  if plain and (data == nil or type(data) == "string") and getmetatable(t) == nil and t.Tags == nil then
    local n = few_names(t)
    local a, b, c = names[1], names[2], names[3]
    if n == 1 then
      return { target, data or false, reference, a, t[a] }
    elseif n == 2 then
      return { target, data or false, reference, a, t[a], b, t[b] }
    elseif n == 3 then
      return { target, data or false, reference, a, t[a], b, t[b], c, t[c] }
    elseif n then
      local record = { target, data or false, reference }
      for i = 1, n do
        local name = names[i]
        record[2 * i + 2], record[2 * i + 3] = name, t[name]
      end
      return record
    end
  end
  local odd_sends = k.part("odd_sends") -- for requests that are more than a few texts
  local record = odd_sends.record(target, data)
  record[3] = reference
  return odd_sends.collect(record, t)
end

local lazy_answer = {}

-- The functions of a message that was sent come with the part that waits for the answer. Those of what Send returns know
-- nothing of what becomes of it: the message itself is nobody's any more.
local makes = { receive = true, onReply = true }

function lazy_sent.__index(t, key)
  local record = t[secret]
  if makes[key] and not record.spawn then
    local waiting = k.waiting or k.part("waiting")
    local made = waiting.functions[key](getmetatable(t) == lazy_sent and t or nil, record)
    rawset(t, key, made)
    return made
  end
  awake(t)
  return t[key]
end

lazy_answer.__index = lazy_sent.__index
lazy_sent.__newindex, lazy_answer.__newindex = wake_first, wake_first
local wakes = k.later({}, "requests", { "wake_sent", "wake_answer" })
lazy[lazy_sent], lazy[lazy_answer] = wakes.wake_sent, wakes.wake_answer

--- Make what Send returns, an output and the two functions, of what ao.send returned to it alone.
function outbox.answer(t)
  rawset(t, "output", "Message added to outbox")
  return setmetatable(t, lazy_answer)
end

outbox.secret, outbox.lazy_sent = secret, lazy_sent

function outbox.clear()
  local sent = outbox.sent
  for i = 1, outbox.sent_count do
    sent[i] = nil
  end
  outbox.sent_count, outbox.odd = 0, false
  if outbox.spawned_count > 0 then
    outbox.spawned, outbox.spawned_count = {}, 0
  end
end
