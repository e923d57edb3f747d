from __future__ import annotations

import pytest

from aosim import UnknownName
from aosim.bench.travel import bench_travel


def test_forks_and_moves_in_time_are_measured() -> None:
    rows = list(bench_travel(quick=True))  # a wrong state is an error
    assert [row.workload for row in rows] == ["fork", "fork", *["goto"] * 5, "blame", "bisect"]
    assert rows[0].met


def test_a_task_that_does_not_exist_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(UnknownName, match=r"no task 'frok'. Did you mean 'fork'"):
        bench_travel(["frok"])
