from __future__ import annotations

import inspect

import pytest

import aosim
from aosim import errors
from aosim.errors import AosimError, BootError, EndlessLoop, NameTaken, TooManyWaiting, UnknownName


def test_every_exception_is_caught_by_its_parent() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    assert len(kinds) > 10
    assert all(issubclass(kind, AosimError) for kind in kinds)
    assert all(kind.__doc__ for kind in kinds)
    assert {kind.__name__ for kind in kinds} <= set(aosim.__all__)


def test_an_unknown_name_says_which_one_may_be_meant() -> None:
    error = UnknownName("legder", ["shop", "ledger", "oracle"])
    assert str(error) == "no process or wallet 'legder'. Did you mean 'ledger'? Known: ledger, oracle, shop"
    assert isinstance(error, LookupError)


def test_an_unknown_name_lists_a_dozen_others_at_most() -> None:
    assert str(UnknownName("x", [f"name-{n:02}" for n in range(15)])).endswith("name-11 and 3 more")
    assert str(UnknownName("x", [])) == "no process or wallet 'x'. Known: none yet"


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (NameTaken("shop"), ["'shop' is taken", "Choose another name="]),
        (BootError("shop", "shop.lua:3: no"), ["'shop' was not made", "shop.lua:3: no", "spawn it again"]),
        (EndlessLoop(hops=5000, route="a → b → a", actions="Action=X"), ["5,000 hops", "a → b → a", "run(for_ms=...)"]),
        (TooManyWaiting(waiting=5000, busiest="shop"), ["5,000 messages", "shop", "Limits(waiting_max=...)"]),
    ],
)
def test_an_error_names_the_thing_the_place_and_the_way_out(error: AosimError, parts: list[str]) -> None:
    for part in parts:
        assert part in str(error)
