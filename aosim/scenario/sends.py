"""Bare Lua files with messages on the command line: "alice>ledger Action=Transfer Quantity=5"."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from aosim.errors import UnknownName, UsageError
from aosim.luavm.bundle import load_source
from aosim.scenario.check import check_size
from aosim.scenario.model import MessagePlan, ProcessPlan, Scenario
from aosim.scenario.values import check_reference

_HOW = "write a name and tags, as in \"ledger Action=Transfer Quantity=5 Data='text'\""


def lua_scenario(paths: Sequence[Path], sends: Sequence[str] = (), wallets: Sequence[str] = ()) -> Scenario:
    """One process per file, named after it, and the messages sent to them at once, in order.

    Everything is checked here: the files parse, the names are known, the messages are small enough.
    """
    names = _names(paths)
    for path in paths:
        load_source(path)
    senders = [_split(text)[0] for text in sends]
    people = list(dict.fromkeys(["owner", *wallets, *senders]))
    for name in people:
        if name in names:
            raise UsageError(
                f"{name!r} is a process: only wallets send from outside. Let another name be the sender or wallet"
            )
    known = (*names, *people)
    return Scenario(
        title=" ".join(map(str, paths)),
        wallets=tuple(people),
        processes=tuple(ProcessPlan(name=name, source=path) for name, path in zip(names, paths, strict=True)),
        messages=tuple(_message(text, known) for text in sends),
    )


def _names(paths: Sequence[Path]) -> list[str]:
    names: list[str] = []
    for path in paths:
        name, number = path.stem, 1
        while name in names:
            number += 1
            name = f"{path.stem}-{number}"
        names.append(name)
    return names


def _split(text: str) -> tuple[str, str, list[str]]:
    """The sender, the target and the tag texts of one --send."""
    where = f"--send {text!r}"
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise UsageError(f"{where}: {problem}; {_HOW}") from None
    if not words or "=" in words[0]:
        raise UsageError(f"{where}: whom it goes to is missing; {_HOW}")
    sender, arrow, target = words[0].rpartition(">")
    if not target or (arrow and not sender):
        raise UsageError(f'{where}: write sender>target, as in "alice>ledger Action=Balance"')
    return sender or "owner", target, words[1:]


def _message(text: str, known: Collection[str]) -> MessagePlan:
    sender, target, words = _split(text)
    where = f"--send {text!r}"
    if target not in known:
        raise UsageError(f"{where}: {UnknownName(target, known)}")
    data: str | None = None
    tags: list[tuple[str, str]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{where}: {word!r} is no tag; write Name=value, and quotes around a value with spaces")
        check_reference(value, known, where)
        if name == "Data":
            data = value
        else:
            tags.append((name, value))
    check_size(target, data, tags)
    return MessagePlan(sender=sender, target=target, data=data, tags=tuple(tags))
