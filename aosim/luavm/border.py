"""The one place where Lua values become Python values, and back.

Lua knows bytes, Python text. What is no UTF-8 is kept as lone surrogates ("surrogateescape") and so
comes back as it was.
"""

from __future__ import annotations

from collections.abc import Iterable

from aosim.errors import BorderError, UsageError


def to_bytes(text: str) -> bytes:
    """Text for Lua. Lone surrogates that stand for no byte become U+FFFD."""
    try:
        return text.encode()
    except UnicodeError:
        pass
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeError:
        return text.encode("utf-8", "replace")


def to_text(value: bytes) -> str:
    """Bytes of Lua as text, without loss."""
    try:
        return value.decode()
    except UnicodeError:
        return value.decode("utf-8", "surrogateescape")


def texts_to_bytes(texts: tuple[str, ...]) -> Iterable[bytes]:
    """Many texts at once."""
    try:
        return list(map(str.encode, texts))
    except UnicodeError:
        return [to_bytes(text) for text in texts]


def texts_of(values: Iterable[bytes]) -> tuple[str, ...]:
    """Many values at once."""
    values = tuple(values)
    try:
        return tuple(map(bytes.decode, values))
    except UnicodeError:
        return tuple(map(to_text, values))


def python_value(flat: Iterable[object]) -> object:
    """What the runtime described as flat values: tables 1..n as lists, others as dicts.

    Numbers, booleans and None are themselves; functions, threads and cycles are text. Keys that are
    no text or number are their text. Raises UsageError for a value the runtime could not describe.
    """
    values = iter(flat)
    done: list[object] = []  # what is read, keys and values in turn
    waiting: list[int] = []  # for each table that is being read: where it began in `done`, and how much it takes
    while True:
        kind = next(values)
        if kind == b"table":
            waiting += (len(done), 2 * _whole(next(values)))
        elif kind == b"text":
            done.append(_as_text(next(values)))
        elif kind == b"plain":
            done.append(next(values))
        elif kind == b"nil":
            done.append(None)
        elif kind == b"failed":
            raise UsageError(_TOO_LARGE)
        else:
            raise BorderError(f"the runtime described a value as {kind!r}, which nobody knows")
        while waiting and len(done) == waiting[-2] + waiting[-1]:
            began = waiting[-2]
            del waiting[-2:]
            done[began:] = [_table(done[began::2], done[began + 1 :: 2])]
        if not waiting:
            return done[0]


_TOO_LARGE = (
    "this value is too large, or too deep, to be looked at in one piece: look at a part of it, "
    "as read('Balances.alice') does"
)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _as_text(value: object) -> str:
    if not isinstance(value, bytes):
        raise BorderError(f"{value!r} crossed the border where text was expected")
    return to_text(value)


def _table(keys: list[object], values: list[object]) -> object:
    names = list(map(_key, keys))
    if names == list(range(1, len(names) + 1)):
        return values
    return dict(zip(names, values, strict=True))


def _key(value: object) -> object:
    if isinstance(value, bool):  # which Python takes for 1 and 0
        return str(value).lower()
    return value if isinstance(value, str | int | float) else str(value)
