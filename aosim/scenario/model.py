"""What a scenario is: plain values, complete and checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aosim.clock import START_MS
from aosim.cron import CronSpec
from aosim.errors import UsageError
from aosim.faults import Faults
from aosim.network import Constant, Latency
from aosim.orders import Order


class ScenarioError(UsageError):
    """A scenario file that cannot be right: names the file, the table and the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The world a scenario runs in. Without `for_ms` it runs until no message is on the way."""

    seed: int = 0
    fidelity: str = "docs"
    latency: Latency = Constant()  # noqa: RUF009 - frozen
    links: Mapping[tuple[str, str], Latency] = field(default_factory=dict)
    order: Order = Order()  # noqa: RUF009 - frozen
    faults: Faults = Faults()  # noqa: RUF009 - frozen
    start_ms: int = START_MS
    for_ms: int | None = None
    hops_max: int = 100_000  # of one chain of messages, in a run without for_ms
    journal: Path | None = None  # the file to record the run in


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessPlan:
    """A process to be made. `source` is a file, or Lua text. Values `$name` stand for addresses."""

    name: str
    source: Path | str
    owner: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    cron: CronSpec | None = None
    module: Path | str = "aos"
    on_boot: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemPlan:
    """An item to be put on Arweave before anything else. Without an id it gets one made from its content."""

    data: str
    id: str | None = None
    owner: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePlan:
    """A message to be sent, at each of `at_ms` after the start; 0 means at once.

    Like every delayed message it arrives after the network's latency and not before its time.
    """

    sender: str
    target: str
    at_ms: tuple[int, ...] = (0,)
    data: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What must be so in the end, or always: checks of one subject ("process", "wallet", "message", ...)."""

    where: str  # "market.toml, [[expect]] 2"
    subject: str
    name: str
    checks: Mapping[str, Any]

    @property
    def about_failure(self) -> bool:
        """Whether it reckons with handlers that fail."""
        fate_failed = self.checks.get("fate") == "failed"
        return fate_failed or "error" in self.checks or "errors" in self.checks or "failed" in self.checks
