"""`aosim bench`: the figures, one line each as it is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

from aosim.bench.journal import bench_journal
from aosim.bench.library import bench_library
from aosim.bench.main import Row, bench
from aosim.bench.module import bench_module
from aosim.bench.travel import bench_travel
from aosim.bench.undo import bench_undo
from aosim.cli.paper import Paper


def show_bench(workloads: Sequence[str], *, quick: bool, as_json: bool) -> int:
    """Measure and print; always 0, for a figure that misses its target is an answer too.

    "library" as the first workload stands for the libraries of a process, "module" for the module protocol, "journal"
    for recording and replaying, "undo" for taking back and sleeping; what follows are tasks of the first and the last,
    patterns of calls of the second, workloads of the third.
    """
    paper = Paper(as_json=as_json)
    first, rest = (workloads[0], workloads[1:]) if workloads else ("", ())
    if first == "library":
        rows, against = bench_library(rest, quick=quick), "plain Lua"
    elif first == "journal":
        rows, against = bench_journal(rest, quick=quick), "without"
    elif first == "module":
        rows, against = bench_module(rest, quick=quick), ""
    elif first == "travel":
        rows, against = bench_travel(rest, quick=quick), "the run"
    elif first == "undo":
        rows, against = bench_undo(rest, quick=quick), "without"
    else:
        rows, against = bench(workloads, quick=quick), "floor"
    paper.line(f"{'':13} {'what':24} {'aosim':>12} {against:>10} {'ratio':>7} {'target':>7}")
    for row in rows:
        paper.line(paper.paint(_text(row), "red" if row.met is False else "green" if row.met else "dim"))
        paper.object("figure", **row.as_dict())
    return 0


def _text(row: Row) -> str:
    below = f"{row.floor:10.2f}" if row.floor else " " * 10
    ratio = _ratio(row.ratio) if row.ratio is not None else " " * 7
    target = f"{row.target:7g}" if row.target else " " * 7
    return f"{row.workload:13} {row.about:24} {row.aosim:12.2f} {below} {ratio} {target}  {row.unit}"


def _ratio(ratio: float) -> str:
    """In seven characters, with two digits that count however small it is."""
    return f"{ratio:7.2f}" if ratio >= 0.1 or not ratio else f"{ratio:7.{min(5, 1 - floor(log10(ratio)))}f}"
