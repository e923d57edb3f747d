"""What one run of an exploration is told, and what it says; how worlds are played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from linecache import getline
from pathlib import Path
from typing import Any, Protocol

from aosim.errors import AosimError, EndlessLoop, EvalError, InvariantBroken, TooManyWaiting
from aosim.faults import Fault, Faults
from aosim.invariants import first_line
from aosim.orders import Order, Swap
from aosim.simulation import Simulation

_HERE = Path(__file__).parents[1]
#: What a run may end with that the world, and not its maker, is to blame for.
_FOUND = (EndlessLoop, TooManyWaiting, EvalError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One run: a seed, an order of simultaneous events, and faults (None: those the world has itself)."""

    seed: int
    order: Order = field(default_factory=Order)
    faults: Faults | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The keywords of a simulation."""
        options: dict[str, Any] = {"seed": self.seed}
        if self.order != Order():
            options["order"] = self.order
        if self.faults is not None:
            options["faults"] = self.faults
        return options


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a run. `where` is "" when all was well, else the name of what is broken.

    Of a run that broke something, `strikes` and `swaps` are the faults and orders that made it what it is.
    """

    where: str = ""
    problem: str = ""
    events: int = 0
    fingerprint: str = ""
    strikes: tuple[Fault, ...] = ()
    swaps: tuple[Swap, ...] = ()


class Player(Protocol):
    """Makes a world, runs it and says what came of it: the same for the same trial, in any Python."""

    def play(self, trial: Trial) -> Outcome:
        """Raises AosimError for a world that cannot be made."""


def outcome_of(sim: Simulation, where: str = "", problem: str = "", fingerprint: str | None = None) -> Outcome:
    """What a run came to that has ended."""
    return Outcome(
        where=where,
        problem=problem,
        events=sim._engine.events,
        fingerprint=sim.fingerprint if fingerprint is None else fingerprint,
        strikes=sim.faults.strikes if where else (),
        swaps=sim.swaps if where else (),
    )


def blamed(problem: Exception, file: str = "") -> tuple[str, str]:
    """Where and what an exception says that is a discovery. Raises all others again.

    `file` is the one whose lines name the place of a failure, the file of the world.
    """
    if isinstance(problem, InvariantBroken):
        return problem.invariant, problem.what
    name = type(problem).__name__
    place, line = _place(problem, file)
    if isinstance(problem, _FOUND):
        return f"{name} at {place}" if place else name, str(problem)
    if isinstance(problem, AosimError) or _raised_by_aosim(problem):
        raise problem
    if isinstance(problem, AssertionError):
        return place, first_line(problem) or line or "it failed"
    return f"{name} at {place}", str(problem) or line or name


def _raised_by_aosim(problem: BaseException) -> bool:
    """Whether an exception was raised in a file of aosim: then it is no discovery about a world."""
    trace, name = problem.__traceback__, ""
    while trace is not None:
        name, trace = trace.tb_frame.f_code.co_filename, trace.tb_next
    return _HERE in Path(name).parents


def _place(problem: BaseException, file: str) -> tuple[str, str]:
    """The last line of the world's own file that an exception went through, else the last outside aosim; its text."""
    own, other, trace = ("", 0), ("", 0), problem.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name == file:
            own = name, trace.tb_lineno
        elif _HERE not in Path(name).parents:
            other = name, trace.tb_lineno
        trace = trace.tb_next
    name, number = own if own[0] else other
    return (f"{Path(name).name}:{number}", getline(name, number).strip()) if name else ("", "")


#: Makes a world in an empty simulation, and may run it.
Build = Callable[[Simulation], object]
#: Looks at a world in its end: False, or an AssertionError, says that it is not as expected.
Judge = Callable[[Simulation], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltWorld:
    """A world that a function makes."""

    build: Build
    check: Judge | None = None
    failing: bool = False  # a handler that fails is a discovery too
    for_ms: int | None = None
    options: dict[str, Any] = field(default_factory=dict)  # of the simulation

    def play(self, trial: Trial) -> Outcome:
        """See `Player`. What the function leaves on the way is run, until quiet or for `for_ms`."""
        sim = Simulation(**{**self.options, **trial.options})
        try:
            self.build(sim)
            sim.run(for_ms=self.for_ms)
            answer = None if self.check is None else self.check(sim)
        except Exception as problem:
            return outcome_of(sim, *blamed(problem, self.build.__code__.co_filename if _plain(self.build) else ""))
        if answer is False:
            return outcome_of(sim, getattr(self.check, "__name__", "check"), "it is False")
        return failed_outcome(sim) if self.failing and sim.counts.failed else outcome_of(sim)


def failed_outcome(sim: Simulation, fingerprint: str | None = None) -> Outcome:
    """What a run came to in which a handler failed."""
    name, error = next((process.name, process.errors[0]) for process in sim.processes if process.errors)
    return outcome_of(sim, f"a handler of {name} failed", error, fingerprint)


def _plain(function: object) -> bool:
    return hasattr(function, "__code__")


class ScenarioReport(Protocol):
    """What a scenario says about a run: `aosim.scenario.Report`."""

    @property
    def unmet(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def ok(self) -> bool: ...

    simulation: Simulation
    fingerprint: str


class ScenarioLike(Protocol):
    """What can be run with other settings: `aosim.scenario.Scenario`."""

    def run(self, *, prepare: Callable[[Simulation], None] | None = None, **changed: Any) -> Any: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioWorld:
    """A world that a scenario makes and judges."""

    scenario: ScenarioLike
    failing: bool = False
    options: dict[str, Any] = field(default_factory=dict)  # settings of the scenario

    def play(self, trial: Trial) -> Outcome:
        """See `Player`."""
        made: list[Simulation] = []
        try:
            changed = {"journal": None, **self.options, **trial.options}
            report: ScenarioReport = self.scenario.run(prepare=made.append, **changed)
        except Exception as problem:
            if not made:
                raise
            return outcome_of(made[0], *blamed(problem))
        sim, fingerprint = report.simulation, report.fingerprint
        if report.unmet:
            where, problem_told = report.unmet[0]
            return outcome_of(sim, where, problem_told, fingerprint)
        if self.failing and not report.ok:
            return failed_outcome(sim, fingerprint)
        return outcome_of(sim, fingerprint=fingerprint)
