"""A recorded run done again, every entry compared with the recorded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aosim.disk_journal import DiskJournal
from aosim.errors import Diverged
from aosim.inputs import World
from aosim.journal import Entry, Input
from aosim.network import Latency, Network
from aosim.packing import unpack
from aosim.process import PythonHandler
from aosim.simulation import Simulation, as_recorded
from aosim.verified import Divergence, VerifiedJournal

#: Told how many entries of how many are done.
Progress = Callable[[int, int], None]
_TOLD_EVERY = 2048  # entries


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """What came of doing a recorded run again. True when it is the same."""

    path: Path
    entries: int  # in the record
    events: int
    processes: int
    fingerprint: str  # of the record
    divergence: Divergence | None

    @property
    def same(self) -> bool:
        """Whether every entry came out as it was recorded."""
        return self.divergence is None

    def __bool__(self) -> bool:
        return self.same

    def __str__(self) -> str:
        if self.divergence is not None:
            return str(self.divergence)
        counted = f"{self.entries:,} entries of {self.events:,} events"
        processes = f"{self.processes:,} process{'es' * (self.processes != 1)}"
        return f"the same again: {counted}, {processes}, fingerprint {self.fingerprint[:8]}"


def replay(
    path: str | Path,
    *,
    handlers: Mapping[str, PythonHandler] | None = None,
    latency: Latency | int | None = None,
    network: Network | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Do a recorded run again, from what came into it from outside, and compare every entry.

    The file is only read. `handlers` are the functions of its processes in Python, by name; `latency`
    and `network` are needed when the run had ones of its own making. Raises JournalError for a file
    that is torn, foreign, newer or in use, UsageError when something is missing; that the run comes
    out differently is no exception but a `Replay` with its `divergence`.
    """
    with DiskJournal.look(path) as journal:
        verified = VerifiedJournal(_Watched(journal, progress) if progress else journal)
        sim = as_recorded(Simulation, journal.world(), verified, latency, network)
        verified.name_of = sim.name_of
        try:
            sim._inlet.redo(journal.inputs(), handlers or {}, journal.events)
            verified.finish()
            if progress is not None:
                progress(len(journal), len(journal))
        except Diverged:
            if verified.divergence is None:  # of another journal
                raise
        return Replay(
            path=Path(path),
            entries=len(journal),
            events=journal.events,
            processes=len(sim.processes),
            fingerprint=journal.fingerprint,
            divergence=verified.divergence,
        )


class _Watched:
    """A journal that tells how far it has been read."""

    def __init__(self, journal: DiskJournal, progress: Progress) -> None:
        self._journal = journal
        self._progress = progress
        self.append, self.note, self.flush = journal.append, journal.note, journal.flush
        self.inputs, self.close = journal.inputs, journal.close

    def packed(self, since: int = 0) -> Iterator[bytes]:
        count = len(self._journal)
        for number, packed in enumerate(self._journal.packed(since), since):
            if number % _TOLD_EVERY == 0:
                self._progress(number, count)
            yield packed

    def read(self, since: int = 0) -> Iterator[Entry]:
        return self._journal.read(since)

    @property
    def fingerprint(self) -> str:
        return self._journal.fingerprint

    def __len__(self) -> int:
        return len(self._journal)


class _Reached(Exception):
    """The entry that was looked for."""


class _Counting:
    """A journal that ends the run when a certain entry is about to be written."""

    fingerprint = ""

    def __init__(self, entry: int) -> None:
        self._entry = entry
        self._entries: list[bytes] = []

    def append(self, packed: bytes) -> None:
        if len(self._entries) == self._entry:
            raise _Reached
        self._entries.append(packed)

    def read(self, since: int = 0) -> Iterator[Entry]:
        return map(unpack, self._entries[since:])

    def __len__(self) -> int:
        return len(self._entries)


def event_of(
    world: World, inputs: Iterator[Input], entry: int, events: int, handlers: Mapping[str, PythonHandler]
) -> int | None:
    """The number of the event (1 is the first) in which an entry was written; 0 before any event.

    The run is done again up to there. None when that cannot be, or the run has no such entry.
    """
    try:
        sim = as_recorded(Simulation, world, _Counting(entry), None, None)
        sim._inlet.redo(inputs, handlers, events)
    except _Reached:
        return sim._engine.events
    except Exception:  # something is missing, or the run goes another way by now: then nobody knows
        return None
    return None
