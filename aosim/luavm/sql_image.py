"""The SQL databases of a process as bytes, and back.

What future answers depend on: the files, what is in databases without a name, statements with the rows that were read
ahead, functions, settings, counts, and where chance stands. What cannot be written down raises NotImaged: an open
transaction, a statement in the midst of its rows, temporary tables, attached databases, copies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from aosim.errors import NotImaged
from aosim.luavm.sql_database import Database, Statement
from aosim.luavm.sql_files import Content
from aosim.luavm.sql_process import AllDatabases
from aosim.packing import pack, unpack


def image_of(databases: AllDatabases) -> bytes:
    """All of it. Loops that were left open are read ahead, as the next message would begin with."""
    databases.read_loops()
    if databases.copies:
        raise NotImaged("lsqlite3", "is in the midst of a copy")
    around = databases.around
    files = tuple((path, bytes(content.bytes)) for path, content in sorted(around.files.contents.items()))
    return pack(
        (
            (
                databases.number_last,
                databases.random.getstate(),
                around.files.seeds,
                around.files.now_ms,
                around.steps_left,
            ),
            files,
            tuple((number, _database(database)) for number, database in databases.databases.items()),
            tuple(
                (number, _number_of(databases, database), number in databases.loops, statement.state())
                for number, (database, statement) in databases.statements.items()
            ),
        )
    )


def _number_of(databases: AllDatabases, database: Database) -> int:
    return next(number for number, other in databases.databases.items() if other is database)


def _database(database: Database) -> tuple[Any, ...]:
    connection = database.connection
    listed = [name for _, name, _ in connection.execute("PRAGMA database_list").fetchall()]
    if not connection.get_autocommit():
        raise NotImaged("lsqlite3", "has a transaction open")
    if any(not statement.at_rest() for statement in database.statements.values()):
        raise NotImaged("lsqlite3", "has a statement in the midst of its rows; reset it")
    if len(listed) > 1 and (
        listed != ["main", "temp"] or connection.execute("SELECT 1 FROM temp.sqlite_master").fetchall()
    ):
        raise NotImaged("lsqlite3", "has temporary tables, or attached databases")
    return (
        (database.path, database.flags, database.code, database.problem, database.calls_back, len(listed) > 1),
        connection.serialize("main") if not database.path else None,
        (connection.changes(), connection.total_changes(), connection.last_insert_rowid()),
        tuple(database.settings.items()),
        tuple(database.functions.items()),
    )


def restore(databases: AllDatabases, image: bytes, register: Callable[..., object]) -> None:
    """Make it what an image says; `register` is called with the word of a service and its question, for functions."""
    (number_last, chance, seeds, now_ms, steps_left), files, connections, statements = unpack(image)
    around = databases.around
    around.steps_left = 2**62  # what follows is no work of the process
    for path, content in files:
        around.files.contents[path] = kept = Content()
        kept.bytes += content
        around.files.grow(len(content))
    for number, state in connections:
        databases.number_last = number - 1
        _restore_database(databases, number, state, register)
    for number, owner, is_loop, state in statements:
        database = databases.databases[owner]
        statement = Statement.from_state(database, state)
        databases.statements[number] = database, statement
        database.statements[number] = statement
        if is_loop:
            databases.loops[number] = statement
    databases.number_last = number_last
    databases.random.setstate(chance)
    around.files.seeds, around.files.now_ms, around.steps_left = seeds, now_ms, steps_left


def _restore_database(
    databases: AllDatabases, number: int, state: tuple[Any, ...], register: Callable[..., object]
) -> None:
    (path, flags, code, problem, calls_back, has_temp), content, counts, settings, functions = state
    _, database = databases.open(path, flags)
    if content:
        database.connection.deserialize("main", content)
        database.bound_main()
    for name, value in settings:
        value = value.replace("'", "''")
        database.connection.execute(f"PRAGMA {name}='{value}'").fetchall()
    _count_up(database.connection, *counts)
    if has_temp:
        database.connection.execute("CREATE TEMP TABLE t (a); DROP TABLE t")
    for (word, *key), rest in functions:
        register(word, number, *key, *rest)
    database.calls_back = calls_back
    database.note(code, problem)


# The counts are the engine's own, and only changes move them.
def _count_up(connection: apsw.Connection, changes: int, total: int, row_id: int) -> None:
    if total:
        connection.execute("ATTACH ':memory:' AS counted; CREATE TABLE counted.t (a)")
        for count in (total - changes, changes):
            connection.execute(
                "INSERT INTO counted.t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT ?) "
                "SELECT 0 FROM c",
                (count,),
            )
        connection.execute("DETACH counted")
    connection.set_last_insert_rowid(row_id)
