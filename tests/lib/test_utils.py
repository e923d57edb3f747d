"""lua/lib/utils.lua"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

MESSAGE = """msg = { Action = "Transfer", Quantity = "5", From = "abc", Timestamp = 7,
  Tags = { Action = "Transfer", Quantity = "5", Hidden = "tagonly" } }"""


@pytest.fixture(scope="module")
def lua(library: Callable[[str], Any]) -> Any:
    lua = library("utils")
    lua("function double(x) return x * 2 end function sum(a, x) return a + x end")
    lua("function show(t) return table.concat(t, ' ') end")
    lua(MESSAGE)
    return lua


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("concat({1, 2}, {3})", "1 2 3"),
        ("concat({})({3})", "3"),
        ("map(double, {1, 2})", "2 4"),
        ("map(double)({1, 2})", "2 4"),
        ("map(function(x, i) return i end, {'a', 'b'})", "1 2"),
        ("filter(function(x) return x > 1 end)({1, 2, 3})", "2 3"),
        ("reverse({1, 2, 3})", "3 2 1"),
        ("keys({b = 1, a = 2})", "a b"),
        ("values({b = 1, a = 2})", "2 1"),
    ],
)
def test_lists_are_made_from_lists(lua: Any, call: str, result: str) -> None:
    assert lua(f"return show(utils.{call})") == result


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("reduce(sum, 0, {1, 2, 3})", 6),
        ("reduce(sum)(0)({1, 2, 3})", 6),
        ("reduce(sum, nil, {1, 2, 3})", 6),
        ("find(function(x) return x > 1 end, {1, 2, 3})", 2),
        ("find(function(x) return x > 9 end, {1, 2, 3})", None),
        ("prop('a', {a = 5})", 5),
        ("propEq('name')('Lua')({name = 'Lua'})", True),
        ("includes(9, {1, 2})", False),
        ("includes(2)({1, 2})", True),
        ("compose(function(x) return x + 1 end, double)(3)", 7),
        ("capitalize('hELLO')", "Hello"),
    ],
)
def test_values_are_found_and_folded(lua: Any, call: str, result: object) -> None:
    assert lua(f"return (utils.{call})") == result


@given(st.lists(st.integers(-99, 99), min_size=1, max_size=6))
def test_a_curried_function_takes_its_arguments_one_by_one_or_all_at_once(lua: Any, numbers: list[int]) -> None:
    script = """
      local numbers = { ... }
      local curried = utils.curry(function(...) return table.concat({ ... }, ",") end, #numbers)
      local step = curried
      for _, number in ipairs(numbers) do
        step = step(number)
      end
      return step, curried(...)
    """
    text = ",".join(map(str, numbers))
    assert lua(script, *numbers) == (text, text)


def test_of_an_incomplete_call_only_the_first_argument_is_kept(lua: Any) -> None:
    assert lua("return utils.curry(function(a, b, c) return tostring(a) .. b .. tostring(c) end)(1, 2)(3)") == "13nil"


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("map(double, {a = 1})", "second argument should be an Array"),
        ("map(1, {})", "first argument should be a unary function"),
        ("concat({a = 1}, {})", "first argument should be a table that is an array"),
        ("concat(1, {})", "first argument should be a table"),
        ("reduce(sum, 0)({1})", "third argument should be a table that is an array"),
        ("includes(1, {a = 1})", "argument should be a table that is an array"),
        ("keys(1)", "argument needs to be a table"),
        ("reverse({[2] = 1})", "argument needs to be a table that is an array"),
        ("compose(double, 1)", "each argument needs to be a function"),
        ("curry(1)", "function is required as first argument"),
        ("propEq(1, 'a', {})", "first argument should be a string"),
        ("propEq('a', 1, {})", "second argument should be a string"),
    ],
)
def test_wrong_arguments_are_named(lua: Any, call: str, problem: str) -> None:
    assert lua.error(f"utils.{call}").endswith(": " + problem)


@pytest.mark.parametrize(
    ("name", "normal"),
    [("action", "Action"), ("ACTION", "Action"), ("my_tag", "My-Tag"), ("aos-Version", "Aos-Version"), ("", ""),
     ("x-2y", "X-2y"), ("my tag", "My tag"), ("a.b", "A.b"), ("RequestId", "Requestid"), ("X-Reference", "X-Reference"),
     ("\u00e9a", "\u00e9a"), ("Data-Protocol-Two", "Data-Protocol-Two")],
)  # fmt: skip
def test_names_become_title_case(lua: Any, name: str, normal: str) -> None:
    assert lua("return utils.normalize(...)", name) == normal


def test_only_texts_are_normalised(lua: Any) -> None:
    assert lua("return utils.normalize(5), utils.normalize(nil)") == (5, None)


@pytest.mark.parametrize(
    ("spec", "result"),
    [
        ("'Transfer'", True),
        ("'transfer'", False),
        ("{}", True),
        ("{Action = 'transfer'}", True),
        ("{Action = 'Transfer', Quantity = '6'}", False),
        ("{Action = '^tran', Quantity = '%D'}", True),
        ("{Quantity = '_', Hidden = 'TAGONLY'}", True),
        ("{Missing = '_'}", False),
        ("{Quantity = {'4', {'5'}}}", True),
        ("{Quantity = {}}", False),
        ("{Quantity = 5}", False),
        ("{Timestamp = '7'}", True),
        ("{Timestamp = function(t, m) return t == 7 and m == msg end}", True),
        ("{Timestamp = function(t) return t and 0 end}", True),
        ("function(m) return m.From end", "abc"),
        ("5", False),
    ],
)
def test_messages_are_matched_as_handlers_match_them(lua: Any, spec: str, result: object) -> None:
    assert lua(f"return utils.matchesSpec(msg, {spec})") == result


def test_a_value_function_sees_the_field_and_the_tag(lua: Any) -> None:
    assert lua("local n = 0 utils.matchesSpec(msg, {Quantity = function() n = n + 1 return true end}) return n") == 2
    assert "compare" in lua.error("utils.matchesSpec(msg, {Timestamp = function(t) return t > 5 end})")


@pytest.mark.parametrize(
    ("pattern", "value", "result"),
    [("'_'", "nil", True), ("'ABC'", "'abc'", True), ("'a-c'", "'a-c'", True), ("'a-c'", "'c'", False),
     ("'^a.c$'", "'ABC'", True), ("'.*'", "nil", True), ("'5'", "5", True), ("true", "true", False),
     ("nil", "nil", False)],
)  # fmt: skip
def test_values_are_matched(lua: Any, pattern: str, value: str, result: bool) -> None:
    assert lua(f"return utils.matchesPattern({pattern}, {value})") is result


@pytest.mark.parametrize("call", ["matchesPattern('a', {})", "matchesPattern('a.', true)", "matchesPattern('[', 'a')"])
def test_values_that_are_no_text_and_malformed_patterns_are_errors(lua: Any, call: str) -> None:
    assert lua.error(f"utils.{call}")
