"""A scenario and how it is played: make, send, run, judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from aosim.errors import InvariantBroken
from aosim.fates import Counts, DeadLetter
from aosim.findings import Finding
from aosim.handles import Run, Sent
from aosim.limits import Limits
from aosim.scenario.expect import judge
from aosim.scenario.model import Expectation, ItemPlan, MessagePlan, ProcessPlan, Settings
from aosim.scenario.values import with_addresses
from aosim.simulation import Simulation


class Judgement(NamedTuple):
    """An expectation, and why it is not met; "" when it is."""

    where: str
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a scenario did. `counts` and `fingerprint` are those before the expectations looked."""

    simulation: Simulation
    run: Run
    counts: Counts
    fingerprint: str
    judgements: tuple[Judgement, ...]
    failures_expected: bool

    @property
    def ok(self) -> bool:
        """Every expectation is met, and no handler failed that was not expected to."""
        return not self.unmet and (self.failures_expected or not self.counts.failed)

    @property
    def unmet(self) -> tuple[Judgement, ...]:
        """The expectations that are not met."""
        return tuple(one for one in self.judgements if one.problem)

    @property
    def dead_letters(self) -> list[DeadLetter]:
        return self.simulation.dead_letters

    @property
    def findings(self) -> list[Finding]:
        return self.simulation.findings

    @property
    def errors(self) -> list[str]:
        """ "name: file:line: reason" of every message that failed, by process."""
        return [f"{process.name}: {error}" for process in self.simulation.processes for error in process.errors]

    def __str__(self) -> str:
        lines = [f"{one.where}: {one.problem}" for one in self.unmet] + self.errors
        return "\n".join([str(self.run), *lines])


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Processes, wallets, a timeline and expectations; `run` makes a new simulation each time."""

    title: str
    settings: Settings = field(default_factory=Settings)
    wallets: tuple[str, ...] = ()
    items: tuple[ItemPlan, ...] = ()
    processes: tuple[ProcessPlan, ...] = ()
    messages: tuple[MessagePlan, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    invariants: tuple[Expectation, ...] = ()  # asked after every message; the first that is broken ends the run

    def run(self, *, prepare: Callable[[Simulation], None] | None = None, **changed: Any) -> Report:
        """Play it and judge its expectations.

        `prepare` is given the simulation while it is empty, to observe it. Other keywords change
        settings for this run: `seed=7`, `fidelity="network"`, `for_ms=60_000`.
        """
        return _play(replace(self, settings=replace(self.settings, **changed)), prepare)


def _play(scenario: Scenario, prepare: Callable[[Simulation], None] | None = None) -> Report:
    """Make a simulation of a scenario, run it, and judge what came of it."""
    settings = scenario.settings
    sim = Simulation(
        settings.seed,
        fidelity=settings.fidelity,
        latency=settings.latency,
        links=settings.links,
        order=settings.order,
        faults=settings.faults,
        start_ms=settings.start_ms,
        limits=Limits(hops_max=settings.hops_max),
        journal=settings.journal,
    )
    if prepare is not None:
        prepare(sim)
    for name in scenario.wallets:
        sim.wallet(name)
    for item in scenario.items:
        sim.upload(item.data, id=item.id, owner=item.owner, tags=_tags(sim, item.tags))
    for plan in scenario.processes:
        _spawn(sim, plan)
    labelled: dict[str, list[Sent]] = {}
    for message in scenario.messages:
        labelled.setdefault(message.label, []).extend(_send(sim, message))
    for one in scenario.invariants:
        sim.always(_check(one, sim), name=one.where, of=one.name if one.subject == "process" else None)
    broken, run = _run(sim, settings.for_ms)
    counts, fingerprint = sim.counts, sim.fingerprint
    if broken is None:
        judgements = tuple(Judgement(one.where, "") for one in scenario.invariants)
        judgements += tuple(Judgement(one.where, judge(one, sim, labelled)) for one in scenario.expectations)
    else:  # nothing can be said of an end that was not reached
        judgements = (Judgement(broken.invariant, broken.what),)
    return Report(
        simulation=sim,
        run=run,
        counts=counts,
        fingerprint=fingerprint,
        judgements=judgements,
        failures_expected=any(one.about_failure for one in scenario.expectations),
    )


def _check(invariant: Expectation, sim: Simulation) -> Callable[[], None]:
    def holds() -> None:
        problem = judge(invariant, sim, {}, now=True)
        if problem:
            raise AssertionError(problem)

    return holds


def _run(sim: Simulation, for_ms: int | None) -> tuple[InvariantBroken | None, Run]:
    try:
        return None, sim.run(for_ms=for_ms)
    except InvariantBroken as broken:
        waiting = sim.scheduled
        next_ms = waiting[0].due_ms if waiting else None
        return broken, Run(broken.event, sim.now_ms, "invariant", sim.counts.on_the_way, next_ms, ())


def _spawn(sim: Simulation, plan: ProcessPlan) -> None:
    sim.spawn(
        plan.source,
        name=plan.name,
        owner=plan.owner,
        tags=_tags(sim, plan.tags),
        cron=plan.cron,
        module=plan.module,
        on_boot=plan.on_boot,
    )


def _send(sim: Simulation, plan: MessagePlan) -> list[Sent]:
    data = None if plan.data is None else with_addresses(plan.data, sim.address_of)
    tags = _tags(sim, plan.tags)
    return [
        sim.send(plan.target, data, sender=plan.sender, tags=tags, at_ms=sim.start_ms + at_ms if at_ms else None)
        for at_ms in plan.at_ms
    ]


def _tags(sim: Simulation, tags: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(name, with_addresses(value, sim.address_of)) for name, value in tags]
