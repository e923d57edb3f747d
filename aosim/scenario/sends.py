"""Bare Lua files with messages on the command line: "alice>ledger Action=Transfer Quantity=5"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from aosim.errors import UnknownName, UsageError
from aosim.limits import Limits
from aosim.luavm.border import to_text
from aosim.luavm.bundle import load_source
from aosim.message import flat_tags
from aosim.outside import check_size
from aosim.scenario.model import ItemPlan, MessagePlan, ProcessPlan
from aosim.scenario.runner import Scenario
from aosim.scenario.values import check_reference

_HOW = "write a name and tags, as in \"ledger Action=Transfer Quantity=5 Data='text'\""

# A word goes to the next space; a quotation is the whole of a value, so the quotes in Data={"a":1} are text.
# (shlex would take them away, and takes minutes for a few megabytes of data.)
_WORD = re.compile(r"""([^\s='"]*+=)?+(?:'([^']*+)'|"((?:[^"\\]|\\.)*+)"|([^\s'"]\S*+)|(?<==))(?!\S)\s*+""", re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")
_SHOWN_MAX = 60  # characters of a --send in a complaint


def lua_scenario(
    paths: Sequence[Path],
    sends: Sequence[str] = (),
    wallets: Sequence[str] = (),
    *,
    module: str = "aos",
    items: Sequence[str] = (),
) -> Scenario:
    """One process per file, named after it, and the messages sent to them at once, in order.

    `module` is that of all the processes; `items` are texts "id=file" of what is to lie on Arweave.
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
    plans = zip(names, paths, strict=True)
    return Scenario(
        title=" ".join(map(str, paths)),
        wallets=tuple(people),
        items=tuple(map(_item, items)),
        processes=tuple(ProcessPlan(name=name, source=path, module=module) for name, path in plans),
        messages=tuple(_message(text, known) for text in sends),
    )


def _item(text: str) -> ItemPlan:
    identity, _, name = text.partition("=")
    if not identity or not name:
        raise UsageError(f"--item {text!r}: write the id and the file of its data, as in --item script=boot.lua")
    try:
        return ItemPlan(id=identity, data=to_text(Path(name).read_bytes()))
    except OSError as problem:
        raise UsageError(f"--item {text!r}: {problem.strerror or problem}") from None


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
    where = _where(text)
    words = _words(text)
    if not words or "=" in words[0]:
        raise UsageError(f"{where}: whom it goes to is missing; {_HOW}")
    sender, arrow, target = words[0].rpartition(">")
    if not target or (arrow and not sender) or words[1:2] == [">"]:
        raise UsageError(f'{where}: write sender>target without spaces, as in "alice>ledger Action=Balance"')
    return sender or "owner", target, words[1:]


def _words(text: str) -> list[str]:
    """The words of a text, quotes taken off; inside double quotes a backslash keeps a quote or backslash."""
    words, at, rest = [], 0, text.strip()
    while at < len(rest):
        found = _WORD.match(rest, at)
        if found is None:
            raise UsageError(f"{_where(text)}: a quotation is not closed; {_HOW}")
        name, single, double, plain = found.groups(default="")
        words.append(name + single + _ESCAPED.sub(r"\1", double) + plain)
        at = found.end()
    return words


def _where(text: str) -> str:
    return f"--send {text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + '…'!r}"


def _message(text: str, known: Collection[str]) -> MessagePlan:
    sender, target, words = _split(text)
    where = _where(text)
    if target not in known:
        raise UsageError(f"{where}: {UnknownName(target, known)}")
    data: str | None = None
    tags: list[tuple[str, str]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(
                f"{where}: {word!r} is no tag; write Name=value, and quotes around a value with spaces. "
                f"Data is written Data='text'"
            )
        check_reference(value, known, where)
        if name == "Data":
            data = value
        else:
            tags.append((name, value))
    check_size(target, data, flat_tags(tags), Limits())
    return MessagePlan(sender=sender, target=target, data=data, tags=tuple(tags))
