"""lua/lib/bit32.lua"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

MASK = 0xFFFFFFFF
numbers = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture(scope="module")
def lua(library: Callable[[str], Any]) -> Any:
    return library("bit32")


@given(numbers, numbers, numbers)
def test_numbers_are_combined_by_their_low_32_bits(lua: Any, a: int, b: int, c: int) -> None:
    answer = lua("local b = bit32 return b.band(...), b.bor(...), b.bxor(...), b.btest(...), b.bnot((...))", a, b, c)
    assert answer == (a & b & c & MASK, (a | b | c) & MASK, (a ^ b ^ c) & MASK, a & b & c & MASK != 0, ~a & MASK)


@given(numbers, st.integers(-70, 70))
def test_numbers_are_shifted_and_turned_within_32_bits(lua: Any, a: int, by: int) -> None:
    def shifted(value: int, places: int) -> int:
        return (value << places if places >= 0 else value >> -places) & MASK

    word = a & MASK
    signed = word - 2**32 if word >> 31 and by >= 0 else word
    turned = (word << by % 32 | word >> (32 - by % 32)) & MASK
    answer = lua("local b, n, by = bit32, ... return b.lshift(n, by), b.rshift(n, by), b.arshift(n, by),"
                 " b.lrotate(n, by), b.rrotate(n, -by)", a, by)  # fmt: skip
    assert answer == (shifted(word, by), shifted(word, -by), shifted(signed, -by), turned, turned)


@given(numbers, numbers, st.integers(0, 31), st.integers(1, 32))
def test_a_field_is_read_and_written(lua: Any, a: int, b: int, field: int, width: int) -> None:
    width = min(width, 32 - field)
    mask = (1 << width) - 1
    answer = lua("local a, b, f, w = ... return bit32.extract(a, f, w), bit32.replace(a, b, f, w)", a, b, field, width)
    assert answer == ((a & MASK) >> field & mask, a & MASK & ~(mask << field) | (b & mask) << field)


def test_no_arguments_are_all_ones_or_none(lua: Any) -> None:
    assert lua("return bit32.band(), bit32.bor(), bit32.bxor(), bit32.btest()") == (MASK, 0, 0, True)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("band(1, {})", "bad argument #2 to 'band' (number expected, got table)"),
        ("lshift(1, 1.5)", "bad argument #2 to 'lshift' (number has no integer representation)"),
        ("bnot()", "bad argument #1 to 'bnot' (number expected, got no value)"),
        ("extract(1, -1)", "bad argument #2 to 'extract' (field cannot be negative)"),
        ("extract(1, 0, 0)", "bad argument #3 to 'extract' (width must be positive)"),
        ("replace(1, 1, 30, 3)", "trying to access non-existent bits"),
    ],
)
def test_bad_arguments_are_blamed_on_the_line_of_the_caller(lua: Any, call: str, problem: str) -> None:
    assert lua.error(f"local x = bit32.{call}") == f"author:1: {problem}"
