--- sandbox_modules.lua: source text, files and modules, for processes that load some.

local k = ...
local raw, sandbox = k.raw, k.sandbox

local type, select, pcall, error, rawget = raw.type, raw.select, raw.pcall, raw.error, raw.rawget
local find, sub, gsub, concat = raw.string.find, raw.string.sub, raw.string.gsub, raw.table.concat
local raw_ipairs, raw_load, env = raw.ipairs, raw.load, k.env
local package, blame, expected = sandbox.libraries.package, sandbox.blame, sandbox.expected
local loaded, preload = sandbox.loaded, sandbox.preload

-- Source text ---------------------------------------------------------------------------------------------------

local function drained(reader)
  local pieces, n = {}, 0
  while true do
    local piece = reader()
    if piece == nil or piece == "" then
      return concat(pieces)
    elseif type(piece) ~= "string" then
      error("reader function must return a string", 4) -- after this function, pcall and load
    end
    n = n + 1
    pieces[n] = piece
  end
end

local function load_text(text, name, mode, ...)
  local target = env
  if select("#", ...) > 0 then
    target = (...)
  end
  if mode ~= nil and not find(mode, "t", 1, true) and sub(text, 1, 1) ~= "\27" then
    return nil, "attempt to load a text chunk (mode is '" .. mode .. "')"
  end
  return raw_load(text, name, "t", target)
end

local function load_source(source, name, mode, ...)
  local kind = type(source)
  if mode ~= nil and type(mode) ~= "string" and type(mode) ~= "number" then
    blame("load", expected(3, "string", mode))
  elseif kind == "string" or kind == "number" then
    source = source .. ""
    return load_text(source, name == nil and source or name, mode, ...)
  elseif kind ~= "function" then
    blame("load", expected(1, "function", source))
  end
  local done, text = pcall(drained, source)
  if not done then
    return nil, text
  end
  return load_text(text, name == nil and "=(load)" or name, mode, ...)
end
-- Files and modules ---------------------------------------------------------------------------------------------

-- The searchers as long as the process has not touched them: the first two, without loading the rest.
local function searched_shortly(name)
  if rawget(package, "searchers") ~= nil then
    return nil
  end
  local load_it = preload[name]
  if load_it ~= nil then
    return load_it
  end
  local value = sandbox.find_module(name)
  return value ~= nil and function()
    return value
  end
end

local function require(name)
  if type(name) ~= "string" and type(name) ~= "number" then
    blame("require", expected(1, "string", name))
  end
  name = name .. ""
  if loaded[name] then
    return loaded[name]
  end
  local text, extra = "", nil
  local load_it = searched_shortly(name)
  if not load_it then
    for _, search in raw_ipairs(package.searchers) do
      load_it, extra = search(name)
      if type(load_it) == "function" then
        break
      elseif type(load_it) == "string" then
        text = text .. load_it
      end
      load_it = nil
    end
  end
  if not load_it then
    error("module '" .. name .. "' not found:" .. text, 2)
  end
  local value = load_it(name, extra)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name]
end

local function load_file(name, mode, ...)
  local text = type(name) == "string" and sandbox.read_file(name)
  if type(text) ~= "string" then
    return nil, "cannot open " .. sandbox.tostring(name) .. ": No error information"
  end
  text = gsub(text, "^#[^\n]*", "", 1)
  return load_source(text, "@" .. name, mode, ...)
end

local function dofile(name)
  local chunk, message = load_file(name)
  if not chunk then
    error(message, 0)
  end
  return chunk()
end

return { load = load_source, require = require, loadfile = load_file, dofile = dofile }
