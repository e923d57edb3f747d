"""The record of a run: what is appended is never changed, and its running hash is the fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Protocol

import msgpack

#: One thing that happened: a kind, then plain values (text, numbers, lists of them).
Entry = tuple[Any, ...]


class Journal(Protocol):
    """Keeps entries in the order they came. Two runs with equal entries have equal fingerprints."""

    def append(self, entry: Entry) -> None: ...

    def read(self, since: int = 0) -> Iterator[Entry]:
        """The entries from number `since` on (the first has number 0)."""

    @property
    def fingerprint(self) -> str:
        """The hash of all entries so far: 64 hex digits."""

    def __len__(self) -> int: ...


class MemoryJournal:
    """A journal for as long as the program lives.

    Entries are kept packed: a packed entry takes a fifth of the memory, and the garbage collector
    does not look into bytes, so a long history does not slow the run down.
    """

    def __init__(self) -> None:
        self._entries: list[bytes] = []
        self._hash = sha256()
        self._pack = msgpack.Packer(unicode_errors="surrogateescape").pack

    def append(self, entry: Entry) -> None:
        packed = self._pack(entry)
        self._entries.append(packed)
        self._hash.update(packed)

    def read(self, since: int = 0) -> Iterator[Entry]:
        for packed in self._entries[since:]:
            yield msgpack.unpackb(packed, use_list=False, unicode_errors="surrogateescape")

    @property
    def fingerprint(self) -> str:
        return self._hash.hexdigest()

    def __len__(self) -> int:
        return len(self._entries)
