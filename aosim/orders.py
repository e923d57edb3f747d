"""In which order things happen that are due at one instant: as they came, as drawn, or as told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Self

from aosim.errors import UsageError
from aosim.events import Event, EventQueue
from aosim.seeds import Seeds

_SWAP = re.compile(r"([0-9]{1,15})\+([0-9]{1,9})")
_NUMBER = re.compile(r"[0-9]{1,15}")
_HOW = 'write a number to have orders drawn, or swaps like "12+1, 40+2"'

#: At the n-th event of a run, the one that waits k places behind the first of its instant happens instead.
Swap = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Order:
    """Which of the events that are due at one instant happens first.

    `Order()` takes them as they came. `Order(drawn=3)` draws one each time, from the third of the
    orders that the simulation's seed has. `Order(swaps=((12, 1),))` takes them as they came, but as
    its 12th event the one that waits 1 place behind; where fewer wait, the last of them.
    A network promises no order of messages that are on their way at the same time, so code must
    be right in all of them.
    """

    drawn: int | None = None
    swaps: tuple[Swap, ...] = ()

    def __post_init__(self) -> None:
        if self.drawn is not None and (type(self.drawn) is not int or self.drawn < 0):
            raise UsageError(f"Order(drawn={self.drawn!r}): a whole number from 0 up")
        if self.drawn is not None and self.swaps:
            raise UsageError("Order(): either orders are drawn, or the swaps are told")
        try:
            swaps = tuple((event, behind) for event, behind in self.swaps)
        except (TypeError, ValueError):
            raise UsageError(f"Order(swaps={self.swaps!r}): pairs of whole numbers, as in ((12, 1),)") from None
        if any(type(event) is not int or type(behind) is not int or event < 1 or behind < 1 for event, behind in swaps):
            raise UsageError(f"Order(swaps={self.swaps!r}): events and places are numbered from 1")
        if len(dict(swaps)) < len(swaps):
            raise UsageError(f"Order(swaps={self.swaps!r}): one swap for each event")
        object.__setattr__(self, "swaps", tuple(sorted(swaps)))

    @classmethod
    def parse(cls, text: str, where: str = "order") -> Order:
        """An order as `str` writes it. Raises UsageError, beginning with `where`, for anything else."""
        if _NUMBER.fullmatch(text.strip()):
            return cls(drawn=int(text))
        swaps = []
        for word in filter(None, re.split(r"[,\s]+", text)):
            found = _SWAP.fullmatch(word)
            if found is None:
                raise UsageError(f"{where}: {word!r} is no swap; {_HOW}")
            swaps.append((int(found[1]), int(found[2])))
        try:
            return cls(swaps=tuple(swaps))
        except UsageError as problem:
            raise UsageError(f"{where}: {problem}") from None

    def __str__(self) -> str:
        if self.drawn is not None:
            return str(self.drawn)
        return ", ".join(f"{event}+{behind}" for event, behind in self.swaps)

    @property
    def told(self) -> str:
        """The argument that gives it to a simulation, after others; "" for the order in which things come."""
        if self.drawn is not None:
            return f", order={self.drawn}"
        return f", order=Order(swaps={self.swaps})" if self.swaps else ""

    def queue(self, seeds: Seeds) -> EventQueue:
        """The queue of a simulation with these seeds."""
        if self.drawn is not None:
            return OrderedQueue(seeds.stream(f"order {self.drawn}"))
        return OrderedQueue(None, dict(self.swaps)) if self.swaps else EventQueue()


def as_order(order: Order | int | None) -> Order:
    """An order; a number is one to be drawn, None the order in which things came."""
    if order is None:
        return Order()
    if isinstance(order, Order):
        return order
    return Order(drawn=order)


class OrderedQueue(EventQueue):
    """Events waiting for their time. Earliest first; at one instant, as drawn or told."""

    def __init__(self, random: Random | None, told: Mapping[int, int] | None = None) -> None:
        super().__init__()
        self._random = random
        self._told = told or {}
        self._due: list[tuple[int, int, Event]] = []  # the events of the present instant, in the order they came
        self._popped = 0
        self.swaps: list[Swap] = []  # the events that were not the first of their instant

    def pop(self) -> tuple[int, Event] | None:
        """Remove and return (due_ms, event), or None when nothing is waiting."""
        heap, due = self._heap, self._due
        if due and heap and heap[0][0] < due[0][0]:  # pushed since, and earlier
            self._put_back()
        if not due:
            if not heap:
                return None
            due.append(heappop(heap))
        due_ms = due[0][0]
        while heap and heap[0][0] == due_ms:
            due.append(heappop(heap))
        self._popped += 1
        behind = self._choose(len(due))
        if behind:
            self.swaps.append((self._popped, behind))
        return due_ms, due.pop(behind)[2]

    def _choose(self, waiting: int) -> int:
        if waiting == 1:
            return 0
        if self._random is not None:
            return self._random.randrange(waiting)
        return min(self._told.get(self._popped, 0), waiting - 1)

    def _put_back(self) -> None:
        """Let all wait in the heap again, with their places."""
        for item in self._due:
            heappush(self._heap, item)
        self._due.clear()

    def fork(self) -> Self:
        self._put_back()
        other = super().fork()
        other._random, other._due, other.swaps = copy(self._random), [], self.swaps.copy()
        return other

    def peek_ms(self) -> int | None:
        return min((waiting[0][0] for waiting in (self._due, self._heap) if waiting), default=None)

    def remove(self, unwanted: Callable[[Event], bool]) -> int:
        self._put_back()
        return super().remove(unwanted)

    def events(self) -> Iterator[Event]:
        self._put_back()
        return super().events()

    def __len__(self) -> int:
        return len(self._heap) + len(self._due)

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        self._put_back()
        return super().__iter__()
