"""What came of a run: totals, findings, what still waits, and the line that repeats it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aosim.cli.live import clock_text
from aosim.cli.paper import Paper, clean, table
from aosim.fates import Counts
from aosim.faults import write_strikes
from aosim.simulation import Simulation

_WAITING_SHOWN = 8
_STRIKES_SHOWN = 8


def print_summary(
    paper: Paper, sim: Simulation, again: Sequence[str], *, counts: Counts | None = None, fingerprint: str | None = None
) -> None:
    """Print it. `counts` and `fingerprint` are those of the simulation unless an earlier state is meant."""
    counts, fingerprint = counts or sim.counts, fingerprint or sim.fingerprint
    _findings(paper, sim)
    _waiting(paper, sim, counts)
    _faults(paper, sim, counts)
    totals = ", ".join(
        [
            number_of(counts.failed, "error"),
            number_of(counts.dead_letter, "dead letter"),
            number_of(counts.begun, "message"),
            f"fingerprint {fingerprint[:8]}",
        ]
    )
    command = shlex.join(again)
    paper.line(paper.paint(totals, "red" if counts.failed else "green"))
    paper.line(f"again: {command}")
    paper.object(
        "summary",
        errors=counts.failed,
        dead_letters=counts.dead_letter,
        messages=counts.begun,
        counts=counts.as_dict(),
        strikes=[str(fault) for fault in sim.faults.strikes],
        findings=len(sim.findings),
        now_ms=sim.now_ms - sim.start_ms,
        fingerprint=fingerprint,
        again=command,
    )


def print_record(paper: Paper, sim: Simulation, path: Path | None, *, shown: str | None = None) -> None:
    """Say where the run is recorded, and what can be done with it. `shown` is the fingerprint that was told."""
    if path is None:
        return
    fingerprint = "" if shown in (None, sim.fingerprint) else f", with what was expected {sim.fingerprint[:8]}"
    name = shlex.quote(str(path))
    paper.line(f"recorded: {path}{fingerprint}. Go on: aosim resume {name}. Compare: aosim replay {name}")
    paper.object("record", file=str(path), entries=len(sim.journal), fingerprint=sim.fingerprint)


def _findings(paper: Paper, sim: Simulation) -> None:
    if sim.findings:
        rows = [(f"  {one.rule}", one.process, one.place, clean(one.detail)) for one in sim.findings]
        lines = table(rows)
        paper.line(f"{number_of(len(rows), 'finding')}: this works here, on the network it would not")
        told: set[str] = set()
        for finding, text in zip(sim.findings, lines, strict=True):
            paper.line(paper.paint(text, "yellow"))
            if finding.rule not in told:
                told.add(finding.rule)
                paper.line(f"    there: {finding.on_the_network}")
    for finding in sim.findings:
        paper.object("finding", **finding._asdict(), on_the_network=finding.on_the_network)


def _faults(paper: Paper, sim: Simulation, counts: Counts) -> None:
    strikes = sim.faults.strikes
    if strikes:
        kinds = Counter(str(fault).partition(" ")[0] for fault in strikes)
        told = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
        paper.line(f"{number_of(len(strikes), 'fault')} struck: {told}")
        if len(strikes) <= _STRIKES_SHOWN:
            paper.line(f"  exactly these: --strikes {shlex.quote(write_strikes(strikes))}")
    if counts.held:
        paper.line(f"{number_of(counts.held, 'message')} held")
    for fault in sim.faults.unmet:
        paper.line(paper.paint(f"planned, and never struck: {fault}", "yellow"))
        paper.object("unmet", fault=str(fault))


def _waiting(paper: Paper, sim: Simulation, counts: Counts) -> None:
    waiting = sim.scheduled
    if waiting:
        on_the_way = f", {number_of(counts.on_the_way, 'message')} on the way" if counts.on_the_way else ""
        paper.line(f"{len(waiting):,} still waiting{on_the_way}:")
        rows = [
            (f"  {clock_text(one.due_ms - sim.start_ms)}", one.kind, one.target, one.what)
            for one in waiting[:_WAITING_SHOWN]
        ]
        for text in table(rows):
            paper.line(text)
        if len(waiting) > _WAITING_SHOWN:
            paper.line(f"  and {len(waiting) - _WAITING_SHOWN:,} more")
    for process in sim.waiting:
        paper.line(f"{process.name}: {number_of(process.waiting, 'handler')} still waiting for a message")
        paper.object("waiting", kind="handler", target=process.name, count=process.waiting)
    for one in waiting:
        paper.object("waiting", at_ms=one.due_ms - sim.start_ms, kind=one.kind, target=one.target, what=one.what)


def number_of(count: int, what: str) -> str:
    """A count with its noun: "1 error", "2 errors"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
