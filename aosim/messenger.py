"""The messenger unit: what shape messages take on their way between processes.

Facts: a messenger signs what a process sends, so the receiver sees the process as From and the
messenger as Owner; it drops some of the request's tags and adds its own at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from aosim.ids import address
from aosim.message import Message, Outgoing, find_tag
from aosim.packing import pack

#: The messenger of aos networks; published code names it as its Authority.
MESSENGER_ID = "fcoN_xJeisVsPXA-trzVAuIiqO3ydLQxM-L4XbrQKzY"

#: A Message from the tuple of its fields; Message(...) takes twice as long.
new_message: Callable[[tuple[object, ...]], Message] = partial(tuple.__new__, Message)
#: Tags of a request that the messenger drops, for it writes them itself.
DROPPED = frozenset({"Data-Protocol", "Type", "From-Process", "From-Module", "Assignments"})
_FIRST, _THIRD = ("Data-Protocol",), ("Type",)
_DROPPED_OF_SPAWN = frozenset({"Data-Protocol", "Type", "Variant", "From-Process", "Pushed-For"})
_DROPPED_OF_NOTICE = frozenset({"Data-Protocol", "Variant", "Type"})


class Chain(NamedTuple):
    """Where messages come from: the chain they belong to, and the place in it that asked for them."""

    pushed_for: str  # id of the message from outside that began it; empty for what a cron tick causes
    cause: str  # the hash chain of that place, which no other place has
    hops: int


def signed(
    sender: str,
    owner: str,
    target: str,
    data: str | None,
    flat: tuple[str, ...],
    anchor: str = "",
    from_module: str = "",
    pushed_for: str = "",
    cause: str = "",
    number: int = 0,
) -> tuple[Message, bytes]:
    """A message and its content: the journal entry whose address is its id.

    `cause` and `number` make two equal messages of one sender two messages. An empty target means
    the message itself: the Process message of a process, whose id is that of the process.
    """
    content = pack(("sent", sender, owner, target, data, flat, anchor, from_module, pushed_for, cause, number))
    identity = address(content)
    return Message(identity, sender, owner, target or identity, data, flat, anchor, from_module, pushed_for), content


def pushed(
    asked: Outgoing, target: str, sender: str, module_id: str, pushed_for: str, cause: str, number: int
) -> tuple[Message, bytes]:
    """The message that a process's request becomes, the `number`-th of its result, and its content.

    The content leaves out what its cause implies: the place in the log of its sender.
    """
    _, data, anchor, flat, _ = asked
    # ao.send writes Data-Protocol, Variant, Type, Reference, then the author's: cut the two without a search.
    if flat[:1] == _FIRST and flat[4:5] == _THIRD and DROPPED.isdisjoint(flat[6::2]):
        flat = flat[2:4] + flat[6:]
    else:
        flat = without(flat, DROPPED)
    content = pack(("pushed", cause, number, target, data, flat, anchor))
    message = (address(content), sender, MESSENGER_ID, target, data, flat, anchor, module_id, pushed_for, "")
    return new_message(message), content


def spawned(request: Outgoing, parent_id: str, scheduler_id: str, chain: Chain, number: int) -> tuple[Message, bytes]:
    """The Process message that a spawn request becomes; its id is the id of the child."""
    flat = without(request.flat, _DROPPED_OF_SPAWN)
    if find_tag(flat, "Scheduler") is None:
        flat += ("Scheduler", scheduler_id)
    flat += ("Variant", "ao.TN.1", "Data-Protocol", "ao", "Type", "Process", "From-Process", parent_id)
    if chain.pushed_for:
        flat += ("Pushed-For", chain.pushed_for)
    anchor, pushed_for = request.anchor, chain.pushed_for
    return signed(parent_id, MESSENGER_ID, "", request.data, flat, anchor, "", pushed_for, chain.cause, number)


def spawned_notice(request_flat: tuple[str, ...], child_id: str, parent_id: str, chain: Chain) -> tuple[Message, bytes]:
    """The message From the parent itself that tells it the id of its child."""
    flat = (
        *without(request_flat, _DROPPED_OF_NOTICE),
        *("Data-Protocol", "ao", "Type", "Message", "Process", child_id),
        *("Action", "Spawned", "Variant", "ao.TN.1"),
    )
    if chain.pushed_for:
        flat += ("Pushed-For", chain.pushed_for)
    return signed(parent_id, MESSENGER_ID, parent_id, None, flat, pushed_for=chain.pushed_for, cause=chain.cause)


def without(flat: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    """Flat tags without those of some names."""
    return tuple(part for at in range(0, len(flat), 2) if flat[at] not in names for part in (flat[at], flat[at + 1]))
