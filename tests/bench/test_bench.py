from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aosim import UnknownName
from aosim.bench import plans
from aosim.bench.follow import Aosim, Floor, follow
from aosim.bench.main import WORKLOADS, Row, Workload, bench
from aosim.bench.plans import Plan

SMALL: dict[str, Callable[[], Plan]] = {
    "ping-pong": lambda: plans.ping_pong(20),
    "token": lambda: plans.token(12, holders=4),
    "subscribers": lambda: plans.pub_sub(2, subscribers=5),
    "ring": lambda: plans.ring(20, size=5),
    "spawning": lambda: plans.spawning(3),
    "balances": lambda: plans.big_state(10, balances=20),
    "receive": lambda: plans.receive(5),
    "sieve": lambda: plans.heavy(2, limit=2_000),
}


@pytest.mark.parametrize("simulator", [Aosim, Floor], ids=["aosim", "floor"])
@pytest.mark.parametrize("name", SMALL)
def test_floor_and_aosim_do_the_same_work(
    name: str, simulator: type[Aosim | Floor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = SMALL[name]()
    path = tmp_path / "plan"
    path.write_text(plan.text(), encoding="utf-8")
    follow(path, simulator())  # a check of the plan that fails is a SystemExit
    stamps = [line.split("\t")[:2] for line in capsys.readouterr().out.splitlines()]
    for phase in plan.phases:
        assert ["@begin", phase] in stamps
        assert ["@end", phase] in stamps


def test_work_that_was_not_done_ends_the_measurement(tmp_path: Path) -> None:
    plan = plans.ping_pong(20)
    plan.add("check", "A", "Count", 11)
    (tmp_path / "plan").write_text(plan.text(), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"A\.Count is 10, it should be 11: messages were lost or doubled"):
        follow(tmp_path / "plan", Aosim())


def test_a_figure_is_compared_with_the_floor_where_there_is_one() -> None:
    assert Row("W1", "", "us", 6.0, 2.0, 3.0).as_dict()["met"] is True
    assert Row("W1", "", "us", 8.0, 2.0, 3.0).met is False
    assert (Row("W5", "", "ms", 0.7, 0.0, 1.0).ratio, Row("W5", "", "ms", 0.7, 0.0, 1.0).met) == (None, True)
    assert Row("W8", "", "us", 8.0, 2.0, 0.0).met is None


def test_a_workload_is_measured_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORKLOADS, "W1", Workload("small", "play", "messages", 3, lambda _: plans.ping_pong(20)))
    (row,) = bench(["W1"], rounds=1)
    assert (row.workload, row.unit) == ("W1", "us per message")
    assert row.aosim > 0
    assert row.floor > 0


def test_an_unknown_workload_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(UnknownName, match="no workload 'W99'"):
        bench(["W0", "W99"])
