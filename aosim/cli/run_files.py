"""`aosim run`: Lua processes, TOML scenarios and Python scenarios."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aosim.cli.live import LiveLog
from aosim.cli.paper import Paper
from aosim.cli.summary import number_of, print_summary
from aosim.errors import EndlessLoop, TooManyWaiting, UsageError
from aosim.scenario import Report, Scenario, load_scenario, lua_scenario
from aosim.scenario.values import duration_ms, latency_of
from aosim.simulation import FIDELITIES, Simulation

_KINDS = "a Python scenario (.py), a TOML scenario (.toml) or Lua files (.lua)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What stands on the command line after `aosim run`."""

    files: tuple[Path, ...]
    sends: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    seed: int | None = None
    duration: str | None = None
    fidelity: str | None = None
    latency: str | None = None
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
        return changed

    def again(self, seed: int) -> list[str]:
        """The command that repeats the run."""
        words = ["aosim", "run", *map(str, self.files)]
        for option, values in (("--wallet", self.wallets), ("--send", self.sends)):
            for value in values:
                words += [option, value]
        words += ["--seed", str(seed)]
        for option, text in (("--for", self.duration), ("--fidelity", self.fidelity), ("--latency", self.latency)):
            if text is not None:
                words += [option, text]
        return words


def run_files(options: Options) -> int:
    """Run what was given, print it, and return the exit code: 0 well, 1 a handler or an expectation failed."""
    kinds = {path.suffix for path in options.files}
    for path in options.files:
        if path.suffix not in (".py", ".toml", ".lua"):
            raise UsageError(f"{str(path)!r}: aosim runs {_KINDS}; the ending tells which")
    if kinds != {".lua"}:
        if len(options.files) > 1:
            raise UsageError("give one scenario, or any number of Lua files: a scenario names its own files")
        if options.sends or options.wallets:
            raise UsageError(
                f"--send and --wallet go with Lua files; {options.files[0].name} sends its own messages. "
                f"Write them there"
            )
    if kinds == {".py"}:
        from aosim.cli.run_python import run_python

        return run_python(options)
    if kinds == {".toml"}:
        return _run_scenario(options, load_scenario(options.files[0]))
    return _run_scenario(options, lua_scenario(options.files, options.sends, options.wallets))


def show(options: Options, paper: Paper, sim: Simulation, names: Iterable[str] = ()) -> None:
    """Let the log of a simulation be printed while it runs."""
    if not options.quiet:
        sim.observe(LiveLog(sim, paper, names))


@contextmanager
def repeatable(paper: Paper, again: Sequence[str]) -> Iterator[None]:
    """A run that goes on without end is stopped with an error; its log ends with the line that repeats it."""
    try:
        yield
    except (EndlessLoop, TooManyWaiting) as problem:
        paper.line(f"again: {shlex.join(again)}")
        raise UsageError(f"{problem} On the command line --for TIME bounds the run.") from problem


def _run_scenario(options: Options, scenario: Scenario) -> int:
    paper = Paper(as_json=options.as_json)
    names = [plan.name for plan in scenario.processes] + [*scenario.wallets]
    seed = options.changed.get("seed", scenario.settings.seed)
    with repeatable(paper, options.again(seed)):
        report = scenario.run(prepare=lambda sim: show(options, paper, sim, names), **options.changed)
    _print_expectations(paper, report)
    print_summary(
        *(paper, report.simulation, options.again(seed)),
        counts=report.counts,
        fingerprint=report.fingerprint,
    )
    return 0 if report.ok else 1


def _print_expectations(paper: Paper, report: Report) -> None:
    for one in report.judgements:
        paper.object("expectation", where=one.where, met=not one.problem, problem=one.problem)
        if one.problem:
            paper.line(paper.paint(f"not as expected: {one.where}: {one.problem}", "red"))
    if report.judgements and not report.unmet:
        paper.line(f"{number_of(len(report.judgements), 'expectation')} met")
