"""`aosim replay --with`: changed code on recorded messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aosim.cli.paper import Paper, clean, table
from aosim.cli.replay import Given, shown_progress
from aosim.cli.run_python import functions_of
from aosim.cli.summary import number_of
from aosim.errors import UsageError
from aosim.process import PythonHandler
from aosim.replay import Difference, ProcessRehearsal, rehearse

_ROWS_MAX = 60  # of a table; --json has all
_VALUE_MAX = 48  # characters


def show_rehearsal(path: Path, given: Given, words: Sequence[str]) -> int:
    """Rehearse, print what differs, and return the exit code: 1 when anything does."""
    changed = dict(_code(word) for word in words)
    paper = Paper(as_json=given.as_json)
    with shown_progress("rehearsed") as progress:
        found = rehearse(path, changed, handlers=given.functions(), progress=progress)
    for one, word in zip(found.processes, words, strict=True):
        _print(paper, one, word.partition("=")[2])
    return 0 if found else 1


def _code(word: str) -> tuple[str, Path | PythonHandler]:
    """ "ledger=new-ledger.lua" as a name and its code."""
    name, equals, file = word.partition("=")
    if not equals or not name or not file:
        raise UsageError(f"--with {word!r}: a process and its file, as in --with ledger=new-ledger.lua")
    path = Path(file)
    if path.suffix != ".py":
        return name, path
    functions = functions_of(path)
    if name not in functions:
        raise UsageError(f"--with {word!r}: there is no function {name.replace('-', '_')!r} in {path.name}")
    return name, functions[name]


def _print(paper: Paper, one: ProcessRehearsal, file: str) -> None:
    counted = f"{number_of(one.messages, 'message')}, {len(one.changed):,} answered in another way"
    state = number_of(len(one.state), "difference")
    paper.line(
        paper.paint(f"{one.process} with {file}: {counted}, {state} in its state", "green" if one.same else "red")
    )
    if one.unfaithful is not None:
        text = f"the recorded code does not do what it did: {one.unfaithful}"
        paper.line(paper.paint(f"  {text}", "yellow"))
    rows = [("  nonce", "from", "action", "what", "recorded", f"with {file}")]
    for message in one.changed:
        place = "cron" if message.nonce is None else str(message.nonce)
        who = (f"  {place}", message.sender, message.action)
        for difference in message.differences:
            rows.append((*who, *_told(difference)))
            who = ("", "", "")
    _print_table(paper, rows)
    _print_table(
        paper, [("  state", "recorded", f"with {file}"), *((f"  {a}", b, c) for a, b, c in map(_told, one.state))]
    )
    for message in one.changed:
        differences = [each._asdict() for each in message.differences]
        paper.object("changed", process=one.process, **{**message._asdict(), "differences": differences})
    for difference in one.state:
        paper.object("state", process=one.process, **difference._asdict())
    paper.object(
        "rehearsal",
        process=one.process,
        code=file,
        messages=one.messages,
        changed=len(one.changed),
        state=len(one.state),
        same=one.same,
        faithful=one.unfaithful is None,
    )


def _print_table(paper: Paper, rows: Sequence[tuple[str, ...]]) -> None:
    if len(rows) == 1:
        return
    for number, text in enumerate(table(rows[: _ROWS_MAX + 1])):
        paper.line(paper.paint(text, "dim") if number == 0 else text)
    if len(rows) > _ROWS_MAX + 1:
        paper.line(f"  and {len(rows) - _ROWS_MAX - 1:,} more, which --json shows")


def _told(difference: Difference) -> tuple[str, str, str]:
    return difference.field, _short(difference.before), _short(difference.after)


def _short(value: Any) -> str:
    if value is None:
        return "(none)"
    text = clean(value if isinstance(value, str) else repr(value)).replace("\n", "\\n")
    return text if len(text) <= _VALUE_MAX else text[: _VALUE_MAX - 1] + "…"
