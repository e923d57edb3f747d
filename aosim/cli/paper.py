"""Where a run is printed: plain text, coloured on a terminal, or JSON lines."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, TextIO

_COLOURS = {"dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1"}
_CONTROL = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f]")


class Paper:
    """Prints lines to stdout. Colour only on a terminal, and not when NO_COLOR is set."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        if sys.stdout is None:  # closed by the caller (`>&-`): what is printed goes nowhere
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        self._out = sys.stdout  # a scenario's own prints may be sent elsewhere
        self.on_terminal = self._out.isatty() and not as_json  # then a table may be drawn
        self._coloured = self.on_terminal and not os.environ.get("NO_COLOR")

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._coloured and text else text

    def line(self, text: str = "") -> None:
        """One line of text; nothing in JSON."""
        if not self.as_json:
            self._write(text)

    def object(self, event: str, **fields: Any) -> None:
        """One JSON object on a line; nothing in text."""
        self.json_line({"event": event, **fields})

    def json_line(self, fields: dict[str, Any]) -> None:
        """One JSON object on a line, as it is; nothing in text."""
        if self.as_json:
            self._write(json.dumps(fields, ensure_ascii=False))

    def _write(self, text: str) -> None:
        encoding = self._out.encoding or "utf-8"
        try:
            self._out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        except OSError as problem:  # leave at once: neither an observer nor a scenario holds up a SystemExit
            raise SystemExit(unwritten(self._out, problem)) from None


def unwritten(out: TextIO, problem: OSError) -> int:
    """Let what `out` could not write go nowhere, and return the exit code.

    A reader that has seen enough (`| head`) is no failure: 0, and nothing is said.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    if isinstance(problem, BrokenPipeError):
        return 0
    sys.stderr.write(f"aosim: what is printed cannot be written: {problem.strerror}\n")
    return 2


def clean(text: str) -> str:
    """Text of a process without colours and control characters: it cannot move the reader's cursor."""
    return _CONTROL.sub("", text)


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines with their columns under one another; the last column is free."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]
