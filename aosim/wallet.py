"""A wallet: an address with an inbox and no code."""

from __future__ import annotations

from aosim.ids import address_of
from aosim.message import Message


class Wallet:
    """Receives whatever is sent to its address and answers nothing.

    The address follows from the name alone, so a name has one address in every simulation.
    """

    def __init__(self, name: str, address: str | None = None) -> None:
        self.name = name
        self.address = address or address_of("wallet", name)
        self.inbox: list[Message] = []
        self.sent = 0  # counts its messages, so that two equal ones have two ids

    def fork(self) -> Wallet:
        """Another with the same inbox; from here on neither knows of the other."""
        other = Wallet(self.name, self.address)
        other.inbox, other.sent = self.inbox.copy(), self.sent
        return other
