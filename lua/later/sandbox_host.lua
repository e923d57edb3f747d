--- sandbox_host.lua: what is rarely asked for of os, debug, package and math; loaded when it first is.
--
-- Of the machine there is nothing, and debug gives text and positions only: nothing that reaches the variables of
-- trusted code or what the host keeps.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, error, pcall, select = raw.type, raw.error, raw.pcall, raw.select
local tonumber, rawget = raw.tonumber, raw.rawget
local match, gsub, gmatch, raw_ipairs = raw.string.match, raw.string.gsub, raw.string.gmatch, raw.ipairs
local raw_date, getinfo, traceback = raw.os.date, raw.debug.getinfo, raw.debug.traceback
local exp, log, floor, atan, huge = raw.math.exp, raw.math.log, raw.math.floor, raw.math.atan, raw.math.huge
local set_meta = raw.debug.setmetatable
local libraries, files, hidden = sandbox.libraries, sandbox.files, sandbox.hidden
local blame, expected = sandbox.blame, sandbox.expected

local function nothing() end

-- Where Lua has a value and it is nil, which tostring can tell from none.
local function empty()
  return nil
end

local NO_FILE = 44 -- what AO's build calls ENOENT

local function missing(name)
  return nil, sandbox.tostring(name) .. ": No error information", NO_FILE
end

-- os ------------------------------------------------------------------------------------------------------------

local date_parts = { c = "%a %b %d %H:%M:%S %Y", x = "%m/%d/%y", X = "%H:%M:%S", Z = "UTC" }

local function date(text, time)
  if text ~= nil and type(text) ~= "string" and type(text) ~= "number" then
    blame("os.date", expected(1, "string", text))
  end
  text = gsub(text == nil and "%c" or text .. "", "^!", "")
  if time == nil then
    time = sandbox.now_ms // 1000
  end
  text = gsub(text, "%%([%a%%])", date_parts)
  local done, answer = pcall(raw_date, "!" .. text, time)
  if not done then
    blame("os.date", answer)
  end
  return answer
end

local os = {
  date = date,
  difftime = raw.os.difftime,
  getenv = empty,
  clock = function()
    return (sandbox.now_ms - (sandbox.start_ms or sandbox.now_ms)) / 1000
  end,
  execute = function(command)
    if command == nil then
      return false
    end
    return nil, "No error information", NO_FILE
  end,
  exit = function()
    error("os.exit: a process cannot end itself", 2)
  end,
  remove = missing,
  rename = missing,
  setlocale = function(locale)
    return locale == nil and "C" or locale
  end,
  tmpname = function()
    return "/tmp/lua_000000"
  end,
}

-- debug ---------------------------------------------------------------------------------------------------------
-- Text and positions only: nothing that reaches the variables of trusted code or what the host keeps.

local shown_fields = {
  "source", "short_src", "what", "currentline", "linedefined", "lastlinedefined",
  "name", "namewhat", "nups", "nparams", "isvararg", "istailcall",
}

local function described(info)
  local result = { activelines = info.source ~= "=?" and info.activelines or nil }
  for _, name in raw_ipairs(shown_fields) do
    result[name] = info[name]
  end
  return result
end

local function get_info(where, what, more)
  local thread
  if type(where) == "thread" then
    thread, where, what = where, what, more
  end
  local done, info
  if thread then
    done, info = pcall(getinfo, thread, where, what or "nSltuf")
  elseif type(where) == "function" then
    done, info = pcall(getinfo, where, what or "nSltuf")
  else
    where = tonumber(where)
    if not where then
      blame("debug.getinfo", "bad argument #1 to '?' (function or level expected)")
    end
    done, info = pcall(getinfo, where > 0 and where + 2 or where, what or "nSltuf")
  end
  if not done then
    blame("debug.getinfo", "bad argument #2 to '?' (invalid option)")
  elseif not info then
    return nil
  end
  local result = described(info)
  if type(where) == "function" then
    result.func = info.func
  elseif info.func then
    -- Functions of trusted code carry no source; only the author's own are handed out.
    local of = getinfo(info.func, "S")
    if of.what ~= "C" and of.source ~= "=?" then
      result.func = info.func
    end
  end
  return result
end

local function show_trace(message, level, more)
  if type(message) == "thread" then
    return traceback(message, level, more)
  elseif message ~= nil and type(message) ~= "string" and type(message) ~= "number" then
    return message
  end
  local text = traceback(message, (tonumber(level) or 1) + 1)
  return text
end

local function any_metatable(value)
  local meta = sandbox.awake(value)
  if not meta or hidden[meta] then
    return nil
  elseif type(value) ~= "table" then
    return false
  end
  return meta
end

local function set_any_metatable(value, meta)
  if type(value) == "table" then
    local old = sandbox.awake(value)
    if old and not hidden[old] and rawget(old, "__metatable") ~= nil then
      set_meta(value, nil)
    end
    sandbox.part("sandbox_base").setmetatable(value, meta)
  end
  return value
end

