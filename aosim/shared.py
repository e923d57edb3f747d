"""Lists that only grow, and whose beginning is shared by their forks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class Shared(Generic[ItemT]):
    """A list to which one can only append.

    A fork has the same items and shares them: it costs a few steps, however long the list is.
    """

    __slots__ = ("_before", "_count", "tail")

    def __init__(self, items: Iterable[ItemT] = ()) -> None:
        self._before: tuple[list[ItemT], ...] = ()  # shared, never changed again
        self._count = 0  # items in there
        self.tail: list[ItemT] = list(items)  # of this list alone; append here, and forget it after a fork

    def fork(self) -> Shared[ItemT]:
        """Another with the same items; from here on neither knows of the other."""
        if self.tail:
            before, newest = list(self._before), self.tail
            # Each part is longer than the one behind it, so there are few, and an item is seldom copied.
            while before and len(before[-1]) <= len(newest):
                newest = before.pop() + newest
            self._before, self._count, self.tail = (*before, newest), len(self), []
        other: Shared[ItemT] = Shared()
        other._before, other._count = self._before, self._count
        return other

    def since(self, number: int) -> Iterator[ItemT]:
        """The items from a number on (the first has number 0)."""
        parts = []
        for part in (*self._before, self.tail):
            parts.append(part[number:] if number > 0 else part)
            number -= len(part)
        return chain.from_iterable(parts)

    def __len__(self) -> int:
        return self._count + len(self.tail)
