"""When a message arrives: latency models, drawn from one seeded stream."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from aosim.checks import check_whole
from aosim.clock import TIME_MS_MAX
from aosim.errors import UsageError
from aosim.message import Message


class Network(Protocol):
    """Decides when, whether and how often a message arrives."""

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        """The arrival times of a message that leaves now: none (lost), one, or several (duplicated).

        No time is before `now_ms`.
        """


class Latency(Protocol):
    """How long one message takes, in whole milliseconds, never below 0."""

    def draw_ms(self, random: Random) -> int: ...


def _check_number(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise UsageError(f"{name}={value!r}: a number from 0 up")


@dataclass(frozen=True, slots=True)
class Constant:
    """Every message takes the same time. Messages then arrive in the order they were sent."""

    latency_ms: int = 10

    def __post_init__(self) -> None:
        check_whole("latency_ms", self.latency_ms)

    def draw_ms(self, random: Random) -> int:
        return self.latency_ms


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything between two bounds, both included. Messages may overtake one another."""

    low_ms: int
    high_ms: int

    def __post_init__(self) -> None:
        check_whole("low_ms", self.low_ms)
        check_whole("high_ms", self.high_ms)
        if self.high_ms < self.low_ms:
            raise UsageError(f"Uniform({self.low_ms}, {self.high_ms}): the low bound comes first")

    def draw_ms(self, random: Random) -> int:
        return random.randint(self.low_ms, self.high_ms)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Mostly near the median, with a long tail: what real networks look like."""

    median_ms: float
    sigma: float = 0.5
    high_ms: int = 60_000

    def __post_init__(self) -> None:
        _check_number("median_ms", self.median_ms)
        _check_number("sigma", self.sigma)
        check_whole("high_ms", self.high_ms)

    def draw_ms(self, random: Random) -> int:
        if not self.median_ms:
            return 0
        # Through two calls of random(), not lognormvariate(), whose cached half makes a second state.
        angle, radius = random.random(), 1.0 - random.random()
        normal = math.sqrt(-2.0 * math.log(radius)) * math.cos(2.0 * math.pi * angle)
        # From e to the 700th on there are no floats; every high_ms is far below.
        return round(min(float(self.high_ms), self.median_ms * math.exp(min(self.sigma * normal, 700.0))))


def fork_network(network: Network) -> Network:
    """A network that goes on as this one would, and knows nothing of it from here on.

    By the network's own `fork()` when it has one, else a deep copy. Raises UsageError when neither works.
    """
    own: Any = getattr(network, "fork", None)
    if callable(own):
        forked: Network = own()
        return forked
    try:
        return deepcopy(network)
    except Exception as problem:
        raise UsageError(
            f"{network!r} cannot be copied ({problem}): give it a method fork() that returns another in the same state"
        ) from None


class CheckedNetwork:
    """A network of somebody else's, whose plans are checked before anything relies on them."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def fork(self) -> CheckedNetwork:
        """See `fork_network`."""
        return CheckedNetwork(fork_network(self._network))

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        plan = tuple(self._network.plan(message, now_ms))
        for due_ms in plan:
            if not isinstance(due_ms, int) or not now_ms <= due_ms <= TIME_MS_MAX:
                raise UsageError(
                    f"{self._network!r} plans an arrival at {due_ms!r}: a plan holds whole milliseconds, "
                    f"none before the present moment ({now_ms:_} ms) or behind the end of time"
                )
        return plan


class LatencyNetwork:
    """Delivers every message exactly once, after a latency drawn per link.

    `links` maps (sender address, target address) to a latency; either may be "*". The most exact
    entry wins: both, then the sender, then the target, then the default.
    """

    def __init__(
        self,
        random: Random,
        default: Latency | None = None,
        links: Mapping[tuple[str, str], Latency] | None = None,
    ) -> None:
        self._random = random
        self._default = default or Constant()
        self._links = dict(links or {})
        # With one constant latency and no links nothing has to be drawn.
        self._fixed_ms = self._default.latency_ms if isinstance(self._default, Constant) and not self._links else None

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        if self._fixed_ms is not None:
            return (now_ms + self._fixed_ms,)
        latency = self._latency(message.sender, message.target)
        drawn_ms = latency.draw_ms(self._random)
        if not isinstance(drawn_ms, int) or not 0 <= drawn_ms <= TIME_MS_MAX - now_ms:
            raise UsageError(f"{latency!r} draws {drawn_ms!r}: a latency is whole milliseconds from 0 up")
        return (now_ms + drawn_ms,)

    def fork(self) -> LatencyNetwork:
        """Another that draws what this one would draw next; from here on neither knows of the other."""
        if type(self) is not LatencyNetwork:
            return deepcopy(self)  # whatever else it keeps
        other = copy(self)
        other._random = Random(0)
        other._random.setstate(self._random.getstate())
        other._links = self._links.copy()
        return other

    def set_link(self, sender: str, target: str, latency: Latency) -> None:
        """From now on messages on this link take that long."""
        self._links[sender, target] = latency
        self._fixed_ms = None

    def _latency(self, sender: str, target: str) -> Latency:
        links = self._links
        for link in ((sender, target), (sender, "*"), ("*", target), ("*", "*")):
            if link in links:
                return links[link]
        return self._default


def as_link(ends: tuple[str, str]) -> tuple[str, str]:
    """The two ends of a link, checked."""
    if not isinstance(ends, tuple) or len(ends) != 2 or not all(isinstance(end, str) for end in ends):
        raise UsageError(f"link {ends!r}: two names or addresses, or '*', as in {{('alice', 'ledger'): 5}}")
    return ends


def as_latency(latency: Latency | int) -> Latency:
    """A latency model; whole milliseconds are a constant one."""
    if isinstance(latency, int):
        return Constant(latency)
    if not callable(getattr(latency, "draw_ms", None)):
        raise UsageError(f"latency {latency!r}: whole milliseconds, Constant, Uniform, Lognormal or a draw_ms method")
    return latency
