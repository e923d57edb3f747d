"""The whole state of a Lua process as bytes, and processes made from them.

The work is done in lua/later/: by image_plan.lua and image_boot.lua (what a started runtime consists of),
image_write.lua and image_read.lua. Here the code of the runtime's own functions is replaced by its name, the state that
Python keeps is added, and an image is checked before anything of it is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from importlib import import_module
from struct import unpack_from
from typing import cast

from lupa.lua53 import LuaRuntime

from aosim.errors import ImageRefused, NotImaged
from aosim.limits import Limits
from aosim.luavm import source
from aosim.luavm.border import to_text
from aosim.luavm.services import ROOMS
from aosim.luavm.vm import Vm
from aosim.packing import pack, unpack
from aosim.process_info import ProcessInfo
from aosim.profiles import AOS, Profile
from aosim.weave import Weave

_MAGIC = b"aosim image 1\n"
_DIGEST_BYTES = 16
_HEADER_BYTES = 33  # what Lua puts in front of every precompiled function


class ImagedVm(Vm):
    """A Vm whose state can be taken as bytes, and set to what such bytes say.

    It costs a fifth of a millisecond more at its start, and 50 kB for what it started with.
    """

    __slots__ = ("_run",)

    def _begin(self, runtime: LuaRuntime) -> None:
        begin, self._run = runtime.execute(_OPEN, source.library("image_boot"))
        super()._begin(runtime)
        doors = (self.step, self._provide, self._go_on, self._call, self.forget_parts)
        kind = self.kind
        if kind not in _plans:
            _plans[kind] = self._run(source.library("image_plan"), *doors)
        begin(*_plans[kind], *doors)

    def image(self, note: bytes = b"") -> bytes:
        """All that future results depend on, with a note of the caller's. Changes nothing.

        Equal states give equal bytes, on every machine of one kind. To be called between two steps,
        not after one that was given up or stopped by Lua. Raises NotImaged, with the path of the
        culprit, for what cannot be written down: handlers that wait and other coroutines that have
        begun and not ended, coroutines that have not begun, iterators of string.gmatch.
        """
        if self._run is None:
            return image_of(self, note)
        return _image(self, note, self._write())

    def restore(self, image: bytes) -> bytes:
        """Take the state of an image in the place of one's own; returns the note.

        What comes of every later step is what it would have been where the image was taken. Raises
        ImageRefused, and changes nothing, for bytes that are no image, or one of another runtime.
        """
        kind, note, state = unpack(_unsealed(image))
        if kind != self.kind:
            raise ImageRefused(f"it is one of a process of {' '.join(kind)!r}, this is one of {' '.join(self.kind)!r}")
        wanted, items_seen, kept, shapes, contents, codes = state
        foreign = [module for module, _, _ in kept if module not in ROOMS.values()]
        if foreign:
            raise ImageRefused(f"it names {foreign[0]}, which keeps nothing for processes")
        self._begin(source.new_runtime())
        self.wanted, self.items_seen = wanted, items_seen
        self._run(source.library("image_read"), shapes, contents, _codes_of(codes))
        self._restore_desk(kept)
        return cast(bytes, note)

    def fork(self) -> ImagedVm:
        """Another one in the same state; from here on neither knows of the other. Raises NotImaged."""
        return self.from_image(
            self.image(), self._info, self._fidelity.decode(), self._profile, self._weave, self._limits
        )

    @classmethod
    def from_image(
        cls,
        image: bytes,
        info: ProcessInfo,
        fidelity: str,
        profile: Profile = AOS,
        weave: Weave | None = None,
        limits: Limits | None = None,
    ) -> ImagedVm:
        """One that begins with the state of an image. `start` makes it what `info` says. Raises ImageRefused."""
        vm = cls.__new__(cls)
        vm._set(info, fidelity, profile, weave, limits)
        vm.restore(image)
        return vm

    def release(self) -> None:
        """Let go of what it takes to be imaged. What is left costs what a Vm costs, and `image_of` takes its images."""
        self._run = None

    @property
    def is_ready(self) -> bool:
        """Whether it has not been released."""
        return self._run is not None

    @classmethod
    def started_as(cls, other: Vm) -> ImagedVm:
        """One of the kind of another, which nobody has introduced yet."""
        vm = cls.__new__(cls)
        vm._take_after(other)
        vm._begin(source.new_runtime())
        return vm

    def template(self) -> bytes:
        """What `image_of` must know of a runtime of this kind. To be asked right after the start of the runtime."""
        return cast(bytes, self._run(source.library("image_template")))

    def _write(self) -> tuple[bytes, bytes, bytes]:
        out = self._run(*map(source.library, _WRITERS))
        if out[0] == b"refused":
            raise NotImaged(to_text(self._run(source.library("image_path"))), to_text(out[1]))
        return cast(tuple[bytes, bytes, bytes], out)

    def _restore_desk(self, kept: tuple[tuple[str, str, bytes], ...]) -> None:
        for module, name, value in kept:
            kind = getattr(import_module(module), name)
            self._open_desk().keep(kind.restore(value))


def image_of(vm: Vm, note: bytes = b"") -> bytes:
    """The image of any Vm, as `ImagedVm.image` takes it; the first of its kind costs some milliseconds more."""
    if isinstance(vm, ImagedVm) and vm.is_ready:
        return vm.image(note)
    parts = map(source.library, (*_WRITERS, "image_path"))
    out = vm.call_with_doors(b"image_late", b"image", _template(vm), *parts)
    if out[0] == b"refused":
        raise NotImaged(to_text(out[1]), to_text(out[2]))
    return _image(vm, note, out)


def lua_bytes_of(vm: Vm) -> int:
    """How much memory the Lua of a process takes, with what will be collected soon."""
    return cast(int, vm.call(b"image_late", b"size"))


def _template(vm: Vm) -> bytes:
    if vm.kind not in _templates:
        _templates[vm.kind] = ImagedVm.started_as(vm).template()
    return _templates[vm.kind]


def _image(vm: Vm, note: bytes, written: tuple[bytes, bytes, bytes]) -> bytes:
    shapes, contents, codes = written
    state = (vm.wanted, vm.items_seen, _desk_image(vm), shapes, contents, _code_names(codes))
    return _sealed(pack((vm.kind, note, state)))


def _desk_image(vm: Vm) -> tuple[tuple[str, str, bytes], ...]:
    kept = []
    for value in vm.kept():
        kind = type(value)
        if not hasattr(value, "image") or kind.__module__ not in ROOMS.values():
            raise NotImaged("the host", f"keeps a {kind.__name__} for it, which has no image")
        kept.append((kind.__module__, kind.__qualname__, value.image()))
    return tuple(kept)


_WRITERS = ("image_write", "image_texts", "image_keys")
_templates: dict[tuple[str, ...], bytes] = {}
_plans: dict[tuple[str, ...], tuple[bytes, bytes, bytes]] = {}  # by the kind of a Vm, see image_plan.lua
_OPEN = b"local code = ... return load(code, '=image', 'b', {})(_G)"


# Seals -----------------------------------------------------------------------------------------------------


def _sealed(content: bytes) -> bytes:
    body = _fingerprint() + content
    return _MAGIC + blake2b(body, digest_size=_DIGEST_BYTES).digest() + body


def _unsealed(image: bytes) -> bytes:
    body = image[len(_MAGIC) + _DIGEST_BYTES :]
    if not image.startswith(_MAGIC):
        raise ImageRefused("it is none, or one of another version of aosim")
    if image[len(_MAGIC) : len(_MAGIC) + _DIGEST_BYTES] != blake2b(body, digest_size=_DIGEST_BYTES).digest():
        raise ImageRefused("its bytes are damaged: the checksum is another")
    if body[:_DIGEST_BYTES] != _fingerprint():
        raise ImageRefused("it was made by another version of the runtime, or on another kind of machine")
    return body[_DIGEST_BYTES:]


# Code ------------------------------------------------------------------------------------------------------


@cache
def _chunks() -> tuple[bytes, ...]:
    """The runtime and all its parts and libraries, precompiled."""
    paths = [path for folder in ("lib", "later") for path in sorted((source.lua_folder() / folder).glob("*.lua"))]
    return (source.bundle(), *(source.library(path.stem) for path in paths))


@cache
def _fingerprint() -> bytes:
    """What the numbers in an image refer to: another runtime, or another machine's Lua, has another."""
    return blake2b(b"".join(_chunks()), digest_size=_DIGEST_BYTES).digest()


