"""lua/lib/stringify.lua, dump.lua and pretty.lua"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

COLOUR = re.compile("\x1b\\[\\d+m")


@pytest.fixture(scope="module")
def stringify(library: Callable[[str], Any]) -> Any:
    return library("stringify")


@pytest.fixture(scope="module")
def dump(library: Callable[[str], Any]) -> Any:
    return library("dump")


@pytest.fixture(scope="module")
def pretty(library: Callable[[str], Any]) -> Any:
    return library("pretty")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("{}", "{  }"),
        ("{1, 2.0, 'a'}", '{ 1, 2.0, "a" }'),
        ("{a = {b = 1}}", "{\n   a = {\n     b = 1\n  }\n}"),
        ("{1, true, 'x'}", '{\n  1,\n  true,\n  "x"\n }'),
        (
            "{a = {1, {b = true}}}",
            "{\n   a = {\n    1,\n    {\n       b = true\n    }\n   }\n}",
        ),
        ("{1, nil, 3}", "{\n   3 = 3\n}"),
        ("{1, a = 2}", "{\n   a = 2\n}"),
        ("(function() local t = {} t.a = t return t end)()", "{\n   a = <circular reference>\n}"),
        ("(function() local t = {} return {a = t, b = t} end)()", "<circular reference>"),
    ],
)
def test_tables_are_laid_out_as_print_shows_them(stringify: Any, table: str, text: str) -> None:
    assert COLOUR.sub("", stringify(f"return stringify.format({table})")) == text


def test_keys_texts_and_other_values_have_their_colours(stringify: Any) -> None:
    assert stringify("return stringify.format({a = 'x', b = 1})") == (
        '{\n   \x1b[31ma\x1b[0m = \x1b[32m"x"\x1b[0m,\n   \x1b[31mb\x1b[0m = \x1b[34m1\x1b[0m\n}'
    )


def test_a_simple_array_holds_only_numbers_and_texts(stringify: Any) -> None:
    assert stringify(
        "local s = stringify.isSimpleArray return s({}), s({1, 'a'}), s({true}), s({a = 1}), s({1, nil, 3})"
    ) == (True, True, False, False, False)


def test_a_key_that_cannot_be_shown_is_an_error(stringify: Any) -> None:
    assert "attempt to concatenate a boolean value" in stringify.error("stringify.format({[true] = 1})")


def test_a_list_inside_itself_ends_in_an_error(stringify: Any) -> None:
    assert stringify.error("local t = {} t[1] = t stringify.format(t)") == "stack overflow"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("42", '"42"'),
        ("'a\"b'", '"a\\"b"'),
        ("nil", '"nil"'),
        ("{}", "{}"),
        ("{1, 'x', true, k = 'v', [10] = 5}",
         '{\n    [1] = 1,\n    [2] = "x",\n    [3] = true,\n    [10] = 5,\n    k = "v"\n}'),
        ("{['my key'] = 1, ['end'] = 2, _ok = 3, ['1a'] = 4}",
         '{\n    ["1a"] = 4,\n    ["end"] = 2,\n    ["my key"] = 1,\n    _ok = 3\n}'),
        ("{a = {b = {1}}}", "{\n    a = {\n        b = {\n            [1] = 1\n        }\n    }\n}"),
        ("{a = 1, b = {2}}, 0", "{ a = 1, b = { [1] = 2 } }"),
        ("{a = {1}}, 2, 3", "{\n     a = {\n       [1] = 1\n     }\n   }"),
        ("{f = print}", '{\n    f = "function: 0x1"\n}'),
        ("(function() local t = {} t.me = t return t end)()", '{\n    me = "<Circular table: 0x1>"\n}'),
    ],
)  # fmt: skip
def test_values_are_dumped_as_sorted_lua_source(dump: Any, value: str, text: str) -> None:
    assert dump(f"return dump({value})") == text


def test_a_filter_leaves_out_what_it_answers_nil_for(dump: Any) -> None:
    assert (
        dump("""return dump({a = 1, b = 2, c = {3}}, 0, 0, function(value, _, kind, use, key, hidden)
      if use == "val" and key == hidden then
        return nil
      end
      return value, kind == "table"
    end, "b")""")
        == '{ a = 1, c = "table: 0x1" }'
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [("-1", "indent must be unsigned integer"), ("1.5", "indent must be unsigned integer"),
     ("4, -1", "padding must be unsigned integer"), ("4, 0, 1", "filter must be function")],
)  # fmt: skip
def test_wrong_arguments_of_dump_are_named(dump: Any, arguments: str, problem: str) -> None:
    assert dump.error(f"dump({{}}, {arguments})").endswith(": " + problem)


def test_pretty_indents_nested_tables_by_one(pretty: Any) -> None:
    assert pretty("return pretty.tprint({1, a = {b = {c = true}}, x = 'y'})") == ("1: 1\na: \n b: \n  c: true\nx: y\n")
    assert pretty("return pretty.tprint({1}, 2)") == "  1: 1\n"


def test_pretty_refuses_functions(pretty: Any) -> None:
    assert "attempt to concatenate a function value" in pretty.error("pretty.tprint({print})")
