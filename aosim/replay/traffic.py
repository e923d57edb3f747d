"""What one process of a recorded run was given, and what it answered, read from the journal alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from aosim.errors import UnknownName, UsageError
from aosim.ids import address, is_address
from aosim.journal import Entry
from aosim.luavm.bundle import Source
from aosim.message import Assignment, Message, Outgoing, find_tag
from aosim.messenger import MESSENGER_ID, pushed
from aosim.packing import unpack
from aosim.spawning import SpawnPlan
from aosim.verified import Recorded, is_done
from aosim.wallet import Wallet

_KINDS = (b"sent", b"pushed", b"item", b"imported", b"patched", b"copied", b"fault")
_MARKS = {bytes([0xA0 + len(kind)]) + kind: kind.decode() for kind in _KINDS}  # how msgpack begins such a text

_LOST = re.compile(r"crash (?:[^\s>]+>)?([^\s#]+)\S* .*losing [0-9]")  # a crash that has cost a process state


class Member(NamedTuple):
    """A process of a recorded run."""

    id: str
    name: str
    message: Message  # its Process message
    module_id: str
    in_python: bool

    @property
    def owner(self) -> str:
        return self.message.owner


class Evaluation(NamedTuple):
    """One message that a process evaluated, and what the journal says came of it."""

    entry: int  # the number of its "done"
    assignment: Assignment
    done: bytes  # the entry itself
    sent: tuple[tuple[int, bytes], ...]  # the entries of what it sent and published, with their numbers
    spawned: tuple[tuple[int, bytes], ...]
    items: int  # how many items were on the weave
    pushed_for: str  # of what it caused


class Traffic:
    """The processes of a recorded run, and what each was given."""

    def __init__(self, journal: Recorded) -> None:
        self._journal = journal
        self.names: dict[str, str] = {"owner": Wallet("owner").address}  # address by name
        self.modules: dict[str, Source] = {}  # modules of the caller's own, by their ids
        self.items: list[Message] = []  # on the weave
        self._members: dict[str, Member] = {}  # by their ids
        self._refused: dict[str, str] = {}  # why what a process got does not tell its state, by name or id
        plans = self._plans()
        candidates: dict[str, Message] = {}
        for packed in journal.packed():
            kind = _kind(packed)
            if kind in ("sent", "imported"):
                message = _outside(unpack(packed), packed)
                if message.target == message.id:
                    candidates[message.id] = message
            elif kind == "item":
                self.items.append(_item(unpack(packed)))
            elif kind == "copied":
                _, _, copy_id, name, _ = unpack(packed)
                self._refused |= dict.fromkeys((copy_id, name), "began as a copy of another process")
            elif kind == "fault" and (found := _LOST.match(unpack(packed)[1])):
                self._refused[found[1]] = "lost a part of its state in a crash"
        born = dict.fromkeys(unpack(packed)[2] for packed in journal.packed() if is_done(packed))
        for process_id in born:
            if process_id in candidates:
                self._add(candidates[process_id], plans)

    @property
    def members(self) -> list[Member]:
        """All processes, in the order in which they were made."""
        return list(self._members.values())

    def member(self, name: str) -> Member:
        """The process of a name or id. Raises UnknownName."""
        found = self._members.get(self.names.get(name, name))
        for one in (name, found.name if found is not None else name):
            if one in self._refused:
                raise UsageError(
                    f"process {name!r} {self._refused[one]}, so what it got does not tell what it was: "
                    "replay the run as a whole"
                )
        if found is None:
            raise UnknownName(name, [one.name for one in self._members.values()], kind="process in the record")
        return found

    def name_of(self, identity: str) -> str:
        """The name of an address, or the address itself."""
        if identity in self._members:
            return self._members[identity].name
        return next((name for name, one in self.names.items() if one == identity), identity)

    def of(self, member: Member) -> Iterator[Evaluation]:
        """All it evaluated, in order. Raises UsageError when its beginning is not in the journal."""
        mark = member.id.encode()
        mine = [unpack(packed)[1] for packed in self._journal.packed() if is_done(packed) and mark in packed]
        return _Reader(self, member, frozenset(mine)).read(self._journal)

    def module_of(self, process_id: str) -> str:
        """The module that a process is made from; "" when nobody knows."""
        return self._members[process_id].module_id if process_id in self._members else ""

    def _plans(self) -> dict[str, SpawnPlan]:
        plans = {}
        for one in self._journal.inputs():
            if one.name == "wallet":
                self.names[one.given[0]] = Wallet(one.given[0]).address
            elif one.name == "spawn":
                plan = SpawnPlan(*one.given)
                plans[plan.name] = plan
                if plan.own_module is not None:
                    self.modules[plan.module_id] = Source(*plan.own_module)
        return plans

    def _add(self, message: Message, plans: dict[str, SpawnPlan]) -> None:
        process_id = message.id
        name = find_tag(message.flat, "Name") or ""
        plan = plans.get(name) if message.owner != MESSENGER_ID else None
        if not name or name in self.names or is_address(name):
            name = process_id
        self.names[name] = process_id
        module_id = find_tag(message.flat, "Module", "") or ""
        in_python = plan is not None and plan.in_python
        self._members[process_id] = Member(process_id, name, message, module_id, in_python)


class _Reader:
    """Goes through a journal once, and builds the assignments of one process again."""

    def __init__(self, traffic: Traffic, member: Member, wanted: frozenset[str]) -> None:
        self._traffic = traffic
        self._member = member
        self._wanted = wanted  # the ids of what it evaluated
        self._messages: dict[str, Message] = {}  # of these
        self._pushed_for: dict[str, str] = {}  # of every message that has one
        self._items = 0
        self._chain = address(member.id.encode())
        self._handled, self._sender, self._cron = "", "", False  # of the newest "done", whoever's it is

    def read(self, journal: Recorded) -> Iterator[Evaluation]:
        evaluation: Evaluation | None = None
        for number, packed in enumerate(journal.packed()):
            if is_done(packed):
                if evaluation is not None:
                    yield evaluation
                evaluation = self._done(number, packed)
                continue
            kind = _kind(packed)
            if kind == "item":
                self._items += 1
                self._keep(_item(unpack(packed)))
            elif kind in ("sent", "imported"):
                message = _outside(values := unpack(packed), packed)
                self._keep(message)
                if evaluation is not None and self._is_spawned(evaluation, values):
                    evaluation = evaluation._replace(spawned=(*evaluation.spawned, (number, packed)))
            elif kind == "pushed":
                self._keep_pushed(packed)
                if evaluation is not None:
                    evaluation = evaluation._replace(sent=(*evaluation.sent, (number, packed)))
            elif kind == "patched" and evaluation is not None:
                evaluation = evaluation._replace(sent=(*evaluation.sent, (number, packed)))
        if evaluation is not None:
            yield evaluation

    def _done(self, number: int, packed: bytes) -> Evaluation | None:
        _, identity, process_id, nonce, timestamp_ms, height, cron, *_ = unpack(packed)
        self._handled, self._sender, self._cron = identity, process_id, cron
        if process_id != self._member.id:
            return None
        message = self._messages.get(identity)
        if message is None:
            raise UsageError(
                f"{self._member.name}: its message {identity} is not in the record, so it cannot be redone"
            )
        chain = ""
        if nonce is not None:
            chain = self._chain = address((self._chain + identity).encode())
        epoch = None if nonce is None else 0
        assignment = Assignment(message, process_id, nonce, epoch, timestamp_ms, height, chain, cron)
        return Evaluation(number, assignment, packed, (), (), self._items, self._cause())

    def _cause(self) -> str:
        """The message from outside that began the chain of what is handled."""
        return self._pushed_for.get(self._handled, "") or ("" if self._cron else self._handled)

    def _is_spawned(self, evaluation: Evaluation, values: Entry) -> bool:
        _, sender, owner, target, *_ = values
        cause = evaluation.assignment.hash_chain or evaluation.assignment.message.id
        return bool(values[0] == "sent" and sender == self._member.id and owner == MESSENGER_ID) and (
            not target and values[9] == cause
        )

    def _keep(self, message: Message) -> None:
        if message.pushed_for:
            self._pushed_for[message.id] = message.pushed_for
        if message.id in self._wanted:
            self._messages[message.id] = message

    def _keep_pushed(self, packed: bytes) -> None:
        """A message of a process: what its entry leaves out is that of the "done" before it."""
        identity, pushed_for = address(packed), self._cause()
        if pushed_for:
            self._pushed_for[identity] = pushed_for
        if identity in self._wanted:
            _, cause, number, target, data, flat, anchor = unpack(packed)
            module_id = self._traffic.module_of(self._sender)
            asked = Outgoing(target, data, anchor, flat)
            message, _ = pushed(asked, target, self._sender, module_id, pushed_for, cause, number)
            self._messages[identity] = message._replace(id=identity)


def _kind(packed: bytes) -> str:
    """The kind of an entry, of those that matter here; told without the price of unpacking it."""
    return _MARKS.get(packed[1 : 2 + (packed[1] & 0x1F)], "")


def _outside(values: Entry, packed: bytes) -> Message:
    """The message that an entry "sent" or "imported" holds."""
    if values[0] == "imported":
        return Message(*values[1:])
    _, sender, owner, target, data, flat, anchor, from_module, pushed_for, *_ = values
    identity = address(packed)
    return Message(identity, sender, owner, target or identity, data, flat, anchor, from_module, pushed_for)


def _item(values: Entry) -> Message:
    _, identity, owner, data, flat = values
    return Message(identity, owner, owner, identity, data, flat)
