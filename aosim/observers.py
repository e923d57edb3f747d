"""The window: look in, never touch."""

from __future__ import annotations

from aosim.fates import DeadLetter
from aosim.faults import Fault, Hold
from aosim.message import Assignment, Message, Result


class Observer:
    """Sees every step of a run. Override what you want to see; the others cost next to nothing.

    What an observer is given cannot be changed, and while it looks the simulation refuses to be
    used: a run is the same with or without observers. One that raises is taken off, with a warning.
    """

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        """A message has left and will arrive at these times."""

    def on_assigned(self, assignment: Assignment) -> None:
        """A message has its place in a process's log and is about to be evaluated."""

    def on_result(self, assignment: Assignment, result: Result) -> None:
        """A process has answered an assignment; what it sends leaves after this."""

    def on_delivered(self, message: Message, now_ms: int) -> None:
        """A message has reached a wallet's inbox."""

    def on_fault(self, fault: Fault | Hold, message: Message | None, now_ms: int) -> None:
        """Something goes wrong on purpose: with a message, or with a process (then there is none)."""

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """Nobody answers to a message."""
