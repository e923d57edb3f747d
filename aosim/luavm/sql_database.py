"""One open SQL database of a process, and the statements in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar
from weakref import WeakMethod

import apsw

from aosim.luavm.sql_files import Files
from aosim.luavm.sql_values import from_sql, row_from_sql, text_before_zero

OK, ERROR, ABORT, NOMEM, INTERRUPT, ROW, DONE = 0, 1, 4, 7, 9, 100, 101
PAGE_BYTES = 4096
CELLS_MAX = 2_000  # values of rows that are handed over at once
_AHEAD_ROWS, _AHEAD_BYTES = 10_000, 16 * 2**20  # how far a loop that was left open is read when something is written
_YEAR_9999_MS = 253_402_300_799_999
_TICK_STEPS = 10_000
STATEMENT_STEPS = 500  # what it costs to begin or go on with a statement, or to call a function of the process

_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 10 * 2**20,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 2**20,
    apsw.SQLITE_LIMIT_ATTACHED: 4,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: 127,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 100,
    apsw.SQLITE_LIMIT_VDBE_OP: 10_000_000,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
# They would take memory that nobody counts, or reach the other databases of the host.
_PRAGMAS_REFUSED = ("hard_heap_limit", "soft_heap_limit", "lock_proxy_file")
_PRAGMAS_IGNORED = (
    *("cache_size", "cache_spill", "max_page_count", "mmap_size", "page_size", "temp_store", "temp_store_directory"),
    *("data_store_directory", "threads", "default_cache_size", "locking_mode"),  # the last would allow a log ahead
)
# Settings of a connection, which are not in its file.
_SETTINGS = (
    *("analysis_limit", "automatic_index", "busy_timeout", "case_sensitive_like", "cell_size_check"),
    *("defer_foreign_keys", "foreign_keys", "ignore_check_constraints", "journal_mode", "journal_size_limit"),
    *("legacy_alter_table", "query_only", "read_uncommitted", "recursive_triggers", "reverse_unordered_selects"),
    *("secure_delete", "synchronous", "trusted_schema", "writable_schema"),
)
_DATES = {"date": 1, "time": 1, "datetime": 1, "julianday": 1, "unixepoch": 1, "strftime": 2}  # where modifiers begin
_ALL_NULL: Any = apsw.__dict__["_null_bindings"]  # what parameters are that nobody has bound
_NO_TEXT = "a text in this row is not UTF-8; CAST it AS BLOB"


# For errors that SQLite tells without a text.
_TEXTS = {5: b"database is locked", 10: b"disk I/O error", 13: b"database or disk is full"}
_TEXTS[14] = b"unable to open database file"
_CODES = {type(apsw.exception_for(code)): code for code in range(1, 27)}  # of those that our files raise

T = TypeVar("T")


class CallFailed(Exception):
    """A function of the process failed while SQLite waited for it, with the text of its error."""


class Surroundings:
    """What the databases of one process share: files, chance, and the steps that are left to a message."""

    def __init__(self, *, bytes_max: int, steps_max: int, seed: bytes, random: Callable[[int], bytes]) -> None:
        self.files = Files(bytes_max=bytes_max, seed=seed, charge=self.charge)
        self.bytes_max = bytes_max
        self.random_bytes = random
        self._steps_max = steps_max
        self.steps_left = steps_max
        self._clock: apsw.Connection | None = None

    def new_message(self, now_ms: int) -> None:
        """A message begins: its time, and its share of work."""
        self.files.now_ms = min(max(0, now_ms), _YEAR_9999_MS)
        self.steps_left = self._steps_max

    def charge(self, steps: int) -> bool:
        """Account for work; whether there is none left."""
        self.steps_left -= steps
        return self.steps_left < 0

    def tick(self) -> bool:
        """Called every so many steps of the engine; True ends the statement with SQLITE_INTERRUPT."""
        return self.charge(_TICK_STEPS)

    def calendar(self, name: str) -> Callable[..., Any]:
        """A date function of SQL in which local time is UTC, wherever the host stands."""
        first = _DATES[name]

        def compute(*values: Any) -> Any:
            if self._clock is None:
                self._clock = apsw.Connection(":memory:", vfs=self.files.name)
            values = values[:first] + tuple(
                value
                for value in values[first:]
                if not isinstance(value, str) or value.lower() not in ("localtime", "utc")
            )
            marks = ",".join("?" * len(values))
            return self._clock.execute(f"SELECT {name}({marks})", values).fetchall()[0][0]

        return compute

    def random_number(self, *_: Any) -> int:
        """What random() gives."""
        return int.from_bytes(self.random_bytes(8), "big", signed=True)

    def random_blob(self, *size: Any) -> bytes:
        """What randomblob(size) gives."""
        count = size[0] if isinstance(size[0], int) else 1
        return self.random_bytes(min(max(1, count), _LIMITS[apsw.SQLITE_LIMIT_LENGTH]))

    def text_of(self, number: float) -> str:
        """A number as SQLite writes it."""
        if self._clock is None:
            self._clock = apsw.Connection(":memory:", vfs=self.files.name)
        return str(self._clock.execute("SELECT CAST(? AS TEXT)", (number,)).fetchall()[0][0])

    def exhausted(self) -> str:
        """What a statement is told that there is no work left for."""
        return f"interrupted: this message has used up its database_steps_max of {self._steps_max:,}"

    def close(self) -> None:
        """Let go of what SQLite knows of it."""
        if self._clock is not None:
            self._clock.close(True)
        self.files.unregister()


def code_and_text(problem: apsw.Error) -> tuple[int, bytes]:
    """What went wrong, as SQLite tells it."""
    code = (getattr(problem, "result", 0) or _CODES.get(type(problem), ERROR)) & 0xFF
    return code, from_sql(str(problem)) or _TEXTS.get(code, b"SQL logic error")


class Database:
    """A connection. Errors of SQL are codes, and stay to be asked for in `code` and `problem`."""

    def __init__(self, around: Surroundings, path: str, flags: int) -> None:
        self.around = around
        self.path, self.flags = path, flags
        self.settings: dict[str, str] = {}  # by the name of the pragma
        self.functions: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # how what SQL calls was made: service, question
        self.code, self.problem = OK, b"not an error"
        self.statements: dict[int, Statement] = {}
        self.before_writing: Callable[[], None] = lambda: None  # loops that were left open let go of their locks
        self.calls_back = False  # whether functions of the process may run in the midst of a statement
        self.tracing: Callable[[str], None] | None = None
        self._own = False
        # "" is a temporary file: it stays in memory until it outgrows SQLite's cache, and is counted then.
        self.connection = connection = apsw.Connection(path, flags, vfs=around.files.name)
        self._set_up(connection)

    def bound_main(self) -> None:
        """See to the limits of what was put in the place of the database."""
        self._own = True
        self.connection.pragma("max_page_count", self.around.bytes_max // PAGE_BYTES)
        self._own = False

    def _set_up(self, connection: apsw.Connection) -> None:
        for limit, value in _LIMITS.items():
            connection.limit(limit, value)
        pages = self.around.bytes_max // PAGE_BYTES
        connection.execute(
            f"PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; "
            f"PRAGMA cell_size_check=ON; PRAGMA max_page_count={pages}"
        ).fetchall()
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        fixed = apsw.SQLITE_INNOCUOUS
        for name in _DATES:
            connection.create_scalar_function(name, self.around.calendar(name), deterministic=True, flags=fixed)
        connection.create_scalar_function("random", self.around.random_number, 0, flags=fixed)
        connection.create_scalar_function("randomblob", self.around.random_blob, 1, flags=fixed)
        connection.set_progress_handler(self.around.tick, _TICK_STEPS)
        here = WeakMethod(self._authorize)  # the connection must not hold this, which holds it
        connection.set_authorizer(lambda *what: authorize(*what) if (authorize := here()) else apsw.SQLITE_DENY)

    def _authorize(self, operation: int, first: str | None, second: str | None, *_: str | None) -> int:
        if operation == apsw.SQLITE_PRAGMA and not self._own and first is not None:
            name = first.lower()
            if name in _PRAGMAS_REFUSED:
                return apsw.SQLITE_DENY
            if name in _PRAGMAS_IGNORED and second is not None:
                return apsw.SQLITE_IGNORE
            if name in _SETTINGS and second is not None:
                self.settings.pop(name, None)
                self.settings[name] = second
        return apsw.SQLITE_OK

    # Attached databases that are no files share what one may hold.
    def _bound_attached(self) -> None:
        pages = self.around.bytes_max // PAGE_BYTES // _LIMITS[apsw.SQLITE_LIMIT_ATTACHED]
        self._own = True
        try:
            for name in self.connection.db_names()[2:]:
                if not self.connection.db_filename(name):
                    self.connection.pragma("max_page_count", pages, schema=name)
        finally:
            self._own = False

    def attempt(self, run: Callable[..., T], *arguments: Any) -> T | None:
        """What it gives; what goes wrong with SQL is kept as the code and the text of the error, and gives None."""
        self.note(OK)
        try:
            if self.around.charge(STATEMENT_STEPS):
                raise apsw.InterruptError
            answer = run(*arguments)
            self.note(OK)  # again: functions of the process may have used it meanwhile
            return answer
        except CallFailed as problem:
            self.note(ERROR, str(problem).encode("utf-8", "surrogateescape"))
        except UnicodeDecodeError:
            self.note(ERROR, _NO_TEXT.encode())
        except MemoryError:
            self.note(NOMEM, b"out of memory")
        except apsw.InterruptError as problem:
            self.note(INTERRUPT, self.around.exhausted().encode() if self.around.charge(0) else str(problem).encode())
        except apsw.Error as problem:
            self.note(*code_and_text(problem))
        return None

    def note(self, code: int, problem: bytes = b"not an error") -> int:
        """Keep a code and the text that goes with it."""
        self.code, self.problem = code, problem
        return code

    def execute(self, sql: bytes) -> int:
        """Run all statements of a text until one fails; the code of the last."""
        self.attempt(self._execute, text_before_zero(sql))
        return self.code

    def _execute(self, sql: str) -> None:
        cursor = self.connection.cursor()
        attached = False

        def before(cursor: apsw.Cursor, text: str, _: Any) -> bool:
            nonlocal attached
            if attached:
                self._bound_attached()
            attached = "attach" in text.lower()
            self.begin(cursor, bool(cursor.is_readonly and _columns(cursor)))
            return True

        cursor.exec_trace = before
        try:
            for _ in cursor.execute(sql, _ALL_NULL):
                pass
        finally:
            cursor.close(True)
            if attached:
                self._bound_attached()

    def begin(self, cursor: apsw.Cursor, only_reads: bool) -> None:
        """Called before the first step of each statement."""
        if not only_reads:
            self.before_writing()
            self.around.files.draw_from_here()
        if self.tracing is not None:
            self.tracing(cursor.expanded_sql)

    def prepare(self, sql: bytes) -> tuple[Statement | None, bytes]:
        """The first statement of a text, None when there is none or it is wrong; and the text behind it."""
        return self.attempt(self._prepare, text_before_zero(sql)) or (None, b"")

    def _prepare(self, sql: str) -> tuple[Statement | None, bytes]:
        found: list[Statement | None] = []
        behind = ""

        def before(cursor: apsw.Cursor, first: str, _: Any) -> bool:
            nonlocal behind
            behind = sql[len(first) :]
            found.append(Statement(self, first, cursor) if cursor.has_vdbe else None)
            return False

        cursor = self.connection.cursor()
        cursor.exec_trace = before
        try:
            cursor.execute(sql, _ALL_NULL)
        except apsw.ExecTraceAbort:
            pass
        finally:
            cursor.close(True)
        return (found[0] if found else None), from_sql(behind)

    def bound_attached_after(self, statement: Statement) -> None:
        """See to the limits of what a statement may have attached."""
        if statement.attaches:
            self._bound_attached()

    def close(self) -> None:
        """End everything in it; what was not committed is undone, and no hook is told."""
        self.connection.set_rollback_hook(None)
        self.connection.set_update_hook(None)
        self.connection.set_commit_hook(None)
        for statement in list(self.statements.values()):
            statement.reset()
        self.statements.clear()
        self.connection.close(True)


def _columns(cursor: apsw.Cursor) -> Sequence[Any]:
    try:
        return cursor.description_full
    except apsw.ExecutionCompleteError:
        return ()


class Statement:
    """A prepared statement: where it stands, and rows read ahead."""

    __slots__ = (
        *("_cursor", "_database", "_ended", "_problem", "_sql", "_waiting"),
        *("attaches", "names", "only_reads", "parameters", "running", "types"),
    )

    def __init__(self, database: Database, sql: str, cursor: apsw.Cursor) -> None:
        self._database = database
        self._sql = sql
        self._cursor: apsw.Cursor | None = None
        self._waiting: deque[list[Any]] = deque()  # rows that were read before they were asked for
        self._ended: int | None = None  # the code that comes after them
        self._problem = b""
        self.running = False
        self.parameters = tuple(cursor.bindings_names)
        self._describe(cursor)
        self.only_reads = bool(cursor.is_readonly and self.names)
        self.attaches = "attach" in sql.lower()

    def at_rest(self) -> bool:
        """Whether it does not stand in the midst of its rows, but for rows that were read ahead."""
        return self._cursor is None

    def state(self) -> tuple[Any, ...]:
        """What it consists of while it is at rest, as plain values."""
        rows = tuple(map(tuple, self._waiting))
        about = self.parameters, tuple(self.names), tuple(self.types), self.only_reads
        return self._sql, about, rows, self._ended, self._problem

    @classmethod
    def from_state(cls, database: Database, state: tuple[Any, ...]) -> Statement:
        """The statement again."""
        statement = cls.__new__(cls)
        statement._database, statement._cursor, statement.running = database, None, False
        statement._sql, about, rows, statement._ended, statement._problem = state
        statement.parameters, names, types, statement.only_reads = about
        statement.names, statement.types = list(names), list(types)
        statement._waiting = deque(map(list, rows))
        statement.attaches = "attach" in statement._sql.lower()
        return statement

    def _describe(self, cursor: apsw.Cursor) -> None:
        columns = _columns(cursor)
        self.names = [from_sql(column[0]) for column in columns]
        self.types = [None if column[1] is None else from_sql(column[1]) for column in columns]

    def parameter_names(self) -> list[bytes | None]:
        """The names of the parameters as they stand in the text, None for one without."""
        return [None if name is None else _with_sign(self._sql, name) for name in self.parameters]

    def start(self, bindings: Sequence[Any]) -> None:
        """Begin it anew with these values."""
        self.reset()
        database = self._database
        cursor = database.connection.cursor()
        if database.tracing is None:
            database.begin(cursor, self.only_reads)
        else:
            cursor.exec_trace = self._traced
        self.running = True
        self._cursor = database.attempt(cursor.execute, self._sql, bindings)
        self.running = False
        database.bound_attached_after(self)
        if database.code != OK:
            self._end(database.code)
        elif not self.names:
            self._end(DONE)

    def _traced(self, cursor: apsw.Cursor, *_: Any) -> bool:
        self._database.begin(cursor, self.only_reads)
        return True

    def rows(self, wanted: int) -> tuple[int, list[list[Any]]]:
        """Up to so many more rows, and the code that comes after them: ROW, DONE, or that of an error."""
        database = self._database
        if self._waiting:
            ready = [self._waiting.popleft() for _ in range(min(wanted, len(self._waiting)))]
            return (DONE if self._ended == DONE and not self._waiting else ROW), ready
        if self._ended is not None:
            return database.note(self._ended, self._problem), []
        if not self.only_reads or database.calls_back:
            wanted = 1
        code, found = self._fetch(wanted)
        if code == DONE:
            return database.note(DONE, b"no more rows available"), found
        if found or code == ROW:
            return database.note(ROW, b"another row available"), found
        return code, found

    def _fetch(self, wanted: int) -> tuple[int, list[list[Any]]]:
        database = self._database
        found: list[list[Any]] = []
        self.running = True
        database.attempt(self._fetch_into, found, wanted)
        self.running = False
        if database.code != OK:
            self._end(database.code)
        elif len(found) < wanted:
            self._end(DONE)
        return (ROW if self._ended is None else self._ended), found

    def _fetch_into(self, found: list[list[Any]], wanted: int) -> None:
        assert self._cursor is not None
        for row in islice(self._cursor, wanted):
            if len(row) != len(self.names):
                self._describe(self._cursor)
            found.append(row_from_sql(row))

    def read_ahead(self) -> None:
        """Read what is left, so that nothing is locked; a loop over too much ends with an error."""
        if self.running:  # it is this one that calls the function that writes
            return
        size = 0
        while self._ended is None and len(self._waiting) < _AHEAD_ROWS and size < _AHEAD_BYTES:
            _, rows = self._fetch(CELLS_MAX // max(1, len(self.names)) or 1)
            self._waiting += rows
            size += sum(len(value) if isinstance(value, bytes) else 8 for row in rows for value in row)
        if self._ended is None:
            self._end(
                self._database.note(ABORT, b"a loop over a query was still open when the database was written to")
            )

    def _end(self, code: int) -> None:
        self._ended, self._problem = code, self._database.problem
        if code == DONE:
            self._problem = b"no more rows available"
        if self._cursor is not None:
            self._cursor.close(True)
            self._cursor = None

    def reset(self) -> None:
        """Back to before its first row."""
        if self._cursor is not None:
            self._cursor.close(True)
        self._cursor, self._ended = None, None
        self._waiting.clear()


def _with_sign(sql: str, name: str) -> bytes:
    """A parameter's name with the character it begins with."""
    signs = "?" if name.isdigit() else ":@$"
    return from_sql(next((sign + name for sign in signs if sign + name in sql), name))
