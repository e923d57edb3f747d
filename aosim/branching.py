"""A branch of a recorded run, from a point on, in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from operator import eq
from pathlib import Path

from aosim.checks import check_whole
from aosim.disk_journal import DiskJournal
from aosim.errors import UsageError
from aosim.journal import MemoryJournal
from aosim.network import Latency, Network
from aosim.process import PythonHandler
from aosim.simulation import Simulation, as_recorded
from aosim.verified import VerifiedJournal


def branch(
    path: str | Path,
    journal: str | Path,
    *,
    at: int | None = None,
    handlers: Mapping[str, PythonHandler] | None = None,
    latency: Latency | int | None = None,
    network: Network | None = None,
) -> Simulation:
    """The simulation whose run a file has recorded, as it stood after event `at`; recorded in a new file.

    What came from outside after that event and before the next belongs to it. The first file is not
    changed, and may be that of a run that was killed. The rest is what `Simulation.resume` takes.

    Raises JournalError for a file that is no record and for a new one that exists already, Diverged
    when the run comes out differently, UsageError for an event that has not been.
    """
    with DiskJournal.look(path) as seen:
        at = seen.events if at is None else check_whole("at", at, unit="")
        if at > seen.events:
            raise UsageError(f"at={at}: there have been {seen.events} events in {path}")
        sim = as_recorded(Simulation, seen.world(), MemoryJournal(), latency, network)
        parts = sim._parts
        assert isinstance(parts.keeper, MemoryJournal)
        inputs = [one for one in seen.inputs() if one.events <= at]
        parts.inlet.redo(inputs, handlers or {}, at)
        if not all(map(eq, parts.keeper.packed(), seen.packed())):
            verified = VerifiedJournal(seen, sim.name_of)
            for packed in parts.keeper.packed():
                verified.append(packed)
        for one in inputs:
            parts.keeper.note(one)
    return sim.fork(journal=journal)
