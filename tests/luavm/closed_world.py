"""A process's closed environment without a kernel around it, and a plain Lua to compare it with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from lupa.lua53 import LuaRuntime

from aosim.luavm.source import together

LUA = Path(__file__).resolve().parents[2] / "lua"
PARTS = ("sandbox", "sandbox_names")
HEADS = """
local raw, parts, codes = {}, {}, {...}
for name in ([[string table math utf8 coroutine debug os next pairs ipairs select type tostring tonumber pcall
  xpcall error assert load rawget rawset rawlen rawequal setmetatable getmetatable collectgarbage]]):gmatch("%S+") do
  raw[name] = _G[name]
end
"""
SANDBOXED = (
    HEADS
    + """
local loaded = {}
for i = 1, #codes, 2 do
  parts[codes[i]] = codes[i + 1]
end
for _, name in ipairs({ "string", "table", "math", "utf8", "coroutine" }) do
  local own = raw[name]
  raw[name] = {}
  for key, value in pairs(own) do
    raw[name][key] = value
  end
end
local sandbox, env = load(parts.sandbox, "sandbox", "b")()
sandbox.env = env
codes = nil
function sandbox.part(name)
  loaded[name] = loaded[name] or raw.load(parts[name], "=?", "b")({ raw = raw, sandbox = sandbox, env = env })
  return loaded[name]
end
function sandbox.find_module() end
function sandbox.random() end
function sandbox.read_file(path)
  return sandbox.files[path]
end
sandbox.close()
local function trusted(text)
  local code = raw.string.dump(raw.load("local raw, sandbox = ... " .. text, "=?"), true)
  return raw.load(code, "=?", "b", {})(raw, sandbox)
end
local function run(text)
  local chunk, problem = raw.load(text, "=t", "t", sandbox.env)
  if not chunk then
    return problem
  end
  local answer = raw.table.pack(raw.coroutine.resume(raw.coroutine.create(chunk)))
  for i = 1, answer.n do
    answer[i] = raw.tostring(sandbox.tostring(answer[i]))
  end
  return raw.table.concat(answer, "|", answer[1] == "true" and 2 or 1)
end
return run, trusted
"""
)
PLAIN = (
    HEADS
    + """
return function(text)
  local answer = raw.table.pack(raw.coroutine.resume(raw.coroutine.create(raw.assert(raw.load(text, "=t")))))
  for i = 1, answer.n do
    answer[i] = raw.tostring(answer[i])
  end
  return raw.table.concat(answer, "|", answer[1] == "true" and 2 or 1)
end
"""
)
Run = Callable[[str], str]


def bare() -> LuaRuntime:
    return LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False, register_builtins=False)


@cache
def codes() -> tuple[bytes, ...]:
    dump = bare().eval(b"function(text, name) return string.dump(assert(load(text, name, 't')), true) end")
    result = [
        b"sandbox",
        dump(together(LUA / f"{name}.lua" for name in PARTS) + b"return parts.sandbox(parts), env", b"sandbox"),
    ]
    for path in sorted((LUA / "later").glob("sandbox_*.lua")):
        result += [path.stem.encode(), dump(path.read_bytes(), path.stem.encode())]
    return tuple(result)


def texts(function: Callable[[bytes], bytes]) -> Run:
    return lambda text: (function(text.encode("latin-1")) or b"").decode("latin-1")


def new_sandbox() -> tuple[Run, Run]:
    run, trusted = bare().execute(SANDBOXED.encode(), *codes())
    return texts(run), texts(trusted)


def new_plain() -> Run:
    return texts(bare().execute(PLAIN.encode()))


@cache
def shared_run() -> Run:
    return new_sandbox()[0]


def lua(key: object) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    if isinstance(key, str):
        return '"' + "".join(f"\\{ord(c):03d}" for c in key) + '"'
    return f"({key!r})"
