"""Durations, latencies and `$name` values as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from aosim.errors import UnknownName, UsageError
from aosim.network import Constant, Latency, Uniform

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"\s*(-?[0-9][0-9_]*)\s*([A-Za-z]+)\s*")


def duration_ms(text: object, where: str) -> int:
    """ "60s" in milliseconds. Raises UsageError, beginning with `where`, for anything else."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2] not in _UNIT_MS:
        raise UsageError(
            f'{where}: {text!r} is no duration. Write a whole number and a unit, as in "60s" (units: ms, s, m, h, d)'
        )
    if found[1].startswith("-"):
        raise UsageError(f"{where}: {text!r} is negative. Time only goes forward: write a duration from 0 up")
    return int(found[1]) * _UNIT_MS[found[2]]


def duration_text(milliseconds: int) -> str:
    """The shortest way to write a duration: 60000 as "1m"."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % _UNIT_MS[unit] == 0:
            return f"{milliseconds // _UNIT_MS[unit]}{unit}"
    return f"{milliseconds}ms"


def latency_of(text: str, where: str) -> Latency:
    """ "20ms" is the same for every message, "5ms..40ms" anything between the two."""
    low, dots, high = text.partition("..")
    if not dots:
        return Constant(duration_ms(low, where))
    low_ms, high_ms = duration_ms(low, where), duration_ms(high, where)
    if low_ms > high_ms:
        raise UsageError(f"{where}: {text!r}: the low bound comes first")
    return Uniform(low_ms, high_ms)


def check_reference(value: str, known: Collection[str], where: str) -> None:
    """Raise UsageError for a value `$name` that names nobody."""
    if value.startswith("$") and not value.startswith("$$") and value[1:] not in known:
        problem = UnknownName(value[1:], known)
        raise UsageError(
            f"{where}: {value!r} stands for the address of a name: {problem}. "
            f"For a text that begins with a dollar sign write {'$' + value!r}"
        )


def with_addresses(value: str, address_of: Callable[[str], str]) -> str:
    """A value with its `$name` replaced by that name's address, and `$$` by a dollar sign."""
    if value.startswith("$$"):
        return value[1:]
    return address_of(value[1:]) if value.startswith("$") else value
