"""A process with a small database, for the tests of lsqlite3."""

from __future__ import annotations

from typing import Any

from aosim import ProcessHandle, Simulation

_SOURCE = """
sqlite3 = require("lsqlite3")
db = sqlite3.open_memory()
db:exec([[
  CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT UNIQUE, amount REAL, note);
  INSERT INTO accounts VALUES (1, 'alice', 10.5, x'00ff'), (2, 'bob', 20, NULL), (3, 'carol', 0.25, 7);
]])
function all(sql)
  local rows = {}
  for row in db:rows(sql) do rows[#rows + 1] = row end
  return rows
end
"""


def new_desk() -> ProcessHandle:
    """A process with `sqlite3`, an open `db` with accounts in it, and `all(sql)` for the rows of a query."""
    return Simulation(seed=3).spawn(_SOURCE, name="desk")


def text_of_error(process: ProcessHandle, code: str) -> Any:
    """The error of Lua text that must fail."""
    return process.eval(f"select(2, pcall(function() {code} end))")
