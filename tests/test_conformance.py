"""The recorded conversations with the reference module, answered again."""

from __future__ import annotations

import json
from functools import cache

import pytest

from aosim.conformance import PAGE, Report, answer_cases, make_report, page_with, read_known, read_recordings

_RECORDINGS = read_recordings()
_THEMES = sorted({recording.theme for recording in _RECORDINGS})


@cache
def report_of(theme: str) -> Report:
    return make_report([one for one in _RECORDINGS if one.theme == theme], read_known())


@pytest.mark.parametrize("theme", _THEMES)
def test_every_recorded_message_is_answered_as_the_reference_module_did(theme: str) -> None:
    report = report_of(theme)
    assert [(one.case, one.message, one.told) for one in report.unlisted] == []
    assert report.stale == ()


@pytest.mark.parametrize("theme", _THEMES)
def test_what_there_is_in_a_process_is_what_the_reference_module_lists(theme: str) -> None:
    for names in report_of(theme).names:
        assert (names.table, names.missing, names.added) == (names.table, (), ())


def test_the_page_on_fidelity_is_current() -> None:
    reports = [report_of(theme) for theme in _THEMES]
    report = Report(
        themes=tuple(theme for one in reports for theme in one.themes),
        differences=tuple(difference for one in reports for difference in one.differences),
        stale=(),
        names=tuple(names for one in reports for names in one.names),
    )
    assert page_with(report, PAGE) == PAGE.read_text(encoding="utf-8"), "aosim fidelity writes the page"


def test_empty_lines_between_cases_are_left_out() -> None:
    lines = ["\n", json.dumps(_RECORDINGS[0].case), "  \n"]
    assert len(list(answer_cases(lines))) == 1
