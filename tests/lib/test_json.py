"""lua/lib/json.lua"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def lua(library: Callable[[str], Any]) -> Any:
    return library("json")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("nil", "null"),
        ("2.0", "2"),
        ("-0.0", "-0"),
        ("1/3", "0.33333333333333"),
        ("123456789012345", "1.2345678901234e+14"),
        ("1700000000000", "1700000000000"),
        ("1e100", "1e+100"),
        ("{}", "[]"),
        ("{{}, {a = {}}}", '[[],{"a":[]}]'),
        ("{f = print}", "{}"),
        ("{b = 1, a = true, c = 'x'}", '{"a":true,"b":1,"c":"x"}'),
        (r"'\1\31\127/\"\\\b\f\n\r\t'", '"\\u0001\\u001f\x7f/\\"\\\\\\b\\f\\n\\r\\t"'),
        ("setmetatable({1}, {__index = {2, 3}, __len = function() return 9 end})", "[1]"),
    ],
)
def test_values_become_the_text_the_reference_writes(lua: Any, value: str, text: str) -> None:
    assert lua(f"return json.encode({value})") == text


def test_a_table_used_twice_is_written_twice(lua: Any) -> None:
    assert lua("local t = {1} return json.encode({a = t, b = t})") == '{"a":[1],"b":[1]}'


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("1/0", "unexpected number value 'inf'"),
        ("{1/0 - 1/0}", "unexpected number value"),
        ("print", "unexpected type 'function'"),
        ("{print}", "unexpected type 'function'"),
        ("{a = coroutine.create(print)}", "unexpected type 'thread'"),
        ("{1, nil, 3}", "invalid table: sparse array"),
        ("{1, a = 2}", "invalid table: mixed or invalid key types"),
        ("{[2] = 1}", "invalid table: mixed or invalid key types"),
        ("{[0] = 1}", "invalid table: mixed or invalid key types"),
        ("(function() local t = {} t.t = {t} return t end)()", "circular reference"),
    ],
)
def test_what_json_cannot_hold_is_refused(lua: Any, value: str, problem: str) -> None:
    assert problem in lua.error(f"json.encode({value})")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", "1"), ("1.0", "1.0"), ("1e3", "1000.0"), ("007", "7"), ("0x10", "16"), ("5.", "5.0"), ("-3", "-3"),
     ("1e400", "inf"), ("123456789012345678", "123456789012345678"), ("12345678901234567890", "1.2345678901235e+19")],
)  # fmt: skip
def test_numbers_are_read_as_lua_reads_them(lua: Any, text: str, number: str) -> None:
    assert lua("return tostring(json.decode(...))", text) == number


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "unexpected character '' at line 1 col 1"),
        ("hello", "unexpected character 'h' at line 1 col 1"),
        ("[1,,2]", "unexpected character ',' at line 1 col 4"),
        ("{", "expected string for key at line 1 col 2"),
        ("{a: 1}", "expected string for key at line 1 col 2"),
        ('{\n  "a": 1,\n  b: 2\n}', "expected string for key at line 3 col 3"),
        ('{"a" 1}', "expected ':' after key at line 1 col 6"),
        ("[1 2]", "expected ']' or ',' at line 1 col 5"),
        ('{"a":1 2}', "expected '}' or ',' at line 1 col 9"),
        ('"abc', "expected closing quote for string at line 1 col 1"),
        ('"a\nb"', "control character in string at line 1 col 3"),
        ('"\\x"', "invalid escape char 'x' in string at line 1 col 2"),
        ('"\\u12g4"', "invalid unicode escape in string at line 1 col 2"),
        ("1-2", "invalid number '1-2' at line 1 col 1"),
        ("[nul]", "invalid literal 'nul' at line 1 col 2"),
        ("1 2", "trailing garbage at line 1 col 3"),
    ],
)
def test_bad_text_is_refused_with_its_place(lua: Any, text: str, problem: str) -> None:
    assert lua.error("json.decode(...)", text) == f'[string "json"]:261: {problem}'


def test_only_text_is_decoded(lua: Any) -> None:
    assert lua.error("json.decode({})").endswith("expected argument of type string, got table")


def test_null_leaves_a_hole_and_a_trailing_comma_is_accepted(lua: Any) -> None:
    assert lua("local t = json.decode('[1,null,3,]') return t[1], t[2], t[3]") == (1, None, 3)
    assert lua("""return next(json.decode('{"a":null,}'))""") is None
    assert lua("return json.decode(' null ')") is None


def test_of_equal_keys_the_last_wins(lua: Any) -> None:
    assert lua("""return json.decode('{"a":1,"a":2}').a""") == 2


def test_surrogate_pairs_are_one_character_and_lone_ones_three_bytes(lua: Any) -> None:
    assert lua(r"""return json.decode('"\\ud83d\\ude00"')""").encode("latin-1") == "\U0001f600".encode()
    assert lua(r"""return json.decode('"\\ud83dA"')""").encode("latin-1") == b"\xed\xa0\xbdA"


texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.booleans() | st.integers(-(10**13), 10**13) | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, min_size=1, max_size=5),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 2]), st.booleans())
def test_what_python_writes_comes_back_as_it_was(lua: Any, value: Any, indent: int | None, escaped: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped).encode().decode("latin-1")
    answer = lua("return json.encode(json.decode(...))", text).encode("latin-1")
    assert json.loads(answer) == value
