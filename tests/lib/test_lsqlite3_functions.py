"""Functions of a process that its SQL calls: functions, aggregates, collations, hooks."""

from __future__ import annotations

import pytest

from aosim import ProcessHandle
from aosim.errors import EvalError
from lib.sqlite_desk import new_desk, text_of_error


@pytest.fixture
def process() -> ProcessHandle:
    return new_desk()


def test_sql_calls_functions_of_the_process(process: ProcessHandle) -> None:
    process.eval("""
      ok = db:create_function('describe', -1, function(ctx, ...)
        ctx:result_text(select('#', ...) .. ':' .. tostring((...)) .. ctx:user_data())
      end, '!')
      db:create_function('kind', 1, function(ctx, name)
        if name == 'blob' then ctx:result_blob('\\255\\0') elseif name == 'int' then ctx:result_int(3)
        elseif name == 'number' then ctx:result_number(0.5) elseif name == 'null' then ctx:result_null()
        elseif name == 'true' then ctx:result(true) elseif name == 'fail' then ctx:result_error('so it failed') end
      end)
    """)
    assert process.eval("ok")
    assert process.eval("all([[select describe('a', 2), describe(null), describe() ]])") == [
        ["2:a!", "1:nil!", "0:nil!"]
    ]
    assert process.eval(
        "all([[select kind('blob'), kind('int'), kind('number'), kind('true'), typeof(kind('null')), "
        "typeof(kind('none')), typeof(kind('blob'))]])"
    ) == [["\udcff\0", 3, 0.5, 1, "null", "null", "blob"]]
    assert process.eval("{ db:exec([[select kind('fail')]]), db:errmsg() }") == [1, "so it failed"]
    assert process.eval("{ db:create_function('kind', 1, nil), db:exec([[select kind('int')]]) }")[1] == 1


def test_an_error_in_a_function_is_the_error_of_its_statement(process: ProcessHandle) -> None:
    process.eval("db:create_function('boom', 0, function() error('boom') end)")
    process.eval("db:create_function('bare', 0, function() error({}) end)")
    assert process.eval("{ db:exec('select boom()'), db:errmsg() }") == [1, '[string "aos"]:1: boom']
    assert process.eval("{ db:exec('select bare()'), db:errmsg() }") == [1, "(error object is a table value)"]


def test_a_function_may_use_the_database_that_calls_it(process: ProcessHandle) -> None:
    process.eval("""
      db:create_function('name_of', 1, function(ctx, id)
        for name in db:urows('select name from accounts where id = ' .. id) do ctx:result(name) end
        db:exec('create table if not exists asked (id); insert into asked values (' .. id .. ')')
        closing = db:close()
      end)
    """)
    assert process.eval("all('select name_of(id) from accounts order by id')") == [["alice"], ["bob"], ["carol"]]
    assert process.eval("{ closing, #all('select * from asked'), db:close() }") == [5, 3, 0]


def test_a_function_may_require_and_ask_from_anywhere(process: ProcessHandle) -> None:
    process.eval("db:create_function('encoded', 1, function(ctx, x) ctx:result(require('json').encode({ x })) end)")
    assert process.eval("coroutine.wrap(function() return all('select encoded(id) from accounts') end)()") == [
        *(["[1]"], ["[2]"], ["[3]"])
    ]
    code = (
        "return (('1 2'):gsub('%d', function(id) return all('select name from accounts where id = ' .. id)[1][1] end))"
    )
    assert process.eval(code) == "alice bob"


def test_aggregates_have_data_for_each_group(process: ProcessHandle) -> None:
    process.eval("""
      db:create_aggregate('longest', 1, function(ctx, text)
        local data = ctx:get_aggregate_data() or ''
        ctx:set_aggregate_data(#text > #data and text or data)
      end, function(ctx)
        ctx:result((ctx:get_aggregate_data() or 'none') .. ctx:aggregate_count())
      end)
    """)
    assert process.eval("all('select longest(name) from accounts group by id = 1 order by 1')") == [
        ["alice1"],
        ["carol2"],
    ]
    assert process.eval("all('select longest(name) from accounts where 0')") == [["none0"]]
    problem = text_of_error(process, "db:create_function('f', 0, function(c) c:aggregate_count() end) "
                                      "assert(db:exec('select f()') == 0, db:errmsg())")  # fmt: skip
    assert "attempt to call aggregate method from scalar function" in problem


def test_collations_order_texts(process: ProcessHandle) -> None:
    process.eval("""
      db:create_collation('backwards', function(a, b) return a < b and 1 or a > b and -1 or 0 end)
    """)
    assert process.eval("all('select name from accounts order by name collate backwards')") == [
        ["carol"],
        ["bob"],
        ["alice"],
    ]


