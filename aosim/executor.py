"""Who evaluates assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aosim.message import Assignment, Result
from aosim.process import Process


class Executor(Protocol):
    """Evaluates assignments that are due at one instant.

    Results come in the order of the assignments. Those of one process are evaluated in that order;
    different processes share nothing, so an executor may evaluate them side by side.
    """

    def evaluate(self, assignments: Sequence[Assignment]) -> list[Result]: ...


class SerialExecutor:
    """Evaluates one after the other, here."""

    def __init__(self, processes: Mapping[str, Process]) -> None:
        self._processes = processes

    def evaluate(self, assignments: Sequence[Assignment]) -> list[Result]:
        processes = self._processes
        if len(assignments) == 1:  # nearly always; spares the list its own frame
            (assignment,) = assignments
            return [processes[assignment.process_id].handle(assignment)]
        return [processes[assignment.process_id].handle(assignment) for assignment in assignments]
