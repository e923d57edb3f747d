"""What a simulation knows of a process that lives in it."""

from __future__ import annotations

from collections import deque
from copy import copy, deepcopy
from typing import Any

from aosim.cron import CronPlan
from aosim.message import find_tag
from aosim.process import Process
from aosim.profiles import profile_of

_OUTPUT_MAX = 10_000  # outputs kept per process


class Resident:
    """A process that lives here, and what the simulation knows of it."""

    __slots__ = (
        *("id", "name", "owner", "process", "module_id", "authority", "parent_id"),
        *("cron", "output", "errors", "prompt", "has_waited", "tree"),
    )

    def __init__(self, process_id: str, name: str, owner: str, flat: tuple[str, ...], process: Process) -> None:
        self.id = process_id
        self.name = name
        self.owner = owner  # who signed its Process message
        self.process = process
        self.module_id = find_tag(flat, "Module", "") or ""
        self.authority = tuple(
            part for at in range(0, len(flat), 2) if flat[at] == "Authority" for part in flat[at : at + 2]
        )
        self.parent_id: str | None = None
        self.cron: CronPlan | None = None
        self.output: deque[str] | tuple[()] = ()  # an empty deque takes as much room as one of 64
        self.errors: list[str] = []
        self.prompt = ""
        self.tree: dict[str, Any] | None = {} if "patches" in profile_of(self.module_id).traits else None
        self.has_waited = False  # one of its handlers has stopped for another message, and may still

    def fork(self, process: Process) -> Resident:
        """The same of a process that goes another way from here on; neither knows of the other."""
        other = copy(self)
        other.process = process
        other.cron = None if self.cron is None else self.cron.fork()
        other.output = self.output.copy() if self.output else ()
        other.errors = self.errors.copy()
        other.tree = None if self.tree is None else deepcopy(self.tree)
        return other

    def keep_output(self, text: str) -> None:
        """Remember what the process has printed; of very much the latest."""
        if not isinstance(self.output, deque):
            self.output = deque(maxlen=_OUTPUT_MAX)
        self.output.append(text)
