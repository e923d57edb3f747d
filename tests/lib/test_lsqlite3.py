"""The surface of lsqlite3, as its documentation tells it."""

from __future__ import annotations

import pytest

from aosim import ProcessHandle, Simulation
from aosim.errors import EvalError
from lib.sqlite_desk import new_desk, text_of_error


@pytest.fixture
def process() -> ProcessHandle:
    return new_desk()


# Opening ------------------------------------------------------------------------------------------------------------


def test_the_module_has_its_functions_and_constants(process: ProcessHandle) -> None:
    assert process.eval("{ sqlite3.OK, sqlite3.BUSY, sqlite3.CONSTRAINT, sqlite3.ROW, sqlite3.DONE }") == [
        *(0, 5, 19, 100, 101)
    ]
    assert process.eval("{ sqlite3.INTEGER, sqlite3.FLOAT, sqlite3.TEXT, sqlite3.BLOB, sqlite3.NULL }") == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert process.eval("{ sqlite3.DELETE, sqlite3.INSERT, sqlite3.UPDATE, sqlite3.OPEN_CREATE }") == [9, 18, 23, 4]
    assert process.eval("sqlite3.lversion()") == "0.9.6"
    assert process.eval("sqlite3.version():match('^3%.%d+%.%d+$') ~= nil")
    assert process.eval("{ sqlite3.complete('select 1;'), sqlite3.complete('select') }") == [True, False]
    assert process.eval("sqlite3.open_ptr == nil and sqlite3.temp_directory() == nil")


def test_a_handle_tells_what_it_is_without_an_address(process: ProcessHandle) -> None:
    code = "local s = db:prepare('select 1') return tostring(db) .. ' ' .. tostring(s)"
    assert process.eval(code) == "sqlite database (0x00000001) sqlite virtual machine (0x00000002)"
    assert process.eval("local s = db:prepare('select 1') s:finalize() return tostring(s)") == (
        "sqlite virtual machine (closed)"
    )
    assert process.eval("{ getmetatable(db) == nil, next(db) == nil, type(db) }") == [True, True, "table"]


def test_what_is_closed_cannot_be_used(process: ProcessHandle) -> None:
    assert process.eval("local s = db:prepare('select 1') return { db:close(), db:isopen(), s:isopen() }") == [
        *(0, False, False)
    ]
    assert text_of_error(process, "db:exec('select 1')") == (
        "[string \"aos\"]:1: calling 'exec' on bad self (attempt to use closed sqlite database)"
    )
    assert process.eval("tostring(db)") == "sqlite database (closed)"
    process.eval("db = sqlite3.open_memory() s = db:prepare('select 1') s:finalize()")
    assert text_of_error(process, "s:step()") == (
        "[string \"aos\"]:1: calling 'step' on bad self (attempt to use closed sqlite virtual machine)"
    )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("db.exec({}, 'select 1')", "bad argument #1 to 'exec' (:sqlite3 expected, got table)"),
        ("db.exec()", "bad argument #1 to 'exec' (:sqlite3 expected, got no value)"),
        ("db:exec({})", "bad argument #1 to 'exec' (string expected, got table)"),
        ("db:exec('select 1', 5)", "bad argument #2 to 'exec' (function expected, got number)"),
        ("sqlite3.open({})", "bad argument #1 to 'open' (string expected, got table)"),
        ("db:create_function('f', {}, print)", "bad argument #2 to 'create_function' (number expected, got table)"),
        ("db:prepare('select ?'):bind(2, 1)", "bind index out of range [1..1]"),
        ("db:prepare('select ?'):bind(1, {})", "index (1) - invalid data type for bind (table)"),
        ("db:prepare('select ?, ?'):bind_values(1)", "incorrect number of parameters to bind (1 given, 2 to bind)"),
        ("db:prepare('select 1'):get_value(0)", "misuse of function"),
        ("db:prepare('select 1'):get_name(1)", "index out of range [0..0]"),
    ],
)
def test_wrong_arguments_are_errors_at_the_authors_line(process: ProcessHandle, code: str, problem: str) -> None:
    assert text_of_error(process, f"local _ = {code}") == f'[string "aos"]:1: {problem}'


