from __future__ import annotations

import json
from pathlib import Path

import pytest

from aosim.conformance import PAGE, Known, read_recordings
from cli.terminal import Terminal, on_a_terminal

MARKS = "<!-- measured by `aosim fidelity`: from here on -->\n<!-- measured by `aosim fidelity`: up to here -->\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(MARKS)
    return path


def test_fidelity_shows_a_line_per_theme(aosim: Terminal) -> None:
    done = aosim("fidelity", "--theme", "cron", "--theme", "inbox")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[:3] for line in done.out.split("\n")[:4]] == [
        ["theme", "cases", "equal"],
        ["cron", "3", "3"],
        ["inbox", "8", "8"],
        ["all", "11", "11"],
    ]
    assert "11 of 11 conversations equal, all of them strictly" in done.out


def test_on_a_terminal_the_themes_are_a_table() -> None:
    shown, code = on_a_terminal("fidelity", "--theme", "cron")
    assert code == 0
    for text in ("┃", "cron", "3 of 3 conversations equal"):
        assert text in shown


def test_differences_that_are_all_listed_are_well(
    aosim: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aosim.cli.show_fidelity.read_known", lambda: (Known("cron/*", "it is so"),))
    cases, golden = write_changed(folder)
    done = aosim("fidelity", "--cases", cases, "--golden", golden)
    assert done.code == 0
    assert "  it is so\n2 of 3 conversations equal, every difference is a listed one" in done.out


def write_changed(folder: Path) -> tuple[str, str]:
    """The conversations of a theme, one of them answered otherwise."""
    return write_cron(folder, {"Output": {"data": "something else"}})


def write_cron(folder: Path, changes: dict[str, object] | None = None) -> tuple[str, str]:
    """The conversations of a theme, with changes in the last answer of the first."""
    recordings = [one for one in read_recordings() if one.theme == "cron"]
    recordings[0].answers[-1].update(changes or {})
    cases, golden = folder / "cases.jsonl", folder / "golden.jsonl"
    cases.write_text("\n".join(json.dumps(one.case) for one in recordings))
    golden.write_text("\n".join(json.dumps({"name": one.name, "results": one.answers}) for one in recordings))
    return str(cases), str(golden)


def test_some_themes_leave_the_page_of_the_checkout_alone(aosim: Terminal) -> None:
    before = PAGE.read_bytes()
    aosim("fidelity", "--theme", "cron")
    assert PAGE.read_bytes() == before


def test_fidelity_writes_a_page_and_check_says_whether_it_is_current(aosim: Terminal, folder: Path, page: Path) -> None:
    cases, golden = write_cron(folder)
    words = ("fidelity", "--cases", cases, "--golden", golden, "--page", str(page))
    stale = aosim(*words, "--check")
    assert (stale.code, stale.err, page.read_text()) == (1, "page.md is not current: run `aosim fidelity`\n", MARKS)
    assert aosim(*words).err == "page.md has new figures\n"
    assert "| cron | 3 | 3 | 3 | 11 | 11 | 11 |" in page.read_text()
    current = aosim(*words, "--check")
    assert (current.code, current.err) == (0, "page.md is current\n")
    nowhere = aosim(*words[:-1], "nothing.md")
    assert (nowhere.code, "nothing.md: No such file" in nowhere.err) == (2, True)


def test_fidelity_in_json_is_one_object_per_theme_table_and_difference(aosim: Terminal) -> None:
    done = aosim("fidelity", "--theme", "globals", "--json")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert told[0]["event"] == "theme"
    assert (told[0]["theme"], told[0]["cases"]) == ("globals", 45)
    assert {"table": "_G", "recorded": 55, "here": 55, "missing": [], "added": [], "event": "names"} in told
    assert (told[-1]["event"], told[-1]["unlisted"]) == ("summary", 0)


def test_a_difference_that_is_not_listed_fails_and_a_stale_one_is_told(
    aosim: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aosim.cli.show_fidelity.read_known", lambda: (Known("cron/none", "gone"),))
    cases, golden = write_changed(folder)
    done = aosim("fidelity", "--cases", cases, "--golden", golden)
    assert done.code == 1
    assert "not listed: Output: wanted {'data': 'something else', " in done.out
    assert "listed, and differs no more: cron/none" in done.out
    assert "2 of 3 conversations equal, 1 difference not listed" in done.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--theme", "corn"), "no theme 'corn'. Did you mean 'cron'?"),
        (("--theme", "cron", "--check"), "--check: the page tells of all that a checkout keeps"),
        (("--cases", "nothing"), "cases and golden go together"),
        (("--theme", "cron", "--page", "nothing.md"), "--page: the page tells of all themes, --theme measures a part"),
    ],
)
def test_what_cannot_be_measured_is_told(aosim: Terminal, words: tuple[str, ...], complaint: str) -> None:
    done = aosim("fidelity", *words)
    assert done.code == 2
    assert complaint in done.err
