"""Playing many trials, in this Python or in several at once, with the same answers either way."""

from __future__ import annotations

import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, cast

from aosim.errors import AosimError, UsageError
from aosim.explore.trials import Outcome, Player, Trial

#: Told after each trial: how many are done.
Progress = Callable[[int], None]
_AHEAD = 4  # trials that a worker has been given and not answered, so that it never waits for the next


def play_until_broken(
    player: Player, trials: Sequence[Trial], workers: int, progress: Progress | None = None
) -> list[Outcome]:
    """The outcomes of the trials in their order, up to and including the first one that broke something.

    Raises what a trial raised, if nothing before it was broken.
    """
    if workers == 1 or len(trials) < 2:
        return list(_one_by_one(player, trials, progress or _nobody))
    return _side_by_side(player, trials, min(workers, len(trials)), progress or _nobody)


def _nobody(done: int) -> None:
    """Nobody wants to know."""


def _one_by_one(player: Player, trials: Sequence[Trial], progress: Progress) -> Iterator[Outcome]:
    for number, trial in enumerate(trials, 1):
        outcome = player.play(trial)
        yield outcome
        progress(number)
        if outcome.where:
            return


def _side_by_side(player: Player, trials: Sequence[Trial], workers: int, progress: Progress) -> list[Outcome]:
    """Later trials may be played in vain; their outcomes are dropped, so that nobody can tell."""
    found: dict[int, Outcome | AosimError] = {}
    end = len(trials)  # nothing behind the first that broke something is of interest
    waiting = deque(range(end))
    with _hired(player, workers) as hired:
        given: dict[Connection, list[int]] = {door: [] for door in hired}
        while True:
            for door, numbers in given.items():
                while waiting and waiting[0] < end and len(numbers) < _AHEAD:
                    number = waiting.popleft()
                    numbers.append(number)
                    door.send((number, trials[number]))
            busy = [door for door, numbers in given.items() if any(number < end for number in numbers)]
            if not busy:
                break
            for door in cast(list[Connection], wait(busy)):
                number, outcome = _answer(door, [trials[number] for number in given[door]])
                given[door].remove(number)
                found[number] = outcome
                progress(len(found))
                if not isinstance(outcome, Outcome) or outcome.where:
                    end = min(end, number + 1)
    outcomes = []
    for number in range(end):
        outcome = found[number]
        if not isinstance(outcome, Outcome):
            raise outcome
        outcomes.append(outcome)
    return outcomes


@contextmanager
def _hired(player: Player, workers: int) -> Iterator[dict[Connection, SpawnProcess]]:
    """So many Pythons that play; they end with the block."""
    try:
        packed = pickle.dumps(player)
    except (pickle.PicklingError, AttributeError, TypeError) as problem:
        raise UsageError(
            f"workers={workers}: what is to be played cannot be given to another Python ({problem}). "
            f"Let it be a function at the top level of a module, or play with workers=1"
        ) from None
    context = get_context("spawn")  # a fork would take threads and open files of the caller along
    hired: dict[Connection, SpawnProcess] = {}
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            worker = context.Process(target=_work, args=(theirs, packed), daemon=True)
            worker.start()
            theirs.close()
            hired[ours] = worker
        yield hired
    finally:
        for door, worker in hired.items():
            worker.terminate()
            worker.join()
            door.close()


def _answer(door: Connection, trials: list[Trial]) -> tuple[int, Outcome | AosimError]:
    try:
        answer: tuple[int, Outcome | AosimError] = door.recv()
    except (EOFError, OSError):
        seeds = ", ".join(str(trial.seed) for trial in trials)
        raise AosimError(
            f"a Python that played one of the seeds {seeds} has ended. Play them with workers=1 to see why"
        ) from None
    return answer


def _work(door: Connection, packed: bytes) -> None:
    """What a worker does: play what it is given, until nobody gives it anything."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked for the work ends it
    try:
        player: Any = pickle.loads(packed)
    except Exception as problem:
        player = _Broken(f"what is to be played cannot be made in another Python: {problem}. Play with workers=1")
    while True:
        try:
            number, trial = door.recv()
        except (EOFError, OSError):
            return
        try:
            outcome: Outcome | AosimError = player.play(trial)
        except Exception as problem:
            text = str(problem) if isinstance(problem, AosimError) else f"{type(problem).__name__}: {problem}"
            outcome = UsageError(text)
        door.send((number, outcome))


class _Broken:
    """Stands for a player that could not be made."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def play(self, trial: Trial) -> Outcome:
        raise UsageError(self._problem)
