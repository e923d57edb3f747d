"""The half of the facade that branches a run and moves through its time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from aosim.checks import check_whole
from aosim.engine import Engine
from aosim.errors import UnknownName, UsageError
from aosim.handles import Address, ProcessHandle, Sents, WalletHandle, read_path
from aosim.inputs import Keeper
from aosim.invariants import Invariants, last_handled
from aosim.journal import Journal, MemoryJournal
from aosim.looking import Looking
from aosim.luavm.process import LuaProcess
from aosim.message import Assignment, Message, Result
from aosim.observers import Observer
from aosim.parts import Parts
from aosim.patches import look_up
from aosim.process import PythonProcess
from aosim.residents import Resident
from aosim.timeline import Moment, Timeline, forked_journal

_CHUNK = 4_096  # entries written at once
_STEPS = 64  # into which a search divides what it looks through


@dataclass(frozen=True, slots=True)
class Blame:
    """The message that made a value what it is."""

    process: str  # its name
    path: str
    nonce: int | None  # of the message in the log of the process; None for a cron tick, which has none
    message: Message
    event: int  # `goto(event)` leads to the moment after it
    before: Any  # the value before the message, None when there was none
    after: Any
    action: str  # the message's Action, "" without
    sender: str  # a name where there is one, else an address

    def __str__(self) -> str:
        place = "a cron tick" if self.nonce is None else f"nonce {self.nonce}"
        return (
            f"{self.path}: {self.before!r} → {self.after!r} by {self.process}, {place} "
            f"({_told(self.action)} from {self.sender}), event {self.event}"
        )


@dataclass(frozen=True, slots=True)
class Culprit:
    """What a search for the first event after which something does not hold has found. True when there is one."""

    event: int | None  # `goto(event)` leads to the moment after it; None: it holds as far as was looked
    message: Message | None = None  # handled or delivered in it
    process: str = ""  # the name of the process or wallet that got it
    nonce: int | None = None  # its place in the log of the process, where it has one
    from_outside: bool = False  # not the event, but a call from outside right after it
    events: int = 0  # how many were looked through

    def __bool__(self) -> bool:
        return self.event is not None

    def __str__(self) -> str:
        if self.event is None:
            return f"it holds after each of {self.events:,} events that were asked about"
        where = f"after event {self.event}, by a call from outside" if self.from_outside else f"event {self.event}"
        if self.message is None:
            return where
        nonce = "" if self.nonce is None else f", nonce {self.nonce}"
        return f"{where}: {self.process}{nonce} ({_told(self.message.tag('Action', '') or '')})"


class TimeTravel(Looking):
    """Forks, and the way through the time of a run. None of it changes what has happened."""

    _parts: Parts
    _sents: Sents
    _handles: dict[str, ProcessHandle]
    _wallets: dict[str, WalletHandle]
    _invariants: Invariants
    _timeline: Timeline | None

    @abstractmethod
    def _take(self, parts: Parts) -> None:
        """Consist of these parts from now on."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise ObserverTouched while nobody may use the simulation."""

    def fork(self, *, journal: str | Path | None = None) -> Self:
        """A second simulation in the same state, with the same future; from here on neither knows of the other.

        Costs what the state is large, however long the run was. The fork is recorded in memory, or
        in the new file `journal`, which then holds the whole run from its beginning. Handles belong
        to the simulation they are from: ask the fork for its own by name. Observers and what
        `always` asks stay with this simulation. A network of your own is copied by its method
        `fork()`, or deeply; UsageError when neither works.
        """
        self._check_open()
        other = copy(self)
        other._handles, other._wallets, other._sents, other._timeline = {}, {}, Sents(), None
        parts = self._parts.fork(_forked(self._parts))
        if journal is not None:
            parts = parts.fork(_recorded(parts, journal))
        other._invariants = self._invariants.without_checks(parts.engine)
        other._take(parts)
        return other

    def goto(self, event: int) -> None:
        """Move this simulation to where it stood after so many events, or forward again as far as it had been.

        What came from outside after that event and before the next belongs to the moment. Handles
        stay valid and show what is there: of a process that is not made yet they raise UnknownName.
        Observers stay, and are not shown again what they have seen.
        Whatever is then done differently begins a branch, and what lay ahead is forgotten: something
        new from outside, or running on where something had come from outside.

        Raises UsageError for an event that has not been, and for a run that is recorded in a file,
        whose record does not go back: goto on a fork of it. Diverged when the run comes out
        differently because it depends on something outside.
        """
        self._check_open()
        check_whole("event", event, unit="")
        if self._parts.keeper is not None and not isinstance(self._parts.keeper, MemoryJournal):
            raise UsageError(
                f"goto({event}): the record of this run in its file does not go back. Go there in a fork of it: "
                f"there = sim.fork(); there.goto({event})"
            )
        timeline = self._travelling()
        timeline.look()
        if event > timeline.end:
            raise UsageError(f"goto({event}): there have been {timeline.end} events; run() and step() let more happen")
        timeline.goto(event)

    def back(self, events: int = 1) -> None:
        """Take so many events back, or all when there were fewer: `goto(sim.events - events)`."""
        self.goto(max(0, self.events - check_whole("events", events, unit="")))

    def blame(self, process: Address, path: str) -> Blame:
        """Which message made a value of a process what it is now.

        `path` is what `ProcessHandle.read` takes; of a process in Python a dotted path into its
        state. The message is the last one after which the value is what it is now, and before which
        it was not. The run is done again to find it, from the newest checkpoint back; this
        simulation stays where it stands.

        Raises UnknownName for a value that is nothing and always was, and for a process nobody made;
        UsageError for one that no message made, see `ProcessHandle.fork` and faults.
        """
        self._check_open()
        resident = self._resident(process)
        now = _value(resident, path)
        timeline = self._travelling()
        with timeline.visiting():
            moments = timeline.moments()
            for begin, end in zip(moments[-2::-1], moments[:0:-1], strict=True):
                changes = self._changes(begin, end, resident.id, path)
                for change in reversed(changes):
                    if _same(change.after, now):
                        return change
        if now is not None:
            raise UsageError(
                f"no message to {resident.name!r} made {path} what it is: the process began with it, as a fork of "
                "another, or a fault has put it back"
            )
        raise UnknownName(path, _known(resident), kind=f"value in {resident.name!r}:")

    def bisect(self, predicate: Callable[[Self], object], *, every: bool = False) -> Culprit:
        """The first event after which something does not hold any more, up to where the simulation stands.

        `predicate` is called with this simulation, moved to one moment after another, and says True
        or None while all is well; False or an AssertionError say that it is not. It may look at
        everything and change nothing. A moment at which a process it asks for is not made yet is well.
        What has once gone wrong is taken to stay wrong, so few moments are looked at; what may come
        right again is found with `every`, which asks after every event. Afterwards the simulation
        stands where it stood.

        Raises UsageError when the predicate changes something.
        """
        self._check_open()
        holds = partial(self._holds, predicate)
        timeline, last = self._travelling(), self.events
        if not every and holds():
            return Culprit(None, events=last)
        with timeline.visiting():
            timeline.visit(0)
            if not holds():
                return self._culprit(None, holds)
            good = self._last_good(last, 1 if every else max(1, last // _STEPS), holds)
            return Culprit(None, events=last) if good is None else self._culprit(good, holds)

    # Helpers, in the order in which they are called

    def _travelling(self) -> Timeline:
        if self._parts.keeper is None:
            raise UsageError(
                f"the run cannot be done again: {self._parts.engine.journal!r} does not keep what came from outside. "
                "Without journal=, or with the name of a file, a simulation keeps it"
            )
        if self._timeline is None:
            self._timeline = Timeline(lambda: self._parts, self._take, self._sents)
        return self._timeline

    def _changes(self, begin: Moment, end: Moment, process_id: str, path: str) -> list[Blame]:
        """The messages that changed a value from one moment to another. The simulation is moved."""
        timeline = self._travelling()
        timeline.approach(begin)
        changes = _Changes(self._engine, process_id, path)
        self._engine.observers.append(changes)
        timeline.advance(end.events, end.inputs)
        self._engine.observers.remove(changes)
        return changes.found

    def _holds(self, predicate: Callable[[Self], object]) -> bool:
        engine = self._engine
        before = (engine.events, len(engine.journal), engine.clock.now_ms)
        try:
            answer = predicate(self)
        except AssertionError:
            answer = False
        except UnknownName:
            answer = True
        if (engine.events, len(engine.journal), engine.clock.now_ms) != before:
            raise UsageError("the predicate of bisect() changed the run: it may read, and ask by query(), but not act")
        return answer is None or bool(answer)

    def _last_good(self, last: int, step: int, holds: Callable[[], bool]) -> int | None:
        """The last event after which something still held; None when it always does. The simulation is moved."""
        good = 0
        while True:
            bad = None
            while good < last and bad is None:
                there = min(good + step, last)
                self._travelling().visit(there)
                if holds():
                    good = there
                else:
                    bad = there
            if bad is None or step == 1:
                return None if bad is None else good
            self._travelling().visit(good)
            self._travelling().keep()
            last, step = bad, max(1, step // _STEPS)

    def _culprit(self, good: int | None, holds: Callable[[], bool]) -> Culprit:
        """What happened right after an event after which all was well; None is before the first call from outside."""
        timeline = self._travelling()
        event = 0 if good is None else good + 1
        if good is None:
            timeline.restart()
        else:
            timeline.visit(good)
            entries = len(self.journal)
            timeline.advance(event, timeline.here.inputs)
            if not holds():
                return self._named(event, entries, from_outside=False)
        while True:
            entries, inputs = len(self.journal), timeline.here.inputs
            timeline.advance(event, inputs + 1)
            if not holds() or timeline.here.inputs == inputs:
                return self._named(event, entries, from_outside=True)

    def _named(self, event: int, entries: int, *, from_outside: bool) -> Culprit:
        identity, address, nonce = last_handled(self.journal.read(entries))
        message = self.message(identity) if identity else None
        return Culprit(event, message, self.name_of(address), nonce if nonce >= 0 else None, from_outside, event)


class _Changes(Observer):
    """Sees the messages that change a value of a process."""

    def __init__(self, engine: Engine, process_id: str, path: str) -> None:
        self._engine = engine
        self._id = process_id
        self._path = path
        self._known = process_id in engine.residents  # it has booted
        self._boots = False
        self._now = _value(engine.residents[process_id], path) if self._known else None
        self.found: list[Blame] = []

    def on_assigned(self, assignment: Assignment) -> None:
        if assignment.process_id != self._id:
            return
        self._boots = not self._known and (self._boots or assignment.nonce == 0)
        if not self._boots:  # a fault may have put it back, and a fork of a process begins with a state
            self._now = _value(self._engine.residents[self._id], self._path)

    def on_result(self, assignment: Assignment, result: Result) -> None:
        message, process_id, nonce = assignment[:3]
        engine = self._engine
        # A process is looked at when it has booted: its Process message and the script after it are told together.
        if process_id != self._id or (nonce is not None and engine.scheduler.nonce(process_id) > nonce + 1):
            return
        before, resident, self._known = self._now, engine.residents[process_id], True
        self._now = _value(resident, self._path) if result.error is None else before
        if not _same(before, self._now):
            place = (resident.name, self._path, nonce, message, engine.events)
            action, sender = message.tag("Action", "") or "", engine.name_of(message.sender)
            self.found.append(Blame(*place, before, self._now, action, sender))


def _value(resident: Resident, path: str) -> Any:
    """What stands at a path; None for nothing."""
    if isinstance(resident.process, PythonProcess):
        place: Any = resident.process.state
        for name in path.split("."):
            place = place.get(name) if isinstance(place, dict) else None
        return place
    tree = resident.tree
    if tree is not None and "/" in path:
        try:
            return look_up(tree, path)
        except UnknownName:
            return None
    return read_path(resident, path)


def _known(resident: Resident) -> list[str]:
    process = resident.process
    if isinstance(process, PythonProcess):
        return list(process.state)
    return process.global_names() if isinstance(process, LuaProcess) else []


def _same(one: object, other: object) -> bool:
    """Whether two values are the same for Lua, where 1 is not true, and nan is nan."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other or (one != one and other != other)


def _told(action: str) -> str:
    return f"Action={action}" if action else "a message"


def _forked(parts: Parts) -> Journal:
    """The journal of a fork, in memory."""
    if parts.keeper is not None:
        return forked_journal(parts.keeper)
    journal = parts.engine.journal
    own = getattr(journal, "fork", None)
    try:
        forked: Journal = own() if callable(own) else deepcopy(journal)
    except Exception as problem:
        raise UsageError(
            f"{journal!r} cannot be copied ({problem}): give it a method fork() that returns another with its entries"
        ) from None
    return forked


def _recorded(parts: Parts, path: str | Path) -> Keeper:
    """A file with the whole run so far. Raises JournalError, UsageError; then there is none."""
    from aosim.disk_journal import DiskJournal

    if parts.keeper is None:
        raise UsageError(f"fork(journal={str(path)!r}): its own journal does not keep what came from outside")
    journal = DiskJournal.create(path, parts.world)
    try:
        for number, packed in enumerate(parts.keeper.packed(), 1):
            journal.append(packed)
            if number % _CHUNK == 0:
                journal.flush(0)
        for one in parts.keeper.inputs():
            journal.note(one)
        journal.flush(parts.engine.events)
    except BaseException:
        journal.close()
        Path(path).unlink()
        raise
    return journal