@cache
def _known_codes() -> tuple[tuple[bytes, ...], dict[bytes, int]]:
    """The code of every function of the runtime, and its place in that list."""
    codes = tuple(dict.fromkeys(code for chunk in _chunks() for code in functions_of(chunk)))
    return codes, {code: number for number, code in enumerate(codes)}


def _code_names(framed: bytes) -> tuple[int | tuple[int | bytes, bytes, bytes], ...]:
    """Codes as image_write.lua returns them, with numbers for those of the runtime; others apart from their source.

    The name of the file, which is the whole text for functions of a `load` without a name, is there once.
    """
    numbers, known = _known_codes()[1], dict[bytes, int]()
    names: list[int | tuple[int | bytes, bytes, bytes]] = []
    at = 0
    while at < len(framed):
        size = unpack_from("<I", framed, at)[0]
        code = framed[at + 4 : at + 4 + size]
        at += 4 + size
        number = numbers.get(code)
        if number is not None:
            names.append(number)
            continue
        end = _behind_text(code, 1)
        origin = code[1:end]
        names.append((known.get(origin, origin), code[:1], code[end:]))
        known.setdefault(origin, len(known))
    return tuple(names)


def _codes_of(names: tuple[int | tuple[int | bytes, bytes, bytes], ...]) -> bytes:
    codes, known, framed = _known_codes()[0], dict[bytes, None](), list[bytes]()
    origins: list[bytes] = []
    for name in names:
        if isinstance(name, int):
            code = codes[name]
        else:
            origin, upvalues, rest = name
            if isinstance(origin, int):
                origin = origins[origin]
            elif origin not in known:
                known[origin] = None
                origins.append(origin)
            code = upvalues + origin + rest
        framed += (len(code).to_bytes(4, "little"), code)
    return b"".join(framed)


