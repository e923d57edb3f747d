"""Endless loops: chains of messages that repeat themselves and never end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import NamedTuple

from aosim.message import Message, find_tag, tag_pairs

_WINDOW = 64
#: The hops at which a chain is looked at: 64 in a row from 1 024, 2 048, 4 096 ... on. Looking at
#: every hop would cost each message something; a loop is still there at the next power of two.
WATCHED_HOPS = frozenset(2**power + step for power in range(10, 40) for step in range(_WINDOW))
_CHANGING = frozenset({"Reference", "X-Reference", "Timestamp"})
_KINDS_MAX = 16  # more different messages than this in a window are work, not a loop
_REPEATS_MIN = 4


class Loop(NamedTuple):
    """A long chain: the processes it goes through, again and again."""

    route: tuple[str, ...]  # addresses, in the order in which the messages go
    actions: tuple[str, ...]
    began_with: str  # id of the message from outside
    hops: int


class _Window(NamedTuple):
    """The messages of a chain from a power of two on; all its branches share one."""

    first_hop: int
    messages: list[Message]


class LoopDetector:
    """Looks at long chains and tells those that repeat themselves.

    A chain that repeats itself may still end (a counter inside a process runs out), so this is a
    suspicion, not a verdict.
    """

    def __init__(self) -> None:
        self.suspects: dict[str, Loop] = {}  # by the id of the message that began the chain
        self.longest: Loop | None = None  # the longest chain looked at, repeating itself or not
        self.children: Counter[str] = Counter()  # that a chain has made, by the id of the message that began it
        self._windows: dict[str, _Window] = {}

    def look(self, message: Message, hops: int) -> None:
        """See a message at one of the WATCHED_HOPS."""
        began_with = message.pushed_for
        first_hop = 1 << hops.bit_length() - 1
        window = self._windows.get(began_with)
        if hops == first_hop and (window is None or window.first_hop != first_hop):
            window = self._windows[began_with] = _Window(first_hop, [])
        if window is None or window.first_hop != first_hop:
            return  # a branch of a chain that has been judged already
        if len(window.messages) < 4 * _WINDOW:
            window.messages.append(message)
        if hops - first_hop == _WINDOW - 1:
            del self._windows[began_with]
            self._judge(began_with, window.messages, hops)

    def fork(self) -> LoopDetector:
        """Another that has seen the same; from here on neither knows of the other."""
        other = LoopDetector()
        other.suspects, other.longest, other.children = self.suspects.copy(), self.longest, self.children.copy()
        other._windows = {
            began: _Window(window.first_hop, window.messages.copy()) for began, window in self._windows.items()
        }
        return other

    def keep(self, living: Container[str]) -> None:
        """Forget the chains that have ended: all but those begun by these messages."""
        self.suspects = {began: loop for began, loop in self.suspects.items() if began in living}
        self._windows = {began: window for began, window in self._windows.items() if began in living}
        self.children = Counter({began: count for began, count in self.children.items() if began in living})
        if self.longest is not None and self.longest.began_with not in living:
            self.longest = max(self.suspects.values(), key=lambda loop: loop.hops, default=None)

    def _judge(self, began_with: str, window: list[Message], hops: int) -> None:
        route = tuple(dict.fromkeys(message.target for message in window))
        actions = tuple(dict.fromkeys(find_tag(message.flat, "Action", "") or "" for message in window))
        loop = Loop(route, actions, began_with, hops)
        if self.longest is None or hops > self.longest.hops:
            self.longest = loop
        kinds = Counter(map(_kind, window))
        if len(kinds) <= _KINDS_MAX and min(kinds.values()) >= _REPEATS_MIN:
            self.suspects[began_with] = loop
        else:
            self.suspects.pop(began_with, None)


def _kind(message: Message) -> tuple[object, ...]:
    """What two messages of one kind have in common: all but what counts up by itself."""
    stable = tuple(tag for tag in tag_pairs(message.flat) if tag.name not in _CHANGING)
    return (message.sender, message.target, message.data, stable)
