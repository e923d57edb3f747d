"""The one-method door every process has, and the process whose handler is Python."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from itertools import islice, takewhile
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol, Self

from aosim.checks import text_data, text_tags
from aosim.ids import address_of
from aosim.message import NO_RESULT, Assignment, Message, Outgoing, Result
from aosim.weave import Weave


class Host(NamedTuple):
    """What a process uses of the simulation it lives in."""

    weave: Weave
    close: Callable[[bool], bool]  # the simulation to a handler while it runs; says whether it was closed already


class Process(Protocol):
    """Anything that can hold an address.

    handle() is called once per assignment, in nonce order, never re-entered. The same assignments
    give the same results: no clock, no randomness, no I/O of its own. A result with an error has an
    empty outbox and leaves the state as it was before, as if the message had not been handled.
    """

    def handle(self, assignment: Assignment) -> Result: ...

    def dry_run(self, assignment: Assignment) -> Result:
        """The answer to a message, without its effects."""

    def clone(self, host: Host | None = None) -> Process:
        """An independent process in the same state, for another simulation when a host is given.

        What either does from here on, the other never notices. Costs no more than the state is
        large; what may be needed later is made when it is.
        """


class Context:
    """What a Python handler is given beside its message: its own state and its outbox."""

    def __init__(self, process_id: str) -> None:
        self.id = process_id
        self.state: dict[str, Any] = {}  # the handler's own; as before when the handler raises
        self.now_ms = 0  # when the message was assigned
        self._place = ("", "")  # the message being handled: its hash chain and its id
        self._random: Random | None = None
        self._reference = 0
        self._outbox: list[Outgoing] = []
        self._printed: list[str] = []

    @property
    def random(self) -> Random:
        """A generator seeded from the process and the place of the message in its log."""
        if self._random is None:  # few handlers ask for it, and seeding one takes longer than many a handler
            self._random = Random(address_of(self.id, *self._place))
        return self._random

    def send(self, target: str, data: str | None = None, **tags: str) -> None:
        """Send a message when this one is done. The target is an address or a name; `Data=` is the data too."""
        if not isinstance(target, str):
            target = target.address
        where = f"a message to {target!r}"
        data = text_data(data, tags, where)
        named = text_tags(tags, where)
        self._reference += 1
        reference = str(self._reference)
        flat = ("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Message", "Reference", reference, *named)
        self._outbox.append(Outgoing(target, data, reference.zfill(32), flat))

    def reply(self, message: Message, data: str | None = None, **tags: str) -> None:
        """Answer a message, as `msg.reply` does in Lua: a waiting `receive()` gets it."""
        reference = message.tag("X-Reference") or message.tag("Reference")
        extra = {"X-Reference": reference} if reference else {}
        origin = message.tag("X-Origin")
        if origin:
            extra["X-Origin"] = origin
        self.send(message.tag("Reply-To") or message.sender, data, **tags, **extra)

    def print(self, text: object) -> None:
        """Add a line to the output of this message."""
        self._printed.append(_printable(str(text)))

    def clone(self) -> Context:
        """One with the same state, which nobody else has."""
        other = copy(self)
        other.state = deepcopy(self.state)
        other._outbox, other._printed = [], []
        other._random = None  # each message seeds its own
        return other

    def _begin(self, assignment: Assignment) -> None:
        self.now_ms = assignment.timestamp_ms
        self._place = (assignment.hash_chain, assignment.message.id)
        self._random = None
        self._outbox, self._printed = [], []


#: A handler: the context of its process, and the message.
PythonHandler = Callable[[Context, Message], None]


_LONG_LOG = 100  # messages; rather than evaluate more once again, the state they led to is copied


class PythonProcess:
    """A process whose handler is a Python function.

    The handler keeps what it must remember in `me.state` and nowhere else. When it raises, the
    message fails and the state is made again from the log, so half a change is no change.
    """

    def __init__(
        self, process_id: str, handler: PythonHandler, close: Callable[[bool], bool] = lambda _: False
    ) -> None:
        self._id = process_id
        self._handler = handler
        self._close = close  # the simulation to the handler while it runs; says whether it was closed already
        self._me = Context(process_id)
        self._born = process_id  # what it was called at its start
        self._log: list[Assignment] = []
        self._first = self._base = (0, Context(process_id))  # states, and after how many of these
        self._stale = False  # what the state holds is to be forgotten, and made again before its next use

    def handle(self, assignment: Assignment) -> Result:
        """Evaluate one assignment and keep what it changed, unless it failed."""
        self._refresh()
        result = self._evaluate(assignment)
        if result.error is None:
            self._log.append(assignment)
        else:
            self._stale = True
        return result

    def dry_run(self, assignment: Assignment) -> Result:
        """Evaluate one assignment and drop what it changed."""
        self._refresh()
        result = self._evaluate(assignment)
        self._stale = True
        return result

    def fresh(self) -> Self:
        """The same process as it was before its first message, or as it came by `renamed`."""
        other = self.clone()
        other._log, other._base, other._stale = self._log[: self._first[0]], self._first, True
        return other

    def clone(self, host: Host | None = None) -> Self:
        """See `Process.clone`. What the handler keeps anywhere but in `me.state` is shared."""
        other = copy(self)
        other._close = host.close if host is not None else self._close
        other._log = self._log.copy()
        other._me = self._base[1].clone() if self._stale else self._me.clone()
        return other

    def state_at(self, nonce: int) -> dict[str, Any]:
        """Its state after the message with that place in its log, or after the last before it that did not fail."""
        then = copy(self)
        then._log = list(takewhile(lambda assignment: (assignment.nonce or 0) <= nonce, self._log))
        for base in ((0, Context(self._born)), self._first, self._base):
            if base[0] <= len(then._log):
                then._base = base
        then._stale = True
        return then.state

    def renamed(self, process_id: str) -> Self:
        """A clone that lives at another address."""
        self._refresh()
        other = self.clone()
        other._id = other._me.id = process_id
        other._first = other._base = (len(other._log), other._me.clone())
        return other

    @property
    def state(self) -> dict[str, Any]:
        """The handler's own state, a copy to the last value."""
        self._refresh()
        return deepcopy(self._me.state)

    def _evaluate(self, assignment: Assignment) -> Result:
        me, message = self._me, assignment.message
        if message.id == self._born:
            return NO_RESULT  # its own Process message
        me._begin(assignment)
        was_closed = self._close(True)
        try:
            self._handler(me, message)
        except Exception as problem:
            return Result(
                output="\n".join(me._printed),
                error=_printable(_place(problem)),
                raw_error=_printable(str(problem)),
                verdict="failed",
            )
        finally:
            self._close(was_closed)
        return Result(messages=tuple(me._outbox), output="\n".join(me._printed), verdict="handled")

    def _refresh(self) -> None:
        if self._stale:
            self._stale = False
            count, base = self._base
            self._me = base.clone()
            for assignment in islice(self._log, count, None):
                self._evaluate(assignment)
            if len(self._log) - count > _LONG_LOG:
                self._base = (len(self._log), self._me.clone())


def _printable(text: str) -> str:
    """Text for people; what stands for no bytes becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _place(problem: Exception) -> str:
    """The text of an exception, with the last line of the handler's own file on the way to it."""
    text = f"{type(problem).__name__}: {problem}"
    trace = problem.__traceback__.tb_next if problem.__traceback__ is not None else None
    if trace is None:
        return text
    file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{Path(file).name}:{line}: {text}"
