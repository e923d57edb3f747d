--- sandbox_host.lua: os, io, debug, package and the loading of files, for a process that has no machine around it.

local raw, sandbox, library = ...

local type, error, select, tonumber, rawget = raw.type, raw.error, raw.select, raw.tonumber, raw.rawget
local find, gsub, sub, gmatch = raw.string.find, raw.string.gsub, raw.string.sub, raw.string.gmatch
local raw_date, getinfo, traceback = raw.os.date, raw.debug.getinfo, raw.debug.traceback
local meta_of, raw_ipairs, pcall = raw.debug.getmetatable, raw.ipairs, raw.pcall
local env, libraries, files, hidden = sandbox.env, sandbox.libraries, sandbox.files, sandbox.hidden
local blame, expected, to_text = sandbox.blame, sandbox.expected, sandbox.tostring

local no_file = 44 -- what AO's build calls ENOENT

local function nothing() end

local function missing(name)
  return nil, name .. ": No error information", no_file
end

local function library_of(name, functions)
  libraries[name] = functions
  env[name] = functions
  return functions
end

-- os ------------------------------------------------------------------------------------------------------------

local now_ms, start_ms = 0, nil

--- The time of the message being handled, in milliseconds. What is no number leaves the time as it was.
function sandbox.set_time(timestamp)
  now_ms = tonumber(timestamp) or now_ms
  start_ms = start_ms or now_ms
end

local date_parts = { c = "%a %b %d %H:%M:%S %Y", x = "%m/%d/%y", X = "%H:%M:%S", Z = "UTC" }

local function date(text, time)
  if text ~= nil and type(text) ~= "string" and type(text) ~= "number" then
    blame("date", expected(1, "string", text))
  end
  text = gsub(text == nil and "%c" or text .. "", "^!", "")
  if time == nil then
    time = now_ms // 1000
  end
  text = gsub(text, "%%([%a%%])", date_parts)
  local done, answer = pcall(raw_date, "!" .. text, time)
  if not done then
    blame("date", answer)
  end
  return answer
end

library_of("os", {
  date = date,
  difftime = raw.os.difftime,
  getenv = nothing,
  time = function()
    return now_ms
  end,
  clock = function()
    return (now_ms - (start_ms or now_ms)) / 1000
  end,
  execute = function(command)
    if command == nil then
      return false
    end
    return nil, "No error information", no_file
  end,
  exit = function()
    error("os.exit: a process cannot end itself", 2)
  end,
  remove = function(name)
    return missing(name)
  end,
  rename = function(name)
    return missing(name)
  end,
  setlocale = function(locale)
    return locale == nil and "C" or locale
  end,
  tmpname = function()
    return "/tmp/lua_000000"
  end,
})

-- io ------------------------------------------------------------------------------------------------------------
-- Standard input is empty, output goes nowhere, and the only files are those the kernel put into `files`.

local file = {} -- the methods of a file, which is { content or false, place of the next byte }
local file_meta = { __index = file, __name = "file", __metatable = "file" }
local states = raw.setmetatable({}, { __mode = "k" })

local function new_file(content)
  local self = raw.setmetatable({}, file_meta)
  states[self] = { content = content, place = 1, open = true }
  return self
end

function file_meta.__tostring(self)
  local state = states[self]
  if state and not state.open then
    return "file (closed)"
  end
  return raw.string.format("file (0x%08x)", sandbox.serial(self))
end

local function state_of(self)
  local state = states[self]
  if not state then
    error("bad argument #1 (FILE* expected, got " .. type(self) .. ")", 3)
  elseif not state.open then
    error("attempt to use a closed file", 3)
  end
  return state
end

local function read_one(state, wish)
  local content, place = state.content or "", state.place
  if type(wish) == "number" then
    if place > #content then
      return nil
    end
    state.place = place + wish
    return sub(content, place, place + wish - 1)
  end
  local letter = sub(gsub(wish, "^%*", ""), 1, 1)
  if letter == "a" then
    state.place = #content + 1
    return sub(content, place)
  elseif place > #content then
    return nil
  elseif letter == "n" then
    local first, last = find(content, "^%s*[-+]?[%w.]+", place)
    state.place = last and last + 1 or place
    return last and tonumber(sub(content, first, last)) or nil
  elseif letter ~= "l" and letter ~= "L" then
    error("bad argument #1 to 'read' (invalid format)", 4)
  end
  local stop = find(content, "\n", place, true) or #content + 1
  state.place = stop + 1
  return sub(content, place, letter == "L" and stop or stop - 1)
end

local function read(state, ...)
  local count = select("#", ...)
  if count == 0 then
    return read_one(state, "l")
  end
  local values = {}
  for i = 1, count do
    values[i] = read_one(state, (select(i, ...)))
    if values[i] == nil then
      break
    end
  end
  return raw.table.unpack(values, 1, count)
end

function file.read(self, ...)
  local state = state_of(self)
  return read(state, ...)
end

function file.lines(self, wish)
  local state = state_of(self)
  return function()
    return read_one(state, wish or "l")
  end
end

function file.write(self)
  state_of(self)
  return self
end

function file.seek(self, whence, offset)
  local state = state_of(self)
  local from = whence == "set" and 0 or whence == "end" and #(state.content or "") or state.place - 1
  state.place = from + (offset or 0) + 1
  return state.place - 1
end

function file.close(self)
  local state = state_of(self)
  state.open = false
  return true
end

function file.flush(self)
  return self
end

function file.setvbuf()
  return true
end

local standard_in, standard_out, standard_error = new_file(""), new_file(false), new_file(false)

local function open(name, mode)
  if type(name) ~= "string" then
    blame("open", expected(1, "string", name))
  end
  local content = files[name]
  if type(content) == "string" and (mode == nil or sub(mode, 1, 1) == "r") then
    return new_file(content)
  end
  return missing(name)
