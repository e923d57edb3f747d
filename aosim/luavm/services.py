"""What the host computes for a process that asks: hashes, ciphers, SQL, data from the weave.

A question is a service's name with texts, numbers and booleans; so is the answer. The name begins
with its room: "hashing.sha256" is `sha256` in the `SERVICES` of aosim/luavm/hashing.py. A room is
imported when something in it is asked for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from lupa.lua53 import LuaError

from aosim.errors import BorderError
from aosim.limits import Limits

#: What crosses the border.
Scalar = bytes | int | float | bool | None
#: Given the desk of the process and the question; returns the answer. The same questions in the same order give the
#: same answers. Raises ServiceRefused for what the author can mend.
Service = Callable[..., Sequence[Scalar]]

ROOMS = {
    b"hashing": "aosim.luavm.hashing",
    b"databases": "aosim.luavm.databases",
    b"reading": "aosim.luavm.reading",
    b"texts": "aosim.luavm.texts",
}

T = TypeVar("T")


class ServiceRefused(Exception):
    """A question that has no answer, in words for the author of the process."""


class ServiceFailed(LuaError):  # type: ignore[misc]
    """A fault of ours while a question was answered: the message fails, as with any fault of the runtime."""

    def __init__(self, name: bytes, problem: Exception) -> None:
        super().__init__(
            f"aosim could not answer {name.decode()!r}, which is a fault of aosim: "
            f"{type(problem).__name__}: {problem}. The message failed and left no trace; please report what it did"
        )


class PartMissing(Exception):
    """A function of the process, called while it asked something, needs a part that must be there from the start."""

    def __init__(self, part: bytes) -> None:
        super().__init__(part)
        self.part = part


class Desk:
    """Where one Lua runtime asks. It goes when the runtime goes, and what services keep for the process with it."""

    def __init__(
        self,
        call_back: Callable[..., Any],
        read_item: Callable[[str], str | None],
        *,
        process_id: str = "",
        limits: Limits | None = None,
    ) -> None:
        self.call_back = call_back  # (part, name, *scalars): runs a function of the runtime while a question waits
        self.read_item = read_item  # (id): the data of an item on Arweave, as far as the process may see it
        self.process_id = process_id
        self.limits = limits or Limits()
        self._kept: dict[type, Any] = {}

    def kept(self, kind: type[T]) -> T:
        """The one object of a kind that a service keeps for this process; made at the first call, without arguments."""
        found = self._kept.get(kind)
        if found is None:
            found = self._kept[kind] = kind()
        return found

    def all_kept(self) -> tuple[Any, ...]:
        """The objects that services keep for this process, in order of the names of their kinds."""
        return tuple(self._kept[kind] for kind in sorted(self._kept, key=lambda kind: kind.__qualname__))

    def keep(self, value: object) -> None:
        """Keep an object as if it had been made here."""
        self._kept[type(value)] = value

    def answer(self, name: bytes, *question: Scalar) -> tuple[Scalar, ...]:
        """True and the answer, or False and why there is none. Raises ServiceFailed for what no service may raise."""
        try:
            return (True, *find_service(name)(self, *question))
        except ServiceRefused as problem:
            return (False, str(problem).encode("utf-8", "surrogateescape"))
        except (BorderError, LuaError, MemoryError, PartMissing):
            raise
        except Exception as problem:
            raise ServiceFailed(name, problem) from problem


@cache
def find_service(name: bytes) -> Service:
    """A service by its full name. Raises BorderError when there is none."""
    room, _, word = name.partition(b".")
    if room in ROOMS:
        services: dict[bytes, Service] = import_module(ROOMS[room]).SERVICES
        if word in services:
            return services[word]
    raise BorderError(f"the runtime asked for the service {name!r}, which nobody offers")
