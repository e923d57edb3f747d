"""A recorded run that is done again: every entry must be the recorded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

from aosim.errors import Diverged
from aosim.inputs import Keeper
from aosim.journal import Entry, Input
from aosim.packing import unpack

#: What the values of an entry are, by its kind: to name the first that differs.
FIELDS = {
    "sent": ("From", "Owner", "Target", "Data", "Tags", "Anchor", "From-Module", "Pushed-For", "cause", "number"),
    "pushed": ("cause", "number", "Target", "Data", "Tags", "Anchor"),
    "done": ("message", "process", "nonce", "timestamp", "height", "cron", "verdict", "error", "output"),
    "fault": ("fault", "message", "time"),
    "imported": ("id", "From", "Owner", "Target", "Data", "Tags", "Anchor", "From-Module", "Pushed-For", "Signature"),
    "dropped": ("message", "time"),
    "delivered": ("message", "time"),
    "dead": ("message", "reason", "time"),
    "cancelled": ("message", "time"),
    "copied": ("process", "id", "name", "time"),
    "item": ("id", "owner", "Data", "Tags"),
    "patched": ("process", "patch"),
}


class Divergence(NamedTuple):
    """The first thing in which a run that was done again is another than the recorded one."""

    entry: int  # its number in the journal
    process: str  # by name; "" before any process has been evaluated
    nonce: int | None  # of the evaluation it belongs to; None for a cron message
    message: str  # the id of the message that was evaluated
    field: str
    expected: Any
    got: Any

    @property
    def place(self) -> str:
        """ "ledger, nonce 17" """
        return place(self.process, self.nonce)

    def __str__(self) -> str:
        return str(Diverged(self.entry, self.place, self.field, self.expected, self.got))


class Recorded(Keeper, Protocol):
    """A journal whose entries can be read as they were appended."""

    def packed(self, since: int = 0) -> Iterator[bytes]: ...


class VerifiedJournal:
    """Takes the entries of a run that is done again, and behind the last recorded one goes on with the record.

    Raises Diverged at the first entry that is another than the recorded one; `divergence` then says
    the same as values.
    """

    def __init__(self, recorded: Recorded, name_of: Callable[[str], str] = str) -> None:
        self._recorded = recorded
        self._expected = recorded.packed()
        self._count = len(recorded)
        self._at = 0
        self.name_of = name_of
        self.divergence: Divergence | None = None

    def append(self, packed: bytes) -> None:
        if self._at == self._count:
            self._recorded.append(packed)
            return
        expected = next(self._expected)
        if packed != expected:
            raise self._diverged(expected, difference(unpack(expected), unpack(packed)))
        self._at += 1

    def finish(self) -> None:
        """The run has been done again. Raises Diverged when the record has more, or less, than came of it."""
        if self._at < self._count:
            expected = next(self._expected)
            raise self._diverged(expected, ("what happened", unpack(expected)[0], "nothing more"))
        if len(self._recorded) > self._count:
            extra = next(self._recorded.packed(self._count))
            raise self._diverged(extra, ("what happened", "nothing more", unpack(extra)[0]))

    def _diverged(self, expected: bytes, found: tuple[str, Any, Any]) -> Diverged:
        process, nonce, message = self._evaluated(expected)
        name = self.name_of(process) if process else ""
        self.divergence = Divergence(self._at, name, nonce, message, *found)
        return Diverged(self._at, self.divergence.place, *found)

    def _evaluated(self, expected: bytes) -> tuple[str, int | None, str]:
        """Whose evaluation an entry belongs to: the newest up to it."""
        newest = expected if is_done(expected) else b""
        if not newest:
            for packed in islice(self._recorded.packed(), self._at):
                newest = packed if is_done(packed) else newest
        if not newest:
            return "", None, ""
        _, message, process, nonce, *_ = unpack(newest)
        return process, nonce, message

    def note(self, entry: Input) -> None:
        self._recorded.note(entry)

    def flush(self, events: int) -> None:
        if self._at == self._count:
            self._recorded.flush(events)

    def close(self) -> None:
        self._recorded.close()

    def inputs(self) -> Iterator[Input]:
        return self._recorded.inputs()

    def read(self, since: int = 0) -> Iterator[Entry]:
        if self._at == self._count:
            return self._recorded.read(since)
        return islice(self._recorded.read(since), max(0, self._at - since))  # the rest has not happened yet

    def packed(self, since: int = 0) -> Iterator[bytes]:
        """The entries from a number on, as they were appended."""
        return islice(self._recorded.packed(since), max(0, len(self) - since))

    @property
    def fingerprint(self) -> str:
        return self._recorded.fingerprint

    def __len__(self) -> int:
        return len(self._recorded) if self._at == self._count else self._at


def is_done(packed: bytes) -> bool:
    """Whether an entry is that of an evaluation; told without the price of unpacking it."""
    return packed[1:6] == b"\xa4done"


def place(process: str, nonce: int | None) -> str:
    """Whose evaluation it is, for people."""
    if not process:
        return "before any process"
    return f"{process}, nonce {nonce}" if nonce is not None else f"{process}, on a cron tick"


def difference(expected: Entry, got: Entry) -> tuple[str, Any, Any]:
    """The first thing in which two entries differ: its name, and both values."""
    if expected[0] != got[0]:
        return "what happened", expected[0], got[0]
    names = FIELDS.get(expected[0], ())
    for at, (one, other) in enumerate(zip(expected[1:], got[1:], strict=False)):
        name = names[at] if at < len(names) else f"value {at + 1}"
        if one == other:
            continue
        if name == "Tags":
            return _tag_difference(one, other)
        return name, one, other
    return "length", len(expected), len(got)


def _tag_difference(expected: tuple[str, ...], got: tuple[str, ...]) -> tuple[str, Any, Any]:
    for at in range(0, max(len(expected), len(got)), 2):
        one, other = expected[at : at + 2], got[at : at + 2]
        if one[:1] == other[:1] and one != other:
            return f"tag {one[0]}", one[1], other[1]
        if one != other:
            return "tags", " ".join(one) or None, " ".join(other) or None
    return "tags", expected, got
