"""A module evaluated as a compute unit does it, JSON in and JSON out: ModuleRuntime and ModuleInstance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from lupa.lua53 import LuaError, LuaMemoryError

from aosim.errors import BorderError, NotImaged
from aosim.luavm.border import to_bytes
from aosim.luavm.image import ImagedVm, image_of, lua_bytes_of
from aosim.luavm.past import Image, Past, Step, is_step
from aosim.luavm.result_shape import malformed
from aosim.luavm.vm import LETTING_THROUGH, Vm
from aosim.process_info import ProcessInfo
from aosim.profiles import AOS, Profile

_NOWHERE = "?:-1: "  # the place of an error in the runtime, which carries no lines
#: Who a process is before its first message says so.
NOBODY = ProcessInfo("", "", (), "")


class ModuleFailed(Exception):
    """A module threw instead of answering. `value` is the bare JSON value it threw, usually a text."""

    def __init__(self, value: Any) -> None:
        super().__init__(value if isinstance(value, str) else json.dumps(value))
        self.value = value


class OutOfMemory(Exception):
    """There is not enough memory for what the process wants."""


class PartWanted(Exception):
    """A part of the runtime has to be there from the start: evaluate all again in a runtime that has it.

    The state of the runtime that raised this is spoilt.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, kw_only=True)
class ModuleCode:
    """What a process is made from: a version of aos, with Lua modules built into it, or a Lua text of one's own."""

    profile: Profile = AOS
    lua: str | None = None  # a chunk that returns a table with handle(msg, ao)
    chunk: str = ".process"  # what Lua calls it, as in a module made from aos; "@shop.lua" for a file
    boot: tuple[tuple[str, str], ...] = ()  # name and text of modules that the first message requires

    def check(self) -> None:
        """Raise ModuleFailed, with Lua's words, for text that does not parse."""
        if self.lua is not None or self.boot:
            ModuleRuntime(self)


class ModuleRuntime:
    """One state of a module, moved on by each message, in "network" fidelity.

    Nothing is undone here: a message that fails leaves the state as it was when it failed, as the
    memory that a module hands back does. Same state, same message, same environment: same answer.
    """

    _vm: Vm
    _door: bytes
    _open_paths: tuple[str, ...]

    def __init__(self, code: ModuleCode, parts: Iterable[str] = ()) -> None:
        self._take(code, self._new_vm(code.profile))
        parts = tuple(parts)
        if parts:
            for part in parts:
                self._vm.want(part)
            self._vm.start()
        if code.lua is not None:
            self._set(b"bare_module", b"load", to_bytes(code.lua), to_bytes(code.chunk))
        for name, text in code.boot:
            self._set(b"built_in", b"add", to_bytes(name), to_bytes(text))

    @classmethod
    def revived(cls, code: ModuleCode, image: bytes, parts: Iterable[str] = ()) -> Self:
        """A runtime of a module in the state of an image of another runtime of that module."""
        runtime = cls.__new__(cls)
        vm = ImagedVm.from_image(image, NOBODY, "network", code.profile)
        for part in parts:
            vm.bring(part)
        runtime._take(code, vm)
        return runtime

    def open_files(self, files: Mapping[str, str]) -> None:
        """Let the process read these texts at their paths, and no others."""
        for path in self._open_paths:
            self._vm.call(b"json_door", b"no_file", to_bytes(path))
        for path, text in files.items():
            self._vm.file(path, text)
        self._open_paths = tuple(files)

    def answer(self, message: bytes, env: bytes) -> bytes:
        """The result of one message, both and the result as JSON in UTF-8.

        What is no UTF-8 in the result is U+FFFD. Raises ModuleFailed, OutOfMemory and PartWanted;
        after the last two the runtime is good for nothing.
        """
        try:
            out = self._vm.call(self._door, b"answer", message, env)
        except LuaMemoryError as problem:
            raise OutOfMemory(str(problem)) from None
        except LuaError as problem:
            raise ModuleFailed(str(problem)) from None
        if not isinstance(out, bytes):
            raise self._problem(out)
        return out if _is_text(out) else out.decode("utf-8", "replace").encode()

    def read(self, name: str) -> object:
        """A global, or a field by a dotted path, read without running any code of the author."""
        return self._vm.read(name)

    def global_names(self) -> list[str]:
        """The globals the author has made, in order of their names."""
        return self._vm.global_names()

    def late_image(self) -> bytes:
        """The state as bytes, but for the files, which are closed from here on. Raises NotImaged."""
        self.open_files({})
        return image_of(self._vm)

    def lua_bytes(self) -> int:
        """How much memory the Lua takes, with what will be collected soon."""
        return lua_bytes_of(self._vm)

    def size_bytes(self) -> int:
        """How much memory the state takes."""
        out = self._vm.call(b"json_door", b"size")
        return out if isinstance(out, int) else 0

    def _take(self, code: ModuleCode, vm: Vm) -> None:
        self._vm = vm
        self._door = b"json_door" if code.lua is None else b"bare_module"
        self._open_paths = ()

    def _new_vm(self, profile: Profile) -> Vm:
        return Vm(NOBODY, "network", profile)

    def _set(self, part: bytes, name: bytes, *arguments: bytes) -> None:
        problem = self._vm.call(part, name, *arguments)
        if problem is not None:
            raise ModuleFailed(problem.decode("utf-8", "replace"))

    def _problem(self, out: Any) -> Exception:
        kind, value = (out[0], out[1]) if isinstance(out, tuple) else (b"", b"")
        if kind == b"threw":
            thrown = json.loads(value.decode("utf-8", "replace"))
            return ModuleFailed(thrown.removeprefix(_NOWHERE) if isinstance(thrown, str) else thrown)
        if kind == b"missing":
            return PartWanted(value.decode())
        if kind == b"failed":
            return ModuleFailed(out[3].decode("utf-8", "replace"))
        return BorderError(f"the runtime answered {out!r} to a message")


