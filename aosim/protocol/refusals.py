"""What a request can be refused for: the kinds of errors of the protocol."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that has no good answer. `kind` is one of the protocol's."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def as_error(self) -> dict[str, Any]:
        """What stands under `error` in the answer."""
        return {"kind": self.kind, "message": str(self)}


def bad_request(message: str) -> Refusal:
    """Missing or wrong fields."""
    return Refusal("bad-request", message)


def unknown(what: str, name: str) -> Refusal:
    """A handle that does not exist, or does not any more; `what` is instance, memory, net or process."""
    return Refusal(f"unknown-{what}", f"no such {what}: {name}")
