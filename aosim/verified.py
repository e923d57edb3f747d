"""A recorded run that is done again: every entry must be the recorded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol

from aosim.errors import Diverged
from aosim.inputs import Keeper
from aosim.journal import Entry, Input
from aosim.packing import unpack

#: What the values of an entry are, by its kind: to name the first that differs.
FIELDS = {
    "sent": ("From", "Owner", "Target", "Data", "Tags", "Anchor", "From-Module", "Pushed-For", "cause", "number"),
    "pushed": ("cause", "number", "Target", "Data", "Tags", "Anchor"),
    "done": ("message", "process", "nonce", "timestamp", "height", "cron", "verdict", "error", "output"),
    "dropped": ("message", "time"),
    "delivered": ("message", "time"),
    "dead": ("message", "reason", "time"),
    "cancelled": ("message", "time"),
    "item": ("id", "owner", "Data", "Tags"),
    "patched": ("process", "patch"),
}


class Recorded(Keeper, Protocol):
    """A journal whose entries can be read as they were appended."""

    def packed(self, since: int = 0) -> Iterator[bytes]: ...


class VerifiedJournal:
    """Takes the entries of a run that is done again, and behind the last recorded one goes on with the record.

    Raises Diverged at the first entry that is another than the recorded one.
    """

    def __init__(self, recorded: Recorded, name_of: Callable[[str], str] = str) -> None:
        self._recorded = recorded
        self._expected = recorded.packed()
        self._count = len(recorded)
        self._at = 0
        self._process, self._nonce = "", 0  # whose evaluation the entries belong to
        self.name_of = name_of

    def append(self, packed: bytes) -> None:
        if self._at == self._count:
            self._recorded.append(packed)
            return
        expected = next(self._expected)
        if expected[1:6] == b"\xa4done":
            self._process, self._nonce = unpack(expected)[2:4]
        if packed != expected:
            place = f"{self.name_of(self._process)}, nonce {self._nonce}" if self._process else "before any process"
            raise Diverged(self._at, place, *difference(unpack(expected), unpack(packed)))
        self._at += 1

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

    @property
    def fingerprint(self) -> str:
        return self._recorded.fingerprint

    def __len__(self) -> int:
        return len(self._recorded) if self._at == self._count else self._at


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
