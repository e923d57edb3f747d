"""Any function of lsqlite3, called with anything: the answer is a value, a code or an error of Lua."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.sqlite_desk import new_desk

_CALLS = (
    *("db:close", "db:exec", "db:prepare", "db:rows", "db:nrows", "db:urows", "db:close_vm", "db:changes", "db:errmsg"),
    *("db:interrupt", "db:db_filename", "db:readonly", "db:serialize", "db:deserialize", "db:busy_handler", "db:trace"),
    *("db:busy_timeout", "db:create_function", "db:create_aggregate", "db:create_collation", "db:commit_hook"),
    *("db:rollback_hook", "db:update_hook", "db:wal_hook", "db:progress_handler", "s:bind", "s:bind_blob"),
    *("s:bind_names", "s:bind_values", "s:bind_parameter_name", "s:step", "s:reset", "s:finalize", "s:columns"),
    *("s:get_name", "s:get_named_values", "s:get_type", "s:get_uvalues", "s:get_value", "s:get_values", "s:rows"),
    *("s:nrows", "s:urows", "sqlite3.open", "sqlite3.complete", "sqlite3.backup_init"),
)
_ARGUMENTS = (
    *("nil", "1", "0", "-1", "math.maxinteger", "math.mininteger", "1e300", "0/0", "'x'", "''", "'\\0'", "'main'"),
    *("'a\\0b'", "'\\255'", "'select 1'", "'insert into accounts values (9, 9, 9, 9)'", "'select * from accounts'"),
    *("'begin'", "'commit'", "'rollback'", "'f'", "'select f(1)'", "db:serialize()", "('x'):rep(5000)", "{}", "true"),
    *("print", "function() return 1 end", "function() error('x') end", "function() db:close() end", "db", "s"),
)
_CALL = st.builds(
    lambda name, arguments: f"{name}({', '.join(arguments)})",
    st.sampled_from(_CALLS),
    st.lists(st.sampled_from(_ARGUMENTS), max_size=4),
)
_TRY = """
  if not db:isopen() then db = sqlite3.open("x.db") end
  if not s:isopen() then s = db:prepare("select ?") end
  pcall(function()
    local found = %s
    if type(found) == "function" then for _ = 1, 3 do found() end end
  end)
"""


@settings(max_examples=60)
@given(st.lists(_CALL, min_size=1, max_size=8))
def test_whatever_is_called_the_process_goes_on(calls: list[str]) -> None:
    desk = new_desk()
    desk.eval("s = db:prepare('select ?')")
    desk.eval(" ".join(_TRY % call for call in calls))
    assert desk.eval("sqlite3.open_memory():exec('select 1')") == 0
