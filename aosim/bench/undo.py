"""`aosim bench undo`: what it costs to take something back, and to let processes sleep."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from aosim.bench.follow import resident_kb
from aosim.bench.main import Row
from aosim.errors import UnknownName
from aosim.handles import ProcessHandle
from aosim.simulation import Simulation

_COUNTER = """
Count = 0
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  if msg.Fail then error("as it was told") end
  msg.reply({ Data = tostring(Count) })
end)
"""
_LEDGER = """
Balances = {}
Handlers.add("Fill", "Fill", function(msg)
  for i = tonumber(msg.First), tonumber(msg.Last) do
    Balances["account-" .. i] = "1000"
  end
end)
Handlers.add("Pay", "Pay", function(msg)
  Balances["account-" .. msg.Nr] = "0"
  if msg.Fail then error("as it was told") end
end)
"""
_AWAKE = 200  # processes, while the others sleep


def _failing(quick: bool) -> Iterator[Row]:
    """Of a process with so many entries every tenth message fails; the floor is the same without failures."""
    entries, messages = (10_000, 100) if quick else (100_000, 300)
    costs = []
    for fails in (True, False):
        sim = Simulation()
        ledger = sim.spawn(_LEDGER)
        for first in range(0, entries, 100):
            ledger.send(Action="Fill", First=str(first), Last=str(first + 99))
        sim.run()
        for number in range(messages):
            failing = {"Fail": "yes"} if fails and number % 10 == 9 else {}
            ledger.send(Action="Pay", Nr=str(number), tags=failing)
        costs.append(_seconds(sim.run))
        assert ledger.read("Balances.account-9") == ("1000" if fails else "0")
    with_failures, without = (1e3 * cost / messages for cost in costs)
    yield Row("failing", f"{entries:,} entries, each 10th", "ms per message", with_failures, without, 0)
    each = (with_failures - without) * 10
    yield Row("failing", "", "ms per failure", each, 0, 0)


def _first(quick: bool) -> Iterator[Row]:
    """The first failure of a process with so many messages behind it."""
    messages = 10_000 if quick else 100_000
    sim, counter = _counted(messages)
    counter.send(Action="Add", Fail="yes")
    counter.send(Action="Add")
    yield Row("first", f"after {messages:,} messages", "ms", 1e3 * _seconds(sim.run), 0, 0)
    assert counter.read("Count") == messages + 1


def _queries(quick: bool) -> Iterator[Row]:
    """Dry runs of a process with so many messages behind it."""
    messages, queries = (2_000, 100) if quick else (10_000, 1_000)
    _, counter = _counted(messages)
    cost = _seconds(lambda: [counter.query(Action="Add") for _ in range(queries)])
    yield Row("queries", f"after {messages:,} messages", "us per query", 1e6 * cost / queries, 0, 0)


def _sleep(quick: bool) -> Iterator[Row]:
    """So many processes, of which few are awake: in a program of its own, for its memory."""
    count = 500 if quick else 100_000
    code = f"from aosim.bench.undo import sleep_figures; sleep_figures({count})"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    spawn_ms, resident_mb, wake_ms = map(float, out.split())
    about = f"{count:,}, {_AWAKE} awake"
    yield Row("sleep", about, "MB resident", resident_mb, 0, 2_048)
    yield Row("sleep", "spawned", "ms per process", spawn_ms, 0, 0)
    yield Row("sleep", "woken by a message", "ms per process", wake_ms, 0, 0)


def sleep_figures(count: int) -> None:
    """Print what each spawn took in ms, the resident memory in MB after them, and what a message to a sleeper takes."""
    sim = Simulation(resident_max=_AWAKE)
    began = time.process_time()
    handles = [sim.spawn(_COUNTER) for _ in range(count)]
    spawn_ms = 1e3 * (time.process_time() - began) / count
    resident_mb = resident_kb() / 1024
    woken = handles[: min(2_000, count - _AWAKE)]
    for handle in woken:
        handle.send(Action="Add")
    wake_ms = 1e3 * _seconds(sim.run) / len(woken)
    assert all(handle.read("Count") == 1 for handle in woken[:10])
    print(spawn_ms, resident_mb, wake_ms)  # noqa: T201


TASKS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "failing": _failing,
    "first": _first,
    "queries": _queries,
    "sleep": _sleep,
}


def bench_undo(names: Iterable[str] = (), *, quick: bool = False) -> Iterator[Row]:
    """Measure some tasks (all when none is named), in processor time.

    Raises UnknownName for a task that does not exist.
    """
    wanted = list(names) or list(TASKS)
    for name in wanted:
        if name not in TASKS:
            raise UnknownName(name, TASKS, kind="task of undoing")
    return (row for name in wanted for row in TASKS[name](quick))


def _counted(messages: int) -> tuple[Simulation, ProcessHandle]:
    sim = Simulation()
    counter = sim.spawn(_COUNTER)
    for _ in range(messages):
        counter.send(Action="Add")
    sim.run()
    return sim, counter


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
