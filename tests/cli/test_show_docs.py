from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from cli.terminal import Terminal, on_a_terminal

PAGE = "# Page\n\n```lua\nX = 1\nY = json\n```\n\n```js\nlet x\n```\n"
FAILING = '```lua\nprint("\\27[31mred")\nerror("no\\27[31m\\7")\n```\n'


@pytest.fixture(autouse=True)
def _pages(folder: Path) -> None:
    (folder / "page.md").write_text(PAGE)
    (folder / "failing.md").write_text(FAILING)


def test_docs_tells_what_becomes_of_each_block(aosim: Terminal) -> None:
    done = aosim("docs", "page.md")
    assert (done.code, done.err) == (0, "")
    assert done.out.split("\n") == [
        "page.md",
        "  3  lua  ok",
        "     json-global  page.md:5  json is no global on the network: local json = require('json')",
        "  8  js   not Lua  its fence says js",
        "1 page, 1 ok, 0 errors, 1 not Lua, 0 not run, 1 finding",
        "",
    ]


def test_a_block_that_is_an_error_gives_exit_code_one_and_cannot_move_the_cursor(aosim: Terminal) -> None:
    done = aosim("docs", "page.md", "failing.md")
    assert done.code == 1
    assert "  1  lua  error  failing.md:3: no\n2 pages, 1 ok, 1 error, " in done.out


def test_the_process_of_a_page_is_made_from_the_module_that_is_named(aosim: Terminal, folder: Path) -> None:
    (folder / "version.md").write_text("```lua\nao._module\n```")
    told = [
        [json.loads(line)["output"] for line in aosim("docs", "version.md", "--json", *words).out.splitlines()]
        for words in ((), ("--module", "aos-2.0.1"))
    ]
    assert told[0] != told[1]


def test_a_page_without_blocks_says_so(aosim: Terminal, folder: Path) -> None:
    (folder / "prose.md").write_text("# Prose\n")
    done = aosim("docs", "prose.md")
    assert (done.code, done.out.split("\n")[0]) == (0, "prose.md: no blocks")


def test_on_a_terminal_the_blocks_are_a_table() -> None:
    shown, code = on_a_terminal("docs", "page.md", "failing.md")
    assert code == 1
    for text in ("┃", "failing.md:3: no", "json-global", "2 pages, 1 ok, 1 error"):
        assert text in shown


def test_docs_in_json_is_one_object_per_block(aosim: Terminal) -> None:
    done = aosim("docs", "page.md", "failing.md", "--json")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["page"], one["block"], one["status"]) for one in told] == [
        ("page.md", 1, "ok"),
        ("page.md", 2, "not Lua"),
        ("failing.md", 1, "error"),
    ]
    assert set(told[0]) == {"page", "block", "line", "language", "status", "reason", "output", "findings"}


def test_a_folder_is_all_pages_in_it_but_hidden_ones(aosim: Terminal, folder: Path) -> None:
    for name in ("deep/er/b.md", "deep/a.mdx", "deep/c.txt", ".hidden/d.md", "node_modules/e.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("```lua\nX = 1\n```")
    done = aosim("docs", ".")
    names = [line for line in done.out.split("\n") if line.endswith((".md", ".mdx"))]
    assert names == ["deep/a.mdx", "deep/er/b.md", "failing.md", "page.md"]


def test_a_page_may_come_from_stdin(aosim: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from aosim.cli.show_docs import show_docs

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FAILING.encode())))
    assert show_docs(["-"], check_output=False, strict=False, fidelity="docs", module="aos", as_json=True) == 1


@pytest.mark.parametrize(("option", "code"), [("--strict", 1), ("--check-output", 0), ("--json", 0)])
def test_a_fragment_is_an_error_only_when_the_run_is_strict(
    aosim: Terminal, folder: Path, option: str, code: int
) -> None:
    (folder / "part.md").write_text("```lua\nfunction f() ... end\n```")
    assert aosim("docs", "part.md", option).code == code


def test_output_is_checked_when_asked(aosim: Terminal, folder: Path) -> None:
    (folder / "session.md").write_text("```\naos> 1 + 1\n3\n```")
    assert aosim("docs", "session.md").code == 0
    done = aosim("docs", "session.md", "--check-output")
    assert (done.code, "session.md:2: it prints '2', the page shows '3'" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("none.md",), "none.md: No such file or directory"),
        (("page.md", "none.md"), "none.md: No such file or directory"),
        (("empty",), "empty: no pages (*.md or *.mdx) in that folder"),
        (("page.md", "--module", "aos-3"), "no module 'aos-3'. Did you mean 'aos"),
        (("page.md", "--fidelity", "doc"), "--fidelity 'doc': there are 'docs' and 'network'"),
    ],
)
def test_pages_that_cannot_be_read_are_told_before_one_is_run(
    aosim: Terminal, folder: Path, words: tuple[str, ...], complaint: str
) -> None:
    (folder / "empty").mkdir()
    done = aosim("docs", *words)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
