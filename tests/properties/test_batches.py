"""However work is parted into batches, its effects come in one order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Assignment, Observer, Result, Simulation, Uniform
from aosim.disk_journal import DiskJournal
from aosim.executor import SerialExecutor
from aosim.luavm.process import LuaProcess
from aosim.process import Process
from properties.test_conservation import ACTOR


class _Results(Observer):
    """All evaluations of a run, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[Assignment, Result]] = []

    def on_result(self, assignment: Assignment, result: Result) -> None:
        self.all.append((assignment, result))


def _world(seed: int, journal: Path | None = None, observer: Observer | None = None) -> Simulation:
    sim = Simulation(seed, latency=Uniform(0, 20), journal=journal)
    if observer is not None:
        sim.observe(observer)
    for name in "abc":
        sim.spawn(ACTOR, name=name)
    for number in range(6):
        sim.wallet("bob").send("abc"[number % 3], Action="Go")
    return sim


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 40))
def test_an_executor_gives_the_same_results_for_every_size_of_its_batches(seed: int, size: int) -> None:
    seen = _Results()
    sim = _world(seed, observer=seen)
    sim.run(events_max=300)
    processes: dict[str, Process] = {}
    for handle in sim.processes:
        process = handle._resident.process
        assert isinstance(process, LuaProcess)
        processes[handle.id] = process.fresh()
    executor = SerialExecutor(processes)
    for at in range(0, len(seen.all), size):
        batch = seen.all[at : at + size]
        assert executor.evaluate([assignment for assignment, _ in batch]) == [result for _, result in batch]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_record_is_the_same_however_many_events_are_kept_at_once(tmp_path: Path, size: int) -> None:
    memory = _world(5)
    memory.run(events_max=300)
    sim = _world(5, tmp_path / "run.db")
    for _ in range(300 // size):
        sim.run(events_max=size)
    sim.run(events_max=300 % size)
    assert sim.fingerprint == memory.fingerprint
    sim.close()
    journal = DiskJournal.look(tmp_path / "run.db")
    assert list(journal.read()) == list(memory.journal.read())
