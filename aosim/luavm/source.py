"""Where the Lua files of the runtime are, and their bytecode.

Each file is compiled once per host, without debug information: the runtime's own frames carry no
names and no lines, which is how a process's frames are told from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from lupa.lua53 import LuaError, LuaRuntime

from aosim.errors import BorderError, SourceError

_HERE = Path(__file__).resolve()


@cache
def lua_folder() -> Path:
    """The folder of the .lua files: in an installed package, or in a checkout."""
    for folder in (_HERE.parents[1] / "lua", _HERE.parents[2] / "lua"):
        if (folder / "kernel.lua").is_file():
            return folder
    raise BorderError(
        f"the Lua files of aosim are missing beside {_HERE.parents[1]}. Install aosim again, "
        f"or run it from a complete checkout."
    )


def new_runtime() -> LuaRuntime:
    """A bare Lua: bytes in and out, no Python object reachable from it."""
    return LuaRuntime(
        encoding=None,
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        attribute_handlers=(_refuse, _refuse),
    )


def _refuse(*_: object) -> None:
    raise AttributeError("Python objects are closed to Lua")


_DUMP = b"local text, name = ... return string.dump(assert(load(text, name, 't')), true)"


def _compile(text: bytes, name: str) -> bytes:
    try:
        code = new_runtime().execute(_DUMP, text, b"=" + name.encode())
    except LuaError as problem:
        raise BorderError(f"{name} of the runtime does not parse: {problem}") from problem
    assert isinstance(code, bytes)
    return code


def together(paths: Iterable[Path]) -> bytes:
    """The text of a chunk in which `parts` holds some files of the runtime as functions, by their names."""
    names = lua_folder() / "names.lua"
    functions = [
        f'parts["{path.stem}"] = function(...)\n'.encode() + _with_numbers(path.read_bytes()) + b"\nend\n"
        for path in sorted(paths)
        if path != names
    ]
    return names.read_bytes() + b"local parts = {}\n" + b"".join(functions)


_CONSTANTS = re.compile(rb"^local ([A-Z][A-Z_]*(?:, [A-Z][A-Z_]*)*) = (\d+(?:, \d+)*)(?=\s)", re.MULTILINE)


def _with_numbers(text: bytes) -> bytes:
    """A file with the numbers of its constants (`local FROM, OWNER = 6, 7`) in the place of their names.

    To Lua 5.3 they are variables, and each one that a function uses takes room in every process.
    """
    numbers: dict[bytes, bytes] = {}
    for names, values in _CONSTANTS.findall(text):
        numbers.update(zip(names.split(b", "), values.split(b", "), strict=True))
    if not numbers:
        return text
    name = re.compile(rb"\b(?:" + b"|".join(numbers) + rb")\b")
    return name.sub(lambda found: numbers[found[0]], _CONSTANTS.sub(b"", text))


@cache
def bundle() -> bytes:
    """All files of the runtime but its libraries, as one precompiled chunk that starts the kernel."""
    return _compile(together(lua_folder().glob("*.lua")) + b"return parts.kernel(parts, ...)", "runtime")


@cache
def library(name: str) -> bytes:
    """The precompiled chunk of a library ("json", "bint" ...) or of a part that is handed over later."""
    for folder in ("lib", "later"):
        path = lua_folder() / folder / f"{name}.lua"
        if path.is_file():
            return _compile(path.read_bytes(), name)
    raise BorderError(f"the runtime asked for {name!r}, which is neither in lua/lib nor in lua/later")


_CHECK = b"""local load = load
return function(text, name)
  local _, problem = load(text, name, "t")
  return problem or false
end"""


@cache
def _checker() -> Callable[[bytes, bytes], object]:
    """A function in a Lua of its own that compiles a text, runs nothing of it, and says what is wrong."""
    check: Callable[[bytes, bytes], object] = new_runtime().execute(_CHECK)
    return check


def syntax_problem(text: str, chunk: str) -> str:
    """ "file:line: what is wrong" for a Lua text that does not parse, "" for one that does."""
    name = chunk.encode("utf-8", "surrogateescape")
    problem = _checker()(text.encode("utf-8", "surrogateescape"), b"@" + name)
    return problem.decode("utf-8", "surrogateescape") if isinstance(problem, bytes) else ""


def check_source(text: str, chunk: str) -> None:
    """Raise a `SourceError` naming file and line when a Lua text does not parse."""
    problem = syntax_problem(text, chunk)
    if problem:
        raise SourceError(f"{problem}. Mend that line and load it again.")
