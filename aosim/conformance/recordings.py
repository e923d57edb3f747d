"""Where recorded conversations are kept, and how they are read: JSON lines, packed or not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from aosim.conformance.answering import case_of
from aosim.errors import UsageError

#: The folder of a checkout; an installed package has none.
CHECKOUT = Path(__file__).resolve().parents[2]
_KEPT = CHECKOUT / "tests" / "conformance"
_ENDINGS = ("*.jsonl", "*.jsonl.gz")


class Recording(NamedTuple):
    """One conversation: the case (messages for a fresh process) and the reference module's answers."""

    case: dict[str, Any]
    answers: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return str(self.case["name"])

    @property
    def theme(self) -> str:
        """The theme it names, else the part of its name before the slash."""
        return str(self.case.get("theme") or self.name.partition("/")[0])


def read_recordings(cases: Path | None = None, golden: Path | None = None) -> list[Recording]:
    """Conversations in the order of their names' themes, as kept in a checkout unless other places are given.

    A place is a file of JSON lines (`.jsonl`, or `.jsonl.gz`) or a folder of them; `golden` holds the answers.
    Raises UsageError for what cannot be read, and for a case without an answer to each of its messages.
    """
    if (cases is None) != (golden is None):
        raise UsageError("cases and golden go together: give the messages and the answers of the reference to them")
    wanted = {line["name"]: line["results"] for line in _lines(_files(golden, "golden"), _answer_of)}
    found = []
    for case in _lines(_files(cases, "cases"), case_of):
        answers = wanted.get(case["name"])
        if answers is None or len(answers) != len(case["messages"]):
            raise UsageError(
                f"{case['name']}: {'no answers' if answers is None else 'other answers'} in the golden files"
            )
        found.append(Recording(case, answers))
    if not found:
        raise UsageError(f"no cases in {cases or _KEPT}")
    return sorted(found, key=lambda one: one.theme)


def _files(place: Path | None, kind: str) -> list[Path]:
    if place is None:
        files = sorted(_KEPT.glob(f"{kind}*.jsonl.gz"))
        if not files:
            raise UsageError(
                "the recorded conversations are in a checkout of aosim only (tests/conformance). "
                "Run it there, or give --cases and --golden"
            )
        return files
    if place.is_dir():
        return sorted(file for ending in _ENDINGS for file in place.glob(ending))
    return [place]


def _lines(files: Iterable[Path], read: Callable[[str, str], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for file in files:
        try:
            packed = file.read_bytes()
            text = (gzip.decompress(packed) if file.suffix == ".gz" else packed).decode()
        except (OSError, EOFError, ValueError) as problem:
            raise UsageError(f"{file}: {getattr(problem, 'strerror', None) or problem}") from None
        # Only at \n: the data of a message may contain U+2028 and its like.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield read(line, f"{file.name}, line {number}")


def _answer_of(line: str, where: str) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError as problem:
        raise UsageError(f"{where}: no JSON: {problem}") from None
    if not isinstance(answer, dict) or "name" not in answer or not isinstance(answer.get("results"), list):
        raise UsageError(f"{where}: answers are an object with name and a list of results")
    return answer
