"""The backend: one line in, one line out."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from aosim.luavm.module import ModuleFailed, OutOfMemory
from aosim.protocol import fields
from aosim.protocol.fields import Request
from aosim.protocol.instances import Instances
from aosim.protocol.modules import Modules
from aosim.protocol.net_ops import Nets
from aosim.protocol.refusals import Refusal, bad_request
from aosim.protocol.states import Room, Store
from aosim.protocol.wire import read_line, write_line
from aosim.version import __version__

PROTOCOL = "ao-module/1"
FEATURES = ("export", "files", "network")


class Backend:
    """Answers requests in the order they come. Whatever a line holds, it gets its one answer."""

    def __init__(self, room: Room | None = None) -> None:
        self.store = Store(room)
        modules = Modules(self.store)
        self._ops: dict[str, Callable[[Request], dict[str, Any]]] = {
            "hello": _hello,
            **Instances(modules).ops(),
            **Nets(modules).ops(),
        }

    def answer(self, line: bytes) -> bytes:
        """The answer to a line, as a line with its end. Never raises."""
        began = perf_counter_ns()
        identity = None
        try:
            request = read_line(line)
            if not isinstance(request, dict):
                raise bad_request("a request is an object")
            identity = request.get("id")
            good = self._carry_out(request)
            return write_line({"id": identity, "ok": True, **good, "time_us": _us_since(began)})
        except Exception as problem:
            bad = {"ok": False, "error": error_of(problem), "time_us": _us_since(began)}
        try:
            return write_line({"id": identity, **bad})
        except RecursionError:  # an id that can be read, and is too deep to be written
            return write_line({"id": None, **bad})

    def _carry_out(self, request: Request) -> dict[str, Any]:
        name = fields.text(request, "op")
        op = self._ops.get(name)
        if op is None:
            raise bad_request(f"unknown op {name!r}. Known: {', '.join(sorted(self._ops))}")
        return op(request)


def error_of(problem: Exception) -> dict[str, Any]:
    """What stands under `error` for an exception."""
    if isinstance(problem, Refusal):
        return problem.as_error()
    if isinstance(problem, ModuleFailed):
        return {"kind": "module", "message": str(problem), "value": problem.value}
    if isinstance(problem, RecursionError):
        return bad_request("nested too deeply").as_error()
    if isinstance(problem, OutOfMemory | MemoryError):
        return {"kind": "memory", "message": str(problem) or "not enough memory"}
    return {"kind": "internal", "message": f"{type(problem).__name__}: {problem}"}


def _hello(request: Request) -> dict[str, Any]:
    protocol = fields.text_or_none(request, "protocol")
    if protocol not in (None, PROTOCOL):
        raise Refusal("unsupported", f"this backend speaks {PROTOCOL}, not {protocol}")
    return {"protocol": PROTOCOL, "name": f"aosim {__version__}", "features": list(FEATURES)}


def _us_since(began_ns: int) -> int:
    return (perf_counter_ns() - began_ns) // 1_000
