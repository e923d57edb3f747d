"""Kills a recorded run again and again, and sees whether anything was lost: `make reliability`.

A program follows a script: it makes a network, sends, lets it run, asks. It is ended by SIGKILL at
random moments, some of them inside a transaction of its journal, and started again. Each time the
record must hold what it had said was done, and nothing that an uninterrupted run does not have; in
the end the fingerprint must be that of the uninterrupted run.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from aosim import JournalError, Simulation, Uniform
from aosim.disk_journal import DiskJournal
from aosim.journal import MemoryJournal

LEDGER = """
Balances, Turn = {}, 0
Handlers.add("Break", "Break", function(msg) Turn = nil error("it is left as it was") end)
Handlers.add("Transfer", "Transfer", function(msg)
  local quantity = tonumber(msg.Tags.Quantity)
  Turn = Turn + 1
  Balances[msg.From] = (Balances[msg.From] or 0) - quantity
  Balances[msg.Tags.To] = (Balances[msg.Tags.To] or 0) + quantity
  Send({ Target = msg.Tags.To, Action = "Credit", Quantity = tostring(quantity) })
end)
"""
HOLDER = """
Left, Next, Ledger = 0, "", ""
Handlers.add("Go", "Go", function(msg)
  Left, Next, Ledger = tonumber(msg.Tags.Left), msg.Tags.Next, msg.Tags.Ledger
  Send({ Target = Ledger, Action = "Transfer", To = Next, Quantity = "1" })
end)
Handlers.add("Credit", "Credit", function(msg)
  Left = Left - 1
  if Left > 0 then Send({ Target = Ledger, Action = "Transfer", To = Next, Quantity = "1" }) end
end)
Handlers.add("Tick", "Cron", function()
  Left = Left + 2
  if Ledger ~= "" then Send({ Target = Ledger, Action = "Break" }) end
end)
"""
HOLDERS = 8


class Step(NamedTuple):
    """A call of the program: "make" and "send" come from outside, "wait" only lets time pass."""

    kind: str
    do: Callable[[Simulation], object]


def script(rounds: int, left: int) -> Iterator[Step]:
    """The calls of the program, in order. Those that only let time pass can be done twice."""
    names = [f"holder-{number}" for number in range(HOLDERS)]
    yield Step("make", lambda sim: sim.spawn(LEDGER, name="ledger"))
    for name in names:
        yield Step("make", partial(_spawn, name=name))
    for turn in range(rounds):
        for at, name in enumerate(names):
            yield Step("send", partial(_go, name=name, to=names[(at + turn + 1) % HOLDERS], left=left))
        yield Step("wait", partial(_run, end_ms=(turn + 1) * 90_000))
        yield Step("make", partial(Simulation.eval, process="ledger", code=f"Round = {turn} return Turn"))


def _spawn(sim: Simulation, name: str) -> None:
    sim.spawn(HOLDER, name=name, cron="1-minute" if name == "holder-0" else None)


def _go(sim: Simulation, name: str, to: str, left: int) -> None:
    sim.send(name, Action="Go", Left=str(left), Next=sim.address_of(to), Ledger=sim.address_of("ledger"))


def _run(sim: Simulation, end_ms: int) -> None:
    if sim.now_ms <= sim.start_ms + end_ms:
        sim.run(until=sim.start_ms + end_ms)


def new(journal: Path | None) -> Simulation:
    return Simulation(11, latency=Uniform(1, 400), journal=journal)


def follow(sim: Simulation, steps: Iterator[Step], told: Callable[[int, int], None]) -> None:
    """Do what of the script has not been done."""
    journal = sim.journal
    assert hasattr(journal, "inputs")
    done = sum(one.name != "advance" for one in journal.inputs())
    number = 0
    for step in steps:
        number += step.kind != "wait"
        if step.kind == "wait" or number > done:
            step.do(sim)
        if step.kind != "send":  # a message is not acknowledged before something is run
            told(number, sim._engine.events)


def child(path: Path, rounds: int, left: int, kill_at: int) -> None:
    """The program that is killed. It says after every call how far it is."""
    sim = Simulation.resume(path) if path.exists() else new(path)
    if kill_at:
        _kill_in_transaction(sim, kill_at)
    print("ready", len(sim.journal), sim._engine.events, flush=True)  # noqa: T201
    follow(sim, script(rounds, left), lambda *numbers: print("done", *numbers, flush=True))  # noqa: T201
    print("end", sim.fingerprint, flush=True)  # noqa: T201
    sim.close()


def _kill_in_transaction(sim: Simulation, steps: int) -> None:
    """End this program when SQLite has taken that many steps of its own."""
    left = [steps]

    def count() -> int:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    journal = sim.journal
    recorded = getattr(journal, "_recorded", journal)
    assert isinstance(recorded, DiskJournal)
    recorded._connection.set_progress_handler(count, 1)


@dataclass
class Summary:
    """What came of it all."""

    kills: int = 0
    in_transactions: int = 0
    rounds: int = 0
    unready: int = 0  # killed while the simulation was being made, or resumed
    resumed_ms: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        half = median(self.resumed_ms or [0])
        return (
            f"{self.kills} kills in {self.rounds} runs ({self.in_transactions} inside a transaction, {self.unready} "
            f"before it was ready); {len(self.resumed_ms)} resumed, half of them within {half:.0f} ms, "
            f"start of the program included; {len(self.problems)} problems"
        )


def reliability(
    folder: Path, *, kills: int, rounds: int, left: int, seed: int, told: Callable[[str], None] = lambda _: None
) -> Summary:
    """Kill that often; the summary has an empty list of problems when nothing was ever lost."""
    chance, summary = Random(seed), Summary()
    whole = new(None)
    follow(whole, script(rounds, left), lambda *_: None)
    assert isinstance(whole.journal, MemoryJournal)
    wanted = list(whole.journal.packed())
    first = _Child(folder / "uninterrupted.db", rounds, left, 0)
    first.wait_until_ready()
    began = time.perf_counter()
    first.finish()
    whole_s = time.perf_counter() - began
    while summary.kills < kills:
        path = folder / f"run-{summary.rounds}.db"
        acknowledged, share = (0, 0), 0.0
        for _ in range(min(chance.randint(1, 8), kills - summary.kills)):
            one = _kill_once(path, rounds, left, chance, (1 - share) * whole_s / 2)
            acknowledged, share = _look(path, one, wanted, acknowledged, summary)
            told(str(summary))
        last = _Child(path, rounds, left, 0)
        last.finish()
        if last.ready is not None:
            summary.resumed_ms.append(1e3 * last.ready_s)
        if last.fingerprint != whole.fingerprint:
            summary.problems.append(f"{path.name} ended as {last.fingerprint}, not as {whole.fingerprint}")
        summary.rounds += 1
        told(str(summary))
        path.unlink()
    return summary


def _kill_once(path: Path, rounds: int, left: int, chance: Random, within_s: float) -> _Child:
    """Start the program and kill it: at a moment, or at a step inside one of its transactions."""
    inside, early = chance.random() < 0.3, chance.random() < 0.1
    one = _Child(path, rounds, left, chance.randint(1, 600) if inside else 0)
    if not inside:
        if not early:
            one.wait_until_ready()
        one.kill_after(chance.uniform(0, within_s))
    one.finish()
    return one


def _look(
    path: Path, one: _Child, wanted: list[bytes], acknowledged: tuple[int, int], summary: Summary
) -> tuple[tuple[int, int], float]:
    """What a killed program has left: returns what it had said was done, and the share of the run that is there."""
    if one.killed:
        summary.kills += 1
        summary.in_transactions += one.kill_at > 0
        summary.unready += one.ready is None
    if one.error:
        summary.problems.append(f"{path.name}: {one.error}")
    if one.ready is not None and acknowledged != (0, 0):
        summary.resumed_ms.append(1e3 * one.ready_s)
        if one.ready[1] < acknowledged[1]:
            summary.problems.append(f"{path.name}: resumed after {one.ready[1]} events, {acknowledged[1]} were told")
    acknowledged = max(acknowledged, one.acknowledged)
    try:
        with DiskJournal.look(path) as seen:
            entries, inputs = list(seen.packed()), sum(each.name != "advance" for each in seen.inputs())
            if entries != wanted[: len(entries)]:
                summary.problems.append(f"{path.name}: its entries are not those of the uninterrupted run")
            if inputs < acknowledged[0] or seen.events < acknowledged[1]:
                summary.problems.append(f"{path.name}: {acknowledged} was told, {inputs}, {seen.events} is there")
            return acknowledged, len(entries) / len(wanted)
    except JournalError as problem:
        if acknowledged != (0, 0) or one.ready is not None:
            summary.problems.append(str(problem))
        for left_over in path.parent.glob(f"{path.name}*"):  # the simulation had not been made yet
            left_over.unlink()
    return acknowledged, 0.0


class _Child:
    """A program that follows the script, and what it has said."""

    def __init__(self, path: Path, rounds: int, left: int, kill_at: int) -> None:
        self._began = time.perf_counter()
        self.kill_at = kill_at
        words = ["child", str(path), "--rounds", str(rounds), "--left", str(left), "--kill-at", str(kill_at)]
        self._program = subprocess.Popen(
            [sys.executable, __file__, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.ready: tuple[int, int] | None = None
        self.ready_s = 0.0
        self.acknowledged = (0, 0)
        self.fingerprint = self.error = ""

    @property
    def killed(self) -> bool:
        return self._program.returncode == -signal.SIGKILL

    def wait_until_ready(self) -> None:
        assert self._program.stdout is not None
        self._hear(self._program.stdout.readline())

    def kill_after(self, seconds: float) -> None:
        try:
            self._program.wait(seconds)
        except subprocess.TimeoutExpired:
            self._program.kill()

    def finish(self) -> None:
        said, complaint = self._program.communicate()
        for line in said.splitlines(keepends=True):
            self._hear(line)
        if self._program.returncode not in (0, -signal.SIGKILL):
            self.error = complaint.strip()[-400:]

    def _hear(self, line: str) -> None:
        if not line.endswith("\n"):
            return  # it was killed in the middle of a word
        kind, *values = line.split()
        if kind == "ready":
            self.ready, self.ready_s = (int(values[0]), int(values[1])), time.perf_counter() - self._began
        elif kind == "done":
            self.acknowledged = (int(values[0]), int(values[1]))
        elif kind == "end":
            self.fingerprint = values[0]


def main() -> None:
    """As a program of its own: the harness, or (`child`) what it kills."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", nargs="?", default="harness", choices=("harness", "child"))
    options.add_argument("path", nargs="?", type=Path, default=Path("reliability"))
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--left", type=int, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kill-at", type=int, default=0)
    given = options.parse_args()
    if given.what == "child":
        child(given.path, given.rounds, given.left, given.kill_at)
        return
    given.path.mkdir(parents=True, exist_ok=True)
    end = "\r" if sys.stderr.isatty() else "\n"
    summary = reliability(
        given.path,
        kills=given.kills,
        rounds=given.rounds,
        left=given.left,
        seed=given.seed,
        told=lambda text: print(text, end=end, file=sys.stderr, flush=True),  # noqa: T201
    )
    print(summary, *summary.problems, sep="\n")  # noqa: T201
    for path in given.path.glob("*.db*"):
        path.unlink()
    given.path.rmdir()
    raise SystemExit(bool(summary.problems))


if __name__ == "__main__":
    main()
