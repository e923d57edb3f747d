"""SQL for a process that requires lsqlite3: what its library asks the host.

Databases and statements are told by numbers. Most answers begin with a code of SQLite; what went wrong is kept with
the database. All a process has is in one `Databases`, which goes when its runtime goes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import apsw

from aosim.luavm.services import Desk, Scalar, Service
from aosim.luavm.sql_database import ABORT, CELLS_MAX, DONE, ERROR, OK, ROW, Database, Statement, code_and_text
from aosim.luavm.sql_image import image_of, restore
from aosim.luavm.sql_process import AllDatabases
from aosim.luavm.sql_values import from_sql, text_before_zero, to_sql_value

DATABASES_MAX = 16
STATEMENTS_MAX = 1_000
NOMEM, FULL, CANTOPEN, MISUSE = 7, 13, 14, 21
_OPEN_FLAGS = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


class Databases(AllDatabases):
    """All SQL databases of one process, and how they are put into an image of it."""

    _image: bytes | None = None  # what it is made from, until its process is known

    def begin(self, desk: Desk) -> None:
        """Called before anything else."""
        super().begin(desk)
        if self._image is not None:
            restore(self, self._image, lambda word, *question: _FUNCTIONS[word](self, *question))
            self._image = None

    def image(self) -> bytes:
        """All that future answers depend on. Raises NotImaged for what cannot be written down."""
        return self._image if self._image is not None else image_of(self)

    @classmethod
    def restore(cls, image: bytes) -> Databases:
        """The same again, for the desk of another runtime."""
        databases = cls()
        databases._image = image
        return databases


def _of(desk: Desk) -> Databases:
    databases = desk.kept(Databases)
    if databases.call_back is None:
        databases.begin(desk)
    return databases


SERVICES: dict[bytes, Service] = {}
_FUNCTIONS: dict[str, Callable[..., tuple[Scalar, ...]]] = {}  # the same, for a process's databases


def _service(function: Callable[..., tuple[Scalar, ...]]) -> Callable[..., tuple[Scalar, ...]]:
    def answer(desk: Desk, *question: Any) -> tuple[Scalar, ...]:
        databases = _of(desk)
        out = function(databases, *question)
        databases.raise_missing()
        return out

    name = function.__name__.strip("_")
    SERVICES[name.encode()], _FUNCTIONS[name] = answer, function
    return function


def _small(number: int) -> int:
    """A whole number that C takes, as near as can be."""
    return max(-(2**31), min(number, 2**31 - 1))


# The library ------------------------------------------------------------------------------------------------


@_service
def _version(_: AllDatabases) -> tuple[Scalar, ...]:
    return (apsw.sqlite_lib_version().encode(),)


@_service
def _complete(_: AllDatabases, sql: bytes) -> tuple[Scalar, ...]:
    return (apsw.complete(text_before_zero(sql)),)


@_service
def _message(databases: AllDatabases, now_ms: float) -> tuple[Scalar, ...]:
    """A new message has begun, at this time."""
    databases.read_loops()
    databases.around.new_message(int(now_ms) if abs(now_ms) < 2**53 else 0)  # a tag may say anything
    return ()


# Databases --------------------------------------------------------------------------------------------------


@_service
def _open(databases: AllDatabases, path: bytes, flags: int) -> tuple[Scalar, ...]:
    if len(databases.databases) >= DATABASES_MAX:
        return None, CANTOPEN, f"unable to open database file: {DATABASES_MAX} are open, close one".encode(), True
    name = text_before_zero(path)
    try:
        number, _ = databases.open("" if name == ":memory:" else name, flags & _OPEN_FLAGS)
    except apsw.Error as problem:
        return None, *code_and_text(problem)
    except ValueError:  # flags that say neither how to read nor how to write
        return None, MISUSE, b"bad parameter or other API misuse"
    return (number,)


@_service
def _close(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    databases.close(number)
    return (OK,)


@_service
def _close_statements(databases: AllDatabases, number: int, only_loops: bool) -> tuple[Scalar, ...]:
    for statement in list(databases.databases[number].statements):
        if not only_loops or statement in databases.loops:
            databases.drop(statement)
    return (OK,)


@_service
def _execute(databases: AllDatabases, number: int, sql: bytes) -> tuple[Scalar, ...]:
    return (databases.databases[number].execute(sql),)


@_service
def _status(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    """Code and text of the last error, what the last statement and all have changed, the last row id."""
    database = databases.databases[number]
    connection = database.connection
    counts = connection.changes(), connection.total_changes(), connection.last_insert_rowid()
    return database.code, database.problem, *counts


@_service
def _filename(databases: AllDatabases, number: int, schema: bytes) -> tuple[Scalar, ...]:
    found = databases.databases[number].connection.db_filename(text_before_zero(schema))
    return (None if found is None else from_sql(found),)


@_service
def _readonly(databases: AllDatabases, number: int, schema: bytes) -> tuple[Scalar, ...]:
    try:
        return (databases.databases[number].connection.readonly(text_before_zero(schema)),)
    except apsw.Error:
        return (None,)


@_service
def _interrupt(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    databases.databases[number].connection.interrupt()
    return ()


@_service
def _serialize(databases: AllDatabases, number: int, schema: bytes) -> tuple[Scalar, ...]:
    database = databases.databases[number]
    return (database.attempt(database.connection.serialize, text_before_zero(schema)),)


@_service
def _deserialize(databases: AllDatabases, number: int, content: bytes) -> tuple[Scalar, ...]:
    """Put a serialized database in the place of what is there."""
    database = databases.databases[number]
    databases.read_loops()
    if len(content) > databases.around.bytes_max:
        return (database.note(FULL, b"database or disk is full"),)
    source = apsw.Connection(":memory:", vfs=databases.around.files.name)
    database.attempt(_copy_all, database.connection, source, content)
    source.close(True)
    return (database.code,)


def _copy_all(target: apsw.Connection, source: apsw.Connection, content: bytes) -> None:
    if content:  # of an empty database there is none
        source.deserialize("main", content)
    source.pragma("schema_version")  # says what is wrong with what is no database
    with target.backup("main", source, "main") as backup:
        backup.step(-1)


# Copies, page by page ---------------------------------------------------------------------------------------


@_service
def _copy(databases: AllDatabases, target: int, to: bytes, source: int, origin: bytes) -> tuple[Scalar, ...]:
    """Begin to copy one database over another; the number of the copy, or None."""
    database = databases.databases[target]
    if target == source:
        database.note(ERROR, b"source and destination must be distinct")
        return (None,)
    other = databases.databases[source].connection
    backup = database.attempt(database.connection.backup, text_before_zero(to), other, text_before_zero(origin))
    if backup is None:
        return (None,)
    number = databases.next_number()
    databases.copies[number] = target, source, backup
    return (number,)


@_service
def _copy_pages(databases: AllDatabases, number: int, pages: int) -> tuple[Scalar, ...]:
    """Copy so many pages, all when negative: a code, what remains, how many there are."""
    if number not in databases.copies:  # one of the two databases was closed
        return MISUSE, 0, 0
    target, _, backup = databases.copies[number]
    database = databases.databases[target]
    databases.read_loops()
    done = database.attempt(backup.step, _small(pages))
    code = database.code if database.code != OK else DONE if done else OK
    return code, backup.remaining, backup.page_count


@_service
def _copy_finish(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    databases.finish_copy(number)
    return (OK,)


# Statements -------------------------------------------------------------------------------------------------


@_service
def _prepare(databases: AllDatabases, number: int, sql: bytes) -> tuple[Scalar, ...]:
    """Code, number or None, the text behind it; how many parameters and columns, and whether it only reads.

    Nothing when there are too many statements.
    """
    database = databases.databases[number]
    if len(databases.statements) >= STATEMENTS_MAX:
        database.note(NOMEM, f"{STATEMENTS_MAX:,} statements are open, finalize those that are done with".encode())
        return ()
    statement, behind = database.prepare(sql)
    if statement is None:
        return database.code, None, behind
    counts = len(statement.parameters), len(statement.names), statement.only_reads
    return OK, databases.add(database, statement), behind, *counts


@_service
def _describe(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    """Names and declared types of the columns, in turn."""
    _, statement = databases.statements[number]
    return tuple(value for pair in zip(statement.names, statement.types, strict=True) for value in pair)


@_service
def _parameters(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    return tuple(databases.statements[number][1].parameter_names())


@_service
def _run(databases: AllDatabases, number: int, wanted: int, blobs: bytes | None, *values: Any) -> tuple[Scalar, ...]:
    """Begin a statement with these values; `blobs` has a 1 for each that is one. Answers as `rows` does."""
    _, statement = databases.statements[number]
    if blobs is None:
        bindings = [to_sql_value(value) for value in values]
    else:
        bindings = [
            value if mark == 49 and type(value) is bytes else to_sql_value(value)
            for mark, value in zip(blobs, values, strict=True)
        ]
    statement.start(bindings)
    return _answer(statement, wanted)


@_service
def _rows(databases: AllDatabases, number: int, wanted: int) -> tuple[Scalar, ...]:
    """The code that comes after these rows, how many columns they have, and their values."""
    if number not in databases.statements:
        return ABORT, 0  # a loop given up for newer ones
    answer = _answer(databases.statements[number][1], wanted)
    if answer[0] != ROW and number in databases.loops:
        databases.drop(number)
    return answer


def _answer(statement: Statement, wanted: int) -> tuple[Scalar, ...]:
    columns = len(statement.names)
    code, rows = statement.rows(max(1, min(wanted, CELLS_MAX // max(1, columns))))
    if len(rows) == 1:
        return code, len(rows[0]), *rows[0]
    return code, len(statement.names), *(value for row in rows for value in row)


@_service
def _reset(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    databases.statements[number][1].reset()
    return ()


@_service
def _let_go(databases: AllDatabases, number: int) -> tuple[Scalar, ...]:
    """Finalize a statement, close a database, finish a copy."""
    if number in databases.databases:
        databases.close(number)
    databases.finish_copy(number)
    databases.drop(number)
    return ()


@_service
def _note(databases: AllDatabases, number: int, code: int, problem: bytes) -> tuple[Scalar, ...]:
    databases.databases[number].note(code, problem)
    return ()


@_service
def _loop(databases: AllDatabases, number: int, sql: bytes, wanted: int, named: bool) -> tuple[Scalar, ...]:
    """Begin a loop over a query: None and why not, or its number and what `rows` answers, the names in front if wished.

    It is let go of at its end. One that was left open is read ahead when something is written.
    """
    database = databases.databases[number]
    statement, _ = database.prepare(sql)
    if statement is None:
        return None, database.problem if database.code != OK else None
    loop = databases.add(database, statement)
    statement.start([None] * len(statement.parameters))
    databases.begin_loop(loop, statement)
    code, columns, *values = _answer(statement, wanted)
    if code != ROW:
        databases.drop(loop)
    return loop, code, columns, *(statement.names if named else ()), *values


@_service
def _texts(databases: AllDatabases, *values: Any) -> tuple[Scalar, ...]:
    """Values as SQLite writes them, None as it is; a text ends at its first zero."""
    answer: list[Scalar] = []
    for value in values:
        if isinstance(value, float):
            value = databases.around.text_of(value).encode()
        elif isinstance(value, int):
            value = str(value).encode()
        answer.append(value if value is None else value.partition(b"\0")[0])
    return tuple(answer)


# Functions of the process -----------------------------------------------------------------------------------


def _remember(database: Database, made: tuple[Any, ...], rest: tuple[Any, ...], instead: tuple[Any, ...] = ()) -> None:
    """Note how something was made that an image cannot hold."""
    for old in (made, instead):
        database.functions.pop(old, None)
    database.functions[made] = rest


def _value(databases: AllDatabases, number: int, *arguments: Any) -> Any:
    """What a function of the process gives to SQL."""
    value, is_blob = databases.call(number, *arguments)
    return value if is_blob else to_sql_value(value)


@_service
def _function(databases: AllDatabases, number: int, name: bytes, arity: int, call: int | None) -> tuple[Scalar, ...]:
    database = databases.databases[number]
    database.calls_back = True
    here = databases.weakly

    def scalar(*values: Any) -> Any:
        return _value(here, call or 0, *values)

    run = scalar if call is not None else None
    database.attempt(database.connection.create_scalar_function, text_before_zero(name), run, _small(arity))
    if database.code == OK:
        _remember(database, ("function", name, arity), (call,), instead=("aggregate", name, arity))
    return (database.code,)


@_service
def _aggregate(
    databases: AllDatabases, number: int, name: bytes, arity: int, step: int | None, final: int | None
) -> tuple[Scalar, ...]:
    database = databases.databases[number]
    database.calls_back = True
    groups, here = count(1), databases.weakly

    def begin() -> Any:
        group = next(groups)

        def add(_: Any, *values: Any) -> None:
            here.call(step or 0, group, *values)

        def end(_: Any) -> Any:
            return _value(here, final or 0, group)

        return None, add, end

    run = begin if step is not None else None
    database.attempt(database.connection.create_aggregate_function, text_before_zero(name), run, _small(arity))
    if database.code == OK:
        _remember(database, ("aggregate", name, arity), (step, final), instead=("function", name, arity))
    return (database.code,)


@_service
def _collation(databases: AllDatabases, number: int, name: bytes, call: int | None) -> tuple[Scalar, ...]:
    database = databases.databases[number]
    database.calls_back = True
    here = databases.weakly

    def compare(one: str, other: str) -> int:
        return int(here.call(call or 0, one, other)[0])

    run = compare if call is not None else None
    database.attempt(database.connection.create_collation, text_before_zero(name), run)
    if database.code == OK:
        _remember(database, ("collation", name), (call,))
    return (database.code,)


@_service
def _hook(databases: AllDatabases, number: int, kind: bytes, call: int | None, every: int = 0) -> tuple[Scalar, ...]:
    """Have a function called at a commit, a rollback, a change, a statement, a lock, or every so many steps."""
    database = databases.databases[number]
    database.calls_back = database.calls_back or call is not None
    here = databases.weakly

    def asked(*values: Any) -> bool:
        return bool(here.call(call or 0, *values)[0])

    def told(*values: Any) -> None:
        here.call(call or 0, *values)

    connection, off = database.connection, call is None
    if kind == b"commit":
        connection.set_commit_hook(None if off else asked)
    elif kind == b"rollback":
        connection.set_rollback_hook(None if off else told)
    elif kind == b"update":
        connection.set_update_hook(None if off else told)
    elif kind == b"trace":
        database.tracing = None if off else told
    elif kind == b"wal":
        connection.set_wal_hook(None if off else lambda _, *values: int(asked(*values)))
    elif kind == b"busy":
        connection.set_busy_handler(None if off else asked)
    elif kind == b"progress":
        connection.set_progress_handler(None if off else asked, max(1, _small(every)), id=b"author")
    _remember(database, ("hook", kind), (call, every), instead=("busy_timeout",) if kind == b"busy" else ())
    return ()


@_service
def _busy_timeout(databases: AllDatabases, number: int, wait_ms: int) -> tuple[Scalar, ...]:
    database = databases.databases[number]
    database.connection.set_busy_timeout(max(0, _small(wait_ms)))
    _remember(database, ("busy_timeout",), (wait_ms,), instead=("hook", b"busy"))
    return (OK,)
