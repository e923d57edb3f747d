"""What must hold at every moment of a run: asked after every message."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, signature
from pathlib import Path
from typing import NamedTuple

from aosim.engine import Engine
from aosim.errors import InvariantBroken, UsageError
from aosim.journal import Entry

#: True or None while it holds; False, or an AssertionError, says that it does not.
Check = Callable[[], object]


class Invariant(NamedTuple):
    """Something that must always hold, and what it is called."""

    name: str
    check: Check
    process_id: str | None  # of which it tells, so that only its messages can break it


class Invariants:
    """The invariants of one simulation. Where there are none, nobody asks and nothing is paid."""

    def __init__(self, engine: Engine, again: str) -> None:
        self._engine = engine
        self._again = again  # how the simulation is made again
        self._all: list[Invariant] = []

    def __len__(self) -> int:
        return len(self._all)

    def add(self, check: Callable[..., object], simulation: object, name: str | None, of: str | None) -> None:
        """Ask this from now on. Raises UsageError for what cannot be called with the simulation, or with nothing."""
        wanted = _parameters(check)
        asked: Check = check if not wanted else lambda: check(simulation)
        self._all.append(Invariant(name if name is not None else _name_of(check), asked, of))

    def without_checks(self, engine: Engine) -> Invariants:
        """None so far, of a simulation that began as this one's does."""
        return Invariants(engine, self._again)

    def look_at(self, engine: Engine) -> None:
        """Ask after what happens in this engine from now on."""
        self._engine = engine

    def step(self) -> bool:
        """Let the next event happen and ask what it broke. Raises InvariantBroken, when the step is done."""
        entries = len(self._engine.journal)
        happened = self._engine.step()
        if happened:
            self.ask(entries)
        return happened

    def ask(self, entries: int) -> None:
        """Ask after something has happened that began behind so many entries of the journal."""
        engine = self._engine
        handled = self._handled(entries) if any(one.process_id for one in self._all) else ()
        was_closed = engine.close(True)
        try:
            for name, check, process_id in self._all:
                if process_id is not None and process_id not in handled:
                    continue
                problem = _problem(check)
                if problem is not None:
                    raise self._broken(name, problem, entries)
        finally:
            engine.close(was_closed)

    def _handled(self, entries: int) -> tuple[str, ...]:
        """The processes that have handled a message since there were so many entries."""
        return tuple(entry[2] for entry in self._engine.journal.read(entries) if entry[0] == "done")

    def _broken(self, name: str, problem: str, entries: int) -> InvariantBroken:
        engine = self._engine
        message_id, process_id, nonce = last_handled(engine.journal.read(entries))
        message = engine.find_message(message_id) if message_id else None
        return InvariantBroken(
            name,
            problem,
            event=engine.events,
            after_ms=engine.clock.now_ms - engine.clock.start_ms,
            message_id=message_id,
            process=engine.name_of(process_id) if process_id else "",
            nonce=nonce,
            told="" if message is None else _told(message.tag("Action"), engine.name_of(message.sender)),
            again=self._again,
        )


def _told(action: str | None, sender: str) -> str:
    return f"{f'Action={action}' if action else 'a message'} from {sender}"


def last_handled(entries: Iterable[Entry]) -> tuple[str, str, int]:
    """The message that was handled or delivered last: its id, to whom, and its nonce there (-1: none)."""
    found = ("", "", -1)
    for entry in entries:
        if entry[0] == "done":
            found = (entry[1], entry[2], entry[3])
        elif entry[0] == "delivered":
            found = (entry[1], entry[2], -1)
    return found


def _problem(check: Check) -> str | None:
    """Why something does not hold, None when it does."""
    try:
        answer = check()
    except AssertionError as problem:
        return first_line(problem) or f"the assertion in {_raised_at(problem)} failed"
    if answer is None or answer is True:
        return None
    if answer is False:
        return "it is False"
    raise UsageError(
        f"an invariant answered {answer!r}: it says True or None when it holds, and False when it does not"
    )


def first_line(problem: AssertionError) -> str:
    """What an assertion says; pytest puts lines of its own behind that."""
    return str(problem).partition("\n")[0]


def _raised_at(problem: AssertionError) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "it" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _parameters(check: Callable[..., object]) -> int:
    """How many arguments it must be given, 0 or 1."""
    if not callable(check):
        raise UsageError(f"always({check!r}): give a function that says whether something holds")
    try:
        parameters = list(signature(check).parameters.values())
    except (TypeError, ValueError):  # something of C, which says nothing about itself
        return 0
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [one for one in parameters if one.kind in kinds and one.default is Parameter.empty]
    if len(wanted) > 1:
        raise UsageError(f"always({_name_of(check)}): it is called with the simulation, or with nothing")
    return len(wanted)


def _name_of(check: Callable[..., object]) -> str:
    """The name of a function; of a lambda its place."""
    code = getattr(check, "__code__", None)
    name = getattr(check, "__name__", "") or type(check).__name__
    if name == "<lambda>" and code is not None:
        return f"{Path(code.co_filename).name}:{code.co_firstlineno}"
    return str(name)
