from __future__ import annotations

import pytest

from aosim import UnknownName
from aosim.bench.library import TASKS, bench_library


def test_library_and_straight_way_come_to_the_same_result() -> None:
    rows = list(bench_library(quick=True))  # a difference between the two is an AssertionError
    assert [row.workload for row in rows] == list(TASKS)
    assert all(row.aosim > 0 and row.floor > 0 for row in rows)


def test_what_the_host_computes_is_far_below_plain_lua() -> None:
    for row in bench_library(["sha2_256", "base64.encode"], quick=True):
        assert row.ratio is not None
        assert row.ratio < 0.5


def test_a_task_that_does_not_exist_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(UnknownName, match=r"no library task 'jsn'\. Known: base64"):
        bench_library(["jsn"])
