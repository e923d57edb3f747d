"""Two recorded runs side by side: where they first went different ways."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from aosim.disk_journal import DiskJournal
from aosim.ids import address, is_address
from aosim.journal import Entry
from aosim.message import find_tag
from aosim.packing import unpack
from aosim.process import PythonHandler
from aosim.replay.redone import event_of
from aosim.replay.rehearsal import Difference
from aosim.replay.traffic import Traffic
from aosim.spawning import SpawnPlan
from aosim.verified import difference, is_done

_CONTEXT = 4  # entries shown before the first difference
_ADDRESS = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_SHORT = re.compile(r"(?<![\w-])[\w-]{3}\.\.\.[\w-]{3}(?![\w-])")  # an id as processes print it
_CODE_TAGS = ("Source-File", "Module")
_SILENT = ("wallet", "advance")  # what comes from outside and leaves no trace by itself
_CAUSE = {"sent": 9, "pushed": 1}  # where these entries name the place that caused them


class Shown(NamedTuple):
    """An entry that both runs have, in a line."""

    entry: int
    kind: str
    text: str


class Parting(NamedTuple):
    """Where two runs part: the first entry in which they differ."""

    entry: int  # its number, the same in both
    event: int | None  # the event it belongs to, 0 before any; None when the first run cannot be done again
    process: str  # by name; "" for what came from outside
    nonce: int | None
    message: str  # the id, in the first run, of the message that was evaluated, or sent
    field: str
    first: Any  # the value in the first run
    second: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two runs compared. True when nothing that happened differs."""

    first: Path
    second: Path
    entries: tuple[int, int]
    made: tuple[Difference, ...]  # how they were made, and what they were asked for
    parting: Parting | None
    before: tuple[Shown, ...]  # the last entries that both have

    @property
    def same(self) -> bool:
        return self.parting is None

    def __bool__(self) -> bool:
        return self.same

    def __str__(self) -> str:
        lines = [f"made differently: {field}: {one!r}, {other!r}" for field, one, other in self.made]
        if self.parting is None:
            return "\n".join([*lines, f"the same: {self.entries[0]:,} entries"])
        lines += [f"  {one.entry}  {one.kind}  {one.text}" for one in self.before]
        return "\n".join([*lines, _told(self.parting)])


def _told(parting: Parting) -> str:
    event = "" if parting.event is None else f"event {parting.event:,}, "
    nonce = "on a cron tick" if parting.nonce is None else f"nonce {parting.nonce}"
    place = f"{parting.process}, {nonce}" if parting.process else "from outside"
    values = f"{parting.field}={parting.first!r} in the first run, {parting.second!r} in the second"
    return f"{event}entry {parting.entry:,}: {place}: {values}"


def diff(first: str | Path, second: str | Path, *, handlers: Mapping[str, PythonHandler] | None = None) -> Comparison:
    """The first difference between two recorded runs, of whatever length, seed and code.

    Ids are made from content, so that the smallest change of code changes them all: two messages
    in the same place of their runs are taken for the same message, and where one run has the id of
    the one, the other may have that of the other. The code of a process itself is no difference of
    the run; it is told under `made`. For the number of the event the first run is done again up to
    there; `handlers` are the functions of its processes in Python. Both files are only read.
    """
    with DiskJournal.look(first) as one, DiskJournal.look(second) as other:
        beside = _SideBySide()
        found = beside.walk(one.packed(), other.packed())
        made = tuple(_made(one, other, beside))
        parting: Parting | None = None
        before: tuple[Shown, ...] = ()
        if found is not None:
            entry, field, values = found
            shown = _Shown(one)
            evaluated, before = shown.place(entry), shown.before(entry)
            event = event_of(one.world(), one.inputs(), entry, one.events, handlers or {})
            parting = Parting(entry, event, *evaluated, field, *values)
        return Comparison(
            first=Path(first),
            second=Path(second),
            entries=(len(one), len(other)),
            made=made,
            parting=parting,
            before=before,
        )