def test_every_name_is_a_database_in_memory_that_outlives_its_handles(process: ProcessHandle) -> None:
    process.eval("d = sqlite3.open('bank.db') d:exec('create table t (a); insert into t values (5)') d:close()")
    assert process.eval(
        "d = sqlite3.open('./bank.db') local found for a in d:urows('select a from t') do found = a end return found"
    ) == (5)
    assert process.eval("d:db_filename('main')") == "/bank.db"
    assert process.eval(
        "{ sqlite3.open('none.db', sqlite3.OPEN_READONLY) == nil, "
        "select(2, sqlite3.open('none.db', sqlite3.OPEN_READONLY)) }"
    ) == [*(True, 14, "unable to open database file")]
    assert process.eval(
        "local r = sqlite3.open('bank.db', sqlite3.OPEN_READONLY) "
        "return { r:readonly(), r:exec('delete from t'), r:errmsg() }"
    ) == [*(True, 8, "attempt to write a readonly database")]
    assert process.eval("local m = sqlite3.open(':memory:') return m:exec('select * from t')") == 1


def test_two_connections_to_one_name_lock_each_other_out(process: ProcessHandle) -> None:
    process.eval("a, b = sqlite3.open('x.db'), sqlite3.open('x.db') a:exec('create table t (n)')")
    assert process.eval("{ a:exec('begin immediate'), b:exec('insert into t values (1)'), b:errmsg() }") == [
        *(0, 5, "database is locked")
    ]
    code = "tries = 0 b:busy_handler(function(_, n) tries = n return n < 4 end) return b:exec('begin immediate')"
    assert process.eval(code) == 5
    assert process.eval("tries") == 4
    assert process.eval("{ b:busy_timeout(1000), b:exec('begin immediate') }") == [0, 5]
    assert process.eval("{ a:exec('commit'), b:exec('insert into t values (1)') }") == [0, 0]


# Running SQL --------------------------------------------------------------------------------------------------------


def test_exec_answers_with_a_code_and_the_database_knows_why(process: ProcessHandle) -> None:
    assert process.eval("{ db:exec('insert into accounts values (1, 2, 3, 4)'), db:errcode(), db:errmsg() }") == [
        *(19, 19, "UNIQUE constraint failed: accounts.id")
    ]
    assert process.eval("{ db:execute('selec'), db:error_code(), db:error_message() }") == [
        *(1, 1, 'near "selec": syntax error')
    ]
    assert process.eval("{ db:exec('update accounts set note = 1; update accounts set note = 2 where id < 3'), "
                        "db:errmsg(), db:changes(), db:total_changes() }") == [0, "not an error", 2, 8]  # fmt: skip
    assert process.eval("{ db:exec('insert into accounts (name) values (\\'dan\\'); nonsense'), db:changes() }") == [
        1,
        1,
    ]
    assert process.eval("db:last_insert_rowid()") == 4


def test_exec_calls_back_with_texts_and_stops_at_what_is_not_zero(process: ProcessHandle) -> None:
    process.eval("""
      seen = {}
      code = db:exec('select id, amount, name, note from accounts; select 1', function(data, count, values, names)
        seen[#seen + 1] = { data, count, table.concat(values, '|', 1, 3), names[4], values[4] or 'NULL' }
        return #seen == 2 and 1 or 0
      end, 'data')
    """)
    assert process.eval("seen") == [
        ["data", 4, "1|10.5|alice", "note", ""],
        ["data", 4, "2|20.0|bob", "note", "NULL"],
    ]
    assert process.eval("{ code, db:errmsg() }") == [4, "query aborted"]
    assert process.eval("db:exec('select 1; select 2', function() return 0 end)") == 0
    assert process.eval("db:exec('select 1', function() error('no') end)") == 4
    assert process.eval("db:exec('select 1; selec', function() return 0 end)") == 1


