"""The rules of the house: who may import whom, where chance may enter, where globals are made."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from aosim.luavm.source import new_runtime

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aosim"

FLOORS = [
    {
        *("checks", "colours", "errors", "ids", "limits", "message", "packing", "process_info", "profiles"),
        *("seeds", "version"),
    },
    {
        *("archive", "clock", "cron", "disk_journal", "events", "executor", "fates", "findings"),
        *("inputs", "journal", "loops", "messenger", "network", "observers", "orders", "patches", "process"),
        *("residents", "scheduler", "sleeping", "shared", "timers", "verified", "wallet", "weave"),
        *("faults", "forgetting", "striking"),
    },
    {"luavm"},
    {
        *("branching", "breakage", "breaking", "engine", "handles", "inlet", "invariants", "looking", "outside"),
        *("parts", "peeking", "post"),
        *("simulation", "spawning", "timeline", "timetravel", "__init__"),
    },
]
CORE = set().union(*FLOORS)
CLI_FLOOR = 5


def _files(*rooms: str) -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not rooms or _room(path) in rooms]


def _room(path: Path) -> str:
    """ "luavm" for a file in that folder, "clock" for clock.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _floor(room: str) -> int:
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    return CLI_FLOOR if room in ("cli", "__main__") else 4


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imports(node: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that is imported when the code runs: (dotted name, statement)."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield alias.name, child
        elif isinstance(child, ast.ImportFrom) and child.module:
            assert child.level == 0, "imports are absolute"
            yield child.module, child
        elif not _for_types_only(child):
            yield from _imports(child)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _rooms_imported(path: Path) -> set[str]:
    found = set()
    for module, statement in _imports(_tree(path)):
        if module == "aosim" and isinstance(statement, ast.ImportFrom):
            names = [alias.name for alias in statement.names]
            found |= {name if (PACKAGE / f"{name}.py").exists() else "__init__" for name in names}
        elif module.startswith("aosim."):
            found.add(module.split(".")[1])
    return found


def test_every_file_of_the_core_stands_on_a_floor() -> None:
    top = {path.stem for path in PACKAGE.glob("*.py")} - {"__main__"}
    assert top == CORE - {"luavm"}


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_its_own_floor_and_those_below(path: Path) -> None:
    room = _room(path)
    above = {other for other in _rooms_imported(path) if _floor(other) > _floor(room)}
    assert above == set()


def test_rooms_of_floor_four_import_no_other_room() -> None:
    for path in _files():
        if _floor(_room(path)) == 4:
            others = {room for room in _rooms_imported(path) if _floor(room) == 4} - {_room(path)}
            assert (path.name, others) == (path.name, set())


def test_there_are_no_import_cycles() -> None:
    graph: dict[str, set[str]] = {}
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in _files()}
    for name, path in names.items():
        graph[name] = set()
        for module, statement in _imports(_tree(path)):
            candidates = [module]
            if isinstance(statement, ast.ImportFrom):
                candidates += [f"{module}.{alias.name}" for alias in statement.names]
            for candidate in candidates:
                graph[name] |= {
                    known for known in (candidate, f"{candidate}.__init__") if known in names and known != name
                }
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_only_the_rooms_of_luavm_know_lupa() -> None:
    knowing = {
        _room(path) for path in _files() if any(name.split(".")[0] == "lupa" for name, _ in _imports(_tree(path)))
    }
    assert knowing <= {"luavm", "bench"}


CHANCE = {"time", "datetime", "uuid", "secrets", "threading", "multiprocessing", "asyncio", "socket", "tempfile"}
CALLS = {"hash", "id", "vars", "input", "__import__", "eval", "exec"}


@pytest.mark.parametrize("path", _files(*CORE), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_chance_and_no_clock_enters_the_core(path: Path) -> None:
    tree = _tree(path)
    modules = {name.split(".")[0] for name, _ in _imports(tree)}
    assert modules & CHANCE == set()
    if "random" in modules:  # only ever as a generator of one's own
        assert [ast.unparse(statement) for name, statement in _imports(tree) if name == "random"] == [
            "from random import Random"
        ]
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called & CALLS == set()


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")


def _iterated(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        elif isinstance(node, ast.Starred):
            yield node.value
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "list",
            "tuple",
            "iter",
            "next",
            "map",
            "enumerate",
        ):
            yield from node.args


@pytest.mark.parametrize("path", _files(*CORE), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_core_never_walks_through_a_set(path: Path) -> None:
    tree = _tree(path)
    sets = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _is_set(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    walked = [ast.unparse(node) for node in _iterated(tree) if _is_set(node) or ast.unparse(node) in sets]
    assert walked == []


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("aosim", "lua", "tests")
        for path in sorted((ROOT / folder).rglob("*.*"))
        if path.suffix in (".py", ".lua")
    ],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_file_is_one_sitting_and_leaves_nothing_undone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 500
    assert re.findall(r"(?i)\b(?:to" r"do|fix" r"me)\b", text) == []


LUA = sorted((ROOT / "lua").rglob("*.lua"))


@pytest.mark.parametrize("path", LUA, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_lua_file_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    assert re.match(rf"--- {re.escape(path.name)}: \S", first), first


_SETS = re.compile(r"^\s*(?:function )?env\.([A-Za-z_]\w*)\s*(?:=[^=]|\()", re.MULTILINE)


def test_the_globals_of_a_process_are_made_in_boot_only() -> None:
    made = {path.name: set(_SETS.findall(path.read_text(encoding="utf-8"))) for path in LUA}
    # Lua's own are the sandbox's; aos: Owner and Name are set by the first message.
    allowed = made.pop("boot.lua") | made.pop("sandbox.lua") | {"Owner", "Name"}
    assert {name: found - allowed for name, found in made.items() if found - allowed} == {}


_USES_GLOBALS = b"""
local shared, text, name = ...
local run = assert(load(shared .. "return function(...)\\n" .. text .. "\\nend", name))()
for i = 1, 255 do
  local upvalue = debug.getupvalue(run, i)
  if upvalue == nil then return false end
  if upvalue == "_ENV" then return true end
end
"""


@pytest.mark.parametrize("path", LUA, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_lua_file_lives_on_what_it_is_given_and_uses_no_global(path: Path) -> None:
    names = ROOT / "lua" / "names.lua"
    shared = names.read_bytes() if path.parent == names.parent and path != names else b""
    uses = new_runtime().execute(_USES_GLOBALS, shared, path.read_bytes(), path.name.encode())
    assert uses == (path == names)  # which takes the host's Lua apart


def test_the_wheel_contains_the_lua_files() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        build = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["packages"] == ["aosim"]
    assert build["force-include"]["lua"] == "aosim/lua"
    assert LUA


def test_importing_aosim_loads_nothing_it_does_not_need() -> None:
    code = "import sys, aosim; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert {"typer", "rich", "click", "asyncio", "hypothesis", "numpy"} & set(loaded.split()) == set()