class _SideBySide:
    """Walks through two journals; knows which ids of the one stand for which of the other."""

    def __init__(self) -> None:
        self._other: dict[str, str] = {}

    def walk(self, one: Iterator[bytes], other: Iterator[bytes]) -> tuple[int, str, tuple[Any, Any]] | None:
        """The number of the first entry that differs, the field, and its two values."""
        for number, (first, second) in enumerate(zip_longest(one, other)):
            if first == second:
                continue
            if first is None or second is None:
                kinds = tuple(packed and unpack(packed)[0] for packed in (first, second))
                return number, "what happened", (kinds[0] or "nothing more", kinds[1] or "nothing more")
            mine, theirs = self.entry(unpack(first)), unpack(second)
            if mine[0] == theirs[0]:
                mine, theirs = _without_code(*_without_cause(mine, theirs))
            if mine != theirs:
                field, *values = difference(mine, theirs)
                return number, field, (values[0], values[1])
            if mine[0] in _CAUSE:
                self._is(address(first), address(second))
                if mine[0] == "sent" and not mine[3]:
                    self._is(*_modules(unpack(first), unpack(second)))
        return None

    def _is(self, one: str, other: str) -> None:
        self._other[one] = other
        self._other[f"{one[:3]}...{one[-3:]}"] = f"{other[:3]}...{other[-3:]}"

    def entry(self, entry: Any) -> Any:
        """A value of the first run as the second would have it."""
        if isinstance(entry, str):
            for pattern in (_ADDRESS, _SHORT):
                entry = pattern.sub(lambda found: self._other.get(found[0], found[0]), entry)
            return entry
        return tuple(map(self.entry, entry)) if isinstance(entry, tuple) else entry


def _without_cause(one: Entry, other: Entry) -> tuple[Entry, Entry]:
    """The place in a log that caused a message follows from all ids before it."""
    at = _CAUSE.get(one[0])
    if at is not None and is_address(one[at]) and is_address(other[at]):
        return (*one[:at], "", *one[at + 1 :]), (*other[:at], "", *other[at + 1 :])
    return one, other


def _without_code(one: Entry, other: Entry) -> tuple[Entry, Entry]:
    """A message that brings a process its code, without the code."""
    if one[0] != "sent" or not (_brings_code(one) and _brings_code(other)):
        return one, other
    first, second = ((*each[:4], "", _without_code_tags(each[5]), *each[6:]) for each in (one, other))
    return first, second


def _brings_code(entry: Entry) -> bool:
    return not entry[3] or entry[9] == "load"


def _without_code_tags(flat: tuple[str, ...]) -> tuple[str, ...]:
    pairs = [flat[at : at + 2] for at in range(0, len(flat), 2) if flat[at] not in _CODE_TAGS]
    return tuple(part for pair in pairs for part in pair)


def _modules(one: Entry, other: Entry) -> tuple[str, str]:
    """The modules of two processes that stand for one another."""
    return find_tag(one[5], "Module", "") or "", find_tag(other[5], "Module", "") or ""


def _made(one: DiskJournal, other: DiskJournal, beside: _SideBySide) -> Iterator[Difference]:
    """In what the two were made differently, and the first thing from outside that only one was given."""
    first, second = one.world(), other.world()
    for field in first._fields:
        yield from _fields(field, getattr(first, field), getattr(second, field))
    asked = ((each for each in journal.inputs() if each.name not in _SILENT) for journal in (one, other))
    for number, (mine, theirs) in enumerate(zip_longest(*asked)):
        if mine is not None and theirs is not None and mine.name == theirs.name:
            if beside.entry(mine.given) == theirs.given:
                continue
            if mine.name == "spawn" and mine.given[0] == theirs.given[0]:
                yield from _made_of(SpawnPlan(*mine.given), SpawnPlan(*theirs.given))
                continue
        yield Difference(f"what came from outside, number {number}", _asked(mine), _asked(theirs))
        return


