"""Values on their way between a process and its SQL database.

A text of Lua is any bytes, one of SQLite is Unicode. A byte that belongs to no UTF-8 character is kept in the
database as one character of its own, out of the last 128 of Unicode, and comes back as that byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_LAST = 0x10FF00  # + the byte, from 0x80 on
_LONE = {0xDC00 + byte: _LAST + byte for byte in range(0x80, 0x100)}
_LAST_BYTES = b"\xf4\x8f"  # how their UTF-8 begins, and that of the 4 096 before them
_TAKEN = re.compile(f"[{chr(_LAST + 0x80)}-{chr(_LAST + 0xFF)}]")


def to_sql(text: bytes) -> str:
    """A text of the process as SQLite gets it."""
    if _LAST_BYTES not in text:
        try:
            return text.decode()
        except UnicodeDecodeError:
            return text.decode("utf-8", "surrogateescape").translate(_LONE)
    # Characters that stand for bytes here are taken apart themselves.
    taken = _TAKEN.sub(
        lambda match: "".join(chr(_LAST + byte) for byte in match[0].encode()), text.decode("utf-8", "surrogateescape")
    )
    return taken.translate(_LONE)


def from_sql(text: str) -> bytes:
    """A text of SQLite as the process gets it."""
    data = text.encode()
    if _LAST_BYTES not in data:
        return data
    return _TAKEN.sub(lambda match: chr(ord(match[0]) - _LAST + 0xDC00), text).encode("utf-8", "surrogateescape")


def to_sql_value(value: Any) -> Any:
    """What is bound: texts, numbers, None; a boolean is 0 or 1."""
    if type(value) is bytes:
        return to_sql(value)
    return int(value) if type(value) is bool else value


def row_from_sql(row: Iterable[Any]) -> list[Any]:
    """What was found; a blob is its bytes."""
    return [from_sql(value) if type(value) is str else value for value in row]


def text_before_zero(text: bytes) -> str:
    """A text that C would read, up to its first zero."""
    return to_sql(text.partition(b"\0")[0])