local debug = {
  debug = nothing,
  gethook = empty,
  getinfo = get_info,
  getlocal = empty,
  getmetatable = any_metatable,
  getregistry = function()
    return {}
  end,
  getupvalue = nothing,
  getuservalue = empty,
  sethook = nothing,
  setlocal = nothing,
  setmetatable = set_any_metatable,
  setupvalue = nothing,
  setuservalue = function(value)
    return value
  end,
  traceback = show_trace,
  upvalueid = nothing,
  upvaluejoin = nothing,
}

-- package -------------------------------------------------------------------------------------------------------

local function search_path(name, path, separator, replacement)
  separator, replacement = separator or ".", replacement or "/"
  local text = ""
  if separator ~= "" then
    name = gsub(name, gsub(separator, "%p", "%%%0"), (gsub(replacement, "%%", "%%%%")))
  end
  for template in gmatch(path, "[^;]+") do
    local candidate = gsub(template, "%?", (gsub(name, "%%", "%%%%")))
    if files[candidate] then
      return candidate
    end
    text = text .. "\n\tno file '" .. candidate .. "'"
  end
  return nil, text
end

local loaders = sandbox.preload
local searchers = {
  function(name)
    if loaders[name] ~= nil then
      return loaders[name]
    end
    return "\n\tno field package.preload['" .. name .. "']"
  end,
  function(name)
    local value = sandbox.find_module(name)
    if value == nil then
      return "module " .. name .. " not found"
    end
    return function()
      return value
    end
  end,
  function(name)
    local found, text = search_path(name, libraries.package.path)
    if not found then
      return text
    end
    local chunk, message = sandbox.part("sandbox_modules").loadfile(found)
    if not chunk then
      error("error loading module '" .. name .. "' from file '" .. found .. "':\n\t" .. message, 0)
    end
    return chunk, found
  end,
  function(name)
    return (select(2, search_path(name, libraries.package.cpath)))
  end,
  function(name)
    local root = match(name, "^([^.]*)%.")
    return root and (select(2, search_path(root, libraries.package.cpath)))
  end,
}

local package = {
  path = "/usr/local/share/lua/5.3/?.lua;/usr/local/share/lua/5.3/?/init.lua;"
    .. "/usr/local/lib/lua/5.3/?.lua;/usr/local/lib/lua/5.3/?/init.lua;./?.lua;./?/init.lua",
  cpath = "/usr/local/lib/lua/5.3/?.so;/usr/local/lib/lua/5.3/loadall.so;./?.so",
  config = "/\n;\n?\n!\n-\n",
  searchers = searchers,
  searchpath = search_path,
  loadlib = function()
    return nil, "dynamic libraries not enabled; check your Lua installation", "absent"
  end,
}

-- math ----------------------------------------------------------------------------------------------------------
-- The functions of Lua 5.2 which AO's build keeps.

local math = {}

local function number(value, position, name)
  local result = tonumber(value)
  if not result then
    -- Two levels up is the author: this function and the one that calls it are ours.
    local call = getinfo(2, "n")
    error("bad argument #" .. position .. " to '" .. (call.name or "math." .. name) .. "' (number expected, got "
      .. type(value) .. ")", 3)
  end
  return result + 0.0
end

local function scaled(x, power)
  -- In two steps: 2^power alone may be out of range where the product is not.
  local half = power // 2
  return x * 2.0 ^ half * 2.0 ^ (power - half)
end

function math.pow(x, y)
  return number(x, 1, "pow") ^ number(y, 2, "pow")
end

function math.log10(x)
  return log(number(x, 1, "log10"), 10)
end

function math.atan2(y, x)
  return atan(number(y, 1, "atan2"), number(x, 2, "atan2"))
end

function math.ldexp(x, power)
  return scaled(number(x, 1, "ldexp"), floor(number(power, 2, "ldexp")))
end

function math.frexp(x)
  x = number(x, 1, "frexp")
  if x == 0 or x ~= x or x == huge or x == -huge then
    return x, 0
  end
  local power = floor(log(x < 0 and -x or x, 2)) + 1
  local part = scaled(x, -power)
  if part >= 1 or part <= -1 then -- the logarithm was rounded up or down to a whole number
    return part / 2, power + 1
  elseif part < 0.5 and part > -0.5 then
    return part * 2, power - 1
  end
  return part, power
end

-- Near zero the difference of two exponentials loses its digits; the series does not.
local function sinh(x)
  if x > -0.5 and x < 0.5 then
    local square, term, sum = x * x, x, x
    for i = 2, 16, 2 do
      term = term * square / (i * (i + 1))
      sum = sum + term
    end
    return sum
  end
  return x > 0 and (exp(x) - exp(-x)) / 2 or -(exp(-x) - exp(x)) / 2
end

function math.sinh(x)
  return sinh(number(x, 1, "sinh"))
end

function math.cosh(x)
  x = number(x, 1, "cosh")
  return (exp(x) + exp(-x)) / 2
end

function math.tanh(x)
  x = number(x, 1, "tanh")
  if x > 20 or x < -20 then
    return x > 0 and 1.0 or -1.0
  end
  return sinh(x) / ((exp(x) + exp(-x)) / 2)
end

-- The generator is only made when something is drawn.
function math.random(...)
  return sandbox.random(...)
end

return { os = os, debug = debug, package = package, math = math }
