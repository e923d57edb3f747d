"""Data on Arweave, as far as processes can reach it: items they read as files and have assigned to them."""

from __future__ import annotations

from aosim.message import Message


class Weave:
    """Items by id. None ever changes or goes away.

    A process that is evaluated again must find what it found the first time: it remembers how many
    items there were and asks for those alone.
    """

    def __init__(self) -> None:
        self._items: dict[str, tuple[int, Message]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def fork(self) -> Weave:
        """Another with the same items; what is added to one from here on is not in the other."""
        other = Weave()
        other._items = self._items.copy()
        return other

    def add(self, item: Message) -> None:
        """Put an item there for good. The caller has seen to it that its id is a new one."""
        self._items[item.id] = (len(self._items), item)

    def find(self, identity: str) -> Message | None:
        """The item of that id."""
        found = self._items.get(identity)
        return found and found[1]

    def read(self, identity: str, among: int) -> str | None:
        """The data of an item that is one of the first so many; None when there is none."""
        number, item = self._items.get(identity, (among, None))
        return item.data if item is not None and number < among else None
