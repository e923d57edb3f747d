"""Virtual time: whole milliseconds, forward only."""

from __future__ import annotations

from copy import copy
from typing import Self

#: Where a simulation's clock starts unless told otherwise: 2025-01-01T00:00:00Z.
START_MS = 1_735_689_600_000
#: The block at that moment, and how long each one lasts (Arweave aims at two minutes).
START_HEIGHT = 1_580_000
BLOCK_MS = 120_000


#: The last moment there is: what whole numbers of Lua, JavaScript and JSON hold alike.
TIME_MS_MAX = 2**53 - 1


class Clock:
    """The one clock of a simulation, in milliseconds since 1970. It moves only when told to."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self.start_ms = start_ms
        self.now_ms = start_ms
        self.block_height = START_HEIGHT  # of the newest block; one comes every two minutes

    def advance(self, now_ms: int) -> None:
        """Move to a moment; one that has passed leaves the clock where it is."""
        if now_ms > self.now_ms:
            self.now_ms = now_ms
            self.block_height = START_HEIGHT + (now_ms - self.start_ms) // BLOCK_MS

    def fork(self) -> Self:
        """Another clock that stands where this one does."""
        return copy(self)

    def block_ms(self, height: int) -> int:
        """When the block of that height comes."""
        return self.start_ms + (height - START_HEIGHT) * BLOCK_MS
