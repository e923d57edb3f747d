"""What comes from outside: addresses looked up, tags and times checked, messages signed by a wallet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy

from aosim.checks import check_whole, text_data, text_tags
from aosim.clock import TIME_MS_MAX
from aosim.engine import Engine
from aosim.errors import MessageTooLarge, UnknownName, UsageError
from aosim.handles import Address, Tags
from aosim.ids import is_address
from aosim.limits import Limits
from aosim.message import Message
from aosim.messenger import signed
from aosim.residents import Resident
from aosim.wallet import Wallet

#: What an aoconnect client adds to a message's tags.
CLIENT_TAGS = ("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Message", "SDK", "aoconnect")
_NO_TAGS = "tags={!r}: give a mapping of names to values, or a list of (name, value) pairs"
_NO_DATA_TAGS = ("Content-Type", "text/plain")


class Outside:
    """Turns what a caller gives into a message, or refuses it before anything has changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.wallet("owner")  # signs whatever nobody else is named for, so its name is taken from the start

    def fork(self, engine: Engine) -> Outside:
        """The same for another engine, in which the wallets are already."""
        other = copy(self)
        other._engine = engine
        return other

    def wallet(self, name: str) -> Wallet:
        """The wallet of a name; made when there is none."""
        address = self._engine.names.get(name)
        if address is None:
            wallet = Wallet(name)
            self._engine.wallets[wallet.address] = wallet
            self._engine.names[name] = wallet.address
            self._engine.named()
            return wallet
        return self._engine.wallets[address]

    def resolve(self, address: Address) -> str:
        """The 43 characters of a handle, a name or an address. Raises UnknownName, UsageError."""
        if not isinstance(address, str):
            found = getattr(address, "address", None)
            if isinstance(found, str):
                return found
            raise UsageError(f"{address!r} is no address: give a handle, a name or 43 characters")
        if address in self._engine.names:
            return self._engine.names[address]
        if is_address(address):
            return address
        raise UnknownName(address, self._engine.names)

    def sender(self, sender: Address | None, target_id: str) -> str:
        """The address a message is from: the one given, else the target's owner, else the wallet "owner"."""
        if sender is None:
            resident = self._engine.residents.get(target_id)
            sender = eval_owner(resident) if resident is not None else "owner"
        return self.resolve(sender)

    def client_tags(
        self, target_id: str, data: str | None, tags: Tags, named: dict[str, str]
    ) -> tuple[tuple[str, ...], str]:
        """All tags of a message from outside, and its data: one space when there is none."""
        to = self._engine.name_of(target_id)
        where = f"a message to {to!r}"
        data = text_data(data, named, where)
        flat = text_tags(pairs_of(tags), where) + text_tags(named, where)
        check_size(to, data, flat, self._engine.limits)
        if data is None:
            return (*flat, *_NO_DATA_TAGS, *CLIENT_TAGS), " "
        return (*flat, *CLIENT_TAGS), data

    def message(self, sender_id: str, target_id: str, data: str, flat: tuple[str, ...]) -> Message:
        """A message signed by a wallet; its number makes two equal ones two messages."""
        wallet = self.wallet_at(sender_id)
        wallet.sent += 1
        return self._engine.publish(signed(sender_id, sender_id, target_id, data, flat, number=wallet.sent))

    def wallet_at(self, address: str) -> Wallet:
        """The wallet of an address, made when there is none. A process has one too, without knowing."""
        wallet = self._engine.wallets.get(address)
        if wallet is None:
            wallet = self._engine.wallets[address] = Wallet(address, address)
        return wallet

    def item_content(self, data: str | None, tags: Tags, named: dict[str, str]) -> tuple[str, tuple[str, ...]]:
        """The data and tags of an item for the weave."""
        where = "an item"
        data = text_data(data, named, where)
        flat = text_tags(pairs_of(tags), where) + text_tags(named, where)
        check_size(where, data, flat, self._engine.limits)
        return data or "", flat

    def item(self, identity: str | None, owner_id: str, data: str, flat: tuple[str, ...]) -> Message:
        """An item for the weave, with an id made from its content unless one is given."""
        item, _ = signed(owner_id, owner_id, "", data, flat, cause="item")
        if identity is not None:
            if not isinstance(identity, str) or not identity or not identity.isprintable() or "/" in identity:
                raise UsageError(f"id={identity!r}: an id is 43 characters, or any other short name without a slash")
            item = item._replace(id=identity, target=identity)
        if self._engine.find_message(item.id) is not None:
            raise UsageError(
                f"there is an item {item.id!r} already, and what is on Arweave never changes: give another id="
            )
        return item

    def not_before_ms(self, after_ms: int | None, at_ms: int | None) -> int:
        """The moment before which a message must not arrive. Raises UsageError for one that cannot be."""
        for name, value in (("after_ms", after_ms), ("at_ms", at_ms)):
            if value is not None:
                check_whole(name, value)
        if after_ms is not None and at_ms is not None:
            raise UsageError("after_ms= and at_ms=: give one of them")
        now_ms = self._engine.clock.now_ms
        if at_ms is not None and at_ms < now_ms:
            raise UsageError(
                f"at_ms={at_ms} lies in the past: the clock stands at {now_ms:_} ms. Use after_ms={at_ms}?"
            )
        return check_moment(at_ms if at_ms is not None else now_ms + (after_ms or 0))


def check_size(target: str, data: str | None, flat: tuple[str, ...], limits: Limits) -> None:
    """Raise MessageTooLarge for a message from outside that is over its limit."""
    size = sum(len(part.encode("utf-8", "surrogateescape")) for part in (*flat, data or ""))
    if size > limits.message_bytes_max:
        raise MessageTooLarge(target=target, size_bytes=size, limit_bytes=limits.message_bytes_max)


def check_moment(moment_ms: int) -> int:
    """The moment itself; UsageError when it lies behind the last one there is."""
    if moment_ms > TIME_MS_MAX:
        raise UsageError(f"{moment_ms:_} ms lies behind the end of time, {TIME_MS_MAX:_} ms (the year 287396)")
    return moment_ms


def eval_owner(resident: Resident) -> str:
    """The address whose Eval a process obeys: its parent for a child, else who signed its Process message."""
    return resident.parent_id or resident.owner


def pairs_of(tags: Tags) -> list[tuple[str, str]]:
    """Tags as a list of pairs, whichever way they were given. Raises UsageError for what is neither."""
    if tags is None:
        return []
    if not isinstance(tags, Mapping | Iterable):
        raise UsageError(_NO_TAGS.format(tags))
    pairs = list(tags.items()) if isinstance(tags, Mapping) else list(tags)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise UsageError(_NO_TAGS.format(tags))
    return pairs
