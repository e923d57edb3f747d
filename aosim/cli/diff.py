"""`aosim diff`: where two recorded runs first went different ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aosim.cli.paper import Paper, clean, table
from aosim.cli.replay import Given, plain
from aosim.replay import Comparison, Parting, diff

_VALUE_MAX = 80  # characters


def show_diff(first: Path, second: Path, given: Given) -> int:
    """Compare, print, and return the exit code: 1 when what happened differs."""
    found = diff(first, second, handlers=given.functions())
    paper = Paper(as_json=given.as_json)
    _print_made(paper, found)
    if found.parting is None:
        paper.line(paper.paint(f"the same: {found.entries[0]:,} entries", "green"))
    else:
        _print_parting(paper, found, found.parting)
    parting = found.parting
    paper.object(
        "diff",
        first=str(first),
        second=str(second),
        same=found.same,
        entries=list(found.entries),
        made=[{key: _value(one) for key, one in each._asdict().items()} for each in found.made],
        parting=None if parting is None else {key: _value(one) for key, one in parting._asdict().items()},
        before=[one._asdict() for one in found.before],
    )
    return 0 if found else 1


def _print_made(paper: Paper, found: Comparison) -> None:
    if found.made:
        paper.line("made differently:")
        rows = [(f"  {each.field}", _short(each.before), _short(each.after)) for each in found.made]
        for text in table(rows):
            paper.line(paper.paint(text, "yellow"))


def _print_parting(paper: Paper, found: Comparison, parting: Parting) -> None:
    if found.before:
        paper.line("the last that both have:")
        for text in table([(f"  {one.entry}", one.kind, clean(one.text)) for one in found.before]):
            paper.line(text)
    event = "" if parting.event is None else f"event {parting.event:,}, "
    nonce = "on a cron tick" if parting.nonce is None else f"nonce {parting.nonce}"
    place = f"{parting.process}, {nonce}" if parting.process else "from outside"
    message = f" (message {parting.message})" if parting.message else ""
    paper.line(paper.paint(f"the first difference: {event}entry {parting.entry:,}: {place}{message}", "red"))
    rows = [(f"  {found.first}", parting.first), (f"  {found.second}", parting.second)]
    for text in table([(file, f"{parting.field}: {_short(value)}") for file, value in rows]):
        paper.line(text)


def _short(value: Any) -> str:
    text = clean(value if isinstance(value, str) else "(none)" if value is None else repr(value)).replace("\n", "\\n")
    return text if len(text) <= _VALUE_MAX else text[: _VALUE_MAX - 1] + "…"


def _value(value: Any) -> Any:
    value = plain(value)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else repr(value)
