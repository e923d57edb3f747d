"""A process that has `.crypto`, asked the way an author would."""

from __future__ import annotations

from typing import Any

from aosim import Simulation

_HELP = """
crypto = require('.crypto')
stream = crypto.utils.stream.fromString
bytes = crypto.utils.array.fromString
hex = crypto.utils.hex.stringToHex
"""


def literal(value: object) -> str:
    """A value as Lua source; bytes become a text."""
    if isinstance(value, bytes):
        return '"' + "".join(f"\\{byte:03d}" for byte in value) + '"'
    if isinstance(value, list):
        return "{" + ", ".join(map(literal, value)) + "}"
    return "nil" if value is None else repr(value)


class Asking:
    """Runs Lua in one process. It has `crypto`, and `stream`, `bytes` and `hex` for a text."""

    def __init__(self) -> None:
        self._process = Simulation().spawn(_HELP)

    def __call__(self, code: str, *arguments: object) -> Any:
        """What Lua text returns, its first value; the arguments are its `...`."""
        given = ", ".join(map(literal, arguments))
        return self._process.eval(f"local function run(...) {code} end local answer = run({given}) return answer")

    def error(self, code: str, *arguments: object) -> str:
        """The error text of Lua text that must fail."""
        given = "".join(f", {literal(argument)}" for argument in arguments)
        failed, text = self._process.eval(
            f"local ok, text = pcall(function(...) {code} end{given}) return {{ok, text}}"
        )
        assert failed is False, f"no error: {code}"
        return str(text)
