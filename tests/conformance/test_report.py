from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aosim.conformance import Known, Recording, make_report, page_with, read_known, read_recordings
from aosim.errors import UsageError

ADDRESS = "P" * 43
OWNER = "O" * 43


def case(name: str, *codes: str) -> dict[str, Any]:
    """A boot and Evals of these codes."""
    process = {"Id": ADDRESS, "Owner": OWNER, "Tags": [{"name": "Name", "value": "Case"}]}
    first = [{"name": "Type", "value": "Process"}]
    tags = [{"name": "Action", "value": "Eval"}]
    letters = [("P" * 43, " ", first), *((f"{at}".rjust(43, "M"), code, tags) for at, code in enumerate(codes))]
    messages = [
        {
            "Id": id_,
            "From": OWNER,
            "Owner": OWNER,
            "Target": ADDRESS,
            "Data": data,
            "Tags": given,
            "Timestamp": 1,
            "Block-Height": 1,
            "Nonce": nonce,
            "Epoch": 0,
            "Module": ADDRESS,
        }
        for nonce, (id_, data, given) in enumerate(letters)
    ]
    env = {"Process": process, "Module": {"Id": ADDRESS, "Owner": OWNER, "Tags": []}}
    return {"name": name, "env": env, "messages": messages}


def recording(name: str, code: str, data: str) -> Recording:
    """One Eval, and the data it answered with; the boot answers what ours does."""
    made = case(name, code)
    (boot, answer) = make_answers(made)
    answer["Output"]["data"] = data
    return Recording(made, [boot, answer])


def make_answers(made: dict[str, Any]) -> list[dict[str, Any]]:
    from aosim.conformance import answer_case

    return list(answer_case(made)["results"])


def test_cases_and_messages_are_counted_by_theme_and_level() -> None:
    report = make_report(
        [
            recording("one/a", "'x'", "x"),
            recording("one/b", "'x'", "\x1b[31mx"),
            recording("two/a", "'x'", "y"),
        ]
    )
    one, two = report.themes
    assert (one.name, one.cases, one.cases_equal, one.cases_strict) == ("one", 2, 2, 1)
    assert (one.messages, one.messages_equal, one.messages_strict) == (4, 4, 3)
    assert (two.name, two.cases_equal, two.messages_equal) == ("two", 0, 1)
    assert (report.total.name, report.total.cases, report.total.messages_strict) == ("all", 3, 4)


def test_a_difference_has_its_listed_reason_and_one_without_is_not_ok() -> None:
    cases = [recording("one/a", "'x'", "y"), recording("one/b", "'x'", "y")]
    report = make_report(cases, [Known("one/a", "because")])
    assert [(one.case, one.message, one.equal, one.reason) for one in report.differences] == [
        ("one/a", 1, False, "because"),
        ("one/b", 1, False, ""),
    ]
    assert not report.ok
    assert make_report(cases, [Known("one/*", "because")]).ok


def test_a_listed_difference_that_differs_no_more_is_told_unless_its_theme_is_not_looked_at() -> None:
    known = [Known("one/a", "because"), Known("two/*", "because")]
    report = make_report([recording("one/a", "'x'", "x")], known)
    assert (report.ok, report.stale) == (True, (known[0],))


def test_names_that_are_missing_or_added_are_told() -> None:
    code = (
        "local t = {} for k, v in pairs(utf8) do t[#t + 1] = tostring(k) .. ':' .. type(v) end "
        "table.sort(t) return table.concat(t, ' ')"
    )
    (names,) = make_report([recording("globals/utf8", code, "char:function len:function pi:number")]).names
    assert (names.table, names.missing) == ("utf8", ("pi:number",))
    assert "codepoint:function" in names.added


def test_every_case_is_told_when_it_is_done() -> None:
    done: list[str] = []
    make_report([recording("one/a", "1", "1"), recording("one/b", "1", "1")], on_case=lambda one: done.append(one.name))
    assert done == ["one/a", "one/b"]


def test_recordings_are_read_from_folders_and_files_packed_or_not(tmp_path: Path) -> None:
    first, second = recording("two/a", "'\u2028'", "\u2028"), recording("one/a", "1", "1")
    cases, golden = tmp_path / "cases", tmp_path / "golden.jsonl"
    cases.mkdir()
    (cases / "two.jsonl").write_text(json.dumps(first.case, ensure_ascii=False) + "\n\n", encoding="utf-8")
    (cases / "one.jsonl.gz").write_bytes(gzip.compress(json.dumps(second.case).encode()))
    answers = [json.dumps({"name": one.name, "results": one.answers}) for one in (first, second)]
    golden.write_text("\n".join(answers), encoding="utf-8")
    assert [one.name for one in read_recordings(cases, golden)] == ["one/a", "two/a"]
    assert make_report(read_recordings(cases, golden)).ok


def lines(*objects: Any) -> str:
    return "\n".join(map(json.dumps, objects))


@pytest.mark.parametrize(
    ("cases", "golden", "complaint"),
    [
        ("{", "", "cases.jsonl, line 1: no JSON"),
        ("", "", "no cases in "),
        (lines(case("a/b")), "", "a/b: no answers in the golden files"),
        (lines(case("a/b")), lines({"name": "a/b", "results": []}), "a/b: other answers in the golden files"),
        ("", "[]", "golden.jsonl, line 1: answers are an object with name and a list of results"),
        ("", "{", "golden.jsonl, line 1: no JSON"),
    ],
)
def test_recordings_that_cannot_be_right_are_told_with_their_place(
    cases: str, golden: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "cases.jsonl").write_text(cases)
    (tmp_path / "golden.jsonl").write_text(golden)
    with pytest.raises(UsageError, match=complaint):
        read_recordings(tmp_path / "cases.jsonl", tmp_path / "golden.jsonl")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.jsonl: No such file"):
        read_recordings(tmp_path / "nothing.jsonl", tmp_path / "nothing.jsonl")
    with pytest.raises(UsageError, match="cases and golden go together"):
        read_recordings(tmp_path / "nothing.jsonl")


def test_a_list_of_differences_needs_reasons(tmp_path: Path) -> None:
    listed = tmp_path / "known.toml"
    listed.write_text('[[difference]]\ncase = "a/b"\n')
    with pytest.raises(UsageError, match="a difference has a case and a reason"):
        read_known(listed)
    listed.write_text("[[")
    with pytest.raises(UsageError, match=r"known\.toml: "):
        read_known(listed)


def test_figures_stand_between_the_marks_of_a_page_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    mark = "<!-- measured by `aosim fidelity`: {} -->"
    page.write_text(f"before\n{mark.format('from here on')}\nold\n{mark.format('up to here')}\nafter\n")
    report = make_report([recording("one/a", "'x'", "y")], [Known("one/a", "because")])
    text = page_with(report, page)
    assert text.startswith("before\n")
    assert text.endswith(" -->\nafter\n")
    assert "| one | 1 | 0 | 0 | 2 | 1 | 1 |" in text
    assert "| `one/a` | 1 | not equal | because |" in text
    page.write_text(text)
    assert page_with(report, page) == text


@pytest.mark.parametrize("text", ["", "<!-- measured by `aosim fidelity`: from here on -->"])
def test_a_page_without_the_marks_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(UsageError, match="the page has them not"):
        page_with(make_report([]), page)
