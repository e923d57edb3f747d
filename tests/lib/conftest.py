"""A bare Lua state holding one library of lua/lib, loaded the way the sandbox loads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lupa.lua53 import LuaRuntime

LIBRARIES = Path(__file__).parents[2] / "lua" / "lib"

# Plain stand-ins for what the sandbox gives: the loop order is the promised one, tostring has no address.
SANDBOX = r"""
local raw = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall,
  rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = rawset, select = select,
  setmetatable = setmetatable, getmetatable = getmetatable, tonumber = tonumber, tostring = tostring,
  type = type, string = string, table = table, math = math, utf8 = utf8, coroutine = coroutine,
  debug = debug,
}

local ranks = { number = 1, string = 2, boolean = 3 }

local function key_before(a, b)
  local a_rank, b_rank = ranks[type(a)] or 4, ranks[type(b)] or 4
  if a_rank ~= b_rank then
    return a_rank < b_rank
  end
  return a_rank < 3 and a < b
end

local function sorted_pairs(t)
  local keys = {}
  for key in next, t do
    keys[#keys + 1] = key
  end
  table.sort(keys, key_before)
  local index = 0
  return function()
    index = index + 1
    return keys[index], t[keys[index]]
  end
end

local function plain_tostring(value)
  local kind = type(value)
  if kind == "function" or kind == "table" and not (getmetatable(value) or {}).__tostring then
    return kind .. ": 0x1"
  end
  return tostring(value)
end

local lib = { raw = raw, pairs = sorted_pairs, next = next, tostring = plain_tostring, sort = table.sort,
  fold = string.lower, require = function(name) return name end }

function lib.file(name)
  return load_library(library_files[name], name)
end

-- Debug information is stripped and there are no globals: a library lives on what it is given.
function load_library(source, name)
  local chunk = assert(load(source, name))
  return assert(load(string.dump(chunk, true), name, "b", {}))(lib)
end
"""


class Library:
    """One library as the global `name` of a Lua state of its own; what else it returns is `name_private`."""

    def __init__(self, name: str) -> None:
        self.lua = LuaRuntime(encoding="latin-1", register_eval=False)
        self.lua.execute(SANDBOX)
        self.lua.globals().library_files = self.lua.table_from(
            {path.stem: path.read_text(encoding="latin-1") for path in LIBRARIES.glob("*_*.lua")}
        )
        self.lua.globals().library_source = (LIBRARIES / f"{name}.lua").read_text(encoding="latin-1")
        self.lua.execute(f"{name}, {name}_private = load_library(library_source, '={name}')")

    def __call__(self, text: str, *arguments: Any) -> Any:
        """Run Lua text; the arguments are its `...`. Strings are bytes, one character each."""
        return self.lua.execute(text, *arguments)

    def error(self, text: str, *arguments: Any) -> str:
        """The error text of Lua text that must fail."""
        failure = self.lua.execute(
            "local text = ... local run = assert(load(text, '=author'))"
            " local ok, err = pcall(run, select(2, ...)) if not ok then return tostring(err) end",
            text,
            *arguments,
        )
        assert failure is not None, f"no error: {text}"
        return str(failure)


@pytest.fixture(scope="module")
def library() -> Callable[[str], Library]:
    return Library
