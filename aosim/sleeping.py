"""Where processes sleep: at most so many are awake, the others are bytes in a file of the system's."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import Protocol
from zlib import compress, decompress

from aosim.checks import check_whole

_MEMORY_BYTES = 64 * 2**20  # of what sleeps is held in memory; the rest is on disk


class Attic:
    """Bytes that are seldom needed: in memory as long as they are few, then in a file.

    The file belongs to the operating system's temporary ones and goes when the program ends, however
    it ends.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # "": a temporary one
        self._file.execute("pragma journal_mode = off")
        self._file.execute("pragma synchronous = off")
        self._file.execute(f"pragma cache_size = -{_MEMORY_BYTES // 1024}")
        self._file.execute("create table boxes (number integer primary key, content blob not null)")
        self._emptied: list[tuple[int]] = []

    def put(self, content: bytes) -> Box:
        """Keep bytes for as long as the box is kept."""
        emptied, self._emptied = self._emptied, []
        self._file.executemany("delete from boxes where number = ?", emptied)
        number = self._file.execute("insert into boxes (content) values (?)", (compress(content, 1),)).lastrowid
        assert number is not None
        return Box(self, number)

    def look(self, number: int) -> bytes:
        """The bytes in the box of that number."""
        ((content,),) = self._file.execute("select content from boxes where number = ?", (number,))
        return decompress(content)

    def empty(self, number: int) -> None:
        """Nobody needs the box of that number any more. May be called at any moment."""
        self._emptied.append((number,))


class Box:
    """Bytes in an attic, which go with this."""

    __slots__ = ("_attic", "_number")

    def __init__(self, attic: Attic, number: int) -> None:
        self._attic = attic
        self._number = number

    @property
    def content(self) -> bytes:
        return self._attic.look(self._number)

    def __del__(self) -> None:
        self._attic.empty(self._number)


class Sleeper(Protocol):
    """What can be put to sleep, and wakes by itself when it is needed."""

    def sleep(self, attic: Attic) -> None:
        """Keep nothing in memory that can be kept in the attic."""


class Dormitory:
    """Lets no more than so many be awake; those that were not used for the longest time go to sleep."""

    def __init__(self, awake_max: int) -> None:
        self._awake_max = check_whole("resident_max", awake_max, least=1, unit=" of processes")
        self._attic = Attic()
        self._awake: OrderedDict[Sleeper, None] = OrderedDict()

    def use(self, sleeper: Sleeper) -> None:
        """One that is awake is being used."""
        awake = self._awake
        awake[sleeper] = None
        awake.move_to_end(sleeper)
        while len(awake) > self._awake_max:
            awake.popitem(last=False)[0].sleep(self._attic)
