from __future__ import annotations

from random import Random

import pytest

from aosim import UnknownName
from aosim.bench.module import PATTERNS, bench_module


def test_every_pattern_of_calls_is_answered_and_measured() -> None:
    rows = list(bench_module(["chain", "suite"], quick=True))  # a wrong answer is an error
    assert [(row.workload, row.unit) for row in rows] == [
        ("chain", "us per call of 1,000"),
        ("chain", "MB at most"),
        ("suite", "us per call of 1,000"),
        ("suite", "MB at most"),
    ]
    assert all(row.aosim > 0 for row in rows)


def test_the_patterns_name_memories_that_there_are() -> None:
    for pattern in PATTERNS.values():
        random = Random(1)
        assert all(0 <= pattern.next_place(count, 1_000, random) < count for count in range(1, 1_000))


def test_a_pattern_that_does_not_exist_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(UnknownName, match=r"no pattern of calls 'chan'\. Did you mean 'chain'"):
        bench_module(["chan"])
