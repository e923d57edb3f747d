"""Answers conformance cases: one JSON object per line in, one per line out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from aosim.luavm.module import ModuleInstance


def answer_case(case: dict[str, Any]) -> dict[str, Any]:
    """Give the messages of a case to a fresh process, in order."""
    instance = ModuleInstance(files=case.get("files"))
    dry = set(case.get("dry_run") or ())
    results = [instance.handle(message, case["env"], dry_run=at in dry) for at, message in enumerate(case["messages"])]
    return {"name": case["name"], "results": results}


def answer_cases(lines: Iterable[str]) -> Iterator[str]:
    """One answer per case, as lines of JSON without line ends. Empty lines are left out."""
    for line in lines:
        if line.strip():
            yield json.dumps(answer_case(json.loads(line)), ensure_ascii=True)


def main() -> None:
    """Read cases from stdin and write answers to stdout."""
    sys.stdin.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for answer in answer_cases(sys.stdin):
        sys.stdout.write(answer + "\n")


if __name__ == "__main__":
    main()
