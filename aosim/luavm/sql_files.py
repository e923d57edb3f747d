"""The files that the SQL databases of one process live in: in memory, with a clock and chance of their own.

SQLite reads and writes through here whatever it calls a file, the temporary ones too. No path leads to a file of the
host, and no other process has these.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from posixpath import join, normpath
from typing import Any

import apsw

FILES_MAX = 100  # with a name
PAGE_STEPS = 100  # what reading or writing one page costs, in steps of the database engine

_JULIAN_1970_MS = 210_866_760_000_000
_SHARED, _RESERVED, _PENDING = apsw.SQLITE_LOCK_SHARED, apsw.SQLITE_LOCK_RESERVED, apsw.SQLITE_LOCK_PENDING
_names = iter(range(2**62))  # SQLite knows a file system by its name; no process gets to see it


class _Seeding(apsw.VFS):
    """Asked for a seed, and for nothing else. SQLite's own generator is one for all databases of the host."""

    def __init__(self) -> None:
        self.name = "aosim-seeding"
        super().__init__(self.name, "")
        self.next_seed = b""

    def xRandomness(self, amount: int) -> bytes:  # noqa: N802
        return self.next_seed.ljust(amount, b"\0")[:amount]


_usual = apsw.vfs_names()[0]
_seeding = _Seeding()


class Content:
    """The bytes of one file, and who has it open."""

    __slots__ = ("bytes", "open")

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.open: list[OpenFile] = []


class Files(apsw.VFS):
    """A file system in memory.

    All files together hold at most `bytes_max`; more is SQLITE_FULL. `now_ms` is the time SQLite sees. `charge` is
    called with the steps that reading and writing cost.
    """

    def __init__(self, *, bytes_max: int, seed: bytes, charge: Callable[[int], object]) -> None:
        self.name = f"aosim-{next(_names)}"
        super().__init__(self.name, "")
        self.now_ms = 0
        self.contents: dict[str, Content] = {}
        self.bytes_used = 0
        self._bytes_max = bytes_max
        self._seed = sha256(seed).digest()
        self.seeds = 0
        self._charge = charge

    def draw_from_here(self) -> None:
        """Let what SQLite itself draws next (row ids, when the largest is taken) come from this process's seed."""
        self.seeds += 1
        _seeding.next_seed = self._seed + self.seeds.to_bytes(8, "big")
        apsw.set_default_vfs(_seeding.name)
        apsw.randomness(0)  # forgets what it was seeded with
        apsw.randomness(1)
        apsw.set_default_vfs(_usual)

    def xCurrentTimeInt64(self) -> int:  # noqa: N802
        """The time of the message, in SQLite's milliseconds."""
        return _JULIAN_1970_MS + self.now_ms

    def xCurrentTime(self) -> float:  # noqa: N802
        """The same, in days."""
        return self.xCurrentTimeInt64() / 86_400_000

    def xSleep(self, microseconds: int) -> int:  # noqa: N802
        """Waiting for a lock takes no time: nothing else runs meanwhile."""
        return microseconds

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        """Paths begin at the root; there is no other folder."""
        return normpath(join("/", name))

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        """Whether a file is there."""
        return pathname in self.contents

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Take a file away."""
        content = self.contents.pop(filename, None)
        if content is None:
            raise apsw.IOError()
        self.grow(-len(content.bytes))

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> Any:  # noqa: N802
        """A file by its path, or one without a name that is gone when it is closed."""
        flags[1] = flags[0]
        if name is None:
            return OpenFile(self, Content(), kept=False)
        path = name if isinstance(name, str) else name.filename()
        content = self.contents.get(path)
        if content is None:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE or len(self.contents) >= FILES_MAX:
                raise apsw.CantOpenError()
            content = self.contents[path] = Content()
        return OpenFile(self, content, kept=not flags[0] & apsw.SQLITE_OPEN_DELETEONCLOSE)

    def xDlOpen(self, filename: str) -> int:  # noqa: N802
        """Nothing of the host is loaded."""
        return 0

    def grow(self, count: int) -> None:
        """Account for bytes a file gets or loses. Raises what SQLite tells as SQLITE_FULL."""
        if count > 0 and self.bytes_used + count > self._bytes_max:
            raise apsw.FullError()
        self.bytes_used += count

    def charge_page(self) -> None:
        """Account for a page that is read or written."""
        self._charge(PAGE_STEPS)


class OpenFile:
    """One opening of a file, with the lock it holds."""

    __slots__ = ("_content", "_files", "_kept", "level")

    def __init__(self, files: Files, content: Content, *, kept: bool) -> None:
        self._files = files
        self._content = content
        self._kept = kept
        self.level = 0
        content.open.append(self)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        """Bytes at a place; fewer at the end."""
        self._files.charge_page()
        return bytes(self._content.bytes[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Put bytes at a place; a gap in front of it is zeros."""
        self._files.charge_page()
        content = self._content.bytes
        more = offset + len(data) - len(content)
        if more > 0:
            self._files.grow(more)
            content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data

    def xTruncate(self, size: int) -> None:  # noqa: N802
        """Cut off what lies behind."""
        content = self._content.bytes
        self._files.grow(min(0, size - len(content)))
        del content[size:]

    def xFileSize(self) -> int:  # noqa: N802
        """In bytes."""
        return len(self._content.bytes)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """There is nothing behind the memory."""

    def xLock(self, level: int) -> None:  # noqa: N802
        """Readers together, one writer who lets them finish first. Raises what SQLite tells as SQLITE_BUSY."""
        others = max((other.level for other in self._content.open if other is not self), default=0)
        if level == _SHARED:
            free = others < _PENDING
        else:
            free = others < _RESERVED
            if free and level > _RESERVED and others >= _SHARED:
                self.level, free = _PENDING, False
        if not free:
            raise apsw.BusyError()
        self.level = level

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """Down to a lower lock."""
        self.level = min(self.level, level)

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        """Whether somebody is about to write."""
        return any(other.level >= _RESERVED for other in self._content.open)

    def xFileControl(self, operation: int, pointer: int) -> bool:  # noqa: N802
        """None is known."""
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        """In bytes."""
        return 4096

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        """Nothing is ever written by half."""
        return apsw.SQLITE_IOCAP_ATOMIC | apsw.SQLITE_IOCAP_SAFE_APPEND | apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self) -> None:  # noqa: N802
        """A file without a name is gone with this."""
        if self in self._content.open:
            self._content.open.remove(self)
            if not self._kept:
                self._files.grow(-len(self._content.bytes))