def test_loops_give_rows_as_lists_tables_and_values(process: ProcessHandle) -> None:
    assert process.eval("all('select id, name, amount from accounts')") == [
        *([1, "alice", 10.5], [2, "bob", 20.0], [3, "carol", 0.25])
    ]
    code = "local out = {} for row in db:nrows('select id, note n from accounts') do out[row.id] = row end return out"
    assert process.eval(code) == [{"id": 1, "n": "\0\udcff"}, {"id": 2}, {"id": 3, "n": 7}]
    code = "local out = {} for id, name in db:urows('select id, name from accounts') do out[id] = name end return out"
    assert process.eval(code) == ["alice", "bob", "carol"]
    assert process.eval("all('select * from accounts where id > 5')") == []
    assert process.eval("local it = db:rows('select 1') it() return { it() == nil, it() == nil }") == [True, True]
    assert process.eval("all('-- nothing')") == []


def test_a_loop_over_what_is_no_sql_is_an_error(process: ProcessHandle) -> None:
    assert text_of_error(process, "for _ in db:nrows('selec') do end") == 'near "selec": syntax error'
    assert text_of_error(process, "for _ in db:urows('select abs(-9223372036854775808)') do end") == "integer overflow"


def test_a_loop_that_was_left_locks_nothing_and_can_be_gone_on_with(process: ProcessHandle) -> None:
    process.eval("db:exec('insert into accounts (name) with recursive c(x) as "
                 "(select 1 union all select x + 1 from c limit 2000) select x from c')")  # fmt: skip
    assert (
        process.eval("for _ in db:rows('select * from accounts') do break end return db:exec('drop table accounts')")
        == 0
    )
    process.eval("db:exec('create table t (n); insert into t values (1), (2), (3)')")
    code = """
      local seen = {}
      for n in db:urows('select n from t') do
        seen[#seen + 1] = n
        if n == 1 then db:exec('drop table t') end
      end
      return seen
    """
    assert process.eval(code) == [1, 2, 3]


def test_a_loop_goes_on_in_a_later_message(process: ProcessHandle) -> None:
    process.eval("next_row = db:urows('select id from accounts') first = next_row()")
    process.eval("db:exec('delete from accounts')")
    assert process.eval("{ first, next_row(), next_row(), next_row() == nil }") == [1, 2, 3, True]


def test_a_loop_over_a_closed_database_is_an_error(process: ProcessHandle) -> None:
    process.eval("n = db:urows('with recursive c(x) as (select 1 union all select x + 1 from c) select x from c')")
    process.eval("for _ = 1, 16 do n() end db:close()")
    assert "closed sqlite virtual machine" in text_of_error(process, "for _ = 1, 1000 do n() end")


# Statements ---------------------------------------------------------------------------------------------------------


def test_prepare_gives_a_statement_and_what_stands_behind_it(process: ProcessHandle) -> None:
    assert process.eval("local s, tail = db:prepare('select 1; select 2') return { s:columns(), tail }") == [
        1,
        "select 2",
    ]
    assert process.eval(
        "{ select('#', db:prepare('selec')), db:prepare('selec') == nil, (select(2, db:prepare('selec'))) }"
    ) == [*(2, True, 1)]
    assert process.eval("local s = db:prepare(' -- nothing') return s:isopen()") is False


def test_values_keep_their_types(process: ProcessHandle) -> None:
    code = """
      local s = db:prepare('select ?1, typeof(?1)')
      local out = {}
      for _, value in ipairs({ 1, 1.0, 1.5, 'x', 'a\\0b', '\\255', true, math.mininteger, '\\u{10FFFF}' }) do
        s:bind_values(value) s:step()
        local back, kind = s:get_uvalues()
        out[#out + 1] = kind .. ' ' .. tostring(back == value) .. ' ' .. (math.type(back) or type(back))
        s:reset()
      end
      s:bind_values(nil) s:step() out[#out + 1] = s:get_value(1) .. ' ' .. tostring(s:get_value(0))
      s:reset() s:bind_blob(1, 'x') s:step() out[#out + 1] = s:get_value(1) .. ' ' .. s:get_value(0)
      return out
    """
    assert process.eval(code) == [
        *("integer true integer", "real true float", "real true float", "text true string", "text true string"),
        *(
            "text true string",
            "integer false integer",
            "integer true integer",
            "text true string",
            "null nil",
            "blob x",
        ),
    ]


