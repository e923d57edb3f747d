"""lua/lib/chance.lua"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def lua(library: Callable[[str], Any]) -> Any:
    return library("chance")


def mersenne_twister(seed: int) -> random.Random:
    """Python's generator in the state that init_genrand makes of a 32-bit seed."""
    words = [seed & 0xFFFFFFFF]
    for index in range(1, 624):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + index) & 0xFFFFFFFF)
    generator = random.Random()
    generator.setstate((3, (*words, 624), None))
    return generator


@settings(max_examples=25)
@given(st.integers(-(2**63), 2**63 - 1))
def test_it_is_the_mersenne_twister(lua: Any, seed: int) -> None:
    draws = lua(
        "local t = {} chance.seed(...) for i = 1, 1300 do t[i] = chance.random() * 2^32 // 1 end return t", seed
    )
    expected = mersenne_twister(seed)
    assert list(draws.values()) == [expected.getrandbits(32) for _ in range(1300)]


@given(st.text("0123456789", max_size=40))
def test_a_long_number_seeds_with_its_low_32_bits(lua: Any, digits: str) -> None:
    draw = lua("chance_private.seed_digits(...) return chance.random() * 2^32", digits)
    assert draw == mersenne_twister(int(digits or "0")).getrandbits(32)


def test_the_sequence_of_a_known_seed_is_the_recorded_one(lua: Any) -> None:
    assert lua(
        "chance_private.seed_digits('711416') local t = {}"
        " for i = 1, 6 do t[i] = chance_private.math_random(1, 1000) end return table.concat(t, ' ')"
    ) == "408 943 666 900 259 930"  # fmt: skip


def test_one_argument_counts_from_one_and_other_numbers_of_arguments_give_a_float(lua: Any) -> None:
    assert lua("local r = chance_private.math_random return r(1), math.type(r()), math.type(r(1, 2, 3))") == (
        1,
        "float",
        "float",
    )


@pytest.mark.parametrize("call", ["chance.integer(3, 1)", "chance_private.math_random(0)"])
def test_an_empty_range_is_refused(lua: Any, call: str) -> None:
    assert lua.error(call).endswith("max must bigger than min")


@pytest.mark.parametrize("seed", ["1.0", "'1'", "nil"])
def test_only_an_integer_is_a_seed(lua: Any, seed: str) -> None:
    assert lua.error(f"chance.seed({seed})").endswith("seed must be an integer")


def test_the_module_shows_three_functions(lua: Any) -> None:
    assert sorted(lua.lua.globals().chance) == ["integer", "random", "seed"]
