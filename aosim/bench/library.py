"""What the libraries of a process cost, against the same work written straight in plain Lua."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aosim.bench.main import Row
from aosim.errors import UnknownName
from aosim.luavm.source import new_runtime
from aosim.simulation import Simulation


class Task(NamedTuple):
    """Work that both do: Lua that prepares it, the library's way and the straight way; both return the same text."""

    about: str
    target: float  # of the ratio
    prepare: str
    library: str
    straight: str


_TEXT = (
    "local text = {} for i = 1, 1 << 20 do text[i] = string.char(i * 7919 // 256 % 256) end Text = table.concat(text) "
)
_RECORDS = (
    "Records = {} for i = 1, 1000 do "
    'Records[i] = { id = i, name = "record " .. i, ready = i % 2 == 0, amounts = { i, i * 2, i * 3 }, note = "-" } end '
)
_FACTORS = (
    "local a, b = {}, {} for i = 1, 8 do a[i], b[i] = 0x9e3779b9 * i & 0xffffffff, 0x85ebca6b * i & 0xffffffff end "
    "A, B = a, b "
)

TASKS = {
    "sha2_256": Task(
        "of 1 MB",
        1,
        _TEXT,
        "local c = require('.crypto') return c.digest.sha2_256(c.utils.stream.fromString(Text)).asHex()",
        "return straight.sha256(Text)",
    ),
    "json.encode": Task(
        "to 85 KB",
        2,
        _RECORDS,
        "return tostring(#require('json').encode(Records))",
        "return tostring(#straight.walk(Records))",
    ),
    "json.decode": Task(
        "of 85 KB",
        1,
        _RECORDS,
        "Written = Written or require('json').encode(Records) return tostring(#require('json').decode(Written))",
        "Written = Written or straight.walk(Records) return tostring(#straight.read(Written))",
    ),
    "bint": Task(
        "10 000 products",
        1,
        _FACTORS,
        "local bint = require('.bint')(256) local x, y = bint(0), bint(0) for i = 1, 8 do x[i], y[i] = A[i], B[i] end "
        "for _ = 1, 10000 do x = x * y end return string.format(('%08x'):rep(8), table.unpack(x))",
        "local x, y = straight.number(A), straight.number(B) for _ = 1, 10000 do x = x * y end "
        "return string.format(('%08x'):rep(8), table.unpack(x))",
    ),
    "base64.encode": Task(
        "of 1 MB",
        1,
        _TEXT,
        "return require('.base64').encode(Text):sub(-1000)",
        "return straight.encode(Text):sub(-1000)",
    ),
    "base64.decode": Task(
        "of 1.4 MB",
        1,
        _TEXT,
        "Coded = Coded or require('.base64').encode(Text) return require('.base64').decode(Coded):sub(-1000)",
        "Coded = Coded or straight.encode(Text) return straight.decode(Coded):sub(-1000)",
    ),
}


def bench_library(names: Iterable[str] = (), *, quick: bool = False) -> Iterator[Row]:
    """Measure some tasks (all when none is named), in milliseconds of processor time.

    Library and straight way take turns; a figure is the median of its rounds. The row's `floor` is
    the straight way. Raises UnknownName for a task that does not exist.
    """
    wanted = list(names) or list(TASKS)
    for name in wanted:
        if name not in TASKS:
            raise UnknownName(name, TASKS, kind="library task")
    return (_compare(name, TASKS[name], rounds=1 if quick else 5) for name in wanted)


def _compare(name: str, task: Task, rounds: int) -> Row:
    process = Simulation().spawn(task.prepare)
    lua = new_runtime()
    lua.execute(b"straight = (...)()", lua.compile((Path(__file__).parent / "straight.lua").read_bytes()))
    lua.execute(task.prepare.encode())
    costs: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):  # the first one warms up
        began = time.process_time()
        mine = process.eval(task.library)
        middle = time.process_time()
        straight = lua.execute(task.straight.encode())
        costs[0].append(1e3 * (middle - began))
        costs[1].append(1e3 * (time.process_time() - middle))
        assert mine.encode("utf-8", "surrogateescape") == straight, f"{name}: the two do not agree"
    library_ms, straight_ms = (statistics.median(each[1:]) for each in costs)
    return Row(name, task.about, "ms", library_ms, straight_ms, task.target)
