"""What came from outside into a run: with the seed, all that is needed to do the run again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, cast

from aosim.errors import UsageError
from aosim.faults import Faults
from aosim.journal import Input, Journal
from aosim.limits import Limits
from aosim.network import Constant, Latency, Lognormal, Uniform
from aosim.orders import Order

_MODELS: dict[str, type] = {kind.__name__: kind for kind in (Constant, Uniform, Lognormal)}


class Keeper(Journal, Protocol):
    """A journal that also keeps what came from outside, so that a run can be done again from it."""

    def note(self, entry: Input) -> None:
        """Keep what came from outside. It belongs to the entries appended around it."""

    def flush(self, events: int) -> None:
        """See to it that all up to here, after so many events, is never lost."""

    def inputs(self) -> Iterator[Input]:
        """All that came from outside, in order."""

    def packed(self, since: int = 0) -> Iterator[bytes]:
        """The entries from a number on, as they were appended."""

    def close(self) -> None:
        """Let go of what it is kept in."""


def keeper_of(journal: Journal) -> Keeper | None:
    """The journal itself when it keeps what came from outside; None for one that does not."""
    return cast(Keeper, journal) if hasattr(journal, "note") and hasattr(journal, "flush") else None


class World(NamedTuple):
    """How a simulation was made, as plain values."""

    seed: int
    fidelity: str
    latency: Latency | None  # None for a model, or a network, of the caller's own
    links: tuple[tuple[str, str, Latency], ...]
    start_ms: int
    limits: Limits
    order: Order = Order()
    faults: Faults = Faults()

    def packed(self) -> tuple[Any, ...]:
        """Plain values for a file."""
        links = tuple((sender, target, _model(latency)) for sender, target, latency in self.links)
        limits = {name: getattr(self.limits, name) for name in Limits.__dataclass_fields__}
        order = (self.order.drawn, self.order.swaps)
        return (
            self.seed,
            self.fidelity,
            _model(self.latency),
            links,
            self.start_ms,
            limits,
            order,
            self.faults.packed(),
        )

    @classmethod
    def unpacked(cls, values: tuple[Any, ...]) -> World:
        """The reverse. Raises UsageError when it needs something that a file cannot hold."""
        seed, fidelity, latency, links, start_ms, limits, (drawn, swaps), faults = values
        named = tuple((sender, target, _latency(model)) for sender, target, model in links)
        order = Order(drawn, tuple((event, behind) for event, behind in swaps))
        model = None if latency is None else _latency(latency)
        return cls(seed, fidelity, model, named, start_ms, Limits(**limits), order, Faults.unpacked(faults))


def _model(latency: Latency | None) -> tuple[Any, ...] | None:
    name = type(latency).__name__
    if latency is None or _MODELS.get(name) is not type(latency):
        return None
    return (name, *(getattr(latency, field) for field in latency.__dataclass_fields__))  # type: ignore[attr-defined]


def _latency(model: tuple[Any, ...] | None) -> Latency:
    if model is None:
        raise UsageError("the run has a latency model of its own on a link, which no file can hold")
    found: Latency = _MODELS[model[0]](*model[1:])
    return found
