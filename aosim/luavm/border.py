"""The one place where Lua values become Python values, and back.

Lua knows bytes, Python text. What is no UTF-8 is kept as lone surrogates ("surrogateescape") and so
comes back as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aosim.errors import BorderError


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
    no text or number are their text.
    """
    return _value(iter(flat))


def _value(flat: Iterator[object]) -> object:
    kind = next(flat)
    if kind == b"nil":
        return None
    if kind == b"plain":
        return next(flat)
    if kind == b"text":
        return _as_text(next(flat))
    if kind == b"table":
        return _table(flat)
    raise BorderError(f"the runtime described a value as {kind!r}, which nobody knows")


def _as_text(value: object) -> str:
    if not isinstance(value, bytes):
        raise BorderError(f"{value!r} crossed the border where text was expected")
    return to_text(value)


def _table(flat: Iterator[object]) -> object:
    count = next(flat)
    assert isinstance(count, int)
    pairs = [(_key(_value(flat)), _value(flat)) for _ in range(count)]
    if [key for key, _ in pairs] == list(range(1, count + 1)):
        return [value for _, value in pairs]
    return dict(pairs)


def _key(value: object) -> object:
    return value if isinstance(value, str | int | float) else str(value)