def test_hooks_are_told_what_happens(process: ProcessHandle) -> None:
    process.eval("""
      seen = {}
      db:update_hook(function(...) seen[#seen + 1] = table.concat({ ... }, ' ') end, 'changed')
      db:commit_hook(function(data) seen[#seen + 1] = data return refuse end, 'commit')
      db:rollback_hook(function(data) seen[#seen + 1] = data end, 'rollback')
      db:trace(function(data, sql) seen[#seen + 1] = data .. sql end, '> ')
      s = db:prepare('update accounts set note = ? where id = 1') s:bind_values('x') s:step()
      refuse = true
      code = db:exec('delete from accounts where id = 2')
    """)
    assert process.eval("seen") == [
        "> update accounts set note = 'x' where id = 1",
        "changed 23 main accounts 1",
        "commit",
        "> delete from accounts where id = 2",
        "changed 9 main accounts 2",
        "commit",
        "rollback",
    ]
    assert process.eval("{ code, #all('select * from accounts') }") == [19, 3]
    process.eval("seen = {} db:update_hook() db:commit_hook(nil) db:rollback_hook() db:trace() ")
    assert process.eval("{ db:exec('delete from accounts'), #seen }") == [0, 0]


def test_no_hook_is_told_of_what_is_undone_when_a_database_is_closed(process: ProcessHandle) -> None:
    process.eval("told = 0 db:rollback_hook(function() told = told + 1 db:exec('select 1') end)")
    assert process.eval("{ db:exec('begin; delete from accounts; rollback'), told }") == [0, 1]
    assert process.eval("{ db:exec('begin; delete from accounts'), db:close(), told }") == [0, 0, 1]


def test_a_progress_handler_ends_what_takes_too_long(process: ProcessHandle) -> None:
    process.eval("ticks = 0 db:progress_handler(100, function(most) ticks = ticks + 1 return ticks > most end, 50)")
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"
    assert process.eval(f"{{ db:exec('{endless}'), db:errmsg(), ticks }}") == [9, "interrupted", 51]


_YIELDS = "attempt to yield across a C-call boundary"
_MADE = """
calls = 0
function wait() calls = calls + 1 Receive({ Action = 'Never' }) end
function give() calls = calls + 1 coroutine.yield(1) end
function caught() calls = calls + 1 ok, problem = pcall(Receive, { Action = 'Never' }) end
function use(f)
  db:create_function('scalar', 0, f)
  db:create_aggregate('final', 1, function() end, f)
  db:create_aggregate('step', 1, f, function() end)
  db:create_collation('ordered', f)
end
"""


@pytest.mark.parametrize("how", ["wait", "give"])
@pytest.mark.parametrize(
    "sql",
    [
        "select scalar()",
        "select final(id) from accounts",
        "select step(id) from accounts",
        "select name from accounts order by name collate ordered",
    ],
)
def test_waiting_in_a_function_that_sql_calls_is_an_error_of_the_statement(
    process: ProcessHandle, how: str, sql: str
) -> None:
    process.eval(_MADE + f"use({how})")
    assert process.eval(f"{{ pcall(function() for v in db:urows('{sql}') do end end) }}") == [False, _YIELDS]
    assert process.eval(f"{{ db:exec('{sql}'), db:errmsg() }}") == [1, _YIELDS]
    process.eval("kept = 1")
    with pytest.raises(EvalError, match=_YIELDS):
        process.eval(f"kept = 2 for v in db:urows('{sql}') do end")
    assert process.eval("kept") == 1


@pytest.mark.parametrize("how", ["wait", "give"])
@pytest.mark.parametrize("hook", ["commit_hook", "rollback_hook", "update_hook", "trace", "busy_handler"])
def test_waiting_in_a_hook_ends_at_the_hook(process: ProcessHandle, how: str, hook: str) -> None:
    process.eval(_MADE + f"db:{hook}({how}) db:progress_handler(1, {how})")
    process.eval("db:exec('begin; insert into accounts (name) values (1); commit; begin; rollback')")
    assert process.eval("calls") > 0
    assert process.waiting == 0


def test_a_function_that_sql_calls_may_catch_that_it_cannot_wait(process: ProcessHandle) -> None:
    before = process.eval(_MADE + "use(caught) return #Handlers.list")
    assert process.eval("{ db:exec('select scalar()'), ok, problem, #Handlers.list }") == [0, False, _YIELDS, before]


def test_a_function_may_ask_a_query_that_ends_of_the_database_that_calls_it(process: ProcessHandle) -> None:
    process.eval("db:create_function('rows', 0, function(ctx) ctx:result(#all('select 1')) end)")
    assert process.eval("{ all('select rows()'), db:exec('select rows()'), db:errcode() }") == [[[1]], 0, 0]


def test_a_function_that_sql_calls_may_have_coroutines_of_its_own(process: ProcessHandle) -> None:
    process.eval("""db:create_function('third', 0, function(ctx)
      local next = coroutine.wrap(function() for n = 1, 9 do coroutine.yield(n * #all('select 1')) end end)
      next() next() ctx:result(next())
    end)""")
    assert process.eval("all('select third()')") == [[3]]


def test_an_error_in_a_hook_ends_there_but_for_a_progress_handler(process: ProcessHandle) -> None:
    process.eval("function fail() calls = (calls or 0) + 1 error('no') end")
    for hook in ("update_hook", "trace", "commit_hook", "rollback_hook"):
        process.eval(f"db:{hook}(fail)")
    assert process.eval("{ db:exec(\"insert into accounts (name) values ('dora')\"), db:errcode() }") == [0, 0]
    assert process.eval("calls") == 3
    process.eval("db:progress_handler(1, fail)")
    assert process.eval("{ db:exec('select count(*) from accounts') }") == [9]
