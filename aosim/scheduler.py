"""The scheduler: which place a message takes in its process's log."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial

from aosim.clock import Clock
from aosim.ids import address
from aosim.message import Assignment, Message

#: The scheduler address that aoconnect's documentation uses; processes carry it as their Scheduler tag.
SCHEDULER_ID = "_GQ33BkPtZrqxA84vM8Zk-N2aO0toNNu_C-l-rawrBA"


# Assignment(...) takes twice as long as making the tuple it is, and each message has one.
_assignment: Callable[[tuple[object, ...]], Assignment] = partial(tuple.__new__, Assignment)


class _Log:
    """How far the log of one process has got."""

    __slots__ = ("hash_chain", "nonce")

    def __init__(self, process_id: str) -> None:
        self.nonce = 0
        self.hash_chain = address(process_id.encode())


class Scheduler:
    """Gives each process's messages their order.

    Nonces of a process count from 0 without gaps; each link of its hash chain names everything
    before it. The epoch is 0, as it is on the network today.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logs: dict[str, _Log] = {}

    def assign(self, message: Message, process_id: str) -> Assignment:
        """The next place in the process's log, at the time of the clock."""
        log = self._logs.get(process_id)
        if log is None:
            log = self._logs[process_id] = _Log(process_id)
        nonce = log.nonce
        log.nonce = nonce + 1
        log.hash_chain = chain = address((log.hash_chain + message.id).encode())
        clock = self._clock
        return _assignment((message, process_id, nonce, 0, clock.now_ms, clock.block_height, chain, False, False))

    def outside_log(self, message: Message, process_id: str, *, cron: bool = False) -> Assignment:
        """A cron message or a dry run: evaluated at this moment, without a place in the log."""
        clock = self._clock
        return Assignment(
            *(message, process_id, None, None, clock.now_ms, clock.block_height, ""),
            cron=cron,
            dry_run=not cron,
        )

    def branch(self, process_id: str, other_id: str) -> None:
        """Let the log of another process go on with the nonces of this one's."""
        self._logs[other_id] = log = _Log(other_id)
        log.nonce = self.nonce(process_id)

    def forget(self, process_id: str) -> None:
        """Drop a process's log: the process was never made."""
        self._logs.pop(process_id, None)

    def fork(self, clock: Clock) -> Scheduler:
        """Another with the same logs, at the time of another clock; from here on neither knows of the other."""
        other = Scheduler(clock)
        other._logs = {process_id: copy(log) for process_id, log in self._logs.items()}
        return other

    def nonce(self, process_id: str) -> int:
        """How many messages the process's log holds."""
        log = self._logs.get(process_id)
        return 0 if log is None else log.nonce
