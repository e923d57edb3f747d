"""A Vm that goes on in a process made from an image of itself, before every message."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from lupa.lua53 import LuaRuntime

from aosim.errors import NotImaged
from aosim.luavm.image import ImagedVm


class HoppingVm(ImagedVm):
    """`hops` counts how often it did so, `stays` why it did not; both are of all of them."""

    __slots__ = ("_step_there",)
    hops = 0
    stays: ClassVar[Counter[str]] = Counter()

    def _begin(self, runtime: LuaRuntime) -> None:
        super()._begin(runtime)
        self._step_there = self.step
        self.step = self._hop_and_step

    def hop(self) -> None:
        try:
            image = self.image()
        except NotImaged as problem:
            HoppingVm.stays[problem.reason] += 1
            return
        self.restore(image)
        HoppingVm.hops += 1
        if HoppingVm.hops % 10 == 0:
            assert self.image() == image

    def _hop_and_step(self, *step: Any) -> Any:
        self.hop()
        return self._step_there(*step)

    def call(self, part: bytes, name: bytes, *arguments: Any) -> Any:
        if name == b"answer":
            self.hop()
        return super().call(part, name, *arguments)
