"""The record of a run: what is appended is never changed, and its running hash is the fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from aosim.packing import unpack
from aosim.shared import Shared

#: One thing that happened: a kind, then plain values (text, numbers, bytes, lists of them).
Entry = tuple[Any, ...]


class Input(NamedTuple):
    """One call from outside that changed something: after how many events, which one, with what."""

    events: int
    name: str
    given: tuple[Any, ...]  # plain values


class Journal(Protocol):
    """Keeps entries in the order they came. Two runs with equal entries have equal fingerprints."""

    def append(self, packed: bytes) -> None:
        """Add an entry, packed as `aosim.packing.pack` does it."""

    def read(self, since: int = 0) -> Iterator[Entry]:
        """The entries from number `since` on (the first has number 0)."""

    @property
    def fingerprint(self) -> str:
        """The hash of all entries so far: 64 hex digits."""

    def __len__(self) -> int: ...


class MemoryJournal:
    """A journal for as long as the program lives.

    Packed entries take a fifth of the memory of their values, and the garbage collector does not
    look into bytes, so a long history does not slow the run down.
    """

    def __init__(self, entries: Iterable[bytes] = (), inputs: Iterable[Input] = ()) -> None:
        self._entries = Shared(entries)
        self._tail = self._entries.tail
        self._hash = sha256()
        self._inputs = Shared(inputs)
        self._hashed = 0  # entries that the hash has seen; the rest follows when it is asked for

    def append(self, packed: bytes) -> None:
        self._tail.append(packed)

    def note(self, entry: Input) -> None:
        """Keep what came from outside, see `aosim.inputs`."""
        self._inputs.tail.append(entry)

    def flush(self, events: int) -> None:
        """Nothing is to be done: all is kept as long as the program lives."""

    def close(self) -> None:
        """Nothing is to be done."""

    def fork(self) -> MemoryJournal:
        """Another with the same entries, which the two share; from here on neither knows of the other."""
        self._hash_all()
        other = MemoryJournal()
        other._entries, other._inputs = self._entries.fork(), self._inputs.fork()
        self._tail, other._tail = self._entries.tail, other._entries.tail
        other._hash, other._hashed = self._hash.copy(), self._hashed
        return other

    def inputs(self, since: int = 0) -> Iterator[Input]:
        """All that came from outside, in order, from a number on."""
        return self._inputs.since(since)

    @property
    def inputs_noted(self) -> int:
        """How many inputs there are."""
        return len(self._inputs)

    def read(self, since: int = 0) -> Iterator[Entry]:
        return map(unpack, self.packed(since))

    def packed(self, since: int = 0) -> Iterator[bytes]:
        """The entries as they were appended."""
        return self._entries.since(since)

    @property
    def fingerprint(self) -> str:
        self._hash_all()
        return self._hash.hexdigest()

    def _hash_all(self) -> None:
        self._hash.update(b"".join(self._entries.since(self._hashed)))
        self._hashed = len(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
