"""Running a world with many seeds, orders and faults, until something breaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import Any

from aosim.checks import check_whole
from aosim.errors import UsageError
from aosim.explore.shrink import Shrinker
from aosim.explore.trials import Build, BuiltWorld, Judge, Outcome, Player, ScenarioWorld, Trial
from aosim.explore.workers import Progress, play_until_broken
from aosim.faults import Faults, write_strikes
from aosim.orders import Order
from aosim.simulation import Simulation

_TRIES_MAX = 2_000  # runs to make a discovery small
_RUNS_MAX = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What an exploration has found, made small.

    `trial` breaks `where` (an expectation, an invariant, a line of the world) each time it is
    played, and its run has the fingerprint. `strikes_found` and `swaps_found` count what had been
    drawn when it was found, `tries` the runs it took to make that small.
    """

    where: str
    problem: str
    trial: Trial
    events: int
    fingerprint: str
    strikes_found: int
    swaps_found: int
    tries: int

    @property
    def simulation(self) -> str:
        """The simulation in which the same calls break the same, as Python."""
        options = [f"seed={self.trial.seed}"]
        order, faults = self.trial.order, self.trial.faults
        if order.drawn is not None:
            options.append(f"order={order.drawn}")
        elif order.swaps:
            options.append(f'order=Order.parse("{order}")')
        if faults is not None and faults.exact:
            options.append(f'faults=Faults(strikes=read_strikes("{write_strikes(faults.strikes)}"), exact=True)')
        elif faults is not None:
            options.append(f"faults={faults!r}")
        return f"Simulation({', '.join(options)})"

    def make(self, **options: Any) -> Simulation:
        """A new simulation of that kind; `options` are further ones, as given to `explore`."""
        return Simulation(**{**options, **self.trial.options})

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}\nagain: {self.simulation}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exploration:
    """What an exploration came to. Equal for equal arguments, however many workers there were."""

    found: Failure | None
    seeds: int  # that were run
    runs: int
    events: int  # in all runs
    orders: int  # how many runs had an order drawn for them
    fingerprints: int  # how many different runs there were
    seconds: float = field(compare=False)  # that it took, making small included

    @property
    def ok(self) -> bool:
        """Nothing broke."""
        return self.found is None

    def __str__(self) -> str:
        text = (
            f"{_number(self.runs, 'run')} with {_number(self.seeds, 'seed')}, {self.fingerprints:,} of them different, "
            f"{_number(self.events, 'event')}"
        )
        return f"{text}: {'nothing broke' if self.found is None else self.found}"


def explore(
    world: Build | Any,
    *,
    check: Judge | None = None,
    seeds: Iterable[int] = range(100),
    orders: bool | int = False,
    faults: Faults | None = None,
    failing: bool = False,
    for_ms: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    **options: Any,
) -> Exploration:
    """Run a world with many seeds until something breaks, and make what broke it small.

    `world` is a function that makes processes and sends messages in the simulation it is given, or
    a scenario (`load_scenario(...)`), or any `Player`. After a function, the simulation is run until
    quiet, or for `for_ms`, and `check` is called with it. What counts as broken: an expectation or
    [[always]] of a scenario, an invariant (`Simulation.always`), an exception of the function or of
    `check`, a `check` that says False, a chain that does not end, and with `failing` a handler that
    fails.

    `orders` draws an order of simultaneous events for each run; a number gives each seed so many
    runs. `faults` strike at their rates, drawn from each seed. `options` are those of the
    simulation, or settings of the scenario: `latency=`, `fidelity=`.

    With `workers` above 1, runs are played in so many Pythons at once; the world then has to be a
    function of a module, and the report is the same. `progress` is told how many runs are done.
    Raises UsageError for a world that cannot be made.
    """
    seeds = list(islice(seeds, _RUNS_MAX + 1))
    check_whole("workers", workers, least=1, unit="")
    each = check_whole("orders", int(orders), unit="") if isinstance(orders, int) else -1
    if each < 0:
        raise UsageError(f"orders={orders!r}: True, or how many to draw for each seed")
    if len(seeds) * max(each, 1) > _RUNS_MAX:
        raise UsageError(f"no more than {_RUNS_MAX:,} runs are explored at once: give fewer seeds, or orders")
    player = _player(world, check, failing, for_ms, options)
    drawn = [Order(drawn=number) for number in range(1, each + 1)] or [Order()]
    trials = [Trial(seed=seed, order=order, faults=faults) for seed in seeds for order in drawn]
    began = perf_counter()
    outcomes = play_until_broken(player, trials, workers, progress)
    found = _small(player, trials[len(outcomes) - 1], outcomes[-1]) if outcomes and outcomes[-1].where else None
    return Exploration(
        found=found,
        seeds=-(-len(outcomes) // len(drawn)),
        runs=len(outcomes),
        events=sum(outcome.events for outcome in outcomes),
        orders=len(outcomes) if each else 0,
        fingerprints=len({outcome.fingerprint for outcome in outcomes}),
        seconds=perf_counter() - began,
    )


def _player(world: Any, check: Judge | None, failing: bool, for_ms: int | None, options: dict[str, Any]) -> Player:
    for taken in ("seed", "order"):
        if taken in options:
            raise UsageError(f"{taken}= is what is explored: give {taken}s= instead")
    if callable(getattr(world, "play", None)):
        if check is not None or failing or for_ms is not None or options:
            raise UsageError(f"{world!r} plays as it was made: give it check=, failing=, for_ms= and options there")
        player: Player = world
        return player
    if callable(getattr(world, "run", None)):
        if check is not None:
            raise UsageError("check=: a scenario has expectations of its own")
        if for_ms is not None:
            options["for_ms"] = for_ms
        return ScenarioWorld(scenario=world, failing=failing, options=options)
    if not callable(world):
        raise UsageError(f"explore({world!r}): give a function that makes a world, or a scenario")
    return BuiltWorld(build=world, check=check, failing=failing, for_ms=for_ms, options=options)


def _small(player: Player, trial: Trial, outcome: Outcome) -> Failure:
    shrinker = Shrinker(player, trial, outcome, _TRIES_MAX)
    shrinker.shrink()
    return Failure(
        where=outcome.where,
        problem=shrinker.outcome.problem,
        trial=shrinker.trial,
        events=shrinker.outcome.events,
        fingerprint=shrinker.outcome.fingerprint,
        strikes_found=len(outcome.strikes),
        swaps_found=len(outcome.swaps),
        tries=shrinker.tries,
    )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