class ModuleInstance:
    """The reference module, evaluated message after message.

    handle() takes a message and an environment as JSON types and answers {Output, Messages, Spawns,
    Assignments} or {Error}; a malformed result of a module of one's own is an error. With `undo`, a
    failing message, and a dry run, leave no trace, as at a compute unit; without, a failing message
    leaves what it had done when it failed, as in the memory that the module itself hands back.
    """

    def __init__(
        self,
        *,
        files: dict[str, str] | None = None,
        profile: Profile = AOS,
        undo: bool = True,
        code: ModuleCode | None = None,
    ) -> None:
        self._files = {f"/data/{name}": text for name, text in (files or {}).items()}
        self._code = code or ModuleCode(profile=profile)
        self._undo = undo
        self.past = Past()
        self._parts: list[str] = []
        self._runtime: ModuleRuntime | None = None  # None: to be made again from its past

    def handle(
        self, message: dict[str, Any], env: dict[str, Any], *, dry_run: bool = False, nonce: int | None = None
    ) -> dict[str, Any]:
        """Evaluate one message, with its place in a log if it has one. Never raises for what it or the process do."""
        step = _step(json_bytes(message), json_bytes(env), nonce)
        if dry_run:
            self.shorten_past()
        elif len(self.past.log) >= self.past.look_at:
            runtime = self._current()
            if self.past.is_image_due(runtime.lua_bytes()):
                self._take_image(runtime)
        answer = self._answer(step)
        if dry_run or (self._undo and is_failure(answer.get("Error"))):
            self._runtime = None
        else:
            self.past.log.append(step)
        return answer

    def at(self, past: Past) -> Self:
        """Another in the state that a past leads to, which it goes on with. Its runtime is made when it is used."""
        other = copy(self)
        other.past, other._parts, other._runtime = past, self._parts.copy(), None
        return other

    def shorten_past(self) -> None:
        """Take an image if that is cheaper than to evaluate once more what has come since the last."""
        runtime, past = self._runtime, self.past
        if runtime is not None and past.is_long() and past.is_longer_than_image(runtime.lua_bytes()):
            self._take_image(runtime)

    def sleep(self) -> None:
        """Let go of the runtime."""
        self.shorten_past()
        self._runtime = None

    def read(self, name: str) -> object:
        """A global, or a field by a dotted path, read without running any code of the author."""
        return self._current().read(name)

    def global_names(self) -> list[str]:
        """The globals the author has made, in order of their names."""
        return self._current().global_names()

    def _answer(self, step: Step) -> dict[str, Any]:
        while True:
            try:
                answer = json.loads(self._current().answer(*_call(step)))
                problem = malformed(answer) if self._code.lua is not None else None
                if problem is not None and not _has_failed(answer):
                    return {"Error": problem}
                return answer if isinstance(answer, dict) else {}
            except ModuleFailed as problem:
                return {"Error": problem.value}
            except OutOfMemory as problem:
                return {"Error": str(problem)}
            except PartWanted as missing:
                self._parts.append(missing.name)
                self._runtime = None
                if missing.name == LETTING_THROUGH:  # nothing of an image can stay, see LuaProcess
                    self.past.forget_images()

    def _current(self) -> ModuleRuntime:
        if self._runtime is None:
            image = self.past.image
            if image is None:
                runtime = ModuleRuntime(self._code, self._parts)
            else:
                runtime = ModuleRuntime.revived(self._code, image.data, self._parts)
            runtime.open_files(self._files)
            for step in filter(is_step, self.past.log):
                _replay(runtime, step)
            self._runtime = runtime
            if self.past.owe() and self.past.would_pay(runtime.lua_bytes()):
                self._take_image(runtime)
        return self._runtime

    def _take_image(self, runtime: ModuleRuntime) -> None:
        try:
            self.past.take(Image(runtime.late_image(), ""))
        except NotImaged as problem:
            self.past.refuse(f"{problem.path or 'the runtime'} {problem.reason}")
        except LuaError as problem:  # too large for the memory there is; the state is what it was
            self.past.refuse(str(problem))
        finally:
            runtime.open_files(self._files)


def _step(message: bytes, env: bytes, nonce: int | None) -> Step:
    """A call as a `Past` keeps it."""
    return (b"", b"", message, 0, 0, nonce, 0, 0, env)


def _call(step: Step) -> tuple[bytes, bytes]:
    return step[2], step[-1]


def _replay(runtime: ModuleRuntime, step: Step) -> None:
    try:
        runtime.answer(*_call(step))
    except ModuleFailed:
        return  # as it did when it was evaluated for the first time


def _has_failed(answer: object) -> bool:
    return isinstance(answer, dict) and is_failure(answer.get("Error"))


def is_failure(error: object) -> bool:
    """Whether JavaScript takes it for true: objects and lists are, 0 and "" are not."""
    return isinstance(error, dict | list) or bool(error)


def json_bytes(value: object) -> bytes:
    """A JSON value as a process takes it."""
    return to_bytes(json.dumps(_whole(value), ensure_ascii=False))


def _is_text(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeError:
        return False
    return True


def _whole(value: Any) -> Any:
    """Floats that are whole numbers as integers, which is what JSON numbers are to a process."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
