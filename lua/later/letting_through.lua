--- letting_through.lua: what stands between a question to the host and the host, made so that it lets it through.
--
-- A process gets this from its first message on once it has asked something from within a coroutine of its own, or
-- from within a function that `string.gsub` calls.

local k = ...
local raw, sandbox = k.raw, k.sandbox
local type, error, select = raw.type, raw.error, raw.select
local create, resume, yield = raw.coroutine.create, raw.coroutine.resume, raw.coroutine.yield
local find, gsub, sub = raw.string.find, raw.string.gsub, raw.string.sub
local need, blame, expected = k.need, sandbox.blame, sandbox.expected

local letting_through = {}

-- Coroutines ----------------------------------------------------------------------------------------------------

local function passed(thread, ok, first, ...)
  if ok and first == need then
    yield(first, ...)
    return passed(thread, resume(thread))
  end
  return ok, first, ...
end

local function resume_it(thread, ...)
  if type(thread) ~= "thread" then
    blame("coroutine.resume", "bad argument #1 to '?' (thread expected)")
  end
  return passed(thread, resume(thread, ...))
end

-- As Lua does it: an error that is a text gets the place of the caller in front.
local function wrap(body)
  if type(body) ~= "function" then
    blame("coroutine.wrap", expected(1, "function", body))
  end
  local thread = create(body)
  return function(...)
    local results = raw.table.pack(passed(thread, resume(thread, ...)))
    if results[1] then
      return raw.table.unpack(results, 2, results.n)
    end
    local problem = results[2]
    error(problem, type(problem) == "string" and 2 or 0)
  end
end

-- Texts ---------------------------------------------------------------------------------------------------------

-- What stands in the place of a match; `first` is its first capture, or all of it.
local function replacement(text, from, to, replace, first, ...)
  if first == nil then
    first = sub(text, from, to)
  end
  local value = replace(first, ...)
  if not value then
    return sub(text, from, to)
  elseif type(value) ~= "string" and type(value) ~= "number" then
    error("invalid replacement value (a " .. type(value) .. ")", 4)
  end
  return value
end

-- One match at or behind a place, as gsub takes them: where it began, where it ended, what replaces it.
local function replaced(text, replace, from, to, ...)
  if from then
    return from, to, replacement(text, from, to, replace, ...)
  end
end

local function gsub_by_calls(text, pattern, replace, most)
  local anchored = sub(pattern, 1, 1) == "^"
  local out, n, at, count = {}, 0, 1, 0
  while count < most do
    local from, to, value = replaced(text, replace, find(text, pattern, at))
    if not from then
      break
    end
    count = count + 1
    out[n + 1], out[n + 2] = sub(text, at, from - 1), value
    n, at = n + 2, to + 1
    if to < from then -- an empty match: the next character stays
      n = n + 1
      out[n], at = sub(text, at, at), at + 1
    end
    if anchored or at > #text + 1 then
      break
    end
  end
  out[n + 1] = sub(text, at)
  return raw.table.concat(out), count
end

local function substitute(...)
  local text, pattern, replace, most = ...
  if type(replace) == "function" and type(text) == "string" and type(pattern) == "string"
    and (most == nil or raw.math.type(most) == "integer") then
    return gsub_by_calls(text, pattern, replace, most or raw.math.huge)
  end
  local results = raw.table.pack(raw.pcall(gsub, ...))
  if not results[1] then
    blame("string.gsub", results[2])
  end
  return results[2], results[3]
end

--- Put them in the place of Lua's own; before the process has run anything.
function letting_through.begin()
  local coroutine = k.env.coroutine
  coroutine.resume, coroutine.wrap = resume_it, wrap
  k.env.string.gsub = substitute
  k.lets_through = true
end

return letting_through
