"""Vm: one Lua runtime with the aos runtime in it, and the few functions it is reached by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from lupa.lua53 import LuaError, LuaRuntime

from aosim.errors import BorderError
from aosim.limits import Limits
from aosim.luavm import source
from aosim.luavm.border import python_value, texts_of, texts_to_bytes, to_bytes
from aosim.luavm.services import Desk, PartMissing
from aosim.process_info import ProcessInfo
from aosim.profiles import AOS, Profile
from aosim.weave import Weave

LETTING_THROUGH = "letting_through"  # the part that is not called, but changes what is there


def _versions(profile: Profile) -> tuple[bytes, ...]:
    """What makes the runtime another module's."""
    if profile is AOS:
        return ()
    return source.library("versions"), profile.calls_itself.encode(), " ".join(profile.traits).encode()


def _weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """The same method, without keeping what it belongs to."""
    weak = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        found = weak()
        assert found is not None  # only a Vm that runs has its desk asked
        return found(*arguments)

    return call


class Vm:
    """The runtime of one process. Nothing but bytes, numbers and booleans goes in and comes out.

    `step` evaluates a message; its answer goes through `hand_over`. `forget_parts` lets go of what
    only a boot needs. After `start` it is as new, but for the parts it has been found to want.
    """

    __slots__ = (
        "__weakref__",
        "_call",
        "_desk",
        "_fidelity",
        "_go_on",
        "_info",
        "_limits",
        "_profile",
        "_provide",
        "_runtime",
        "_weave",
        "forget_parts",
        "items_seen",
        "step",
        "wanted",
    )

    def __init__(
        self,
        info: ProcessInfo,
        fidelity: str,
        profile: Profile = AOS,
        weave: Weave | None = None,
        limits: Limits | None = None,
        wanted: tuple[str, ...] = (),
    ) -> None:
        self._set(info, fidelity, profile, weave, limits)
        self.wanted = wanted
        self.start()

    def _set(
        self, info: ProcessInfo, fidelity: str, profile: Profile, weave: Weave | None, limits: Limits | None
    ) -> None:
        self._info = info
        self._limits = limits
        self._weave = weave
        self._profile = profile
        self._fidelity = fidelity.encode()

    def _take_after(self, other: Vm) -> None:
        self._set(other._info, other._fidelity.decode(), other._profile, other._weave, other._limits)

    @property
    def kind(self) -> tuple[str, ...]:
        """Vms of one kind are equal until they are introduced."""
        return (self._fidelity.decode(), self._profile.calls_itself, *self._profile.traits)

    def kept(self) -> tuple[Any, ...]:
        """What services keep for the process."""
        return self._desk.all_kept() if self._desk else ()

    def start(self) -> None:
        """Begin anew, with nothing evaluated."""
        self._begin(source.new_runtime())
        self._introduce()

    def _begin(self, runtime: LuaRuntime) -> None:
        """Start the runtime of a process nobody has introduced yet."""
        self.step, self._provide, self._go_on, self._call, self.forget_parts = runtime.execute(
            source.bundle(), self._fidelity, *_versions(self._profile)
        )
        self._runtime = runtime
        self._desk: Desk | None = None
        self.items_seen = 0  # how many items of the weave there are for the process

    def _introduce(self) -> None:
        self._introduce_as(b"introduce")
        for name in self.wanted:
            self._provide(name.encode(), source.library(name), True)
        if LETTING_THROUGH in self.wanted:
            self.call(LETTING_THROUGH.encode(), b"begin")

    def _introduce_as(self, function: bytes) -> None:
        info = self._info
        self.call(
            *(b"environment", function),
            *map(to_bytes, (info.id, info.owner, info.module_id, info.module_owner)),
            len(info.flat),
            *texts_to_bytes(info.flat + info.module_flat),
        )

    def want(self, name: str) -> None:
        """Remember a part that was asked for where it could not be handed over: `start` brings it from now on.

        Raises BorderError when it had been brought: then the step would never end.
        """
        if name in self.wanted:
            raise BorderError(f"the runtime asked for {name!r} twice")
        self.wanted = tuple(sorted((*self.wanted, name)))

    def bring(self, name: str) -> None:
        """See to it that a part is there when it is asked for where it cannot be handed over."""
        if name not in self.wanted:
            self.want(name)
            self._provide(name.encode(), source.library(name), True)

    def rename(self, info: ProcessInfo) -> None:
        """Let it be another process from here on, which differs in its id."""
        self._info = info
        if self._desk is not None:
            self._desk.process_id = info.id
        self._introduce_as(b"rename")

    def hand_over(self, out: Any) -> Any:
        """Give the runtime the parts it stops for, answer what it asks, and take what it hands out in pieces."""
        pieces: list[Any] = []
        while type(out) is tuple:
            kind = out[0]
            if kind == b"need":
                self._provide(out[1], source.library(out[1].decode()))
                out = self._go_on()
            elif kind == b"ask":
                try:
                    out = self._go_on(*self._answer(out[1:]))
                except PartMissing as missing:
                    return b"missing", missing.part
            elif kind == b"more":
                pieces += out[1:]
                out = self._go_on()
            else:
                break
        return tuple(pieces) if pieces else out

    def _answer(self, question: tuple[Any, ...]) -> tuple[Any, ...]:
        return self._open_desk().answer(*question)

    def _open_desk(self) -> Desk:
        if self._desk is None:
            # A cycle would keep the Lua of a process that is gone until somebody collects garbage.
            call_back, read_item = _weakly(self._call_back), _weakly(self._read_item)
            self._desk = Desk(call_back, read_item, process_id=self._info.id, limits=self._limits)
        return self._desk

    def _read_item(self, identity: str) -> str | None:
        return None if self._weave is None else self._weave.read(identity, self.items_seen)

    def _call_back(self, part: bytes, name: bytes, *arguments: Any) -> Any:
        out = self.call(part, name, *arguments)
        if type(out) is tuple and out[0] == b"missing":
            raise PartMissing(out[1])
        return out

    def call(self, part: bytes, name: bytes, *arguments: Any) -> Any:
        """Call a function of a part of the runtime, with bytes, numbers and booleans."""
        return self.hand_over(self._call(part, name, *arguments))

    def call_with_doors(self, part: bytes, name: bytes, *arguments: Any) -> Any:
        """The same, with the functions by which the runtime is reached behind the other arguments."""
        doors = (self.step, self._provide, self._go_on, self._call, self.forget_parts)
        return self.call(part, name, *arguments, *doors)

    def look(self, name: bytes, *arguments: bytes) -> tuple[Any, ...]:
        """Call a function that looks at the process without running any code of it; `python_value` reads the answer."""
        try:
            out = self.call(b"looking", name, *arguments)
        except LuaError:  # more values than Lua can hand over at once
            return (b"failed",)
        if out is None:
            return ()
        return out if isinstance(out, tuple) else (out,)

    def read(self, path: str) -> object:
        """A global of the process, or a field by a dotted path."""
        return python_value(self.look(b"read", *map(to_bytes, path.split("."))))

    def global_names(self) -> list[str]:
        """The globals the author has made, in order of their names."""
        return list(texts_of(self.look(b"global_names")))

    def file(self, path: str, text: str) -> None:
        """Let the process read a text at a path."""
        self.call(b"environment", b"put_file", to_bytes(path), to_bytes(text))
