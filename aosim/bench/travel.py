"""`aosim bench travel`: what it costs to fork a simulation and to move it in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from aosim.bench.main import Row
from aosim.errors import UnknownName
from aosim.network import Uniform
from aosim.simulation import Simulation

_COUNTER = 'Count = 0 Handlers.add("Add", "Add", function(msg) Count = Count + 1 end)'
_RING = """
Count, Last = 0, ""
Handlers.add("Next", "Next", function(msg) Next = msg.Next end)
Handlers.add("Pass", "Pass", function(msg)
  Count, Last = Count + 1, msg.Left
  local left = tonumber(msg.Left)
  if left > 0 then Send({ Target = Next, Action = "Pass", Left = tostring(left - 1) }) end
end)
"""
_ROUND = 20  # processes in the ring


def _fork(quick: bool) -> Iterator[Row]:
    """A network of so many processes, each with a few messages behind it; the target is in seconds."""
    count = 30 if quick else 1_000
    sim = Simulation()
    processes = [sim.spawn(_COUNTER, name=f"p{number}") for number in range(count)]
    for process in processes * 3:
        process.send(Action="Add")
    sim.run()
    yield Row("fork", f"{count:,} processes", "s", _seconds(sim.fork), 0, 1)
    forks = [sim.fork()]
    for name in [process.name for process in processes]:
        forks[0].send(name, Action="Add")
    cost = _seconds(forks[0].run)
    assert forks[0].process("p0").read("Count") == 4
    yield Row("fork", "a process used first", "ms", 1e3 * cost / count, 0, 0)


def _goto(quick: bool) -> Iterator[Row]:
    """A run of so many messages among 20 processes: the floor is the time the whole run took."""
    messages = 2_000 if quick else 100_000
    sim = Simulation(latency=Uniform(1, 20))
    ring = [sim.spawn(_RING, name=f"r{number}") for number in range(_ROUND)]
    for one, following in zip(ring, ring[1:] + ring[:1], strict=True):
        one.send(Action="Next", Next=following.id)
    sim.run()
    for one in ring:
        one.send(Action="Pass", Left=str(messages // _ROUND - 1))
    run = _seconds(sim.run)
    end, prints = sim.events, sim.fingerprint
    for about, event in (
        ("to its middle, first", end // 2),
        ("to its end from there", end - 5),
        ("one event back", end - 6),
        ("one event back", end - 7),
        ("anywhere", end // 3),
    ):
        target = 2.0 if event == end // 3 else 0
        yield Row("goto", about, "s", _seconds(partial(sim.goto, event)), 0 if target else run, target)
    sim.goto(end)
    assert sim.fingerprint == prints
    last = ring[7].read("Last")
    yield Row("blame", "", "s", _seconds(lambda: sim.blame(ring[7], "Last")), 0, 0)
    half = ring[7].read("Count") // 2
    yield Row("bisect", "", "s", _seconds(lambda: sim.bisect(lambda _: ring[7].read("Count") < half)), 0, 0)
    assert ring[7].read("Last") == last


TASKS: dict[str, Callable[[bool], Iterable[Row]]] = {"fork": _fork, "goto": _goto}


def bench_travel(tasks: Iterable[str] = (), *, quick: bool = False) -> Iterator[Row]:
    """Measure by processor time. Raises UnknownName for a task that is none, before anything is measured."""
    wanted = list(tasks) or list(TASKS)
    for name in wanted:
        if name not in TASKS:
            raise UnknownName(name, TASKS, kind="task")
    return (row for name in wanted for row in TASKS[name](quick))


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
