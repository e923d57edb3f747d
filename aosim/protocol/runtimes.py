"""What evaluates calls: a runtime that stands at one state and moves on, and the maker of such runtimes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from aosim.errors import BorderError
from aosim.luavm.imaged_module import ImagedModule
from aosim.luavm.module import ModuleCode, ModuleRuntime, PartWanted

#: Path and text of what a process may read.
Files = Mapping[str, str]
NO_FILES: Files = MappingProxyType({})


class Call(NamedTuple):
    """What one evaluation is given: message and environment as JSON in UTF-8, and the files it may read."""

    message: bytes
    env: bytes
    files: Files


class Spoilt(Exception):
    """A runtime cannot go on; one that is made anew, and is given all the calls before, can.

    So it is with all runtimes and images that the same maker has made before.
    """


class Runtime(Protocol):
    """One state of a process. Equal calls in equal order make equal states and give equal answers."""

    @property
    def imageable(self) -> bool:
        """Whether it has been made so that it can give images."""

    def answer(self, call: Call) -> bytes:
        """Move on by a call: the result as JSON in UTF-8.

        Raises ModuleFailed when there is none (the state is then of no use to anybody), and Spoilt.
        """

    def image(self) -> bytes | None:
        """The state as bytes from which the same maker makes another runtime, or None when it has no such form.

        Only of a runtime that is imageable; those from images are.
        """

    def size_bytes(self) -> int:
        """How much memory it takes, roughly."""


class Maker(Protocol):
    """Makes the runtimes of one module."""

    def fresh(self, *, imageable: bool) -> Runtime:
        """A runtime that has been given nothing. One that can give images has a higher price."""

    def revive(self, image: bytes) -> Runtime:
        """A runtime in the state of an image."""


class ModuleMaker:
    """The maker of a module's runtimes."""

    def __init__(self, code: ModuleCode) -> None:
        self.code = code
        self.parts: list[str] = []  # what has been found to be needed from the start

    def fresh(self, *, imageable: bool) -> Runtime:
        """A runtime that has been given nothing. One that can give images has a higher price."""
        kind = ImagedModule if imageable else ModuleRuntime
        return _Standing(self, kind(self.code, self.parts))

    def revive(self, image: bytes) -> Runtime:
        """A runtime in the state of an image."""
        return _Standing(self, ImagedModule.revived(self.code, image))


_EACH = 16  # calls after which the size is looked at again


class _Standing:
    """A runtime of a module, with the files of its last call."""

    def __init__(self, maker: ModuleMaker, runtime: ModuleRuntime) -> None:
        self._maker = maker
        self._runtime = runtime
        self._files = NO_FILES
        self._calls = 0
        self._size_bytes = 0

    def answer(self, call: Call) -> bytes:
        if call.files is not self._files:
            self._runtime.open_files(call.files)
            self._files = call.files
        try:
            return self._runtime.answer(call.message, call.env)
        except PartWanted as missing:
            if missing.name in self._maker.parts:
                raise BorderError(f"the runtime asked for {missing.name!r} twice") from None
            self._maker.parts.append(missing.name)
            raise Spoilt(missing.name) from None

    @property
    def imageable(self) -> bool:
        return isinstance(self._runtime, ImagedModule)

    def image(self) -> bytes | None:
        assert isinstance(self._runtime, ImagedModule)
        self._files = NO_FILES
        return self._runtime.image()

    def size_bytes(self) -> int:
        if self._calls % _EACH == 0:
            self._size_bytes = self._runtime.size_bytes()
        self._calls += 1
        return self._size_bytes


class Packer:
    """Keeps calls in little room: messages of one process are much alike, and so are environments.

    Texts are compressed with the first of their kind as a dictionary; equal environments that come
    soon after each other are kept once.
    """

    def __init__(self) -> None:
        self._dictionaries: list[bytes] = []
        self._environments: dict[bytes, bytes] = {}

    def pack(self, call: Call) -> Call:
        """The same call, small."""
        if not self._dictionaries:
            self._dictionaries += (call.message[-_WINDOW:], call.env[-_WINDOW:])
        env = self._environments.get(call.env)
        if env is None:
            if len(self._environments) >= _ENVIRONMENTS_MAX:
                self._environments.clear()
            env = self._environments[call.env] = self._squeeze(call.env, 1)
        return Call(self._squeeze(call.message, 0), env, call.files)

    def unpack(self, packed: Call) -> Call:
        """The call that was packed."""
        return Call(self._expand(packed.message, 0), self._expand(packed.env, 1), packed.files)

    def _squeeze(self, text: bytes, kind: int) -> bytes:
        squeezer = zlib.compressobj(1, zlib.DEFLATED, -_WINDOW_BITS, 4, zdict=self._dictionaries[kind])
        return squeezer.compress(text) + squeezer.flush()

    def _expand(self, packed: bytes, kind: int) -> bytes:
        return zlib.decompressobj(-_WINDOW_BITS, zdict=self._dictionaries[kind]).decompress(packed)


_WINDOW_BITS = 12
_WINDOW = 3_000  # of the 4 096 bytes that compression looks back
_ENVIRONMENTS_MAX = 64