def _fields(name: str, one: Any, other: Any) -> Iterator[Difference]:
    if one == other:
        return
    if is_dataclass(one) and type(one) is type(other):
        for field in fields(one):
            before, after = getattr(one, field.name), getattr(other, field.name)
            if before != after:
                yield Difference(f"{name}: {field.name}", before, after)
    else:
        yield Difference(name, one, other)


def _made_of(one: SpawnPlan, other: SpawnPlan) -> Iterator[Difference]:
    for field in SpawnPlan._fields:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine != theirs and field in ("code", "own_module") and mine and theirs:
            lines = zip_longest(mine[0].split("\n"), theirs[0].split("\n"))
            for number, (old, new) in enumerate(lines, 1):
                if old != new:
                    yield Difference(f"code of {one.name}, line {number}", old, new)
                    break
        elif mine != theirs and field != "module_id":
            yield Difference(f"{field} of {one.name}", mine, theirs)


def _asked(one: Any) -> str | None:
    if one is None:
        return None
    what = _content(one.given[3], one.given[2]) if one.name == "send" else repr(one.given)[:400]
    return f"{one.name} after {one.events} events: {what}"


class _Shown:
    """Entries of a run in words."""

    def __init__(self, journal: DiskJournal) -> None:
        self._journal = journal
        self._traffic = Traffic(journal)

    def place(self, entry: int) -> tuple[str, int | None, str]:
        """Whose evaluation an entry belongs to: process, nonce, message."""
        newest, packed = b"", b""
        for number, packed in enumerate(self._journal.packed()):
            if number > entry:
                break
            newest = packed if is_done(packed) else newest
            if number == entry and not is_done(packed):
                values = unpack(packed)
                if values[0] == "sent" and not is_address(values[9]):
                    return "", None, address(packed)
        if not newest:
            return "", None, ""
        _, message, process, nonce, *_ = unpack(newest)
        return self._traffic.name_of(process), nonce, message

    def before(self, entry: int) -> tuple[Shown, ...]:
        shown: deque[Shown] = deque(maxlen=_CONTEXT)
        sender = ""
        for number, packed in enumerate(self._journal.packed()):
            if number >= entry:
                break
            if is_done(packed):
                sender = unpack(packed)[2]
            if number >= entry - _CONTEXT:
                values = unpack(packed)
                shown.append(Shown(number, values[0], self._text(values, sender)))
        return tuple(shown)

    def _text(self, values: Entry, sender: str) -> str:
        name = self._traffic.name_of
        match values:
            case ("sent", who, _, target, data, flat, *_):
                return f"{name(who)} -> {name(target) or 'a new process'}: {_content(flat, data)}"
            case ("pushed", _, _, target, data, flat, *_):
                return f"{name(sender)} -> {name(target)}: {_content(flat, data)}"
            case ("done", message, process, nonce, _, _, cron, verdict, error, _):
                place = "on a cron tick" if cron else f"nonce {nonce}"
                return f"{name(process)}, {place}: {verdict}{f', {error}' if error else ''} ({message[:8]}…)"
            case ("dead", message, reason, *_):
                return f"{message[:8]}…: {reason}"
            case (_, *rest):
                return " ".join(name(one) if isinstance(one, str) else str(one) for one in rest)[:100]
        return ""


def _content(flat: tuple[str, ...], data: str | None) -> str:
    dull = ("Data-Protocol", "Variant", "Type", "SDK", "Reference", "Content-Type", "aos-Version", "Authority")
    parts = [f"{flat[at]}={flat[at + 1]}" for at in range(0, len(flat), 2) if flat[at] not in dull]
    if data and data.strip():
        parts.append(f"Data={data}")
    text = " ".join(parts).replace("\n", "\\n")
    return text if len(text) <= 100 else text[:99] + "…"
