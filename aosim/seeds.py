"""One seed in, independent named streams of random numbers out."""

from __future__ import annotations

from hashlib import sha256
from random import Random


class Seeds:
    """`stream("network")` and `stream("faults")` never disturb each other's draws.

    The same seed and name give the same numbers on every machine.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, name: str) -> Random:
        """A new generator, at its beginning, for the part of that name."""
        digest = sha256(f"{self.seed}/{name}".encode()).digest()
        return Random(int.from_bytes(digest, "big"))
