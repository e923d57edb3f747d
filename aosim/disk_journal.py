"""DiskJournal: the record of a run in one SQLite file, which survives the program and its end by force."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from weakref import WeakValueDictionary, finalize

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
_READ = 8  # chunks, or 128 times as many inputs, read at once

#: The files this program records into. To open a file a second time and close it again would give up
#: the lock that keeps other programs out (POSIX locks belong to a program, not to a connection).
_OPEN: WeakValueDictionary[tuple[int, int], DiskJournal] = WeakValueDictionary()


class DiskJournal:
    """A journal in a file. What has been flushed is never lost; the rest of a run that was killed is done again.

    Entries are written in chunks, in one transaction with what came from outside and with the head:
    how many events, entries and inputs there are, and the hash over all of them. Each chunk carries
    the hash over all entries up to its end, the fingerprint at that point. So a file that is not
    exactly what was written is known for one. One program at a time may record into a file.
    Raises JournalError, with the file and the way out, for whatever is wrong with it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, writes: bool) -> None:
        self.path = path
        self._connection = connection
        self._writes = writes
        self._file = _file_of(path)
        self._hash = sha256()
        self._input_hash = sha256()
        self._waiting: list[bytes] = []  # entries that no chunk holds yet
        self._noted: list[bytes] = []
        self._written = 0  # entries in chunks
        self._inputs_written = 0
        self._hashed = 0  # of those that wait
        self._inputs_hashed = 0
        self.events = 0  # how many the last flush reached to
        # Also when nobody closes it: SQLite puts the two files together when a program ends, whoever asked for that.
        self._end = finalize(self, _let_go, connection, os.getpid() if writes else 0)
        if writes and self._file is not None:
            _OPEN[self._file] = self

    @classmethod
    def create(cls, path: str | Path, world: World) -> DiskJournal:
        """Begin the record of a run. Raises JournalError when there is a file of that name already.

        One in which nothing has been recorded, for the first process failed while it was made, is taken away.
        """
        path = Path(path)
        if path.exists() and path.stat().st_size and not _holds_nothing(path):
            raise JournalError(
                path,
                f"there is a file already. Simulation.resume({str(path)!r}) goes on with a run; "
                "for another one choose another name",
            )
        if _beside(path).exists():  # SQLite would take it for a part of the new file
            raise JournalError(path, f"{_beside(path).name} is left there from another run: put it away first")
        path.unlink(missing_ok=True)  # it is empty, or a record of nothing
        connection = _opened(path)
        journal = cls(path, connection, writes=True)
        with journal._telling():
            connection.executescript(
                f"PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={VERSION}; BEGIN; {_SCHEMA} COMMIT;"
            )
            made = pack(world.packed())
            journal._input_hash.update(made)
            about = (("world", made), ("head", journal._head(0)), ("open", 0))
            connection.executemany("INSERT INTO about VALUES (?, ?)", about)
            journal._begin_writing()  # from here on: the head of the file is in its place
        return journal

    @classmethod
    def open(cls, path: str | Path) -> DiskJournal:
        """Go on with the record of a run. The file is read from end to end first, see `look`."""
        path = Path(path)
        with cls.look(path) as seen:
            head = seen._head(seen.events)
        journal = cls(path, _opened(path), writes=True)
        try:
            with journal._telling():
                journal._check()
                if journal._head(journal.events) != head:
                    raise JournalError(path, "another program has changed it just now: try again")
                journal._begin_writing()
        except BaseException:
            journal._end.detach()
            journal._connection.close()
            raise
        return journal

    @classmethod
    def look(cls, path: str | Path) -> DiskJournal:
        """Open the record of a run to read it, and read it from end to end once.

        A file that is torn, foreign or newer is refused. Whatever becomes of it, not a byte of the
        file is changed.
        """
        path = Path(path)
        if _file_of(path) in _OPEN:
            raise JournalError(path, "this program has it open already: close that simulation first")
        _check_head(path)
        journal = cls(path, _opened_to_read(path), writes=False)
        try:
            with journal._telling():
                journal._check()
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> DiskJournal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def world(self) -> World:
        """How the simulation was made."""
        return World.unpacked(unpack(self._about("world")))

    # The journal

    def append(self, packed: bytes) -> None:
        self._waiting.append(packed)

    def note(self, entry: Input) -> None:
        """Keep what came from outside."""
        self._noted.append(pack(tuple(entry)))

    def flush(self, events: int) -> None:
        """Write all that waits, in one transaction. Raises JournalError when the disk refuses; nothing is half done."""
        waiting, noted = self._waiting, self._noted
        if not waiting and not noted and events == self.events:
            return
        if _file_of(self.path) != self._file:
            raise JournalError(self.path, "the file was removed or replaced while the run was recorded into it")
        self._hash_all()
        first = self._inputs_written
        execute = self._connection.execute
        with self._telling(), self._connection:
            execute("BEGIN")
            if waiting:
                row = (self._written, pack(waiting), self._hash.digest())
                execute("INSERT INTO chunks VALUES (?, ?, ?)", row)
            if noted:
                self._connection.executemany("INSERT INTO inputs VALUES (?, ?)", enumerate(noted, first))
            head = self._head(events, self._written + len(waiting), first + len(noted))
            execute("UPDATE about SET value = ? WHERE name = 'head'", (head,))
        self._written += len(waiting)
        self._inputs_written += len(noted)
        self._waiting, self._noted, self._hashed, self._inputs_hashed = [], [], 0, 0
        self.events = events

    def read(self, since: int = 0) -> Iterator[Entry]:
        return map(unpack, self.packed(since))

    def packed(self, since: int = 0) -> Iterator[bytes]:
        """The entries from a number on, as they were appended."""
        if since < self._written:
            last = "SELECT max(first) FROM chunks WHERE first <= ?"
            at = self._connection.execute(last, (since,)).fetchone()[0] - 1
            some = f"SELECT first, entries FROM chunks WHERE first > ? ORDER BY first LIMIT {_READ}"
            while rows := self._connection.execute(some, (at,)).fetchall():
                for first, entries in rows:
                    at = first
                    yield from unpack(entries)[max(0, since - at) :]
        yield from self._waiting[max(0, since - self._written) :]

    def inputs(self) -> Iterator[Input]:
        """All that came from outside, in order."""
        at, size = 0, 128 * _READ
        some = "SELECT input FROM inputs WHERE number >= ? ORDER BY number LIMIT ?"
        while rows := self._connection.execute(some, (at, size)).fetchall():
            at += len(rows)
            for (packed,) in rows:
                yield Input(*unpack(packed))
        yield from (Input(*unpack(packed)) for packed in self._noted)

    @property
    def fingerprint(self) -> str:
        self._hash_all()
        return self._hash.hexdigest()

    def __len__(self) -> int:
        return self._written + len(self._waiting)

    def close(self) -> None:
        """Let go of the file. What was not flushed is not in it."""
        self._end()
        if not self._writes:
            _tidy(self.path)
        if self._file is not None and _OPEN.get(self._file) is self:
            del _OPEN[self._file]

    # Helpers

    def _about(self, name: str) -> bytes:
        (value,) = self._connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        found: bytes = value
        return found

    def _begin_writing(self) -> None:
        """Say in the file itself, not in the -wal beside it, that from now on the two belong together."""
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("UPDATE about SET value = 1 WHERE name = 'open'")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _head(self, events: int, entries: int | None = None, inputs: int | None = None) -> bytes:
        entries = len(self) if entries is None else entries
        inputs = self._inputs_written if inputs is None else inputs
        return pack((events, entries, inputs, self._hash.digest(), self._input_hash.digest()))

    def _hash_all(self) -> None:
        self._hash.update(b"".join(self._waiting[self._hashed :]))
        self._hashed = len(self._waiting)
        self._input_hash.update(b"".join(self._noted[self._inputs_hashed :]))
        self._inputs_hashed = len(self._noted)

    def _check(self) -> None:
        """Read all there is, and compare it with its hashes."""
        if self._about("open") and not _beside(self.path).exists():
            raise JournalError(
                self.path,
                f"the program that recorded it was ended by force, and {_beside(self.path).name}, which then belongs "
                "to it, is missing: put it beside it",
            )
        head = self._about("head")
        self.events = unpack(head)[0]
        for first, entries, digest in self._connection.execute("SELECT * FROM chunks ORDER BY first"):
            whole = _list_of(entries)
            self._hash.update(b"".join(whole))
            if first != self._written or self._hash.digest() != digest:
                raise JournalError(self.path, f"it is torn at entry {first}: take it from a copy")
            self._written += len(whole)
        self._input_hash.update(self._about("world"))
        for number, packed in self._connection.execute("SELECT number, input FROM inputs ORDER BY number"):
            self._input_hash.update(packed)
            if number != self._inputs_written:
                raise JournalError(self.path, "it is torn: of what came from outside something is missing")
            self._inputs_written += 1
        if self._head(self.events) != head:
            raise JournalError(self.path, "it is torn: its parts are not those of one run. Take it from a copy")

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


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, and takes no lock where no other program can be writing."""
    mode = "mode=ro" if _beside(path).exists() else "mode=ro&immutable=1"
    try:
        uri = f"{path.absolute().as_uri()}?{mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("SELECT count(*) FROM sqlite_master")
        return connection
    except sqlite3.Error as problem:
        raise JournalError(path, _told(problem)) from None


def _check_head(path: Path) -> None:
    """Refuse what is no journal before SQLite touches it."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as problem:
        near = sorted(other.name for other in path.parent.glob(f"*{path.suffix}")) if path.suffix else []
        there = f". Files there: {', '.join(near[:8])}" if near else ""
        raise JournalError(path, f"{problem.strerror or problem}{there}") from None
    if len(head) < 100 or not head.startswith(_MAGIC) or int.from_bytes(head[68:72], "big") != _APPLICATION_ID:
        raise JournalError(path, "it is no journal of aosim")
    version = int.from_bytes(head[60:64], "big")
    if version > VERSION:
        raise JournalError(path, f"it was written by a newer aosim (format {version}, this one reads {VERSION})")


