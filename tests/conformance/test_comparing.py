from __future__ import annotations

from typing import Any

import pytest

from aosim.conformance import difference


def levels(wanted: dict[str, Any], got: dict[str, Any], *, unordered: bool = False) -> tuple[bool, bool]:
    """Whether two answers are equal, and strictly equal."""
    strictly = difference(wanted, got, unordered=unordered)
    loosely = difference(wanted, got, unordered=unordered, strict=False)
    return not loosely, not strictly


def printed(data: Any, **more: Any) -> dict[str, Any]:
    return {"Output": {"data": data, "print": True, **more}, "Messages": []}


@pytest.mark.parametrize(
    ("wanted", "got", "equal", "strictly"),
    [
        (printed("a"), printed("a"), True, True),
        (printed("a"), printed("b"), False, False),
        (printed("\x1b[31ma\x1b[0m"), printed("a"), True, False),
        (printed("a", prompt="x> "), printed("a", prompt="y> "), True, False),
        (printed("a", test="1"), printed("a", test="2"), True, False),
        (printed("a", own="1"), printed("a", own="2"), False, False),
        (printed("table: 0x1234"), printed("table: 0x00000001"), True, True),
        (printed('{"a":1,"b":2}'), printed('{"b": 2, "a": 1}'), True, True),
        (printed("a"), {"Output": {"data": "a", "print": False}}, False, False),
        ({"Messages": []}, {"Messages": None}, True, True),
        ({"Spawns": [{"Data": "x"}]}, {"Spawns": []}, False, False),
        ({"Error": "a"}, printed("a"), False, False),
        (printed("a"), {"Error": "a"}, False, False),
        ({"Error": '[string ".handlers"]:723: [string "aos"]:1: no'}, {"Error": '[string "aos"]:1: no'}, True, False),
        ({"Error": '[string "aos"]:1: no'}, {"Error": '[string "aos"]:2: no'}, False, False),
        ({"Error": "no\nstack traceback:\n\t[C]: in ?"}, {"Error": "\x1b[31mno"}, True, False),
        ({"Error": '[string ".utils"]:9: attempt to index a nil value'}, {"Error": "other"}, True, False),
        ({"Error": "anything", "Trap": True}, {"Error": "other"}, True, True),
        ({"Error": {"code": 1}}, {"Error": {"code": 2}}, False, False),
    ],
)
def test_answers_have_two_levels_of_equality(
    wanted: dict[str, Any], got: dict[str, Any], equal: bool, strictly: bool
) -> None:
    assert levels(wanted, got) == (equal, strictly)


def test_the_order_of_tags_of_one_name_counts_and_that_of_different_names_does_not() -> None:
    a, b, c = ({"name": name, "value": value} for name, value in (("A", "1"), ("A", "2"), ("B", "1")))
    assert levels({"Messages": [{"Tags": [a, b, c]}]}, {"Messages": [{"Tags": [c, a, b]}]}) == (True, True)
    assert levels({"Messages": [{"Tags": [a, b, c]}]}, {"Messages": [{"Tags": [b, a, c]}]}) == (False, False)


def test_unordered_texts_are_bags_of_lines() -> None:
    assert levels(printed("a,\nb"), printed("b,\na"), unordered=True) == (True, True)
    assert levels(printed("a,\nb"), printed("b,\na")) == (False, False)


def test_what_differs_is_told_with_its_part() -> None:
    assert difference(printed("a"), printed("b"), unordered=False).startswith("Output: wanted {'data': 'a'")
