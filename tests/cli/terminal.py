"""What the tests type, and what comes back."""

from __future__ import annotations

from collections.abc import Callable


class Typed:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


#: Types a command: `aosim("run", "shop.lua")`.
Terminal = Callable[..., Typed]