# Precompiled Lua 5.3: a header, the number of upvalues, and a function: its source, four bytes each for its first and
# last line, one each for parameters, varargs and stack, then lists with their lengths in front: instructions,
# constants, upvalues (two bytes each), functions, and three for debugging, which are empty in ours.


def functions_of(chunk: bytes) -> Iterator[bytes]:
    """The function of a precompiled chunk without debug information and those in it, each as string.dump gives it
    without its header.
    """
    found: list[bytes] = []
    _read_function(chunk, _HEADER_BYTES + 1, found)
    return iter(found)


def _read_function(chunk: bytes, start: int, found: list[bytes]) -> int:
    at = _behind_text(chunk, start) + 11
    at += 4 + 4 * _int(chunk, at)
    count, at = _int(chunk, at), at + 4
    for _ in range(count):
        at = _behind_constant(chunk, at)
    upvalues = _int(chunk, at)
    at += 4 + 2 * upvalues
    count, at = _int(chunk, at), at + 4
    place = len(found)
    for _ in range(count):
        at = _read_function(chunk, at, found)
    at += 12
    found.insert(place, bytes((upvalues,)) + chunk[start:at])
    return at


def _int(chunk: bytes, at: int) -> int:
    return cast(int, unpack_from("<i", chunk, at)[0])


def _behind_constant(chunk: bytes, at: int) -> int:
    kind = chunk[at]
    if kind in (4, 20):  # texts
        return _behind_text(chunk, at + 1)
    return at + 1 + {0: 0, 1: 1, 3: 8, 19: 8}[kind]  # nil, boolean, float, integer


def _behind_text(chunk: bytes, at: int) -> int:
    """Where a text ends that begins with its length and one more: a byte, or 255 and eight; nothing is a 0."""
    size = chunk[at]
    if size == 255:
        return at + 8 + int.from_bytes(chunk[at + 1 : at + 9], "little")
    return at + max(size, 1)
