from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aosim.pages.fences import Fence, fences


def only(page: str) -> Fence:
    (found,) = fences(page)
    return found


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("lua", "lua"),
        ("Lua", "lua"),
        (' lua title="chat.lua"', "lua"),
        ("lua:no-line-numbers", "lua"),
        ("lua{1,3}", "lua"),
        ("{.lua}", "lua"),
        ("lua [chat.lua]", "lua"),
        ("lua5.3", "lua5.3"),
        ("c++", "c++"),
        ("", ""),
    ],
)
def test_the_language_is_the_first_word_behind_the_fence(info: str, language: str) -> None:
    assert only(f"```{info}\nx = 1\n```").language == language


def test_a_block_knows_its_number_its_line_and_its_text() -> None:
    first, second = fences("# Title\n\n```lua\nx = 1\n\ny = 2\n```\ntext\n~~~\nz\n~~~\n")
    assert (first.number, first.line, first.text, first.before) == (1, 3, "x = 1\n\ny = 2", "# Title")
    assert (second.number, second.line, second.text, second.before) == (2, 9, "z", "text")


def test_a_block_ends_with_a_fence_of_its_kind_that_is_as_long_at_least() -> None:
    assert only("````lua\n```\n~~~~\n```lua\n`````\n").text == "```\n~~~~\n```lua"
    assert only("~~~lua\n```\n~~~ x\n~~~~\n").text == "```\n~~~ x"


def test_a_block_that_is_not_closed_goes_on_to_the_end() -> None:
    assert only("```lua\nx = 1\n\ny").text == "x = 1\n\ny"


def test_blocks_stand_in_lists_without_the_indentation_of_the_list() -> None:
    numbered = "1. First\n\n   ```lua\n   if x then\n     y()\n   end\n   ```\n\n2. ~~~\n   z\n   ~~~\n"
    page = numbered + "- a\n  - b\n\n    ```lua\n    w\n    ```\n"
    assert [found.text for found in fences(page)] == ["if x then\n  y()\nend", "z", "w"]


def test_a_block_stands_in_a_quote_and_ends_with_it() -> None:
    page = "> Note\n>\n> ```lua\n> x = 1\n>\n>   y = 2\n> ```\n\n> ```lua\n> z\ntext\n"
    assert [found.text for found in fences(page)] == ["x = 1\n\n  y = 2", "z"]


@pytest.mark.parametrize(
    "page",
    [
        "    ```lua\n    x\n    ```\n",  # code by its indentation
        "``` not `a` fence\n",
        "``x``\n",
        "<!--\n```lua\nx\n```\n-->\n",
        "",
    ],
)
def test_what_only_looks_like_a_fence_is_none(page: str) -> None:
    assert fences(page) == []


def test_a_block_between_line_ends_of_other_systems_is_the_same() -> None:
    assert only("```lua\r\nx = 1\r\ny = 2\r\n```\r\n").text == "x = 1\ny = 2"


def test_tabs_indent_by_four() -> None:
    assert only("- a\n\n\t```lua\n\tx\n\t```\n").text == "x"


@pytest.mark.parametrize(
    ("comment", "note"),
    [
        ("<!-- file: a.lua -->", ("file", "a.lua")),
        ("<!-- not run: it is slow -->", ("not run", "it is slow")),
        ("<!-- not run -->", ("not run", "")),
        ("<!--not run-->", ("not run", "")),
        ("<!-- not running -->", ("", "")),
        ("<!-- file -->", ("", "")),
        ("<!-- anything -->", ("", "")),
    ],
)
def test_a_comment_right_above_is_a_note(comment: str, note: tuple[str, str]) -> None:
    assert only(f"{comment}\n```lua\nx\n```").note == note


@given(st.text(alphabet="`~ >-1.\nlua\tx", max_size=80))
def test_any_text_is_a_page_and_no_block_has_lines_the_page_has_not(page: str) -> None:
    lines = page.split("\n")
    for found in fences(page):
        assert lines[found.line - 1].lstrip(" \t>-1.")[:3] in ("```", "~~~")
        assert found.line + len(found.lines) <= len(lines)