end

library_of("io", {
  stdin = standard_in,
  stdout = standard_out,
  stderr = standard_error,
  open = open,
  close = nothing,
  flush = function()
    return standard_out
  end,
  input = function()
    return standard_in
  end,
  output = function()
    return standard_out
  end,
  read = function(...)
    local state = states[standard_in]
    return read(state, ...)
  end,
  write = function()
    return standard_out
  end,
  lines = function(name, wish)
    local opened, message = standard_in, nil
    if name ~= nil then
      opened, message = open(name)
    end
    if not opened then
      error(message, 2)
    end
    local state = states[opened]
    return function()
      return read_one(state, wish or "l")
    end
  end,
  popen = function()
    error("'popen' not supported", 2)
  end,
  tmpfile = function()
    return nil, "No error information", no_file
  end,
  type = function(value)
    local state = states[value]
    return state and (state.open and "file" or "closed file") or nil
  end,
})

-- debug ---------------------------------------------------------------------------------------------------------
-- Text and positions only: nothing that reaches the variables of trusted code or what the host keeps.

local own_fields = { "source", "short_src", "what", "currentline", "linedefined", "lastlinedefined" }
local open_fields = { "name", "namewhat", "nups", "nparams", "isvararg", "istailcall" }

local function described(info)
  local result = { activelines = info.source ~= "=?" and info.activelines or nil }
  for _, name in raw_ipairs(own_fields) do
    result[name] = info[name]
  end
  for _, name in raw_ipairs(open_fields) do
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
      blame("getinfo", "bad argument #1 to '?' (function or level expected)")
    end
    done, info = pcall(getinfo, where > 0 and where + 2 or where, what or "nSltuf")
  end
  if not done then
    blame("getinfo", "bad argument #2 to '?' (invalid option)")
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
  if not meta or hidden[meta] or meta == file_meta then
    return nil
  elseif type(value) ~= "table" then
    return false
  end
  return meta
end

local function set_any_metatable(value, meta)
  if type(value) == "table" and meta_of(value) ~= file_meta then
    local old = sandbox.awake(value)
    if old and not hidden[old] and rawget(old, "__metatable") ~= nil then
      raw.debug.setmetatable(value, nil)
    end
    env.setmetatable(value, meta)
  end
  return value
end

library_of("debug", {
  debug = nothing,
  gethook = nothing,
  getinfo = get_info,
  getlocal = nothing,
  getmetatable = any_metatable,
  getregistry = function()
    return {}
  end,
  getupvalue = nothing,
  getuservalue = nothing,
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
})

-- Files of source text ------------------------------------------------------------------------------------------

local function load_file(name, mode, ...)
  local text = files[name]
  if type(text) ~= "string" then
    return nil, "cannot open " .. to_text(name) .. ": No error information"
  end
  return env.load(gsub(text, "^#[^\n]*", "", 1), "@" .. name, mode, ...)
end

env.loadfile = load_file

function env.dofile(name)
  local chunk, message = load_file(name)
  if not chunk then
    error(message, 0)
  end
  return chunk()
end

-- package -------------------------------------------------------------------------------------------------------

local loaded, preload, find_module = {}, {}, nothing
local lua_path = "/usr/local/share/lua/5.3/?.lua;/usr/local/share/lua/5.3/?/init.lua;"
  .. "/usr/local/lib/lua/5.3/?.lua;/usr/local/lib/lua/5.3/?/init.lua;./?.lua;./?/init.lua"
local c_path = "/usr/local/lib/lua/5.3/?.so;/usr/local/lib/lua/5.3/loadall.so;./?.so"

--- Ask `fn(name)` for modules that are neither loaded nor preloaded; nil means there is none.
function sandbox.module_loader(fn)
  find_module = fn
end

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

local package = library_of("package", {
  config = "/\n;\n?\n!\n-\n",
  cpath = c_path,
  loaded = loaded,
  path = lua_path,
  preload = preload,
  searchpath = search_path,
  loadlib = function()
    return nil, "dynamic libraries not enabled; check your Lua installation", "absent"
  end,
})

package.searchers = {
  function(name)
    if preload[name] ~= nil then
      return preload[name]
    end
    return "\n\tno field package.preload['" .. name .. "']"
  end,
  function(name)
    local value = find_module(name)
    if value == nil then
      return "module " .. name .. " not found"
    end
    return function()
      return value
    end
  end,
  function(name)
    local found, text = search_path(name, package.path)
    if not found then
      return text
    end
    local chunk, message = load_file(found)
    if not chunk then
      error("error loading module '" .. name .. "' from file '" .. found .. "':\n\t" .. message, 0)
    end
    return chunk, found
  end,
  function(name)
    return (select(2, search_path(name, package.cpath)))
  end,
  function(name)
    local root = raw.string.match(name, "^([^.]*)%.")
    return root and (select(2, search_path(root, package.cpath)))
  end,
}

function env.require(name)
  if type(name) ~= "string" and type(name) ~= "number" then
    blame("require", expected(1, "string", name))
  end
  name = name .. ""
  local value = loaded[name]
  if value then
    return value
  end
  local text = ""
  for _, search in raw_ipairs(package.searchers) do
    local loader, extra = search(name)
    if type(loader) == "function" then
      value = loader(name, extra)
      if value ~= nil then
        loaded[name] = value
      elseif loaded[name] == nil then
        loaded[name] = true
      end
      return loaded[name]
    elseif type(loader) == "string" then
      text = text .. loader
    end
  end
  error("module '" .. name .. "' not found:" .. text, 2)
end

for name, functions in raw.next, libraries do
  loaded[name] = functions
end
loaded._G = env
