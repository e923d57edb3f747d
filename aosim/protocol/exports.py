"""States as bytes: a record of the way to a state, which another run can take again.

The bytes are our own and mean something to the same version of aosim only: they say how a state was
reached, not what it is.
"""

from __future__ import annotations

import zlib
from hashlib import sha256
from typing import Any

import msgpack

from aosim.luavm.module import ModuleCode
from aosim.profiles import PROFILES
from aosim.protocol.refusals import bad_request
from aosim.protocol.runtimes import NO_FILES, Call, Files
from aosim.version import __version__

_MAGIC = b"aosim-state"
_FORMAT = 1
_SUM_BYTES = 16


def export_state(code: ModuleCode, calls: list[Call]) -> bytes:
    """A module and the calls that led from its fresh state to another, as bytes."""
    files: list[Files] = []
    places = []  # for each call, which of the files it has
    for call in calls:
        place = next((at for at, known in enumerate(files) if known is call.files), len(files))
        files += [call.files] * (place == len(files))
        places.append(place)
    record = {
        "profile": code.profile.name,
        "lua": code.lua,
        "boot": code.boot,
        "files": [dict(each) for each in files],
        "calls": [(call.message, call.env, place) for call, place in zip(calls, places, strict=True)],
    }
    packed = zlib.compress(msgpack.packb(record))
    head = b"%b %d %b\n" % (_MAGIC, _FORMAT, __version__.encode())
    return head + sha256(head + packed).digest()[:_SUM_BYTES] + packed


def import_state(data: bytes) -> tuple[ModuleCode, list[Call]]:
    """What was exported. Refuses, as a bad request, what is not ours, not whole, or of another version."""
    head, newline, rest = data.partition(b"\n")
    words = head.split(b" ")
    if words[0] != _MAGIC or len(words) != 3 or not newline:
        raise bad_request("data is no state that aosim exported")
    if words[1] != b"%d" % _FORMAT or words[2] != __version__.encode():
        written = f"aosim {words[2].decode('ascii', 'replace')}, format {words[1].decode('ascii', 'replace')}"
        raise bad_request(
            f"data was exported by {written}, this is aosim {__version__}, format {_FORMAT}: "
            f"repeat the messages and export again"
        )
    digest, packed = rest[:_SUM_BYTES], rest[_SUM_BYTES:]
    if sha256(head + newline + packed).digest()[:_SUM_BYTES] != digest:
        raise bad_request("data is damaged or not complete")
    try:
        return _read(msgpack.unpackb(zlib.decompress(packed)))
    except (zlib.error, ValueError, KeyError, IndexError, TypeError, AttributeError) as problem:
        raise bad_request(f"data is no state that this aosim understands: {problem!r}") from None


def _read(record: dict[str, Any]) -> tuple[ModuleCode, list[Call]]:
    boot = tuple((name, text) for name, text in record["boot"])
    code = ModuleCode(profile=PROFILES[record["profile"]], lua=record["lua"], boot=boot)
    files: list[Files] = [each or NO_FILES for each in record["files"]]
    return code, [Call(message, env, files[place]) for message, env, place in record["calls"]]
