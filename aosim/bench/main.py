"""Runs the workloads and compares them with the floor."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aosim.bench import plans
from aosim.errors import UnknownName, UsageError


class Row(NamedTuple):
    """One figure: what aosim costs, what the floor costs (0 where it has none), and the target."""

    workload: str
    about: str
    unit: str
    aosim: float
    floor: float
    target: float  # of the ratio where there is a floor, else of the figure itself

    @property
    def ratio(self) -> float | None:
        return self.aosim / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if not self.target:
            return None
        return (self.ratio if self.ratio is not None else self.aosim) <= self.target

    def as_dict(self) -> dict[str, object]:
        return {**self._asdict(), "ratio": self.ratio, "met": self.met}


class Workload(NamedTuple):
    about: str
    phase: str
    unit: str
    target: float
    plan: Callable[[bool], plans.Plan]  # of quick or not


WORKLOADS = {
    "W1": Workload("ping-pong of two", "play", "messages", 3, lambda q: plans.ping_pong(20_000 if q else 100_000)),
    "W2": Workload("token, 50 holders", "pay", "messages", 3, lambda q: plans.token(5_000 if q else 20_000)),
    "W3": Workload("500 subscribers", "publish", "messages", 0, lambda q: plans.pub_sub()),
    "W4": Workload("ring of 200", "hop", "messages", 3, lambda q: plans.ring(20_000 if q else 100_000)),
    "W6a": Workload("1 000 balances", "pay", "messages", 0, lambda q: plans.big_state(2_000, 1_000)),
    "W6b": Workload("100 000 balances", "pay", "messages", 0, lambda q: plans.big_state(2_000, 100_000)),
    "W7": Workload("receive() in a handler", "ask", "messages", 3, lambda q: plans.receive(5_000 if q else 20_000)),
    "W8": Workload("a sieve", "sieve", "messages", 0, lambda q: plans.heavy(5 if q else 20)),
}
SINGLE = ("W0", "W5", "W10k")


def bench(names: Iterable[str] = (), *, quick: bool = False, rounds: int = 3) -> Iterator[Row]:
    """Measure some workloads (all when none is named); each figure comes as soon as it is known.

    Floor and aosim take turns, `rounds` times, each in a program of its own; a figure is the median
    of its rounds, in processor time. Raises UnknownName for a workload that does not exist.
    """
    wanted = list(names) or ["W0", *WORKLOADS, "W5", "W10k"]
    for name in wanted:
        if name not in WORKLOADS and name not in SINGLE:
            raise UnknownName(name, (*WORKLOADS, *SINGLE), kind="workload")
    if rounds < 1:
        raise UsageError(f"rounds={rounds}: at least one")
    return _measured(wanted, quick, rounds)


def _measured(wanted: Iterable[str], quick: bool, rounds: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            if name == "W0":
                yield _start(rounds)
            elif name == "W5":
                yield from _spawning(Path(folder), rounds)
            elif name == "W10k":
                yield from _many(Path(folder), 1_000 if quick else 10_000)
            else:
                yield _compare(name, WORKLOADS[name], Path(folder), quick, rounds)


def _compare(name: str, workload: Workload, folder: Path, quick: bool, rounds: int) -> Row:
    plan = workload.plan(quick)
    count = plan.phases[workload.phase][workload.unit]
    costs: dict[str, list[float]] = {"floor": [], "aosim": []}
    for _ in range(rounds):
        for which, figures in costs.items():
            stamps = _follow(which, plan, folder)
            seconds = stamps["end", workload.phase] - stamps["begin", workload.phase]
            figures.append(1e6 * seconds / count)
    mine, floor = statistics.median(costs["aosim"]), statistics.median(costs["floor"])
    return Row(name, workload.about, f"us per {workload.unit[:-1]}", mine, floor, workload.target)


def _start(rounds: int) -> Row:
    """From the start of the interpreter to the first handled message, by the clock on the wall."""
    code = (
        "from aosim import Simulation; s = Simulation(); "
        "p = s.spawn('Handlers.add(\"P\", \"P\", function(m) N = 1 end)'); p.send(Action='P'); s.run()"
    )
    times = []
    for _ in range(rounds + 1):  # the first one warms the file cache
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(1e3 * (time.perf_counter() - began))
    return Row("W0", "start to first message", "ms", statistics.median(times[1:]), 0, 250)


def _spawning(folder: Path, rounds: int) -> Iterator[Row]:
    plan = plans.spawning()
    count = plan.phases["spawn"]["processes"]
    stamps = [_follow("aosim", plan, folder) for _ in range(rounds)]
    ms = statistics.median([1e3 * (each["end", "spawn"] - each["begin", "spawn"]) / count for each in stamps])
    kb = statistics.median([(each["mem", "after"] - each["mem", "before"]) / count for each in stamps])
    yield Row("W5", "spawn, time", "ms per process", ms, 0, 1)
    yield Row("W5", "spawn, resident memory", "KB per process", kb, 0, 150)


def _many(folder: Path, count: int) -> Iterator[Row]:
    """Many processes alive at once, and a message to each."""
    plan = plans.Plan()
    plan.spawn("Warm", "pingpong")
    plan.add("mem", "before")
    for number in range(count):
        plan.spawn(f"N{number}", "pingpong")
    plan.add("mem", "after")
    plan.add("begin", "all")
    for number in range(count):
        plan.add("send", f"N{number}", "Ball", "Left=1")
    plan.add("run")
    plan.add("end", "all")
    plan.add("check", f"N{count - 1}", "Count", 1)
    stamps = _follow("aosim", plan, folder)
    yield Row(
        "W10k", f"{count:,} processes alive", "MB", (stamps["mem", "after"] - stamps["mem", "before"]) / 1024, 0, 0
    )
    each_us = 1e6 * (stamps["end", "all"] - stamps["begin", "all"]) / count
    yield Row("W10k", "a message to each of them", "us per message", each_us, 0, 0)


def _follow(which: str, plan: plans.Plan, folder: Path) -> dict[tuple[str, str], float]:
    path = folder / "plan"
    path.write_text(plan.text(), encoding="utf-8")
    command = [sys.executable, "-m", "aosim.bench.follow", which, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"the {which} did not follow the plan: {done.stderr.strip()[-400:]}")
    lines = [line[1:].split("\t") for line in done.stdout.splitlines() if line.startswith("@")]
    return {(kind, label): float(value) for kind, label, value in lines}
