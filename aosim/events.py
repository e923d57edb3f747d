"""What can happen, and the queue it waits in. Events are plain data: they can be stored and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple, Self

from aosim.message import Message


class Arrival(NamedTuple):
    """A message reaches an address.

    `address` is the message's target, or a process it was assigned to. `hops` counts the
    messages between it and the one from outside that began the chain.
    """

    message: Message
    address: str
    hops: int = 0


class Birth(NamedTuple):
    """The Process message of a child reaches the scheduler: a process is made."""

    message: Message
    parent_id: str
    notice: tuple[str, ...]  # the flat tags of the parent's Spawned message, the new id excluded
    hops: int = 0
    told: bool = False  # its parent has the notice already, and waits for nothing


class CronTick(NamedTuple):
    """One or more of a process's Cron-Interval tags are due."""

    process_id: str


class TimerTick(NamedTuple):
    """The n-th tick of a `Simulation.every`."""

    timer_id: str
    number: int


class Turn(NamedTuple):
    """A process that is slow, or was down, comes to the first of the messages that wait for it."""

    message: Message  # that joined the line
    process_id: str


class CrashTick(NamedTuple):
    """A process goes down, as planned."""

    process: str  # its name or id
    for_ms: int
    losing: int  # messages that it forgets


Event = Arrival | Birth | CronTick | TimerTick | Turn | CrashTick


class EventQueue:
    """Events waiting for their time. Earliest first; at one instant, first come first served."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Event]] = []
        self._arrivals = count()  # breaks ties, so events never need to be compared

    def push(self, due_ms: int, event: Event) -> None:
        """Let an event wait until then, behind those due at the same moment."""
        heappush(self._heap, (due_ms, next(self._arrivals), event))

    def pop(self) -> tuple[int, Event] | None:
        """Remove and return (due_ms, event), or None when nothing is waiting."""
        if not self._heap:
            return None
        due_ms, _, event = heappop(self._heap)
        return due_ms, event

    def peek_ms(self) -> int | None:
        """When the next event is due, or None when nothing is waiting."""
        return self._heap[0][0] if self._heap else None

    def remove(self, unwanted: Callable[[Event], bool]) -> int:
        """Take out all waiting events of a kind; how many there were. Costs one look at each that waits."""
        kept = [item for item in self._heap if not unwanted(item[2])]
        removed = len(self._heap) - len(kept)
        if removed:
            heapify(kept)
            self._heap = kept
        return removed

    def fork(self) -> Self:
        """Another queue in which the same waits; from here on neither knows of the other."""
        other = copy(self)
        other._heap = self._heap.copy()
        place = next(self._arrivals)
        self._arrivals, other._arrivals = count(place), count(place)
        return other

    def events(self) -> Iterator[Event]:
        """All that waits, in no order: without the price of sorting."""
        return (event for _, _, event in self._heap)

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        """All that waits, in the order in which it will leave."""
        return ((due_ms, event) for due_ms, _, event in sorted(self._heap))
