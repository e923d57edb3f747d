"""Making what breaks a run small."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from aosim.explore import Outcome, Trial
from aosim.explore.shrink import Part, Shrinker, told
from aosim.faults import Faults, Strike
from aosim.orders import Order


class Scripted:
    """Breaks when a condition holds of the faults and swaps it is told."""

    def __init__(self, breaks: Callable[[tuple[Part, ...]], bool]) -> None:
        self._breaks = breaks
        self.played = 0

    def play(self, trial: Trial) -> Outcome:
        self.played += 1
        strikes = trial.faults.strikes if trial.faults is not None else ()
        where = "it" if self._breaks((*strikes, *trial.order.swaps)) else ""
        return Outcome(where=where, strikes=strikes, swaps=trial.order.swaps)


def small(parts: tuple[Part, ...], breaks: Callable[[tuple[Part, ...]], bool], tries_max: int = 5_000) -> Shrinker:
    found = Trial(seed=3, order=Order(drawn=1), faults=Faults(loss=0.5))
    player = Scripted(breaks)
    shrinker = Shrinker(player, found, player.play(told(found, parts, faulty=True)), tries_max)
    shrinker.shrink()
    return shrinker


def struck(shrinker: Shrinker) -> tuple[Part, ...]:
    faults = shrinker.trial.faults
    assert faults is None or (faults.exact and faults.strikes)
    return (*(faults.strikes if faults is not None else ()), *shrinker.trial.order.swaps)


def strikes(count: int, ms: int = 0) -> tuple[Strike, ...]:
    return tuple(Strike("delay", "a", "b", number, ms) for number in range(1, count + 1))


@given(st.integers(1, 60), st.data())
def test_only_what_it_takes_is_left(count: int, data: st.DataObject) -> None:
    parts: tuple[Part, ...] = (*strikes(count), *((event, 1) for event in range(1, count)))
    wanted = data.draw(st.lists(st.sampled_from(parts), unique=True, max_size=4))
    shrinker = small(parts, lambda given: all(one in given for one in wanted))
    assert sorted(map(str, struck(shrinker))) == sorted(map(str, wanted))


@given(st.integers(2, 25), st.integers(1, 5))
def test_no_part_of_what_is_left_can_be_left_out(count: int, least: int) -> None:
    def breaks(given: tuple[Part, ...]) -> bool:  # depends on how many there are, and on which
        return len(given) >= min(least, count) and any(isinstance(one, Strike) and one.number % 2 == 0 for one in given)

    left = struck(small(strikes(count), breaks))
    assert breaks(left)
    assert not any(breaks(left[:at] + left[at + 1 :]) for at in range(len(left)))


def test_times_and_distances_are_made_smaller() -> None:
    def breaks(given: tuple[Part, ...]) -> bool:
        late = any(isinstance(one, Strike) and one.number == 2 and one.ms >= 37 for one in given)
        return late and any(isinstance(one, tuple) and one[0] == 5 and one[1] >= 3 for one in given)

    shrinker = small((*strikes(4, ms=1_000), (5, 9), (6, 2)), breaks)
    assert struck(shrinker) == (Strike("delay", "a", "b", 2, 37), (5, 3))


def test_what_breaks_without_any_fault_is_told_without_any() -> None:
    shrinker = small(strikes(9), lambda given: True)
    assert struck(shrinker) == ()
    assert shrinker.tries == 3


def test_what_cannot_be_repeated_by_what_struck_is_left_as_it_was() -> None:
    found = Trial(seed=3, faults=Faults(loss=0.5))
    shrinker = Shrinker(Scripted(lambda given: False), found, Outcome(where="it", strikes=strikes(3)), 100)
    shrinker.shrink()
    assert shrinker.trial == found


def test_it_ends_when_it_has_tried_often_enough() -> None:
    shrinker = small(strikes(64), lambda given: len(given) >= 5, tries_max=9)
    assert shrinker.tries <= 9
    assert 5 <= len(struck(shrinker)) < 64


def test_another_failure_is_not_taken_for_the_one_that_was_found() -> None:
    class Two:
        def play(self, trial: Trial) -> Outcome:
            given = trial.order.swaps
            where = "first" if (1, 1) in given and (2, 1) in given else "second" if given else ""
            return Outcome(where=where, swaps=given)

    found = Trial(seed=0, order=Order(swaps=((1, 1), (2, 1), (3, 1))))
    shrinker = Shrinker(Two(), found, Two().play(found), 100)
    shrinker.shrink()
    assert shrinker.trial == Trial(seed=0, order=Order(swaps=((1, 1), (2, 1))))
    assert shrinker.outcome.where == "first"


def test_without_faults_none_are_told() -> None:
    trial = Trial(seed=1, order=Order(drawn=2))
    assert told(trial, ((3, 1),), faulty=False) == Trial(seed=1, order=Order(swaps=((3, 1),)))


def test_faults_that_a_world_has_itself_are_kept_from_striking() -> None:
    class Own:
        def play(self, trial: Trial) -> Outcome:
            struck = strikes(3) if trial.faults is None else trial.faults.strikes
            return Outcome(where="" if struck and trial.faults is None else "it", strikes=struck)

    shrinker = Shrinker(Own(), Trial(seed=1), Outcome(where="it", strikes=strikes(3)), 100)
    shrinker.shrink()
    assert shrinker.trial == Trial(seed=1, faults=Faults(exact=True))
