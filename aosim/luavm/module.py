"""ModuleInstance: a process evaluated as a compute unit does it, JSON in and JSON out."""

from __future__ import annotations

import json
from typing import Any

from lupa.lua53 import LuaError

from aosim.errors import BorderError
from aosim.luavm.border import to_bytes
from aosim.luavm.process import LuaProcess
from aosim.process_info import ProcessInfo

_NOBODY = ProcessInfo("", "", (), "")


class ModuleInstance:
    """The reference module to the letter ("network" fidelity).

    handle() takes a message and an environment as JSON types and answers {Output, Messages, Spawns,
    Assignments} or {Error}. A failing message, and a dry run, leave no trace.
    """

    def __init__(self, *, files: dict[str, str] | None = None) -> None:
        self._files = files or {}
        self._log: list[tuple[bytes, bytes]] = []
        self._stale = False
        self._process = _Vm()
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
            out = self._process.answer_json(*call)
            if isinstance(out, bytes):
                answer = json.loads(out.decode("utf-8", "replace"))
                return answer if isinstance(answer, dict) else {}
            self._process.want(out[1].decode())
            self._rebuild()

    def _open_files(self) -> None:
        for name, text in self._files.items():
            self._process.file(b"/data/" + to_bytes(name), to_bytes(text))

    def _rebuild(self) -> None:
        self._stale = False
        self._process.restart()
        self._open_files()
        for call in self._log:
            if not isinstance(self._process.answer_json(*call), bytes):
                raise BorderError("a message that was evaluated before asks for a library when replayed")


class _Vm(LuaProcess):
    """The runtime of a LuaProcess, reached by its JSON door."""

    def __init__(self) -> None:
        super().__init__(_NOBODY, fidelity="network")

    def answer_json(self, message: bytes, env: bytes) -> Any:
        return self._hand_over(self._call(b"json_door", b"answer", message, env))

    def file(self, path: bytes, text: bytes) -> None:
        self._file(path, text)

    def want(self, name: str) -> None:
        if name in self._wanted:
            raise BorderError(f"the runtime asked for {name!r} twice")
        self._wanted.add(name)

    def restart(self) -> None:
        self._start()


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
