"""The fidelity report: how many recorded messages are answered as the reference module did, and why not all."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from aosim.colours import without_colours
from aosim.conformance.answering import answer_case
from aosim.conformance.comparing import difference
from aosim.conformance.recordings import Recording
from aosim.errors import UsageError

_KNOWN = Path(__file__).with_name("known.toml")
# The cases that list what there is end with one message: this text with the name of a table in it.
_LISTS = re.compile(
    r"local t = \{\} for k, v in pairs\((\w+)\) do t\[#t \+ 1\] = tostring\(k\) \.\. ':' \.\. type\(v\) end "
    r"table\.sort\(t\) return table\.concat\(t, ' '\)"
)


class Known(NamedTuple):
    """A difference that is listed: the case, or the beginning of its name and a star, and why."""

    case: str
    reason: str

    def names(self, case: str) -> bool:
        """Whether it is about that case."""
        return case.startswith(self.case[:-1]) if self.case.endswith("*") else case == self.case


@dataclass(frozen=True, slots=True)
class Theme:
    """The counts of one theme, or of all: a case is equal when each of its messages is."""

    name: str
    cases: int = 0
    cases_equal: int = 0
    cases_strict: int = 0
    messages: int = 0
    messages_equal: int = 0
    messages_strict: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A case that is not strictly equal: the first message that differs, and the reason when one is listed."""

    case: str
    message: int  # its index, from 0
    equal: bool  # equal, but not strictly
    told: str
    reason: str  # "" when nobody knows


@dataclass(frozen=True, slots=True)
class Names:
    """What there is in a table of a process: "name:type" as the reference module lists it, and as we do."""

    table: str
    recorded: tuple[str, ...]
    here: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.recorded if name not in self.here)

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(name for name in self.here if name not in self.recorded)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of answering recorded conversations."""

    themes: tuple[Theme, ...]
    differences: tuple[Difference, ...]
    stale: tuple[Known, ...]  # listed, and there is no such difference
    names: tuple[Names, ...]

    @property
    def total(self) -> Theme:
        """The counts of all themes together."""
        return Theme("all", *(sum(column) for column in zip(*map(_counts, self.themes), strict=True)))

    @property
    def unlisted(self) -> tuple[Difference, ...]:
        """The differences nobody has given a reason for."""
        return tuple(one for one in self.differences if not one.reason)

    @property
    def ok(self) -> bool:
        """Whether every difference is a listed one."""
        return not self.unlisted


def read_known(path: Path = _KNOWN) -> tuple[Known, ...]:
    """The listed differences. Raises UsageError for a list that cannot be read, or an entry without a reason."""
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path}: {problem}") from None
    for entry in listed:
        if not isinstance(entry, dict) or not all(entry.get(name) for name in ("case", "reason")):
            raise UsageError(f"{path}: {entry!r}: a difference has a case and a reason")
    return tuple(Known(entry["case"], entry["reason"]) for entry in listed)


def make_report(
    recordings: Sequence[Recording],
    known: Iterable[Known] = (),
    *,
    on_case: Callable[[Recording], None] = lambda _: None,
) -> Report:
    """Give the recorded messages to fresh processes and compare; `on_case` is told of each when it is done."""
    counts: dict[str, Counter[str]] = {}
    differences: list[Difference] = []
    names: list[Names] = []
    known = tuple(known)
    for recording in recordings:
        answers = answer_case(recording.case)["results"]
        found = _differences(recording, answers)
        count = counts.setdefault(recording.theme, Counter())
        count.update(_tally(found))
        first = next((one for one in found if one is not None and not one.equal), None)
        first = first or next((one for one in found if one is not None), None)
        if first is not None:
            differences.append(_with_reason(first, known))
        names += _names_listed(recording, answers)
        on_case(recording)
    differing = [one.case for one in differences]
    themes = tuple(Theme(name, **count) for name, count in counts.items())
    stale = tuple(one for one in known if one.case.partition("/")[0] in counts and not any(map(one.names, differing)))
    return Report(themes, tuple(differences), stale, tuple(names))


def _counts(theme: Theme) -> tuple[int, ...]:
    return (
        *(theme.cases, theme.cases_equal, theme.cases_strict),
        *(theme.messages, theme.messages_equal, theme.messages_strict),
    )


def _differences(recording: Recording, answers: list[dict[str, Any]]) -> list[Difference | None]:
    """For each message None, when it is strictly equal, or how it differs."""
    unordered = bool(recording.case.get("unordered"))
    found: list[Difference | None] = []
    for at, (wanted, got) in enumerate(zip(recording.answers, answers, strict=True)):
        told = difference(wanted, got, unordered=unordered)
        worse = told and difference(wanted, got, unordered=unordered, strict=False)
        found.append(Difference(recording.name, at, not worse, worse or told, "") if told else None)
    return found


def _tally(found: list[Difference | None]) -> dict[str, int]:
    unequal = sum(one is not None and not one.equal for one in found)
    loose = sum(one is not None for one in found)
    return {
        "cases": 1,
        "cases_equal": not unequal,
        "cases_strict": not loose,
        "messages": len(found),
        "messages_equal": len(found) - unequal,
        "messages_strict": len(found) - loose,
    }


def _with_reason(found: Difference, known: tuple[Known, ...]) -> Difference:
    reason = next((one.reason for one in known if one.names(found.case)), "")
    return Difference(found.case, found.message, found.equal, found.told, reason)


def _names_listed(recording: Recording, answers: list[dict[str, Any]]) -> list[Names]:
    listed = []
    for message, wanted, got in zip(recording.case["messages"], recording.answers, answers, strict=True):
        asked = _LISTS.fullmatch(str(message.get("Data", "")))
        if asked is not None:
            listed.append(Names(asked[1], _printed(wanted), _printed(got)))
    return listed


def _printed(answer: dict[str, Any]) -> tuple[str, ...]:
    output = answer.get("Output")
    return tuple(without_colours(str(output.get("data", ""))).split()) if isinstance(output, dict) else ()
