"""ImagedModule: a ModuleRuntime whose state can be taken as bytes."""

from __future__ import annotations

from aosim.errors import NotImaged
from aosim.luavm.image import ImagedVm
from aosim.luavm.module import NOBODY, ModuleRuntime
from aosim.luavm.vm import Vm
from aosim.profiles import Profile


class ImagedModule(ModuleRuntime):
    """The same, at the price of an ImagedVm."""

    def image(self) -> bytes | None:
        """The state, or None when it has no such form at the moment, as when a handler waits.

        Files are no part of it: they are closed to the process until they are opened again.
        """
        self.open_files({})
        assert isinstance(self._vm, ImagedVm)
        try:
            return self._vm.image()
        except NotImaged:
            return None

    def _new_vm(self, profile: Profile) -> Vm:
        return ImagedVm(NOBODY, "network", profile)
