"""Answers conformance cases: one JSON object per line in, one per line out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from aosim.errors import UsageError
from aosim.luavm.module import ModuleInstance


def answer_case(case: dict[str, Any]) -> dict[str, Any]:
    """Give the messages of a case to a fresh process, in order."""
    instance = ModuleInstance(files=case.get("files"))
    dry = set(case.get("dry_run") or ())
    results = [instance.handle(message, case["env"], dry_run=at in dry) for at, message in enumerate(case["messages"])]
    return {"name": case["name"], "results": results}


def answer_cases(lines: Iterable[str]) -> Iterator[str]:
    """One answer per case, as lines of JSON without line ends. Empty lines are left out.

    Raises UsageError, with the number of the line, for one that holds no case.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield json.dumps(answer_case(case_of(line, f"line {number}")), ensure_ascii=True)


def case_of(line: str, where: str) -> dict[str, Any]:
    """The case on a line. Raises UsageError, naming the place, when there is none."""
    try:
        case = json.loads(line)
    except ValueError as problem:
        raise UsageError(f"{where}: no JSON: {problem}. Give one case per line") from None
    missing = [key for key in ("name", "env", "messages") if not isinstance(case, dict) or key not in case]
    if missing:
        raise UsageError(f"{where}: a case is an object with name, env and messages; missing: {', '.join(missing)}")
    return dict(case)
