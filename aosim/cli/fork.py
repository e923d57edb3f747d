"""`aosim fork`: a recorded run from a point on, as a branch in a file of its own."""

from __future__ import annotations

from pathlib import Path

from aosim.branching import branch
from aosim.cli.paper import Paper
from aosim.cli.replay import Given


def show_fork(path: Path, journal: Path, given: Given, *, at: int | None) -> int:
    """Make the branch, say how to go on with it, and return the exit code."""
    sim = branch(path, journal, at=at, handlers=given.functions(), latency=given.latency_model())
    try:
        paper = Paper(as_json=given.as_json)
        if given.as_json:
            at_ms = sim.now_ms - sim.start_ms
            facts = {"run": str(path), "journal": str(journal), "events": sim.events, "fingerprint": sim.fingerprint}
            paper.object("fork", at_ms=at_ms, **facts)
        else:
            paper.line(f"{journal}: {path} up to event {sim.events:,}, fingerprint {sim.fingerprint[:8]}")
            paper.line(f"on with it: aosim resume {journal}")
        return 0
    finally:
        sim.close()
