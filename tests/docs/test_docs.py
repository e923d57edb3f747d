"""Every code block of README.md and docs/*.md does what the page says."""

from __future__ import annotations

import dataclasses
import re
import warnings
from pathlib import Path

import pages
import pytest

import aosim
from aosim import Counts, Fate, Limits
from aosim.findings import ON_THE_NETWORK

PAGES = [pages.ROOT / "README.md", *sorted((pages.ROOT / "docs").glob("*.md"))]
#: Pages whose blocks another test runs, by that test.
ELSEWHERE = {"guide-patterns.md": "tests/examples/test_examples.py"}
RUN = [path for path in PAGES if path.name not in ELSEWHERE]
IDS = [path.relative_to(pages.ROOT).as_posix() for path in PAGES]
SKIPS_MAX = 6


def text_of(name: str) -> str:
    return (pages.ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", RUN, ids=[path.name for path in RUN])
def test_the_blocks_of_a_page_do_what_it_says(path: Path, tmp_path: Path) -> None:
    page = pages.run_page(path, tmp_path)
    for skipped in page.skipped:
        print(f"not run: {skipped}")  # noqa: T201
    assert not page.problems, "\n\n".join(page.problems)


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    notes = [block for path in PAGES for block in pages.blocks(path.read_text(encoding="utf-8"))]
    skipped = [block for block in notes if block.note == "not run"]
    assert all(len(block.value) > 10 for block in skipped)
    assert len(skipped) <= SKIPS_MAX


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), flags=re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs, f"{path.name}: {target}"


def test_the_index_names_every_page() -> None:
    index = text_of("README.md")
    assert [path.name for path in PAGES if path.parent.name == "docs" and path.name != "README.md"] == [
        path.name
        for path in PAGES
        if path.parent.name == "docs" and path.name != "README.md" and f"({path.name})" in index
    ]


def public_names() -> list[str]:
    names = [name for name in aosim.__all__ if not name.startswith("__")]
    for owner in ("Simulation", "ProcessHandle", "WalletHandle", "Sent", "Timer", "Run", "Message", "Result"):
        for kind in getattr(aosim, owner).__mro__:
            if kind.__module__.startswith("aosim"):
                names += [name for name in vars(kind) if not name.startswith("_")]
    return sorted(set(names) - {"from_module", "messenger_tags"})


@pytest.mark.parametrize("name", public_names())
def test_the_python_reference_tells_of_every_public_name(name: str) -> None:
    assert re.search(rf"`[^`]*\b{name}\b[^`]*`|^.*\b{name}\b.*$", text_of("reference-python.md"), re.MULTILINE)


def test_the_python_reference_tells_every_error() -> None:
    reference = text_of("reference-python.md")
    kinds: list[type] = [aosim.AosimError, *aosim.AosimError.__subclasses__()]
    assert [kind.__name__ for kind in kinds if f"`{kind.__name__}`" not in reference] == []


def test_the_python_reference_tells_every_limit_with_its_default() -> None:
    reference = text_of("reference-python.md")
    limits = Limits()
    for option in dataclasses.fields(Limits):
        assert f"`{option.name}` | {getattr(limits, option.name):,} |" in reference


def test_the_pages_on_fates_tell_all_of_them() -> None:
    for page in ("guide-messages.md", "reference-python.md"):
        assert [fate for fate in Fate if f"`{fate}`" not in text_of(page)] == []


def test_the_python_reference_tells_every_count() -> None:
    assert [name for name in Counts().as_dict() if f"`{name}`" not in text_of("reference-python.md")] == []


def test_the_lua_reference_tells_every_rule_of_the_findings() -> None:
    reference = text_of("reference-lua.md")
    assert [rule for rule in ON_THE_NETWORK if f"| `{rule}` |" not in reference] == []


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a\nc", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...", "a", True),
        ("a\n...\nd", "a\nb", False),
        ("took ... s", "took 5 s", False),
    ],
)
def test_three_dots_stand_for_lines(expected: str, printed: str, same: bool) -> None:
    assert pages.matches(expected, printed) is same


def test_in_a_console_three_dots_stand_for_text() -> None:
    assert pages.matches("2 passed in ...s", "2 passed in 0.01s", inline=True)


def run_text(text: str, folder: Path) -> pages.Page:
    folder.mkdir(exist_ok=True)
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        return pages.run_page(page, folder)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "page.md:6: the block before prints\n1\nand not\n2"),
        ("```python\nprint(1)\n```\n", "page.md:2: prints something, and no text block after it says what"),
        ("```python\n\n1 / 0\n```\n", "page.md:3: ZeroDivisionError: division by zero"),
        ("```lua\nlocal x =\n```\n", "unexpected symbol near <eof>"),
        ("```lua\nX = 1\n```\nIt says:\n```text\nhello\n```\n", "page.md:6: a text block shows what the block"),
        ("```console\n$ rm -r x\n```\n", "a command is '$ ' and one of"),
        ("```\nhello\n```\n", "nobody knows what to do with a block of 'no language'"),
    ],
)
def test_a_page_that_says_something_else_is_told_where(text: str, problem: str, tmp_path: Path) -> None:
    (found,) = run_text(text, tmp_path / "page").problems
    assert problem in found


def test_a_page_is_run_in_page_order_with_its_files(tmp_path: Path) -> None:
    page = run_text(
        "<!-- file: a.lua -->\n```lua\nX = 5\n```\n\n"
        "```python\nfrom aosim import Simulation\n\nx = Simulation().spawn('a.lua').eval('X')\n```\n"
        "```python\nprint(x)\n```\n\n```text\n5\n```\n\n"
        "```lua\nprint('hello')\n```\n\n```text\nhello\n```\n",
        tmp_path / "page",
    )
    assert page.problems == []
