"""`aosim explore`: a scenario with many seeds, orders and faults, until something breaks."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any

from aosim.cli.options import Options
from aosim.cli.paper import Paper
from aosim.cli.run_files import check_kinds, scenario_of
from aosim.cli.run_python import compiled, play_file
from aosim.cli.summary import number_of
from aosim.errors import UsageError
from aosim.explore import Exploration, Failure, Outcome, Trial, blamed, explore, failed_outcome, outcome_of
from aosim.faults import write_strikes
from aosim.simulation import Simulation

_RUNS_A_WORKER = 50  # below that it is not worth starting another Python
_REMARK_SECONDS = 5.0  # between two remarks on how far it has got, where there is no terminal


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What stands on the command line beside what `aosim run` has."""

    seeds: int
    orders: bool = False
    failing: bool = False
    workers: int | None = None  # None: as many as there are processors, if there is enough to do


def show_exploration(options: Options, search: Search) -> int:
    """Explore, print what was found, and return the exit code: 1 when something broke, 0 when nothing did."""
    paper = Paper(as_json=options.as_json)
    if search.seeds < 1:
        raise UsageError(f"--seeds {search.seeds}: how many, from 1 up")
    changed = options.changed
    world, seed = _world(options, changed, failing=search.failing)
    faults = changed.pop("faults", None)
    with _progress(search.seeds, quiet=options.quiet or options.as_json) as progress:
        report = explore(
            world,
            seeds=range(seed, seed + search.seeds),
            orders=search.orders,
            faults=faults,
            workers=search.workers or max(1, min(os.cpu_count() or 1, search.seeds // _RUNS_A_WORKER)),
            progress=progress,
            **({} if isinstance(world, PythonFile) else {"failing": search.failing, **changed}),
        )
    again = _again(options, search, seed, report.found)
    _print(paper, report, shlex.join(again))
    return 0 if report.ok else 1


def _world(options: Options, changed: dict[str, Any], *, failing: bool) -> tuple[Any, int]:
    """What is explored, and the first seed. What is explored itself is taken out of `changed`."""
    check_kinds(options)
    order = changed.pop("order", None)
    if order is not None:
        raise UsageError("--order: explore draws orders, with --orders; one alone is run with aosim run --order")
    seed = changed.pop("seed", None)
    if options.files[0].suffix == ".py":
        own = {name: value for name, value in changed.items() if name != "faults"}
        compiled(options.files[0])
        return PythonFile(path=options.files[0], failing=failing, changed=own), seed or 0
    scenario = scenario_of(options)
    return scenario, scenario.settings.seed if seed is None else seed


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonFile:
    """A Python scenario, played as `aosim run` plays it; what it prints is nobody's."""

    path: Path
    failing: bool
    changed: dict[str, Any] = field(default_factory=dict)

    def play(self, trial: Trial) -> Outcome:
        """See `aosim.explore.Player`."""
        changed = {**self.changed, **trial.options}
        for_ms = changed.pop("for_ms", None)
        sim, code = Simulation(**changed), compiled(self.path)
        with redirect_stdout(StringIO()):
            try:
                play_file(self.path, code, sim, lambda: None)
                if for_ms is not None or sim.now_ms == sim.start_ms:
                    sim.run(for_ms=for_ms)
            except Exception as problem:
                return outcome_of(sim, *blamed(problem, str(self.path)))
        return failed_outcome(sim) if self.failing and sim.counts.failed else outcome_of(sim)


def _again(options: Options, search: Search, seed: int, found: Failure | None) -> list[str]:
    """The command that repeats what was found; without anything found, the exploration."""
    if found is not None:
        order, faults = str(found.trial.order) or None, found.trial.faults
        if faults is None:
            options = replace(options, faults=None, strikes=None)
        elif faults.exact:
            options = replace(options, faults=None, strikes=write_strikes(faults.strikes))
        return replace(options, order=order).again(found.trial.seed)
    words = options.again(seed)
    words[1] = "explore"
    words += ["--seeds", str(search.seeds)]
    return words + ["--orders"] * search.orders + ["--failing"] * search.failing


def _print(paper: Paper, report: Exploration, again: str) -> None:
    found = report.found
    if found is not None:
        _print_found(paper, found, report)
    totals = (
        f"{number_of(report.runs, 'run')}{_orders(report)}, {report.fingerprints:,} of them different, "
        f"{number_of(report.events, 'event')}, {report.seconds:.1f} s"
    )
    paper.line(paper.paint(f"{totals}: {'broken' if found is not None else 'nothing broke'}", _colour(report)))
    paper.line(f"again: {again}")
    paper.object(
        "summary",
        ok=report.ok,
        seeds=report.seeds,
        runs=report.runs,
        orders=report.orders,
        fingerprints=report.fingerprints,
        events=report.events,
        seconds=round(report.seconds, 3),
        again=again,
    )


def _orders(report: Exploration) -> str:
    if not report.orders:
        return ""
    return " in an order of its own" if report.runs == 1 else " in orders of their own"


def _colour(report: Exploration) -> str:
    return "green" if report.ok else "red"


def _print_found(paper: Paper, found: Failure, report: Exploration) -> None:
    strikes = found.trial.faults.strikes if found.trial.faults is not None else ()
    swaps = found.trial.order.swaps
    paper.line(paper.paint(f"broken: {found.where}: {found.problem}", "red"))
    paper.line(f"found with seed {found.trial.seed}, in run {report.runs:,}{_least(found, len(strikes) + len(swaps))}")
    for strike in strikes:
        paper.line(f"  {strike}")
    for event, behind in swaps:
        paper.line(f"  event {event} is the one that waits {number_of(behind, 'place')} behind")
    paper.object(
        "broken",
        where=found.where,
        problem=found.problem,
        seed=found.trial.seed,
        run=report.runs,
        strikes=[str(strike) for strike in strikes],
        swaps=[list(swap) for swap in swaps],
        strikes_found=found.strikes_found,
        swaps_found=found.swaps_found,
        tries=found.tries,
        events=found.events,
        fingerprint=found.fingerprint,
    )


def _least(found: Failure, left: int) -> str:
    """How much of what had been drawn is needed."""
    drawn = [
        number_of(count, what) + more
        for count, what, more in ((found.strikes_found, "fault", ""), (found.swaps_found, "change", " of order"))
        if count
    ]
    if not drawn:
        return ""
    if left == found.strikes_found + found.swaps_found:
        return f": {' and '.join(drawn)}"
    needed = {0: "none is needed", 1: "1 is enough"}.get(left, f"{left:,} are enough")
    return f": {' and '.join(drawn)}, of which {needed}"


@contextmanager
def _progress(runs: int, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """How far it has got: a bar on a terminal, else a remark now and then, both on stderr."""
    if quiet or sys.stderr is None:
        yield None
    elif not sys.stderr.isatty():
        yield _remarks(runs)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("exploring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=runs)
            yield lambda done: bar.update(task, completed=done)


def _remarks(runs: int) -> Callable[[int], None]:
    last = monotonic()

    def remark(done: int) -> None:
        nonlocal last
        if monotonic() - last >= _REMARK_SECONDS and done < runs:
            last = monotonic()
            sys.stderr.write(f"aosim: {done:,} of {runs:,} runs\n")

    return remark
