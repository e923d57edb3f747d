"""The run of a simulation as far as it has been, and the way to every moment of it."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import eq
from typing import NamedTuple

from aosim.handles import Sents
from aosim.inputs import Keeper
from aosim.journal import Input, MemoryJournal
from aosim.parts import Parts
from aosim.process import PythonHandler
from aosim.verified import VerifiedJournal

_SPACED_MAX = 8  # checkpoints at even distances, beside that at the beginning
_NEAR_MAX = 2  # where the simulation has been last
_SPACING_MIN = 1_024  # events; they are done again in some milliseconds


class Moment(NamedTuple):
    """A place in a run: after so many events and so many inputs from outside."""

    events: int
    inputs: int


class Checkpoint(NamedTuple):
    """What a simulation consisted of at a moment. It is forked when it is needed, and stays as it is."""

    moment: Moment
    parts: Parts


class Timeline:
    """Moves a simulation to any moment of its run, and forward again as far as it had been.

    A moment is reached by doing the run again from the nearest checkpoint before it, with what came
    from outside. Checkpoints are forks. They are made on the way, from the first time on that the
    simulation goes back: some at even distances, and the latest ones near to where it went.
    What is done differently on the way begins a branch, and what lay ahead is forgotten.
    """

    def __init__(self, parts: Callable[[], Parts], take: Callable[[Parts], None], sents: Sents) -> None:
        self._present = parts  # what the simulation consists of
        self._take = take  # let it consist of something else
        self._sents = sents
        self._record = MemoryJournal()  # of the whole run, while the simulation stands before its end
        self._handlers: dict[str, PythonHandler] = {}
        self._head: Parts | None = None  # the end of the run, while the simulation stands before it
        self._kept: Parts | None = None  # what must stay as it is while the simulation is moved
        self._spacing = _SPACING_MIN
        self._checkpoints: list[Checkpoint] = []
        self._near: list[Moment] = []  # of those that are not at even distances, the oldest first
        self.end = 0  # events up to which the run is known

    def look(self) -> None:
        """See how far the run has got, before going anywhere."""
        parts = self._present()
        if self._head is not None and parts.engine.events < self.end:
            return
        keeper = parts.keeper
        assert keeper is not None
        self._record, self._handlers = forked_journal(keeper), parts.inlet.handlers
        self._head, self.end = None, parts.engine.events
        while self.end > self._spacing * _SPACED_MAX:
            self._spacing *= 2
        self._thin()

    @property
    def behind(self) -> bool:
        """Whether the simulation stands before the end of what is known of its run."""
        return self._head is not None and self._present().engine.events < self.end

    def goto(self, event: int) -> None:
        """Move the simulation to the moment after so many events and before the next one."""
        before, head = self._present(), self._head
        observers, watched = before.engine.observers, before.engine.watched
        if before.engine.events == event:
            return
        if head is None:
            self._head = self._kept = before
        else:
            before.engine.observers = []  # they have seen what is done again
        try:
            if event == self.end:
                assert head is not None
                self._take(head)
                self._head = None
            else:
                self._go(event)
        except BaseException:
            before.engine.observers, before.engine.watched = observers, watched
            self._take(before)
            self._head = head
            raise
        finally:
            self._kept = None
        parts = self._present()
        parts.engine.observers = observers
        parts.engine.watched = self._sents.waiting_at(event)
        parts.inlet.notebook = _Told(_journal_of(parts), self.changed)

    def _go(self, event: int) -> None:
        """Move there, and have a checkpoint shortly before: whoever goes back once goes back again."""
        self.approach(Moment(event, self._record.inputs_noted))
        shortly_before = max(0, event - 1) // _SPACING_MIN * _SPACING_MIN
        if self.here.events < shortly_before:
            self.advance(shortly_before)
            self.keep()
        self.advance(event)

    # Branching

    def moved(self) -> None:
        """Events are about to happen: a branch begins when something came from outside ahead of here."""
        if self.behind and self.here.inputs < self._record.inputs_noted:
            self._branch()

    def changed(self) -> None:
        """Something came from outside: a branch begins when there is anything ahead of here."""
        parts = self._present()
        parts.inlet.notebook = parts.keeper
        if self.behind:
            self._branch()

    def _branch(self) -> None:
        events = self._present().engine.events
        self._head, self.end = None, events
        self._checkpoints = [one for one in self._checkpoints if one.moment.events < events]
        self._sents.branch(events)

    # Visiting

    @contextmanager
    def visiting(self) -> Iterator[None]:
        """A while in which the simulation may be moved by `visit`; afterwards it stands where it stood."""
        self.look()
        before = self._kept = self._present()
        try:
            yield
        finally:
            self._kept = None
            self._take(before)

    def visit(self, event: int) -> None:
        """Move to the moment after so many events and before the next one."""
        self.approach(Moment(event, self._record.inputs_noted))
        self.advance(event)

    def approach(self, moment: Moment) -> None:
        """Move to where the way to a moment is shortest: a checkpoint, the beginning, or where it stands."""
        present = self._present()
        nearest = max((one for one in self._checkpoints if one.moment <= moment), default=None, key=_moment_of)
        usable = present is not self._kept and self.here <= moment
        if usable and (nearest is None or nearest.moment <= self.here):
            return
        self._take(present.anew(MemoryJournal()) if nearest is None else _forked(nearest.parts))

    def restart(self) -> None:
        """Move to the very beginning, with nothing done."""
        self._take(self._present().anew(MemoryJournal()))

    def advance(self, event: int, inputs: int | None = None) -> None:
        """Do the run again from here: so many events, and what came from outside before the next one.

        Of that only the first so many, counted from the beginning, when `inputs` is given. Raises Diverged when
        the run comes out differently.
        """
        parts = self._present()
        engine, inlet, journal = parts.engine, parts.inlet, _journal_of(parts)
        entries = len(journal)
        inlet.handlers.update(self._handlers)
        engine.watched = {}
        for one in self._record.inputs(journal.inputs_noted):
            if one.events > event or journal.inputs_noted == inputs:
                break
            self._step_to(one.events)
            inlet.redo((one,), {}, one.events)
            journal.note(one)
        self._step_to(event)
        engine.complaint = None
        self._compare(entries)

    @property
    def here(self) -> Moment:
        """Where the simulation stands."""
        parts = self._present()
        if isinstance(parts.keeper, MemoryJournal):
            return Moment(parts.engine.events, parts.keeper.inputs_noted)
        return Moment(parts.engine.events, self._record.inputs_noted)

    def moments(self) -> list[Moment]:
        """Moments from the beginning to here, earliest first, from one to the next of which the way is short."""
        between = (one.moment for one in self._checkpoints if Moment(0, 0) < one.moment < self.here)
        return [Moment(0, 0), *between, self.here]

    def keep(self) -> None:
        """Have a checkpoint here, until others are nearer to where the simulation goes."""
        if self.here.events % self._spacing:
            self._near = [*(one for one in self._near if one != self.here), self.here][-_NEAR_MAX:]
        self._keep()
        self._thin()

    def _step_to(self, event: int) -> None:
        parts = self._present()
        engine = parts.engine
        while engine.events < event:
            if engine.events % self._spacing == 0:
                self._keep()
            parts.inlet.redo((), {}, min(event, engine.events // self._spacing * self._spacing + self._spacing))

    def _keep(self) -> None:
        if all(one.moment.events != self.here.events for one in self._checkpoints):
            insort(self._checkpoints, Checkpoint(self.here, _forked(self._present())), key=_moment_of)

    def _thin(self) -> None:
        self._checkpoints = [
            one for one in self._checkpoints if one.moment.events % self._spacing == 0 or one.moment in self._near
        ]

    def _compare(self, since: int) -> None:
        journal = _journal_of(self._present())
        if not all(map(eq, journal.packed(since), self._record.packed(since))):
            verified = VerifiedJournal(self._record, self._present().engine.name_of)
            for packed in journal.packed():
                verified.append(packed)


class _Told:
    """Takes notes of what comes from outside, and tells of the first."""

    def __init__(self, keeper: Keeper, tell: Callable[[], None]) -> None:
        self._keeper = keeper
        self._tell = tell

    def note(self, entry: Input) -> None:
        self._keeper.note(entry)
        self._tell()


def forked_journal(keeper: Keeper) -> MemoryJournal:
    """A journal in memory with the same entries; shared with those of another that is in memory."""
    if isinstance(keeper, MemoryJournal):
        return keeper.fork()
    return MemoryJournal(keeper.packed(), keeper.inputs())


def _forked(parts: Parts) -> Parts:
    return parts.fork(_journal_of(parts).fork())


def _journal_of(parts: Parts) -> MemoryJournal:
    assert isinstance(parts.keeper, MemoryJournal)
    return parts.keeper


def _moment_of(checkpoint: Checkpoint) -> Moment:
    return checkpoint.moment
