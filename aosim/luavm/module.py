"""ModuleInstance: a process evaluated as a compute unit does it, JSON in and JSON out."""

from __future__ import annotations

import json
from typing import Any

from lupa.lua53 import LuaError

from aosim.errors import BorderError
from aosim.luavm.border import to_bytes
from aosim.luavm.vm import Vm
from aosim.process_info import ProcessInfo
from aosim.profiles import AOS, Profile

_NOBODY = ProcessInfo("", "", (), "")


class ModuleInstance:
    """The reference module to the letter ("network" fidelity).

    handle() takes a message and an environment as JSON types and answers {Output, Messages, Spawns,
    Assignments} or {Error}. A failing message, and a dry run, leave no trace.
    """

    def __init__(self, *, files: dict[str, str] | None = None, profile: Profile = AOS) -> None:
        self._files = files or {}
        self._log: list[tuple[bytes, bytes]] = []
        self._stale = False
        self._vm = Vm(_NOBODY, "network", profile)
        self._open_files()

    def handle(self, message: dict[str, Any], env: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Evaluate one message. Never raises for what the message or the process do."""
        if self._stale:
            self._rebuild()
        call = (_json(message), _json(env))
        try:
            answer = self._answer(call)
        except LuaError as problem:
            answer = {"Error": str(problem)}
        if dry_run or _failed(answer.get("Error")):
            self._stale = True
        else:
            self._log.append(call)
        return answer

    def _answer(self, call: tuple[bytes, bytes]) -> dict[str, Any]:
        while True:
            out = self._vm.call(b"json_door", b"answer", *call)
            if isinstance(out, bytes):
                answer = json.loads(out.decode("utf-8", "replace"))
                return answer if isinstance(answer, dict) else {}
            self._vm.want(out[1].decode())
            self._rebuild()

    def _open_files(self) -> None:
        for name, text in self._files.items():
            self._vm.file(f"/data/{name}", text)

    def _rebuild(self) -> None:
        self._stale = False
        self._vm.start()
        self._open_files()
        for call in self._log:
            if not isinstance(self._vm.call(b"json_door", b"answer", *call), bytes):
                raise BorderError("a message that was evaluated before asks for a library when replayed")


def _failed(error: object) -> bool:
    """Whether JavaScript takes it for true: objects and lists are, 0 and "" are not."""
    return isinstance(error, dict | list) or bool(error)


def _json(value: object) -> bytes:
    return to_bytes(json.dumps(_whole(value), ensure_ascii=False))


def _whole(value: Any) -> Any:
    """Floats that are whole numbers as integers, which is what JSON numbers are to a process."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
