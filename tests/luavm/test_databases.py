"""The SQL databases of a process: its own, within limits, undone with its messages, the same in every run."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Limits, ProcessHandle, Simulation
from aosim.errors import EvalError
from aosim.luavm.sql_values import from_sql, to_sql

_ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c)"
_DESK = """
sqlite3 = require("lsqlite3")
db = sqlite3.open_memory()
db:exec("create table t (n)")
function all(sql)
  local rows = {}
  for row in db:rows(sql) do rows[#rows + 1] = row end
  return rows
end
Handlers.add("Add", "Add", function(msg)
  assert(db:exec("insert into t values (" .. msg.Tags.N .. ")") == 0, db:errmsg())
  if msg.Tags.Fail then error("so it fails") end
end)
"""


def _desk(seed: int = 0, **limits: int) -> ProcessHandle:
    return Simulation(seed=seed, limits=Limits(**limits)).spawn(_DESK, name="desk")


# Undo ---------------------------------------------------------------------------------------------------------------


def test_a_message_that_fails_leaves_the_database_as_it_was() -> None:
    sim = Simulation()
    desk = sim.spawn(_DESK, name="desk")
    for n, fail in [("1", None), ("2", "yes"), ("3", None)]:
        desk.send(Action="Add", tags={"N": n, **({"Fail": fail} if fail else {})})
    sim.run()
    assert desk.eval("all('select n from t')") == [[1], [3]]
    with pytest.raises(EvalError):
        desk.eval("db:exec('drop table t') sqlite3.open('x.db'):exec('create table x (a)') error('no')")
    assert desk.eval("{ all('select n from t'), sqlite3.open('x.db'):exec('select * from x') }") == [[[1], [3]], 1]


def test_a_dry_run_leaves_the_database_as_it_was() -> None:
    sim = Simulation()
    desk = sim.spawn(_DESK, name="desk")
    assert desk.query(Action="Add", N="5").error is None
    assert desk.eval("all('select n from t')") == []


def test_a_transaction_stays_open_across_messages_and_is_undone_with_the_one_that_failed() -> None:
    desk = _desk()
    desk.eval("db:exec('begin; insert into t values (1)')")
    with pytest.raises(EvalError):
        desk.eval("db:exec('insert into t values (2); commit') error('no')")
    assert desk.eval("all('select n from t')") == [[1]]
    assert desk.eval("{ db:exec('rollback'), #all('select n from t') }") == [0, 0]
    with pytest.raises(EvalError):
        desk.eval("db:exec('begin; insert into t values (3)') error('no')")
    assert desk.eval("{ db:exec('begin'), db:exec('commit') }") == [0, 0]


def test_statements_and_loops_are_there_after_a_message_was_undone() -> None:
    desk = _desk()
    desk.eval("insert = db:prepare('insert into t values (?)') insert:bind_values(7)")
    desk.eval("insert:step() insert:reset() n = db:urows('select n from t union select 8')")
    with pytest.raises(EvalError):
        desk.eval("n() insert:finalize() error('no')")
    assert desk.eval("{ insert:step(), n(), n() }") == [101, 7, 8]


# The same in every run ----------------------------------------------------------------------------------------------

_CHANCE = """
all([[select random(), hex(randomblob(9)), datetime('now'), datetime('now', 'localtime', '+1 day'), current_timestamp,
  strftime('%s.%f', 'now', 'utc'), unixepoch(), julianday('now')]])
"""


def test_chance_comes_from_the_process_and_time_from_the_message() -> None:
    sim = Simulation()
    desk, other = sim.spawn(_DESK, name="desk"), sim.spawn(_DESK, name="other")
    first: Any = desk.eval(_CHANCE)
    assert first[0][2:7] == [
        *("2025-01-01 00:00:00", "2025-01-02 00:00:00", "2025-01-01 00:00:00", "1735689600.00.000", 1735689600),
    ]
    desk.send(Action="Nothing", after_ms=61_500)
    sim.run()
    second: Any = desk.eval(_CHANCE)
    assert second[0][2] == "2025-01-01 00:01:01"
    assert second[0][:2] != first[0][:2]
    assert Simulation().spawn(_DESK, name="desk").eval(_CHANCE) == first
    assert other.eval(_CHANCE) != second


_RUN = f"""
import json
from aosim import Simulation
desk = Simulation(seed=5).spawn({_DESK!r}, name="desk")
print(json.dumps(desk.eval({_CHANCE!r})))
print(json.dumps(desk.eval('''(function()
  db:exec([[create table m (id integer primary key); insert into m values (9223372036854775807)]])
  db:exec([[insert into m values (null); insert into m values (null)]])
  return all("select id, typeof(id) from m order by random()")
end)()''')))
"""


def test_no_result_depends_on_the_machine() -> None:
    def run(zone: str, seed: str) -> bytes:
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", _RUN], env=environment, capture_output=True, check=True).stdout

    assert run("UTC", "1") == run("Asia/Tokyo", "2")


def test_what_the_host_draws_from_sqlite_is_not_drawn_from_a_process() -> None:
    _desk().eval("db:exec('insert into t values (1)')")
    host = apsw.Connection(":memory:")
    first = host.execute("select random()").fetchall()
    _desk().eval("db:exec('insert into t values (1)')")
    assert host.execute("select random()").fetchall() != first


# The host -----------------------------------------------------------------------------------------------------------


def test_no_path_leads_to_a_file_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    victim = tmp_path / "victim.db"
    apsw.Connection(str(victim)).execute("create table secret (a); insert into secret values (1)")
    before = victim.read_bytes()
    desk = _desk()
    desk.eval(f"db:exec([[attach '{victim}' as v; create table v.secret (b)]])")
    assert desk.eval("all('select * from v.secret')") == []
    desk.eval(f"sqlite3.open('{victim}'):exec('drop table secret; create table mine (a)')")
    uri = f"file:{victim}?vfs=unix"
    desk.eval(f"sqlite3.open('{uri}', sqlite3.OPEN_URI + 6):exec('create table mine (a)')")
    desk.eval("db:exec([[detach v; vacuum into 'copy.db']])")
    assert desk.eval("sqlite3.open('copy.db'):exec('select * from t')") == 0
    assert (victim.read_bytes(), os.listdir(tmp_path)) == (before, ["victim.db"])


def test_two_processes_do_not_see_each_others_databases() -> None:
    sim = Simulation()
    one, other = sim.spawn(_DESK, name="one"), sim.spawn(_DESK, name="other")
    one.eval("sqlite3.open('x.db'):exec('create table x (a)')")
    assert other.eval("sqlite3.open('x.db'):exec('select * from x')") == 1


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("pragma soft_heap_limit = 1", 23),
        ("pragma hard_heap_limit", 23),
        ("pragma max_page_count = 1000000; pragma cache_size = 100000; pragma temp_store = memory", 0),
        ("pragma locking_mode = exclusive; pragma journal_mode = wal", 0),
        ("pragma writable_schema = on; delete from sqlite_master", 1),
        ("select fts3_tokenizer('simple', x'00')", 1),
        ("select readfile('/etc/passwd')", 1),
    ],
)
def test_what_reaches_beyond_the_database_is_refused(sql: str, code: int) -> None:
    desk = _desk()
    assert desk.eval(f"db:exec([[{sql}]])") == code
    assert desk.eval("all('pragma max_page_count')") == [[64 * 2**20 // 4096]]
    assert desk.eval("all('pragma cache_size')") == [[-2000]]
    assert desk.eval("all('pragma journal_mode')") == [["memory"]]


def test_nothing_is_left_of_databases_when_their_process_is_gone() -> None:
    gc.collect()
    systems, connections = len(apsw.vfs_names()), len(apsw.connections())
    desk = _desk()
    desk.eval("""
      db:create_function("f", 0, function() end) db:update_hook(function() end) db:trace(print)
      next_row = db:urows("select 1 union select 2") next_row()
      file = sqlite3.open("x.db") copy = sqlite3.backup_init(db, "main", file, "main")
    """)
    for _ in range(3):
        with pytest.raises(EvalError):
            desk.eval("error('no')")
    desk.eval("1")
    del desk
    gc.collect()
    assert (len(apsw.vfs_names()), len(apsw.connections())) == (systems, connections)


def test_a_process_without_sql_does_not_load_its_engine() -> None:
    code = "import sys; from aosim import Simulation; Simulation().spawn('json = require(\"json\")'); "
    code += "print('apsw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


# Limits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        f"insert into t {_ENDLESS} select zeroblob(100000) from c",
        f"create temp table big as {_ENDLESS} select zeroblob(100000) from c",
        f"attach ':memory:' as m; create table m.big as {_ENDLESS} select zeroblob(100000) from c",
        f"attach 'x.db' as x; create table x.big as {_ENDLESS} select zeroblob(100000) from c",
        f"select count(*) from (select * from ({_ENDLESS} select zeroblob(100000 + x) b from c) order by b)",
    ],
)
def test_a_database_that_is_full_says_so_and_can_be_used_on(sql: str) -> None:
    desk = _desk(database_bytes_max=4 * 2**20)
    assert desk.eval(f"{{ db:exec([[{sql}]]), db:errmsg() }}") == [13, "database or disk is full"]
    assert desk.eval("{ db:exec('delete from t'), db:exec('insert into t values (1)') }") == [0, 0]
    assert desk.eval("all('select n from t')") == [[1]]


def test_all_files_of_a_process_share_what_they_may_hold() -> None:
    desk = _desk(database_bytes_max=4 * 2**20)
    fill = (
        "d = sqlite3.open(name) d:exec('create table t (n)') return d:exec('insert into t values (zeroblob(1500000))')"
    )
    assert [desk.eval(f"name = '{name}' {fill}") for name in ("a.db", "b.db", "c.db")] == [0, 0, 13]
    assert desk.eval("name = 'a.db' d = sqlite3.open(name) return { d:exec('delete from t'), d:exec('vacuum') }") == [
        0,
        0,
    ]
    assert desk.eval(f"name = 'c.db' {fill}") == 0


def test_a_message_may_take_so_many_steps_and_the_next_begins_anew() -> None:
    desk = _desk(database_steps_max=1_000_000)
    problem = "interrupted: this message has used up its database_steps_max of 1,000,000"
    assert desk.eval(f"{{ db:exec([[{_ENDLESS} select count(*) from c]]), db:errmsg() }}") == [9, problem]
    assert desk.eval("all('select 1')") == [[1]]
    code = "local n = 0 while db:exec('select 1') == 0 do n = n + 1 end return { n, db:errcode() }"
    fresh = [_desk(database_steps_max=1_000_000) for _ in range(2)]
    (count, problem), other = (desk.eval(code) for desk in fresh)
    assert (1_900 < count < 2_000, problem) == (True, 9)
    assert other == [count, problem]
    with pytest.raises(EvalError, match="database_steps_max"):
        desk.eval(f"for _ in db:rows([[{_ENDLESS} select x from c]]) do end")


def test_texts_and_patterns_have_an_end() -> None:
    desk = _desk()
    assert desk.eval("{ db:exec('select zeroblob(10485761)'), db:exec('select hex(zeroblob(6000000))') }") == [18, 18]
    assert desk.eval("db:exec([[select 'x' like '" + "%" * 1_001 + "']])") == 1
    assert desk.eval("db:exec('select 1' .. string.rep(' ', 1048576))") == 18


def test_what_is_not_held_any_more_makes_room() -> None:
    desk = _desk()
    code = "for i = 1, 40 do local d = sqlite3.open('x.db') assert(d, 'none left') d:exec('begin immediate') end"
    assert desk.eval(code) is None
    assert desk.eval("for i = 1, 2500 do assert(db:prepare('select ' .. i)) end return true")
    code = "held = {} for i = 1, 20 do held[i] = sqlite3.open_memory() end return #held"
    assert desk.eval(code) == 15
    assert desk.eval("{ select(2, sqlite3.open_memory()) }") == [
        *(14, "unable to open database file: 16 are open, close one")
    ]
    code = (
        "s = {} for i = 1, 1500 do s[i] = db:prepare('select 1') end return { #s, (select(2, db:prepare('select 1'))) }"
    )
    assert desk.eval(code) == [1000, 7]


def test_many_loops_that_were_left_are_given_up_oldest_first() -> None:
    desk = _desk()
    desk.eval(f"loops = {{}} for i = 1, 150 do loops[i] = db:urows([[{_ENDLESS} select x from c limit 50]]) end")
    code = (
        "local n, ok, x = 0, true, 0 while ok and x do ok, x = pcall(loops[i]) n = n + 1 end return { n, ok, x or '' }"
    )
    assert desk.eval(f"i = 1 {code}") == [17, False, "this loop over a query was given up for newer ones"]
    assert desk.eval(f"i = 150 {code}") == [51, True, ""]


def test_a_loop_over_too_much_that_was_left_ends_with_an_error_when_something_is_written() -> None:
    desk = _desk()
    code = f"""
      local n = 0
      for x in db:urows([[{_ENDLESS} select x from c]]) do
        n = n + 1
        if n == 1 then db:exec('insert into t values (1)') end
      end
    """
    with pytest.raises(EvalError, match="a loop over a query was still open when the database was written to"):
        desk.eval(code)


def test_functions_within_functions_end() -> None:
    desk = _desk()
    desk.eval("""
      db:create_function("f", 0, function(ctx)
        depth = (depth or 0) + 1
        for value in db:urows("select f()") do ctx:result(value) end
      end)
    """)
    assert desk.eval("{ db:exec('select f()'), db:errmsg(), depth }") == [
        *(1, "too many functions within functions that SQL calls", 20)
    ]


def test_a_message_that_is_interrupted_in_a_function_goes_on() -> None:
    desk = _desk(database_steps_max=100_000)
    desk.eval("db:create_function('f', 1, function(ctx, x) ctx:result(x) end)")
    assert desk.eval(f"{{ db:exec([[{_ENDLESS} select sum(f(x)) from c]]), db:errcode() }}")[1] in (1, 9)
    assert desk.eval("all('select f(1)')") == [[1]]


# Values -------------------------------------------------------------------------------------------------------------


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.lists(st.sampled_from([b"\xf4\x8f\xbe", b"\x80", b"\xbf", b"a"])).map(b"".join)
)
def test_every_text_comes_back_as_it_was(text: bytes) -> None:
    kept = to_sql(text)
    assert from_sql(kept) == text
    kept.encode()


@given(st.binary(), st.binary())
def test_texts_are_equal_in_sql_when_their_bytes_are(one: bytes, other: bytes) -> None:
    assert (to_sql(one) == to_sql(other)) == (one == other)
    assert to_sql(one + b"a" + other) == to_sql(one) + "a" + to_sql(other)


def test_bytes_that_are_no_utf_8_are_characters_of_a_text() -> None:
    desk = _desk()
    code = r"""
      local s = db:prepare('insert into t values (?)')
      for _, text in ipairs({ '\255\0x', 'ü', '\u{10FFFF}', '\128' }) do s:bind_values(text) s:step() s:reset() end
      local found = {}
      for text, length, kind in db:urows("select n, length(n), typeof(n) from t") do
        found[#found + 1] = { #text, length, kind }
      end
      return { found, all("select n from t where n = '" .. '\128' .. "'")[1][1] == '\128' }
    """
    assert desk.eval(code) == [[[3, 1, "text"], [2, 1, "text"], [4, 4, "text"], [1, 1, "text"]], True]
    assert desk.eval("{ db:exec([[select cast(x'ff' as text)]]), db:errmsg() }") == [
        *(1, "a text in this row is not UTF-8; CAST it AS BLOB")
    ]


def _literal(value: object) -> str:
    if isinstance(value, bytes):
        return '"' + "".join(f"\\{byte:03d}" for byte in value) + '"'
    if isinstance(value, int):
        return "math.mininteger" if value == -(2**63) else str(value)
    return repr(value) if isinstance(value, float) else "nil"


_VALUES = st.lists(
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5).map(str.encode),
    max_size=8,
)
_QUERIES = (
    "SELECT a, b, typeof(a), typeof(b) FROM t ORDER BY a, b",
    "SELECT count(a), count(DISTINCT b), max(a), min(b) FROM t",
    "SELECT a = b, a < b, a IS b, a IN (b, 1), coalesce(a, b), CASE WHEN a THEN 1 ELSE 2 END FROM t ORDER BY rowid",
    "SELECT x.a, y.b FROM t x JOIN t y ON x.a >= y.a ORDER BY x.rowid, y.rowid",
)


@settings(max_examples=40)
@given(_VALUES, _VALUES, st.sampled_from(_QUERIES))
def test_queries_answer_as_the_sqlite_of_python_does(first: list[Any], second: list[Any], query: str) -> None:
    rows = list(zip(first, second, strict=False))
    other = sqlite3.connect(":memory:")
    other.text_factory = bytes
    other.execute("CREATE TABLE t (a, b)")
    texts = [tuple(value.decode() if isinstance(value, bytes) else value for value in row) for row in rows]
    other.executemany("INSERT INTO t VALUES (?, ?)", texts)
    inserts = " ".join(
        f"insert:bind_values({_literal(a)}, {_literal(b)}) insert:step() insert:reset()" for a, b in rows
    )
    told = _TELLER.eval(f"""
      local db = sqlite3.open_memory()
      db:exec("CREATE TABLE t (a, b)")
      local insert, out = db:prepare("INSERT INTO t VALUES (?, ?)"), {{}}
      {inserts}
      for row in db:rows("{query}") do
        for column = 1, 6 do out[#out + 1] = row[column] == nil and "nothing" or row[column] end
      end
      db:close()
      return out
    """)
    expected: list[Any] = []
    for row in other.execute(query):
        cells = [value.decode() if isinstance(value, bytes) else value for value in row]
        expected += ["nothing" if value is None else value for value in [*cells, *[None] * (6 - len(cells))]]
    assert told == expected


_TELLER = Simulation().spawn("sqlite3 = require('lsqlite3')")
