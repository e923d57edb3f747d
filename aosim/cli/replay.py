"""`aosim resume` and `aosim replay`: to go on with a recorded run, and to do it again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aosim.cli.live import LiveLog
from aosim.cli.paper import Paper
from aosim.cli.run_python import functions_of
from aosim.cli.summary import print_record, print_summary
from aosim.errors import EndlessLoop, TooManyWaiting, UsageError
from aosim.network import Latency
from aosim.process import PythonHandler
from aosim.replay import Progress, Replay, replay, replay_process
from aosim.scenario.values import duration_ms, latency_of
from aosim.simulation import Simulation

_LONG = 20_000  # entries; what takes longer shows how far it is


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What a recorded run needs beside its file, and how it is shown."""

    handlers: Path | None = None
    latency: str | None = None
    as_json: bool = False

    def functions(self) -> Mapping[str, PythonHandler]:
        """The handlers of processes in Python, by the names of these."""
        return functions_of(self.handlers) if self.handlers is not None else {}

    def latency_model(self) -> Latency | None:
        return latency_of(self.latency, "--latency") if self.latency is not None else None


def resume(path: Path, given: Given, *, duration: str | None, quiet: bool) -> int:
    """Go on with a recorded run, print it, and return the exit code."""
    for_ms = duration_ms(duration, "--for") if duration is not None else None
    paper = Paper(as_json=given.as_json)
    sim = Simulation.resume(path, handlers=given.functions(), latency=given.latency_model())
    try:
        paper.line(f"{path}: goes on after {sim._engine.events:,} events")
        if not quiet:
            sim.observe(LiveLog(sim, paper, [process.name for process in sim.processes]))
        try:
            sim.run(for_ms=for_ms)
        except (EndlessLoop, TooManyWaiting) as problem:
            raise UsageError(f"{problem} On the command line --for TIME bounds the run.") from problem
        print_summary(paper, sim, ["aosim", "replay", str(path)])
        print_record(paper, sim, path)
        return 1 if sim.counts.failed else 0
    finally:
        sim.close()


def show_replay(path: Path, given: Given, *, process: str | None) -> int:
    """Do a recorded run again, print what came of it, and return the exit code: 3 when it diverged."""
    paper = Paper(as_json=given.as_json)
    with shown_progress("again") as progress:
        if process is not None:
            found = replay_process(path, process, handlers=given.functions(), progress=progress)
        else:
            found = replay(path, handlers=given.functions(), latency=given.latency_model(), progress=progress)
    print_replay(paper, found)
    return 0 if found else 3


def print_replay(paper: Paper, found: Replay) -> None:
    """What came of it."""
    divergence = found.divergence
    paper.line(paper.paint(f"{found.path}: {found}", "red" if divergence else "green"))
    paper.object(
        "replay",
        file=str(found.path),
        same=found.same,
        entries=found.entries,
        events=found.events,
        processes=found.processes,
        fingerprint=found.fingerprint,
        divergence=None if divergence is None else {key: plain(one) for key, one in divergence._asdict().items()},
    )


def plain(value: Any) -> Any:
    """A value of an entry as JSON can have it: bytes as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


@contextmanager
def shown_progress(what: str) -> Iterator[Progress | None]:
    """A bar on the terminal for what takes long; nothing anywhere else."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def show(done: int, count: int) -> None:
            bar.update(task, completed=done, total=count, visible=count >= _LONG)

        yield show
