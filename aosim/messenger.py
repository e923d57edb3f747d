"""The messenger unit: what shape messages take on their way between processes.

Facts: a messenger signs what a process sends, so the receiver sees the process as From and the
messenger as Owner; it drops some of the request's tags and adds its own at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgpack

from aosim.ids import address
from aosim.message import Assignment, Message, Outgoing, find_tag

#: The messenger of aos networks; published code names it as its Authority.
MESSENGER_ID = "fcoN_xJeisVsPXA-trzVAuIiqO3ydLQxM-L4XbrQKzY"
#: The module that the network's aos spawns from unless told otherwise.
MODULE_ID = "ISShJH1ij-hPPt9St5UFFr_8Ys3Kj5cyg7zrMGt7H9s"

_DROPPED = frozenset({"Data-Protocol", "Type", "From-Process", "From-Module", "Assignments"})
_DROPPED_OF_SPAWN = frozenset({"Data-Protocol", "Type", "Variant", "From-Process", "Pushed-For"})
_DROPPED_OF_NOTICE = frozenset({"Data-Protocol", "Variant", "Type"})
_pack = msgpack.Packer(unicode_errors="surrogateescape").pack


class Chain(NamedTuple):
    """Where a message comes from: the chain it belongs to, and its place in it."""

    pushed_for: str  # id of the message from outside that began it; empty for what a cron tick causes
    cause: str  # the place in a log that asked for it
    number: int  # which of the things that place asked for
    hops: int


def message_id(*content: object) -> str:
    """The id of a message: the address of its content."""
    return address(_pack(content))


def chain_of(assignment: Assignment) -> str:
    """What the messages that follow from an assignment carry as Pushed-For."""
    message = assignment.message
    return message.pushed_for or ("" if assignment.cron else message.id)


def pushed(outgoing: Outgoing, target: str, sender: str, module_id: str, chain: Chain) -> Message:
    """The message that a process's request becomes."""
    flat = outgoing.flat
    # ao.send writes Data-Protocol, Variant, Type, ... in this order: cut the two without a search.
    if flat[:1] == ("Data-Protocol",) and flat[4:5] == ("Type",):
        flat = flat[2:4] + flat[6:]
    if not _DROPPED.isdisjoint(flat[::2]):
        flat = without(flat, _DROPPED)
    data, anchor = outgoing.data, outgoing.anchor
    identity = message_id(sender, target, data, flat, anchor, chain.pushed_for, chain.cause, chain.number)
    return Message(
        identity,
        sender,
        MESSENGER_ID,
        target,
        data,
        flat,
        anchor,
        from_module=module_id,
        pushed_for=chain.pushed_for,
    )


def spawned(request: Outgoing, parent_id: str, scheduler_id: str, chain: Chain) -> Message:
    """The Process message that a spawn request becomes; its id is the id of the child."""
    flat = without(request.flat, _DROPPED_OF_SPAWN)
    if find_tag(flat, "Scheduler") is None:
        flat += ("Scheduler", scheduler_id)
    flat += ("Variant", "ao.TN.1", "Data-Protocol", "ao", "Type", "Process", "From-Process", parent_id)
    if chain.pushed_for:
        flat += ("Pushed-For", chain.pushed_for)
    identity = message_id("spawn", parent_id, request.data, flat, request.anchor, chain.cause, chain.number)
    return Message(
        *(identity, parent_id, MESSENGER_ID, identity, request.data, flat, request.anchor),
        pushed_for=chain.pushed_for,
    )


def spawned_notice(request_flat: tuple[str, ...], child_id: str, parent_id: str, chain: Chain) -> Message:
    """The message From the parent itself that tells it the id of its child."""
    flat = (
        *without(request_flat, _DROPPED_OF_NOTICE),
        *("Data-Protocol", "ao", "Type", "Message", "Process", child_id),
        *("Action", "Spawned", "Variant", "ao.TN.1"),
    )
    if chain.pushed_for:
        flat += ("Pushed-For", chain.pushed_for)
    identity = message_id("spawned", parent_id, flat, chain.cause, chain.number)
    return Message(identity, parent_id, MESSENGER_ID, parent_id, None, flat, pushed_for=chain.pushed_for)


def without(flat: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    """Flat tags without those of some names."""
    return tuple(part for at in range(0, len(flat), 2) if flat[at] not in names for part in (flat[at], flat[at + 1]))
