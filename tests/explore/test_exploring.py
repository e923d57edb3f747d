"""Running a world with many seeds and orders, until something breaks."""

from __future__ import annotations

from typing import Any

import pytest

from aosim import Limits, Order, Simulation, SourceError, UsageError
from aosim.explore import Exploration, explore
from explore import worlds


def test_a_world_in_which_nothing_breaks_is_well() -> None:
    report = explore(worlds.crowd, seeds=range(5))
    assert report.ok
    assert (report.seeds, report.runs, report.orders, report.fingerprints) == (5, 5, 0, 1)
    assert report.events == 5 * 6
    assert str(report) == "5 runs with 5 seeds, 1 of them different, 30 events: nothing broke"


def test_without_seeds_nothing_is_run() -> None:
    assert explore(worlds.crowd, seeds=[]).runs == 0


def test_orders_are_drawn_for_each_seed() -> None:
    report = explore(worlds.crowd, seeds=range(4), orders=3)
    assert (report.seeds, report.runs, report.orders) == (4, 12, 12)
    assert report.fingerprints > 9


def test_a_check_that_says_false_is_found_and_made_small() -> None:
    report = explore(worlds.crowd, check=worlds.f_before_b, seeds=range(50), orders=True)
    found = report.found
    assert found is not None
    assert not report.ok
    assert found.where == "f_before_b"
    assert found.trial.order in (Order(swaps=((2, 4),)), Order(swaps=((1, 5),)))
    assert found.swaps_found > 1
    assert found.strikes_found == 0


def test_what_was_found_repeats_with_the_same_fingerprint() -> None:
    found = explore(worlds.crowd, check=worlds.f_before_b, seeds=range(50), orders=True).found
    assert found is not None
    sim = found.make()
    worlds.crowd(sim)
    sim.run()
    assert not worlds.f_before_b(sim)
    assert sim.fingerprint == found.fingerprint
    again = eval(found.simulation, {"Simulation": Simulation, "Order": Order})
    worlds.crowd(again)
    again.run()
    assert again.fingerprint == found.fingerprint


def test_a_broken_invariant_is_found_where_it_breaks() -> None:
    found = explore(worlds.guarded_crowd, seeds=range(50), orders=True).found
    assert found is not None
    assert found.where == "b_comes_before_f"
    assert found.problem.startswith("it is False, after event ")
    assert found.problem.endswith(", Action=N from b to door")
    assert found.events <= 6


def test_an_assertion_of_the_world_is_found_at_its_line() -> None:
    found = explore(worlds.checking_crowd, seeds=range(50), orders=True).found
    assert found is not None
    assert found.where.startswith("worlds.py:")
    assert found.problem == "f was there before b"
    assert str(found) == f"{found.where}: f was there before b\nagain: {found.simulation}"


def test_any_exception_of_the_world_is_a_discovery() -> None:
    found = explore(worlds.careless, seeds=range(50), orders=True).found
    assert found is not None
    assert found.where.startswith("IndexError at worlds.py:")
    assert len(found.trial.order.swaps) == 1


def test_a_chain_that_does_not_end_is_a_discovery() -> None:
    found = explore(worlds.endless, seeds=[4], limits=Limits(hops_max=50)).found
    assert found is not None
    assert found.where.startswith("EndlessLoop")
    assert found.trial.seed == 4


def test_failing_handlers_are_told_when_they_are_asked_for() -> None:
    assert explore(worlds.failing, seeds=range(5)).ok
    report = explore(worlds.failing, seeds=range(5), failing=True)
    assert report.found is not None
    assert (report.found.where, report.found.trial.seed, report.runs) == ("a handler of picky failed", 3, 4)
    assert "too large" in report.found.problem


def test_a_world_that_cannot_be_made_is_no_discovery() -> None:
    with pytest.raises(SourceError, match="syntax error near 'is'"):
        explore(worlds.impossible, seeds=range(3))


def test_a_fault_of_aosim_itself_is_no_discovery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aosim.simulation.check_whole", None)
    with pytest.raises(TypeError, match="NoneType"):
        explore(worlds.crowd, for_ms=5)


def test_a_run_can_be_bounded() -> None:
    assert explore(worlds.endless, seeds=[1], for_ms=100).events == 10


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 0},
        {"orders": -1},
        {"orders": "all"},
        {"seed": 3},
        {"order": 3},
        {"seeds": range(10**6 + 1)},
    ],
)
def test_what_cannot_be_explored_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        explore(worlds.crowd, **options)


def test_what_is_no_world_is_refused() -> None:
    with pytest.raises(UsageError, match="a function that makes a world"):
        explore(3)
    with pytest.raises(UsageError, match="plays as it was made"):
        explore(worlds.Deadly(), latency=3)


def test_progress_is_told_after_each_run() -> None:
    told: list[int] = []
    explore(worlds.crowd, seeds=range(4), progress=told.append)
    assert told == [1, 2, 3, 4]


def _explored(workers: int, **options: Any) -> Exploration:
    return explore(worlds.guarded_crowd, seeds=range(12), orders=2, workers=workers, **options)


def test_the_same_arguments_find_the_same_and_so_do_several_pythons() -> None:
    one = _explored(1)
    assert one.found is not None
    assert _explored(1) == one
    assert _explored(2) == one


def test_several_pythons_find_nothing_where_there_is_nothing() -> None:
    assert _explored(2, latency=0, fidelity="network") == _explored(1, latency=0, fidelity="network")


def test_what_another_python_cannot_make_is_refused() -> None:
    with pytest.raises(UsageError, match=r"workers=2: .*top level of a module"):
        explore(lambda sim: None, workers=2)
    with pytest.raises(UsageError, match="syntax error near 'is'"):
        explore(worlds.impossible, workers=2)


def test_a_python_that_ends_is_told_with_the_seeds_it_had() -> None:
    with pytest.raises(Exception, match=r"played one of the seeds \d.* has ended"):
        explore(worlds.Deadly(), workers=2)
