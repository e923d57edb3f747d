from __future__ import annotations

import pytest

from aosim import UnknownName
from aosim.bench.journal import bench_journal


def test_recording_and_replaying_are_measured_against_the_run_without() -> None:
    rows = list(bench_journal(["W1"], quick=True))
    assert [(row.workload, row.about, row.target) for row in rows] == [
        ("W1", "recorded in a file", 1.25),
        ("W1", "replayed and compared", 1),
    ]
    assert all(row.aosim > 0 and row.floor > 0 for row in rows)


def test_a_workload_that_is_not_measured_so_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"no workload of the journal 'W3'\. Did you mean 'W2'"):
        bench_journal(["W3"])