def test_parameters_are_bound_by_place_and_by_name(process: ProcessHandle) -> None:
    process.eval("s = db:prepare('select :a, @b, $c, ?, ?9')")
    assert process.eval("s:bind_parameter_count()") == 9
    assert process.eval(
        "{ s:bind_parameter_name(1), s:bind_parameter_name(2), s:bind_parameter_name(3), "
        "tostring(s:bind_parameter_name(4)), s:bind_parameter_name(9) }"
    ) == [*(":a", "@b", "$c", "nil", "?9")]
    process.eval("s:bind_names({ a = 1, b = 2, c = 3, [4] = 4, [9] = 9 }) s:step()")
    assert process.eval("s:get_values()") == [1, 2, 3, 4, 9]
    assert process.eval("{ s:reset(), s:bind(2, 'two'), s:step(), s:get_value(1), s:get_value(0) }") == [
        0,
        0,
        100,
        "two",
        1,
    ]
    assert process.eval("{ s:bind(1, 5), db:errmsg() }") == [21, "bad parameter or other API misuse"]


def test_a_statement_is_stepped_reset_and_run_again(process: ProcessHandle) -> None:
    process.eval("s = db:prepare('select id from accounts where id < ?') s:bind_values(3)")
    assert process.eval("{ s:step(), s:get_value(0), s:step(), s:get_value(0), s:step() }") == [100, 1, 100, 2, 101]
    assert process.eval("{ s:step(), s:get_value(0) }") == [100, 1]
    assert process.eval("{ s:reset(), s:bind_values(9), s:step(), s:step(), s:step(), s:step() }") == [
        *(0, 0, 100, 100, 100, 101)
    ]
    assert process.eval("{ s:finalize(), s:isopen() }") == [0, False]


def test_a_statement_that_fails_can_be_used_again(process: ProcessHandle) -> None:
    process.eval("s = db:prepare('insert into accounts (id, name) values (?, ?)')")
    assert process.eval("{ s:bind_values(1, 'x'), s:step(), db:errmsg(), s:reset() }") == [
        *(0, 19, "UNIQUE constraint failed: accounts.id", 0)
    ]
    assert process.eval("{ s:bind_values(8, 'x'), s:step(), s:last_insert_rowid(), s:columns() }") == [0, 101, 8, 0]


def test_a_statement_tells_its_columns(process: ProcessHandle) -> None:
    process.eval("s = db:prepare('select id, name n, amount + 1 from accounts') s:step()")
    assert process.eval("{ s:columns(), s:get_name(1), s:get_type(0), s:get_type(2) == nil }") == [
        3,
        "n",
        "INTEGER",
        True,
    ]
    assert process.eval("{ s:get_names(), s:get_types(), s:get_named_types() }") == [
        *(["id", "n", "amount + 1"], ["INTEGER", "TEXT"], {"id": "INTEGER", "n": "TEXT"})
    ]
    assert process.eval("{ s:get_unames() }") == ["id", "n", "amount + 1"]
    assert process.eval("{ s:get_utypes() }") == ["INTEGER", "TEXT"]
    assert process.eval("{ s:get_values(), s:get_named_values(), { s:get_uvalues() } }") == [
        *([1, "alice", 11.5], {"id": 1, "n": "alice", "amount + 1": 11.5}, [1, "alice", 11.5])
    ]
    for old, new in [("idata", "get_values"), ("inames", "get_names"), ("itypes", "get_types"),
                     ("data", "get_named_values"), ("type", "get_named_types")]:  # fmt: skip
        assert process.eval(f"s.{old} == s.{new}")


@pytest.mark.parametrize("shape", ["rows", "nrows", "urows"])
def test_a_statement_can_be_looped_over_again_and_again(process: ProcessHandle, shape: str) -> None:
    process.eval("s = db:prepare('select id from accounts where id > ?') s:bind_values(1)")
    code = f"local n = 0 for row in s:{shape}() do n = n + 1 end return n"
    assert [process.eval(code), process.eval(code)] == [2, 2]


def test_returning_clauses_give_rows(process: ProcessHandle) -> None:
    assert process.eval("all([[insert into accounts (name) values ('x'), ('y') returning id, name]])") == [
        [4, "x"],
        [5, "y"],
    ]


