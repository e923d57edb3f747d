"""The post of a simulation: messages leave, and each ends in a fate, told to whoever looks or waits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self

from aosim.archive import Archive
from aosim.clock import Clock
from aosim.events import Arrival, Birth, EventQueue
from aosim.fates import Counts, DeadLetter, Fate
from aosim.journal import Journal
from aosim.message import Message, Result
from aosim.network import Network, fork_network
from aosim.observers import Observer
from aosim.packing import pack
from aosim.process import Host
from aosim.residents import Resident
from aosim.wallet import Wallet
from aosim.weave import Weave

if TYPE_CHECKING:
    from aosim.breakage import Breakage

# Arrival(...) takes twice as long as making the tuple it is, and each message has one.
new_arrival: Callable[[tuple[object, ...]], Arrival] = partial(tuple.__new__, Arrival)


class Post:
    """Who lives here, what is on the way to them, and what became of what has been sent."""

    def __init__(self, *, clock: Clock, network: Network, journal: Journal) -> None:
        self.clock = clock
        self.network = network
        self.journal = journal
        self.queue = EventQueue()
        self.counts = Counts()
        self.dead_letters: list[DeadLetter] = []
        self.residents: dict[str, Resident] = {}
        self.wallets: dict[str, Wallet] = {}
        self.names: dict[str, str] = {}  # address by name
        self.observers: list[Observer] = []
        self.watched: dict[str, Callable[[Fate, Result | None], None]] = {}  # told of a message's fate, by its id
        self.closed = False  # while an observer looks or a Python handler runs: nobody may use the simulation
        self.complaint: Exception | None = None  # raised when the step is done, so that none is left half done
        self.weave = Weave()
        self.breakage: Breakage | None = None  # from the first fault on
        self._archive = Archive(journal, lambda address: self.residents[address].module_id)

    def fork(self, journal: Journal) -> Self:
        """The same, from here on apart from this: nothing that changes is shared.

        `journal` begins as this one's does. Nobody observes it, and nobody waits for the fate of a message.
        """
        other = copy(self)
        other.clock, other.network, other.journal = self.clock.fork(), fork_network(self.network), journal
        other.queue, other.counts, other.weave = self.queue.fork(), replace(self.counts), self.weave.fork()
        other.dead_letters, other.names = self.dead_letters.copy(), self.names.copy()
        other.wallets = {address: wallet.fork() for address, wallet in self.wallets.items()}
        host = Host(other.weave, other.close)
        other.residents = {
            identity: resident.fork(resident.process.clone(host)) for identity, resident in self.residents.items()
        }
        other.observers, other.watched, other.complaint = [], {}, None
        other._archive = self._archive.fork(journal, lambda address: other.residents[address].module_id)
        return other

    # Sending

    def upload(self, item: Message) -> None:
        """Put an item on the weave, for processes to read and to have assigned."""
        self.journal.append(pack(("item", item.id, item.owner, item.data, item.flat)))
        self.weave.add(item)

    def publish(self, signed_message: tuple[Message, bytes]) -> Message:
        """Write down a message that no result contains: one from outside, a tick, a notice."""
        message, content = signed_message
        self.journal.append(content)
        return message

    def dispatch(self, message: Message, hops: int = 0, not_before_ms: int = 0) -> tuple[int, ...]:
        """Give a message to the network; returns when it will arrive."""
        self.counts.sent += 1
        return self.send_off(message, new_arrival((message, message[3], hops)), not_before_ms)  # 3: its target

    def expect(self, message: Message, due_ms: int) -> None:
        """Let a message of another network arrive at that moment; the network here is not asked."""
        self.journal.append(pack(("imported", *message)))
        self.counts.sent += 1
        self.counts.on_the_way += 1
        self.queue.push(due_ms, new_arrival((message, message.target, 0)))
        if self.observers:
            self.show(lambda observer: observer.on_sent(message, (due_ms,)))

    def send_off(self, message: Message, event: Arrival | Birth, not_before_ms: int = 0) -> tuple[int, ...]:
        """One delivery of a message: `event` happens when the network says."""
        now_ms, counts = self.clock.now_ms, self.counts
        try:
            due_ms = self.network.plan(message, now_ms)
        except Exception as problem:  # of a network of the caller's; the step must end whole
            self.complaint = problem
            self.bury(message, f"the network could not plan it: {problem}")
            return ()
        if not_before_ms > now_ms:
            due_ms = tuple([max(due, not_before_ms) for due in due_ms])
        if self.breakage is not None:
            due_ms = self.breakage.strike(message, event, due_ms)
        for due in due_ms:
            self.queue.push(due, event)
        if len(due_ms) == 1:
            counts.on_the_way += 1
        elif due_ms:
            counts.on_the_way += len(due_ms)
            counts.duplicated += len(due_ms) - 1
        else:
            self.journal.append(pack(("dropped", message.id, now_ms)))
            self.settle(message.id, Fate.DROPPED, None)
        if self.observers:
            self.show(lambda observer: observer.on_sent(message, due_ms))
        return due_ms

    # Fates

    def settle(self, identity: str, fate: Fate, result: Result | None) -> None:
        """Count the fate of one delivery, and tell whoever waits to know."""
        counts = self.counts
        if fate is Fate.HANDLED:  # by far the most frequent
            counts.handled += 1
        else:
            name = fate.name.lower()
            setattr(counts, name, getattr(counts, name) + 1)
        if self.watched and identity in self.watched:
            self.watched.pop(identity)(fate, result)

    def bury(self, message: Message, reason: str) -> None:
        """Make a dead letter of a message."""
        letter = DeadLetter(message, reason, self.clock.now_ms)
        self.dead_letters.append(letter)
        self.journal.append(pack(("dead", message.id, reason, self.clock.now_ms)))
        self.settle(message.id, Fate.DEAD_LETTER, None)
        if self.observers:
            self.show(lambda observer: observer.on_dead_letter(letter))

    # Looking

    def find_message(self, identity: str) -> Message | None:
        """A message that was sent, or an item on the weave, by its id."""
        return self.weave.find(identity) or self._archive.find(identity)

    def close(self, closed: bool) -> bool:
        """Close the simulation to whoever runs inside a handler, or open it again; how it was before."""
        before, self.closed = self.closed, closed
        return before

    def name_of(self, address: str) -> str:
        """The name of an address, or the address itself."""
        if address in self.residents:
            return self.residents[address].name
        return self.wallets[address].name if address in self.wallets else address

    def show(self, look: Callable[[Observer], None]) -> None:
        """Let each observer look. One that raises is taken off, with a warning."""
        self.closed = True
        try:
            for observer in tuple(self.observers):
                try:
                    look(observer)
                except Exception as problem:
                    self.observers.remove(observer)
                    self._warn(f"{observer!r} raised {problem!r} and was taken off")
        finally:
            self.closed = False

    def _warn(self, text: str) -> None:
        try:
            warnings.warn(text, RuntimeWarning, stacklevel=3)
        except RuntimeWarning as complaint:  # raised here it would leave the step half done
            self.complaint = complaint
