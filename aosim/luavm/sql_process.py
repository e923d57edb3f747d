"""All SQL databases of one process: the one place where what they hold is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import proxy

import apsw

from aosim.luavm.services import Desk, PartMissing
from aosim.luavm.sql_database import STATEMENT_STEPS, CallFailed, Database, Statement, Surroundings
from aosim.luavm.sql_values import row_from_sql
from aosim.seeds import Seeds

LOOPS_MAX = 100
CALLS_DEPTH_MAX = 20


class AllDatabases:
    """All databases of one process, open or on file."""

    def __init__(self) -> None:
        self.call_back: Callable[..., Any] | None = None
        # What SQLite calls must not hold this: the two would keep each other for ever.
        self.weakly: AllDatabases = proxy(self)
        self.number_last = 0
        self._missing: PartMissing | None = None
        self._depth = 0
        self.databases: dict[int, Database] = {}
        self.statements: dict[int, tuple[Database, Statement]] = {}
        self.loops: dict[int, Statement] = {}  # in the order they were begun
        self.copies: dict[int, tuple[int, int, apsw.Backup]] = {}  # with the numbers of the two databases

    def begin(self, desk: Desk) -> None:
        """Called before anything else."""
        self.call_back = desk.call_back
        self.random = Seeds(0).stream(f"sql/{desk.process_id}")
        self.around = Surroundings(
            bytes_max=desk.limits.database_bytes_max,
            steps_max=desk.limits.database_steps_max,
            seed=desk.process_id.encode(),
            random=self.random.randbytes,
        )

    def next_number(self) -> int:
        """A number that nothing has had yet."""
        self.number_last += 1
        return self.number_last

    def open(self, path: str, flags: int) -> tuple[int, Database]:
        """A new connection and its number. Raises apsw.Error."""
        database = Database(self.around, path, flags)
        here = self.weakly
        database.before_writing = lambda: here.read_loops()
        number = self.next_number()
        self.databases[number] = database
        return number, database

    def add(self, database: Database, statement: Statement) -> int:
        """The number of a new statement."""
        number = self.next_number()
        self.statements[number] = database, statement
        database.statements[number] = statement
        return number

    def drop(self, number: int) -> None:
        """Let go of a statement."""
        self.loops.pop(number, None)
        if number in self.statements:
            database, statement = self.statements.pop(number)
            statement.reset()
            database.statements.pop(number, None)

    def begin_loop(self, number: int, statement: Statement) -> None:
        """Take a statement for a loop over a query; of too many, the oldest is given up."""
        self.loops[number] = statement
        if len(self.loops) > LOOPS_MAX:
            self.drop(next(number for number, loop in self.loops.items() if not loop.running))

    def read_loops(self) -> None:
        """Have loops over queries hold nothing: what they have still to give is read now."""
        for statement in self.loops.values():
            statement.read_ahead()

    def call(self, number: int, *values: Any) -> tuple[Any, ...]:
        """Have the library call a function of the process. Raises CallFailed with the text of its error."""
        assert self.call_back is not None
        if self._missing is not None or self.around.charge(STATEMENT_STEPS):
            raise CallFailed("interrupted")
        if self._depth >= CALLS_DEPTH_MAX:
            raise CallFailed("too many functions within functions that SQL calls")
        self._depth += 1
        try:
            out = self.call_back(b"libraries", b"call_library", b"lsqlite3", number, *row_from_sql(values))
        except PartMissing as missing:  # which SQLite must not take for an error of the author's
            self._missing = missing
            raise CallFailed from None
        finally:
            self._depth -= 1
        answer = out if isinstance(out, tuple) else (out,)
        if answer[0] is not True:  # False and the error, or what the runtime tells of itself when it was stopped
            texts = [value for value in answer if isinstance(value, bytes)]
            raise CallFailed((texts[-1] if texts else b"interrupted").decode("utf-8", "surrogateescape"))
        return answer[1:]

    def raise_missing(self) -> None:
        """Tell at last what a function of the process needed."""
        if self._missing is not None:
            missing, self._missing = self._missing, None
            raise missing

    def finish_copy(self, number: int) -> None:
        """Let go of a copy, complete or not."""
        if number in self.copies:
            self.copies.pop(number)[2].close(True)

    def close(self, number: int) -> None:
        """Close a database with all its statements."""
        for copy in [key for key, copy in self.copies.items() if number in copy[:2]]:
            self.finish_copy(copy)
        database = self.databases.pop(number)
        for statement in list(database.statements):
            self.drop(statement)
        database.close()

    def __del__(self) -> None:
        for copy in list(self.copies):
            self.finish_copy(copy)
        for database in self.databases.values():
            database.close()
        if self.call_back is not None:
            self.around.close()