def _holds_nothing(path: Path) -> bool:
    """Whether a file is the record of a run in which nothing has happened."""
    try:
        with DiskJournal.look(path) as seen:
            return not len(seen) and next(seen.inputs(), None) is None
    except JournalError:
        return False


def _list_of(entries: bytes) -> tuple[bytes, ...]:
    """The entries of a chunk; none when it is no chunk, which its hash then tells."""
    try:
        whole = unpack(entries)
    except Exception:  # of msgpack: it has many kinds
        return ()
    good = isinstance(whole, tuple) and all(isinstance(one, bytes) for one in whole)
    return whole if good else ()


def _let_go(connection: sqlite3.Connection, program: int) -> None:
    """Close a connection; where `program` writes, say in the file that it needs no other any more."""
    if program not in (0, os.getpid()):
        return  # a child of that program, which has its own copy of all this
    if program:
        with suppress(sqlite3.Error):  # the disk refuses: then it stays as it is
            connection.execute("UPDATE about SET value = 0 WHERE name = 'open'")
    connection.close()


def _file_of(path: Path) -> tuple[int, int] | None:
    """What tells the file at a path from any other; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _beside(path: Path) -> Path:
    """Where SQLite keeps what was written last, while a file is open."""
    return path.with_name(f"{path.name}-wal")


def _tidy(path: Path) -> None:
    """Remove what SQLite leaves behind where it only has read."""
    with suppress(OSError):
        path.with_name(f"{path.name}-shm").unlink()
