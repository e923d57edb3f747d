from __future__ import annotations

import pytest

from aosim import UnknownName
from aosim.bench.undo import TASKS, bench_undo


def test_every_task_is_measured() -> None:
    rows = list(bench_undo(["failing", "queries"], quick=True))  # a wrong state is an error
    assert [(row.workload, row.unit) for row in rows] == [
        ("failing", "ms per message"),
        ("failing", "ms per failure"),
        ("queries", "us per query"),
    ]
    assert all(row.aosim > 0 for row in rows)
    assert list(TASKS) == ["failing", "first", "queries", "sleep"]


def test_processes_that_sleep_leave_the_memory_to_others() -> None:
    memory, *_ = bench_undo(["sleep"], quick=True)
    assert memory.aosim < 105  # awake they take 130


def test_a_task_that_does_not_exist_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(UnknownName, match=r"no task of undoing 'frist'\. Did you mean 'first'"):
        bench_undo(["frist"])
