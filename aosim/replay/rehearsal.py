"""Recorded traffic given to changed code: which answers would have been others, and which state is left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from aosim.disk_journal import DiskJournal
from aosim.errors import BootError, UsageError
from aosim.luavm.bundle import Source, load_source
from aosim.message import Message, Outgoing, Result, find_tag
from aosim.process import Process, PythonHandler, PythonProcess
from aosim.replay.alone import Workshop, first_difference, with_code
from aosim.replay.redone import Progress
from aosim.replay.traffic import Member, Traffic
from aosim.verified import Divergence

_PLACE = re.compile(r"[\w./-]+\.lua:\d+: |\[string \"[^\"\n]*\"\]:\d+: ")
_COUNTED = ("Reference",)  # tags by which a process only counts what it sends: one message more changes all
_TOLD_EVERY = 256  # messages
_FUNCTION = re.compile(r"(function|thread|userdata)(: .*)?")


class Difference(NamedTuple):
    """A field and its two values: of the recorded code, and of the changed code. None is none."""

    field: str  # "error", "message 1 to bob: tag Quantity"; in the state a path: "Balances.alice"
    before: Any
    after: Any


class Changed(NamedTuple):
    """A message that the changed code answers in another way."""

    nonce: int | None  # None for a cron message
    message: str  # its id
    at_ms: int
    sender: str  # by name
    action: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessRehearsal:
    """What became of one process."""

    process: str
    code: str  # the changed code: the file, or "handler"
    messages: int
    changed: tuple[Changed, ...]
    state: tuple[Difference, ...]  # at the end
    unfaithful: Divergence | None  # the recorded code itself answers in another way by now

    @property
    def same(self) -> bool:
        """Whether nobody could have told the changed code from the recorded one."""
        return not self.changed and not self.state


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """What became of all that were rehearsed. True when nothing differs."""

    processes: tuple[ProcessRehearsal, ...]

    @property
    def same(self) -> bool:
        return all(one.same for one in self.processes)

    def __bool__(self) -> bool:
        return self.same

    def __str__(self) -> str:
        lines = []
        for one in self.processes:
            lines.append(
                f"{one.process} with {one.code}: {one.messages:,} messages, {len(one.changed):,} answered in "
                f"another way, {len(one.state):,} differences in the state"
            )
            for each in one.changed:
                place = "cron" if each.nonce is None else f"nonce {each.nonce}"
                lines += [f"  {place}: {field}: {old!r} -> {new!r}" for field, old, new in each.differences]
            lines += [f"  state: {field}: {old!r} -> {new!r}" for field, old, new in one.state]
        return "\n".join(lines)


def rehearse(
    path: str | Path,
    changed: Mapping[str, str | Path | PythonHandler],
    *,
    handlers: Mapping[str, PythonHandler] | None = None,
    progress: Progress | None = None,
) -> Rehearsal:
    """Evaluate the recorded traffic of some processes with changed code, each by itself.

    `changed` says for each process, by name, the Lua file, the Lua text or the Python function that
    takes the place of its code. It gets the recorded messages, in their order and at their times;
    what it sends goes nowhere. Each answer, and the state at the end, is compared with that of the
    recorded code. How a process counts its own messages (the tag Reference) is not compared, nor are
    places like "ledger.lua:12:" in errors. The file is only read.

    Raises JournalError, UnknownName, SourceError, BootError when the changed code fails while it is
    loaded, UsageError when the process has no code in the record that could be replaced.
    """
    with DiskJournal.look(path) as journal:
        traffic = Traffic(journal)
        members = [(traffic.member(name), code) for name, code in changed.items()]
        processes = tuple(_rehearse(journal, traffic, *each, handlers or {}, progress) for each in members)
    return Rehearsal(processes=processes)


def _rehearse(
    journal: DiskJournal,
    traffic: Traffic,
    member: Member,
    code: str | Path | PythonHandler,
    handlers: Mapping[str, PythonHandler],
    progress: Progress | None,
) -> ProcessRehearsal:
    workshop = Workshop(journal.world(), traffic, handlers)
    before, after, source = workshop.make(member), *_with(workshop, member, code, traffic)
    differing: list[Changed] = []
    unfaithful: Divergence | None = None
    count, waits = 0, source is not None  # for the message that brings the code
    for evaluation in traffic.of(member):
        workshop.provide(evaluation.items)
        given = other = evaluation.assignment
        brings = waits and source is not None and _brings_code(member, given.message)
        if brings and source is not None:
            other, waits = given._replace(message=with_code(member, given.message, source)), False
        one, two = before.handle(given), after.handle(other)
        if brings and two.error is not None:
            raise BootError(member.name, two.error)
        if unfaithful is None:
            unfaithful = first_difference(traffic, member, evaluation, one, lenient=workshop.lenient)
        found = tuple(_differences(one, two, traffic))
        if found:
            message = given.message
            sender = "cron" if given.cron else traffic.name_of(message.sender)
            action = message.tag("Action") or message.tag("Type", "") or ""
            differing.append(Changed(given.nonce, message.id, given.timestamp_ms, sender, action, found))
        count += 1
        if progress is not None and count % _TOLD_EVERY == 0:
            progress(evaluation.entry, len(journal))
    if waits:
        raise UsageError(f"process {member.name!r} never got any code that could be replaced")
    return ProcessRehearsal(
        process=member.name,
        code=str(code) if isinstance(code, Path) or _is_file(code) else "other code",
        messages=count,
        changed=tuple(differing),
        state=tuple(state_differences(_state(before), _state(after))),
        unfaithful=unfaithful,
    )


def _with(
    workshop: Workshop, member: Member, code: str | Path | PythonHandler, traffic: Traffic
) -> tuple[Process, Source | None]:
    """The process that is to be tried, and the code that a message of the record shall bring it."""
    if callable(code):
        if not member.in_python:
            raise UsageError(f"process {member.name!r} is made of Lua: give a file, not a Python function")
        return PythonProcess(member.id, code), None
    if member.in_python:
        raise UsageError(f"process {member.name!r} is a Python function: give another one")
    source = load_source(code)
    if member.module_id in traffic.modules:
        return workshop.make(member, source), None
    return workshop.make(member), source


def _is_file(code: object) -> bool:
    return isinstance(code, str) and "\n" not in code and code.endswith(".lua")


def _brings_code(member: Member, message: Message) -> bool:
    """Whether a message is the one with which the process got its code."""
    if find_tag(member.message.flat, "On-Boot") == "Data":
        return message.id == member.id
    return message.id != member.id and message.tag("Action") == "Eval"


# What differs between two answers


def _differences(one: Result, two: Result, traffic: Traffic) -> Iterator[Difference]:
    if one.verdict != two.verdict:
        yield Difference("result", one.verdict, two.verdict)
    for field, old, new in (("error", one.error, two.error), ("output", one.output, two.output)):
        if _PLACE.sub("", old or "") != _PLACE.sub("", new or ""):
            yield Difference(field, old or None, new or None)
    yield from _lists("message", one.messages, two.messages, traffic)
    yield from _lists("spawn", one.spawns, two.spawns, traffic)
    for number in range(max(len(one.assignments), len(two.assignments))):
        before, after = (each.assignments[number : number + 1] for each in (one, two))
        if before != after:
            told = [
                f"{each[0].message_id} to {', '.join(each[0].processes)}" if each else None for each in (before, after)
            ]
            yield Difference(f"assignment {number + 1}", *told)


def _lists(
    what: str, before: tuple[Outgoing, ...], after: tuple[Outgoing, ...], traffic: Traffic
) -> Iterator[Difference]:
    """What differs between two lists of messages; those that are alike are put beside one another."""
    old_keys, new_keys = list(map(_key, before)), list(map(_key, after))
    if old_keys == new_keys:
        return
    for kind, a, b, c, d in SequenceMatcher(a=old_keys, b=new_keys, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for offset in range(max(b - a, d - c)):
            old = before[a + offset] if a + offset < b else None
            new = after[c + offset] if c + offset < d else None
            label = f"{what} {(a if old is not None else c) + offset + 1}"
            if old is None or new is None:
                yield Difference(label, old and _told(old, traffic), new and _told(new, traffic))
            else:
                yield from _fields(label, old, new, traffic)


def _key(one: Outgoing) -> tuple[object, ...]:
    counted = tuple(tag for tag in one.tags if tag.name not in _COUNTED)
    return one.target, one.data, counted, one.problem


def _fields(label: str, old: Outgoing, new: Outgoing, traffic: Traffic) -> Iterator[Difference]:
    if old.target != new.target:
        yield Difference(f"{label}: Target", *(each and traffic.name_of(each) for each in (old.target, new.target)))
    if old.target:
        label = f"{label} to {traffic.name_of(old.target)}"
    if old.data != new.data:
        yield Difference(f"{label}: Data", old.data, new.data)
    names = dict.fromkeys(tag.name for each in (old, new) for tag in each.tags if tag.name not in _COUNTED)
    for name in names:
        one, two = ([tag.value for tag in each.tags if tag.name == name] for each in (old, new))
        if one != two:
            yield Difference(f"{label}: tag {name}", ", ".join(one) or None, ", ".join(two) or None)


def _told(one: Outgoing, traffic: Traffic) -> str:
    """A message in a line, without what all have."""
    dull = ("Data-Protocol", "Variant", "Type", *_COUNTED)
    tags = [f"{tag.name}={tag.value}" for tag in one.tags if tag.name not in dull]
    if one.data and one.data.strip():
        tags.append(f"Data={one.data}")
    return " ".join([f"to {traffic.name_of(one.target)}" if one.target else "", *tags]).strip()


# What differs between two states


def _state(process: Process) -> dict[str, Any]:
    if isinstance(process, PythonProcess):
        return process.state
    read: Any = process
    return {name: read.read(name) for name in read.global_names()}


def state_differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Where two states differ, by path; a value that is not there is None. Functions are all alike."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = dict.fromkeys([*before, *after])
        with suppress(TypeError):  # keys of several kinds
            keys = dict.fromkeys(sorted(keys))
        for key in keys:
            yield from state_differences(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(after, list):
        for at in range(max(len(before), len(after))):
            old, new = (each[at] if at < len(each) else None for each in (before, after))
            yield from state_differences(old, new, f"{path}.{at + 1}")
    elif not (_is_function(before) and _is_function(after)) and (type(before), before) != (type(after), after):
        yield Difference(path, before, after)


def _is_function(value: object) -> bool:
    return isinstance(value, str) and _FUNCTION.fullmatch(value) is not None
