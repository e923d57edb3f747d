"""Images of processes that keep databases: what goes with them, and what is refused."""

from __future__ import annotations

import pytest

from aosim.errors import NotImaged
from aosim.luavm import process
from aosim.luavm.image import ImagedVm

from .test_image import LateVm
from .test_process import INFO, Bench

_DESK = """
sqlite3 = require("lsqlite3")
db, file = sqlite3.open_memory(), sqlite3.open("x.db")
db:exec("pragma foreign_keys = on; create table t (n); insert into t values (1), (2), ('three'), (x'04')")
file:exec("create table f (n); insert into f values (5)")
db:create_function("twice", 1, function(ctx, x) ctx:result(2 * x) end)
db:create_aggregate("count_up", 0, function(ctx) end, function(ctx) ctx:result(ctx:aggregate_count()) end)
db:create_collation("backwards", function(a, b) return a < b and 1 or a > b and -1 or 0 end)
Changes = 0
db:update_hook(function() Changes = Changes + 1 end)
insert = db:prepare("insert into t values (:n)")
insert:bind_names({ n = 8 })
next_row = db:urows("select n from t order by rowid")
next_row()
function all(sql, from)
  local out = {}
  for row in (from or db):rows(sql) do out[#out + 1] = table.concat(row, ",") end
  return table.concat(out, ";")
end
db:exec("selec")
"""


@pytest.fixture(autouse=True, params=[ImagedVm, LateVm])
def _imaged(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(process, "Vm", request.param)


def _vm(bench: Bench) -> ImagedVm:
    vm = bench.process._vm or bench.process._rebuilt()
    assert isinstance(vm, ImagedVm)
    return vm


def _told(bench: Bench, text: str) -> str:
    result = bench.eval(text)
    assert result.error is None, result.error
    return result.output


PROBES = [
    "all('select count(*), total_changes(), changes(), last_insert_rowid() from t')",
    "db:errcode() .. db:errmsg()",
    "all('select n from f', file)",
    "tostring(insert:step()) .. Changes .. all('select * from t where typeof(n) = \"integer\"')",
    "insert:step() insert:reset() insert:bind_values('x') insert:step() return all('select n from t')",
    "tostring(next_row()) .. tostring(next_row()) .. #next_row() .. tostring(next_row())",
    "all('select twice(n) from t where n < 3') .. all('select count_up() from t')",
    "all('select n from t where typeof(n) = \"text\" order by n collate backwards')",
    "all('pragma foreign_keys') .. all('pragma database_list') .. all('pragma journal_mode')",
    "all('select random(), hex(randomblob(3)), current_timestamp')",
    "tostring(db) .. tostring(insert) .. tostring(db:prepare('select 1'))",
    "file:exec('insert into f values (6)') .. all('select n from f', sqlite3.open('x.db'))",
]


@pytest.mark.parametrize("probe", PROBES)
def test_databases_go_with_an_image(probe: str) -> None:
    stayed, went = Bench(_DESK), Bench(_DESK)
    image = _vm(went).image()
    went.process._vm = ImagedVm.from_image(image, INFO, "docs")
    assert _vm(went).image() == image
    assert _told(went, probe) == _told(stayed, probe)


def test_an_image_goes_on_from_an_image() -> None:
    stayed, went = Bench(_DESK), Bench(_DESK)
    for probe in PROBES:
        went.process._vm = _vm(went).fork()
        assert _told(went, probe) == _told(stayed, probe)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("db:exec('begin')", "has a transaction open"),
        ("s = db:prepare('select 1 from t a, t b, t c') s:step()", "has a statement in the midst of its rows"),
        ("db:exec('create temp table s (a)')", "has temporary tables, or attached databases"),
        ("db:exec([[attach 'x.db' as x]])", "has temporary tables, or attached databases"),
        ("copy = sqlite3.backup_init(sqlite3.open('y.db'), 'main', db, 'main')", "is in the midst of a copy"),
    ],
)
def test_what_cannot_be_written_down_is_refused(code: str, reason: str) -> None:
    bench = Bench(_DESK)
    bench.eval(code)
    with pytest.raises(NotImaged, match=reason):
        _vm(bench).image()
    for undo in ("db:exec('rollback')", "db:exec('drop table temp.s')", "db:exec('detach x')", "copy = copy:finish()"):
        bench.eval(undo)
    bench.eval("s:reset()")
    assert _vm(bench).image()
