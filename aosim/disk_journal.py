"""DiskJournal: the record of a run in one SQLite file, which survives the program and its end by force."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b, sha256
from pathlib import Path

from aosim.errors import JournalError
from aosim.inputs import World
from aosim.journal import Entry, Input
from aosim.packing import pack, unpack

_APPLICATION_ID = 0x414F534A  # "AOSJ", at a fixed place of the file
VERSION = 1
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE chunks (first INTEGER PRIMARY KEY, entries BLOB NOT NULL, digest BLOB NOT NULL);
CREATE TABLE inputs (number INTEGER PRIMARY KEY, input BLOB NOT NULL);
"""
_MAGIC = b"SQLite format 3\x00"


class DiskJournal:
    """A journal in a file. What has been flushed is never lost; the rest of a run that was killed is done again.

    Entries are written in chunks, each with its checksum and the number of events it reaches to, in
    one transaction with what came from outside. One program at a time may have the file open.
    Raises JournalError, with the file and the way out, for whatever is wrong with it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._hash = sha256()
        self._waiting: list[bytes] = []  # entries that no chunk holds yet
        self._noted: list[Input] = []
        self._written = 0  # entries in chunks
        self._inputs_written = 0
        self._hashed = 0  # of those that wait
        self.events = 0  # how many the last flush reached to

    @classmethod
    def create(cls, path: str | Path, world: World) -> DiskJournal:
        """Begin the record of a run. Raises JournalError when there is a file of that name already."""
        path = Path(path)
        if path.exists() and path.stat().st_size:
            raise JournalError(
                path,
                f"there is a file already. Simulation.resume({str(path)!r}) goes on with a run; "
                "for another one choose another name",
            )
        journal = cls(path, _opened(path))
        with journal._telling():
            journal._connection.executescript(
                f"PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={VERSION}; BEGIN; {_SCHEMA} COMMIT;"
            )
            about = (("world", pack(world.packed())), ("events", 0))
            journal._connection.executemany("INSERT INTO about VALUES (?, ?)", about)
            journal._connection.execute("PRAGMA journal_mode=WAL")  # from here on: the head is in its place
        return journal

    @classmethod
    def open(cls, path: str | Path) -> DiskJournal:
        """Open the record of a run. The file is read from end to end first: a torn one is refused, and left alone."""
        path = Path(path)
        _check_head(path)
        journal = cls(path, _opened(path))
        try:
            with journal._telling():
                journal._check()
        except JournalError:
            journal.close()
            raise
        return journal

    def world(self) -> World:
        """How the simulation was made."""
        (packed,) = self._connection.execute("SELECT value FROM about WHERE name = 'world'").fetchone()
        return World.unpacked(unpack(packed))

    # The journal

    def append(self, packed: bytes) -> None:
        self._waiting.append(packed)

    def note(self, entry: Input) -> None:
        """Keep what came from outside."""
        self._noted.append(entry)

    def flush(self, events: int) -> None:
        """Write all that waits, in one transaction. Raises JournalError when the disk refuses; nothing is half done."""
        if not self._waiting and not self._noted and events == self.events:
            return
        entries = pack(tuple(self._waiting))
        first = self._inputs_written
        rows = [(first + number, pack(tuple(one))) for number, one in enumerate(self._noted)]
        with self._telling(), self._connection as connection:
            connection.execute("BEGIN")
            if self._waiting:
                connection.execute("INSERT INTO chunks VALUES (?, ?, ?)", (self._written, entries, _digest(entries)))
            connection.executemany("INSERT INTO inputs VALUES (?, ?)", rows)
            connection.execute("UPDATE about SET value = ? WHERE name = 'events'", (events,))
        self._hash_all()
        self._written += len(self._waiting)
        self._inputs_written += len(rows)
        self._waiting, self._noted, self._hashed = [], [], 0
        self.events = events

    def read(self, since: int = 0) -> Iterator[Entry]:
        return map(unpack, self.packed(since))

    def packed(self, since: int = 0) -> Iterator[bytes]:
        """The entries from a number on, as they were appended."""
        chunk = "SELECT first, entries FROM chunks WHERE first > ? ORDER BY first LIMIT 1"
        begin = self._connection.execute("SELECT max(first) FROM chunks WHERE first <= ?", (since,)).fetchone()[0]
        at = -1 if begin is None else begin - 1
        while row := self._connection.execute(chunk, (at,)).fetchone():
            at = row[0]
            yield from unpack(row[1])[max(0, since - at) :]
        yield from self._waiting[max(0, since - self._written) :]

    def inputs(self) -> Iterator[Input]:
        """All that came from outside, in order."""
        for (packed,) in self._connection.execute("SELECT input FROM inputs ORDER BY number").fetchall():
            yield Input(*unpack(packed))
        yield from self._noted

    @property
    def fingerprint(self) -> str:
        self._hash_all()
        return self._hash.hexdigest()

    def __len__(self) -> int:
        return self._written + len(self._waiting)

    def close(self) -> None:
        """Let go of the file. What was not flushed is not in it."""
        self._connection.close()

    # Helpers

    def _hash_all(self) -> None:
        self._hash.update(b"".join(self._waiting[self._hashed :]))
        self._hashed = len(self._waiting)

    def _check(self) -> None:
        for first, entries, digest in self._connection.execute("SELECT * FROM chunks ORDER BY first"):
            if first != self._written or _digest(entries) != digest:
                raise JournalError(self.path, f"it is torn at entry {first}: take it from a copy")
            whole = unpack(entries)
            self._written += len(whole)
            self._hash.update(b"".join(whole))
        numbers = self._connection.execute("SELECT count(*), coalesce(max(number), -1) + 1 FROM inputs").fetchone()
        if numbers[0] != numbers[1]:
            raise JournalError(self.path, "it is torn: of what came from outside something is missing")
        self._inputs_written = numbers[0]
        (self.events,) = self._connection.execute("SELECT value FROM about WHERE name = 'events'").fetchone()

    def _telling(self) -> _Telling:
        return _Telling(self.path)


class _Telling:
    """Tells what SQLite complains of as a JournalError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, sqlite3.Error):
            raise JournalError(self._path, _told(problem)) from None


def _told(problem: sqlite3.Error) -> str:
    text = str(problem)
    if "locked" in text:
        return "another program has it open: end that one first"
    if "full" in text:
        return "the disk is full. What was flushed before is safe; make room and resume"
    if "readonly" in text or "unable to open" in text:
        return f"it cannot be written ({text}): choose a folder that can"
    return text


def _opened(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master")  # takes the lock
        return connection
    except sqlite3.Error as problem:
        raise JournalError(path, _told(problem)) from None


def _check_head(path: Path) -> None:
    """Refuse what is no journal before SQLite touches it."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as problem:
        raise JournalError(path, problem.strerror or str(problem)) from None
    if len(head) < 100 or not head.startswith(_MAGIC) or int.from_bytes(head[68:72], "big") != _APPLICATION_ID:
        raise JournalError(path, "it is no journal of aosim")
    version = int.from_bytes(head[60:64], "big")
    if version > VERSION:
        raise JournalError(path, f"it was written by a newer aosim (format {version}, this one reads {VERSION})")


def _digest(entries: bytes) -> bytes:
    return blake2b(entries, digest_size=16).digest()
