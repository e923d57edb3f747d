"""The service by which a process reads what lies on Arweave, as the files /data/<id> of WeaveDrive."""

from __future__ import annotations

from aosim.luavm.border import to_bytes, to_text
from aosim.luavm.services import Desk, Scalar


def data(desk: Desk, identity: bytes) -> tuple[Scalar, ...]:
    """The data of an item; None when there is no such item, or was none when the message was first evaluated."""
    text = desk.read_item(to_text(identity))
    return (None if text is None else to_bytes(text),)


SERVICES = {b"data": data}
