"""What can become of a message, and the counts that must add up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import NamedTuple

from aosim.message import Message


class Fate(StrEnum):
    """What became of a message. Every delivery ends in exactly one."""

    ON_THE_WAY = "on the way"
    HANDLED = "handled"
    INBOX = "inbox"  # no handler ended it, or it reached a wallet
    UNTRUSTED = "untrusted"
    NOT_ASSIGNABLE = "not assignable"
    FAILED = "failed"
    DROPPED = "dropped"
    DEAD_LETTER = "dead letter"
    CANCELLED = "cancelled"


#: How a process's verdict on a message (`Result.verdict`) names its fate.
FATE_OF_VERDICT = {
    "handled": Fate.HANDLED,
    "waiting": Fate.HANDLED,  # its handler waits for another message
    "inbox": Fate.INBOX,
    "untrusted": Fate.UNTRUSTED,
    "not-assignable": Fate.NOT_ASSIGNABLE,
    "failed": Fate.FAILED,
}


class DeadLetter(NamedTuple):
    """A message nobody answers to: kept, with its reason."""

    message: Message
    reason: str
    at_ms: int


@dataclass(slots=True)
class Counts:
    """How many messages began, and how each ended.

    Always: sent + duplicated + assigned + cron = the sum of all fates. `sent` counts messages from
    outside, those of processes and the network's Spawned notices; `assigned` the deliveries of a
    message to processes other than its target; `cron` the ticks.
    """

    sent: int = 0
    duplicated: int = 0
    assigned: int = 0
    cron: int = 0
    on_the_way: int = 0
    held: int = 0  # until they are released: a run does not wait for them
    handled: int = 0
    inbox: int = 0
    untrusted: int = 0
    not_assignable: int = 0
    failed: int = 0
    dropped: int = 0
    dead_letter: int = 0
    cancelled: int = 0

    @property
    def begun(self) -> int:
        """Deliveries that began."""
        return self.sent + self.duplicated + self.assigned + self.cron

    @property
    def ended(self) -> int:
        """Deliveries with a fate, on the way included."""
        return sum(self.as_dict().values()) - self.begun

    def as_dict(self) -> dict[str, int]:
        """All counts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
