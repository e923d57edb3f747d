"""The recorded conversations with the reference module, answered again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aosim.conformance import answer_cases, difference

_FOLDER = Path(__file__).parent / "conformance"
_LATER = {"globals/module._crypto"}


def _read(name: str) -> list[dict[str, Any]]:
    text = gzip.decompress((_FOLDER / f"{name}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.split("\n") if line]


_CASES = _read("cases")
_GOLDEN = {golden["name"]: golden["results"] for golden in _read("golden")}
_THEMES = sorted({case["theme"] for case in _CASES})


@pytest.mark.parametrize("theme", _THEMES)
def test_every_recorded_message_is_answered_as_the_reference_module_did(theme: str) -> None:
    cases = [case for case in _CASES if case["theme"] == theme and case["name"] not in _LATER]
    for case, line in zip(cases, answer_cases(json.dumps(case) for case in cases), strict=True):
        answer = json.loads(line)
        assert answer["name"] == case["name"]
        for at, (wanted, got) in enumerate(zip(_GOLDEN[case["name"]], answer["results"], strict=True)):
            told = difference(wanted, got, unordered=bool(case.get("unordered")))
            assert not told, f"{case['name']}, message {at}: {told}"


def test_empty_lines_between_cases_are_left_out() -> None:
    lines = ["\n", json.dumps(_CASES[0]), "  \n"]
    assert len(list(answer_cases(lines))) == 1