def test_many_rows_come_in_order_whatever_was_asked_for_at_once(process: ProcessHandle) -> None:
    sql = "with recursive c(x) as (select 1 union all select x + 1 from c limit 5000) select x, x * x from c"
    code = f"local s, n = 0, 0 for a, b in db:urows('{sql}') do n = n + 1 assert(a == n and b == n * n) end return n"
    assert process.eval(code) == 5000
    code = f"""
        local s, n = db:prepare('{sql}'), 0
        while s:step() == 100 do n = n + 1 assert(s:get_value(1) == n * n) end
        return n
    """
    assert process.eval(code) == 5000


def test_an_error_after_some_rows_comes_after_those_rows(process: ProcessHandle) -> None:
    process.eval("db:exec('create table t (n); insert into t values (1), (2), (-9223372036854775808), (4)')")
    code = """
        local seen = {}
        local ok, problem = pcall(function()
          for n in db:urows('select abs(n) from t') do seen[#seen + 1] = n end
        end)
        return { seen, problem }
    """
    assert process.eval(code) == [[1, 2], "integer overflow"]
    code = (
        "local s = db:prepare('select abs(n) from t') return { s:step(), s:step(), db:errmsg(), s:step(), db:errmsg() }"
    )
    assert process.eval(code) == [100, 100, "another row available", 1, "integer overflow"]


# The rest -----------------------------------------------------------------------------------------------------------


def test_a_database_is_serialized_and_put_in_the_place_of_another(process: ProcessHandle) -> None:
    process.eval("copy = sqlite3.open('copy.db') code = copy:deserialize(db:serialize())")
    assert process.eval("{ code, copy:exec('insert into accounts (name) values (1)'), copy:last_insert_rowid() }") == [
        0,
        0,
        4,
    ]
    assert process.eval("sqlite3.open('copy.db'):exec('select * from accounts')") == 0
    assert process.eval("{ copy:deserialize('nonsense'), copy:errmsg() }") == [26, "file is not a database"]
    assert process.eval("{ copy:deserialize(''), copy:exec('select * from accounts') }") == [0, 1]


def test_a_database_is_copied_page_by_page(process: ProcessHandle) -> None:
    process.eval("into = sqlite3.open_memory() b = sqlite3.backup_init(into, 'main', db, 'main')")
    assert process.eval(
        "{ b:step(1), b:remaining() > 0, b:step(-1), b:remaining(), b:pagecount() > 1, b:finish() }"
    ) == [*(0, True, 101, 0, True, 0)]
    assert process.eval("select('#', sqlite3.backup_init(db, 'main', db, 'main'))") == 3
    assert process.eval("{ select(2, sqlite3.backup_init(db, 'main', db, 'main')) }") == [
        *(1, "source and destination must be distinct")
    ]
    assert process.eval("local n for c in into:urows('select count(*) from accounts') do n = c end return n") == 3


def test_what_would_load_code_is_refused(process: ProcessHandle) -> None:
    assert process.eval("{ db:load_extension('x') }") == [False, "not authorized"]
    assert process.eval("{ db:exec([[select load_extension('x')]]), db:errmsg() }") == [1, "not authorized"]


def test_statements_can_be_closed_all_at_once(process: ProcessHandle) -> None:
    assert process.eval(
        "local s = db:prepare('select 1') return { db:close_vm(true), s:isopen(), db:close_vm(), s:isopen() }"
    ) == [*(0, True, 0, False)]


def test_the_module_is_there_in_network_fidelity_when_the_process_is_made_from_one_that_has_it() -> None:
    with pytest.raises(EvalError, match="module 'lsqlite3' not found"):
        Simulation(fidelity="network").spawn("").eval("require('lsqlite3')")
    sim = Simulation(fidelity="network")
    assert sim.spawn("", module="aos-sqlite").eval("require('lsqlite3').lversion()") == "0.9.6"
    sim = Simulation()
    assert sim.spawn("", module="aos-sqlite").eval("require('lsqlite3').OK") == 0
    assert sim.findings == []
    sim.spawn("require('lsqlite3')", name="plain")
    assert [(finding.rule, finding.process) for finding in sim.findings] == [("sqlite-module", "plain")]
