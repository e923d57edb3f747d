from __future__ import annotations

from pathlib import Path

from replay.killing import follow, new, reliability, script


def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    summary = reliability(tmp_path, kills=4, rounds=2, left=40, seed=5)
    assert summary.problems == []
    assert summary.kills == 4


def test_the_run_that_is_killed_has_work_to_do() -> None:
    sim = new(None)
    follow(sim, script(2, 20), lambda *_: None)
    assert sim.counts.handled > 600
    assert sim.process("ledger").errors
    assert sim.counts.cron
