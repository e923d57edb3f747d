"""What `aosim run` is told, and what its three kinds of scenario share."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aosim.cli.live import LiveLog
from aosim.cli.paper import Paper
from aosim.errors import EndlessLoop, TooManyWaiting, UsageError
from aosim.faults import Faults, read_strikes
from aosim.orders import Order
from aosim.scenario.values import duration_ms, latency_of
from aosim.simulation import FIDELITIES, Simulation


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What stands on the command line after `aosim run`."""

    files: tuple[Path, ...]
    sends: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    module: str | None = None
    seed: int | None = None
    duration: str | None = None
    fidelity: str | None = None
    latency: str | None = None
    order: str | None = None
    faults: str | None = None
    strikes: str | None = None
    journal: Path | None = None
    as_json: bool = False
    quiet: bool = False

    @property
    def changed(self) -> dict[str, Any]:
        """The settings that the command line changes, checked."""
        changed: dict[str, Any] = {}
        if self.seed is not None:
            changed["seed"] = self.seed
        if self.duration is not None:
            changed["for_ms"] = duration_ms(self.duration, "--for")
        if self.fidelity is not None:
            if self.fidelity not in FIDELITIES:
                raise UsageError(f"--fidelity {self.fidelity!r}: there are {' and '.join(map(repr, FIDELITIES))}")
            changed["fidelity"] = self.fidelity
        if self.latency is not None:
            changed["latency"] = latency_of(self.latency, "--latency")
        if self.order is not None:
            changed["order"] = Order.parse(self.order, "--order")
        if self.faults is not None and self.strikes is not None:
            raise UsageError("--faults are drawn, --strikes are exactly those that are told: give one of them")
        if self.faults is not None:
            changed["faults"] = Faults.read(self.faults, "--faults")
        if self.strikes is not None:
            changed["faults"] = Faults(strikes=read_strikes(self.strikes, "--strikes"), exact=True)
        if self.journal is not None:
            changed["journal"] = self.journal
        return changed

    def again(self, seed: int) -> list[str]:
        """The command that repeats the run."""
        words = ["aosim", "run", *map(str, self.files)]
        for option, values in (
            ("--module", [self.module] if self.module is not None else []),
            ("--item", self.items),
            ("--wallet", self.wallets),
            ("--send", self.sends),
        ):
            for value in values:
                words += [option, value]
        words += ["--seed", str(seed)]
        for option, text in (
            ("--for", self.duration),
            ("--fidelity", self.fidelity),
            ("--latency", self.latency),
            ("--order", self.order),
            ("--faults", self.faults),
            ("--strikes", self.strikes),
        ):
            if text is not None:
                words += [option, text]
        return words


def show(options: Options, paper: Paper, sim: Simulation, names: Iterable[str] = ()) -> None:
    """Let the log of a simulation be printed while it runs."""
    if not options.quiet:
        sim.observe(LiveLog(sim, paper, names))


@contextmanager
def repeatable(paper: Paper, again: Sequence[str]) -> Iterator[None]:
    """A run that goes on without end is stopped, by an error or by its reader; its log ends with `again:`."""
    try:
        yield
    except (EndlessLoop, TooManyWaiting) as problem:
        paper.line(f"again: {shlex.join(again)}")
        raise UsageError(f"{problem} On the command line --for TIME bounds the run.") from problem
    except KeyboardInterrupt:
        paper.line(f"again: {shlex.join(again)}")
        raise
