--- sandbox_io.lua: the io library of a process that has no machine around it, loaded when first touched.
--
-- Standard input is empty, output goes nowhere, and the only files are those that `read_file` knows.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, error, select, tonumber, setmetatable = raw.type, raw.error, raw.select, raw.tonumber, raw.setmetatable
local find, gsub, sub, raw_format = raw.string.find, raw.string.gsub, raw.string.sub, raw.string.format
local unpack = raw.table.unpack
local blame, expected, serial = sandbox.blame, sandbox.expected, sandbox.serial

local NO_FILE = 44 -- what AO's build calls ENOENT

local file = {} -- the methods of a file
local file_meta = { __index = file, __name = "FILE*" }
local states = setmetatable({}, { __mode = "k" }) -- file -> its content, and the place of the next byte

local function new_file(content)
  local self = setmetatable({}, file_meta)
  states[self] = { content = content, place = 1, open = true }
  return self
end

--- Whether a value is a file, which is a userdata elsewhere.
function sandbox.is_file(value)
  return states[value] ~= nil
end

function file_meta.__tostring(self)
  local state = states[self]
  if state and not state.open then
    return "file (closed)"
  end
  return raw_format("file (0x%08x)", serial(self))
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
  return unpack(values, 1, count)
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
  if state.standard then
    return nil, "cannot close standard file"
  end
  state.open = false
  return true
end

function file.flush(self)
  state_of(self)
  return true
end

function file.setvbuf()
  return true
end

local standard_in, standard_out, standard_error = new_file(""), new_file(false), new_file(false)
for _, standard in raw.ipairs({ standard_in, standard_out, standard_error }) do
  states[standard].standard = true
end

local function open(name, mode)
  if type(name) ~= "string" then
    blame("io.open", expected(1, "string", name))
  end
  local content = sandbox.read_file(name)
  if type(content) == "string" and (mode == nil or sub(mode, 1, 1) == "r") then
    return new_file(content)
  end
  return nil, sandbox.tostring(name) .. ": No error information", NO_FILE
end

return {
  io = {
    stdin = standard_in,
    stdout = standard_out,
    stderr = standard_error,
    open = open,
    close = function(which)
      return file.close(which or standard_out)
    end,
    flush = function()
      return true
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
      return nil, "No error information", NO_FILE
    end,
    type = function(value)
      local state = states[value]
      return state and (state.open and "file" or "closed file") or nil
    end,
  },
}
