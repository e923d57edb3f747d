"""What a simulation may cost."""

from __future__ import annotations

from dataclasses import dataclass, fields

from aosim.checks import check_whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds of a simulation. Counted in work and bytes, never in seconds, so a slow machine agrees."""

    message_bytes_max: int = 10 * 2**20  # data and tags of one message from outside
    hops_max: int = 250_000  # messages in one chain, in a run without bounds
    children_max: int = 5_000  # processes that one chain makes, in a run without bounds
    waiting_max: int = 1_000_000  # messages on the way at once
    database_bytes_max: int = 64 * 2**20  # files of all SQL databases of one process
    database_steps_max: int = 100_000_000  # steps of the SQL engine for one message

    def __post_init__(self) -> None:
        for limit in fields(self):
            check_whole(limit.name, getattr(self, limit.name), unit="")
