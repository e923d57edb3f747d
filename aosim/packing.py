"""Plain values as bytes and back: equal values give equal bytes, on every machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack

# The strict packer takes text as it is, at half the price of one that looks for lone surrogates.
_pack_clean: Callable[[object], bytes] = msgpack.Packer().pack
_pack_any: Callable[[object], bytes] = msgpack.Packer(unicode_errors="surrogateescape").pack


def pack(value: object) -> bytes:
    """Text, numbers, None and tuples of these as msgpack; surrogates become the bytes they stand for."""
    try:
        return _pack_clean(value)
    except UnicodeEncodeError:
        return _pack_any(value)


def unpack(packed: bytes) -> Any:
    """The value again; lists come back as tuples."""
    return msgpack.unpackb(packed, use_list=False, unicode_errors="surrogateescape")
