"""What .base64 has the host do with long texts."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from aosim.luavm.services import Desk, Scalar


def base64(_: Desk, text: bytes) -> tuple[Scalar, ...]:
    """A text in the standard alphabet, with padding."""
    return (b2a_base64(text, newline=False),)


def unbase64(_: Desk, text: bytes) -> tuple[Scalar, ...]:
    """The text behind a regular one; None when it is not: then Lua does as the reference does."""
    try:
        return (a2b_base64(text, strict_mode=True),)
    except Error:
        return (None,)


SERVICES = {b"base64": base64, b"unbase64": unbase64}
