"""lua/lib/bint.lua"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SIZES = [(256, 32), (64, 32), (32, 32), (128, 16), (96, 24), (48, 8)]

OPERATIONS = """
return function(bits, word_bits, x, y, places)
  local bint = bint(bits, word_bits)
  x, y = bint(x), bint(y)
  local results = { x + y, x - y, x * y, x & y, x | y, x ~ y, ~x, -x, x << places, x >> places, bint.abs(x),
    bint.inc(x), bint.dec(x), bint.max(x, y), bint.min(x, y), bint.brol(x, places), bint.bror(x, places),
    bint.frombe(bint.tobe(x)), bint.fromle(bint.tole(x, true)), bint.frombase(bint.tobase(x, 36, false), 36) }
  if not bint.iszero(y) then
    for _, result in ipairs({ x // y, x % y, bint.tdiv(x, y), bint.tmod(x, y), bint.udiv(x, y), bint.umod(x, y) }) do
      results[#results + 1] = result
    end
  end
  for index, result in ipairs(results) do
    results[index] = tostring(result)
  end
  for _, truth in ipairs({ x < y, x <= y, x == y, bint.ult(x, y), bint.ule(x, y), bint.isneg(x), bint.ispos(x),
    bint.isodd(x), bint.iszero(x), bint.isone(x), bint.isminusone(x) }) do
    results[#results + 1] = tostring(truth)
  end
  results[#results + 1] = bint.tobase(x, 16)
  results[#results + 1] = tostring(bint.tonumber(x))
  results[#results + 1] = tostring(bint.tointeger(x))
  return table.concat(results, " ")
end
"""


@pytest.fixture(scope="module")
def lua(library: Callable[[str], Any]) -> Any:
    lua = library("bint")
    lua("b = bint(256)")
    return lua


@pytest.fixture(scope="module")
def operations(lua: Any) -> Any:
    return lua(OPERATIONS)


def wrapped(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def expected(bits: int, x: int, y: int, places: int) -> list[str]:
    mask = (1 << bits) - 1
    ux, uy = x & mask, y & mask
    turn = places % bits
    shift_left = ux << places if places >= 0 else ux >> -places
    shift_right = ux >> places if places >= 0 else ux << -places
    turn_left, turn_right = ux << turn | ux >> (bits - turn), ux >> turn | ux << (bits - turn)
    numbers = [x + y, x - y, x * y, x & y, x | y, x ^ y, ~x, -x, shift_left, shift_right, abs(x), x + 1, x - 1,
               max(x, y), min(x, y), turn_left, turn_right, x, x, x]  # fmt: skip
    if y:
        quotient = abs(x) // abs(y) * (-1 if (x < 0) != (y < 0) else 1)
        numbers += [x // y, x % y, quotient, x - quotient * y, ux // uy, ux % uy]
    truths = [x < y, x <= y, x == y, ux < uy, ux <= uy, x < 0, x > 0, x % 2 == 1, x == 0, x == 1, x == -1]
    number = str(x) if -(2**63) <= x < 2**63 else f"{x:.14g}"
    return [
        *(str(wrapped(value, bits)) for value in numbers),
        *(str(truth).lower() for truth in truths),
        f"{ux:x}",
        number,
        str(wrapped(x, 64)),
    ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    """A size, two numbers of any length up to it, also of words at their ends, and a shift."""
    bits, word_bits = draw(st.sampled_from(SIZES))
    word = st.sampled_from([0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF])
    rough = st.lists(word, min_size=1, max_size=bits // 16).map(
        lambda words: sum(value << 16 * place for place, value in enumerate(words))
    )
    any_size = st.integers(0, bits - 1).flatmap(lambda size: st.integers(-(1 << size), (1 << size) - 1))
    number = (any_size | rough).map(lambda value: wrapped(value, bits))
    return bits, word_bits, draw(number), draw(number), draw(st.integers(-bits - 2, bits + 2))


@given(cases())
def test_every_operator_agrees_with_pythons_integers(operations: Any, case: tuple[int, int, int, int, int]) -> None:
    bits, word_bits, x, y, places = case
    assert operations(bits, word_bits, str(x), str(y), places).split() == expected(bits, x, y, places)


@given(st.integers(-(2**40), 2**40), st.integers(0, 300), st.integers(1, 2**100))
def test_powers_agree_with_pythons(lua: Any, base: int, exponent: int, modulus: int) -> None:
    answer = lua("local x, y, m = ... return tostring(b.ipow(x, y)), tostring(b.upowmod(b(x):abs(), y, m))",
                 base, exponent, str(modulus))  # fmt: skip
    assert answer == (str(wrapped(base**exponent, 256)), str(pow(abs(base), exponent, modulus)))


@pytest.mark.parametrize(
    ("value", "text"),
    [("42", "42"), ("2.0", "2"), ("'-5'", "-5"), ("'0xfF'", "255"), ("'-0b101'", "-5"), ("'+7'", "7"),
     ("math.mininteger", "-9223372036854775808"), ("10000 * 10 ^ 12", "10000000000000000"), ("b(3)", "3")],
)  # fmt: skip
def test_whole_numbers_and_texts_of_them_become_bints(lua: Any, value: str, text: str) -> None:
    assert lua(f"return tostring(b({value}))") == text


@pytest.mark.parametrize("value", ["1.5", "'abc'", "''", "'1.5'", "{}", "nil", "true", "0/0", "'0b2'", "' 1'"])
def test_anything_else_is_refused(lua: Any, value: str) -> None:
    assert lua.error(f"b({value})").endswith("value cannot be represented by a bint")


def test_a_float_that_is_not_whole_makes_the_result_a_float(lua: Any) -> None:
    assert lua("return b(3) + 1.5, 1.5 * b(4), b(7) / 2, b(7) // 0.5, b(7) % '2.5'") == (4.5, 6.0, 3.5, 14.0, 2.0)
    assert lua("return tostring(b(3) + 2.0), math.type(b(2) ^ 10)") == ("5", "float")


def test_numbers_and_bints_are_ordered_but_never_equal_by_operator(lua: Any) -> None:
    assert lua("return b(3) < 5, 3 < b(5), b(3) < '10', b(6) <= 5.5, b(5) == 5, b.eq(5, b(5)), b.eq('5', 5)") == (
        (True, True, True, False, False, True, True)
    )


@pytest.mark.parametrize("call", ["b(1) // 0", "b(1) % 0", "b.udivmod(1, 0)", "b.tmod(1, 0)", "b.idivmod(1, 0)"])
def test_division_by_zero_is_an_error(lua: Any, call: str) -> None:
    assert lua.error(f"return {call}").endswith("attempt to divide by zero")


def test_the_words_are_an_array_lowest_first(lua: Any) -> None:
    assert lua("local x = b(5) + (b(7) << 32) return #x, x[1], x[2], x[8]") == (8, 5, 7, 0)


def test_what_cannot_be_converted_gives_nothing(lua: Any) -> None:
    for call in ("b.frombase('z', 10)", "b.fromstring('x')", "b.fromstring('0bz')", "b.tobint(1.5)", "b.tobint({})"):
        assert lua(f"return select('#', {call})") == 0, call
    assert lua("return select('#', b.tobase(1, 99))") == 0
    assert lua("return b.parse('1.5'), b.tointeger(1.5), b.tonumber('12')") == (1.5, None, 12)


def test_one_size_is_one_module(lua: Any) -> None:
    assert lua("return bint() == b, bint(256, 32) == b, bint(128) == b") == (True, True, False)


def test_a_size_must_be_whole_words(lua: Any) -> None:
    assert lua.error("bint(100)").endswith("bitsize is not multiple of word bitsize")


def test_bwrap_keeps_the_low_bits(lua: Any) -> None:
    assert lua("return tostring(b.bwrap(-1, 8)), tostring(b.bwrap(300, 0)), tostring(b.bwrap(-1, 256))") == (
        ("255", "0", "-1")
    )
