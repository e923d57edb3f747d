"""SleepyProcess: a Lua process that sleeps while others need the room."""

from __future__ import annotations

from typing import Any, Self

from aosim.luavm.past import Past, UndoCost
from aosim.luavm.process import LuaProcess
from aosim.luavm.vm import Vm
from aosim.message import Assignment, Result
from aosim.process import Host
from aosim.sleeping import Attic, Box, Dormitory

_ASLEEP = Past()  # stands for one that is in the attic


class SleepyProcess(LuaProcess):
    """Answers as any other. While it sleeps its Lua is gone and its past is in an attic."""

    def __init__(self, *arguments: Any, dormitory: Dormitory, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._dormitory = dormitory
        self._box: Box | None = None  # with its past, as it was when it last fell asleep
        self._in_box: tuple[object, ...] = ()  # what tells that past from later ones, while it is awake
        dormitory.use(self)

    def handle(self, assignment: Assignment) -> Result:
        """See `LuaProcess.handle`."""
        if self._vm is not None:
            self._dormitory.use(self)
        return super().handle(assignment)

    def sleep(self, attic: Attic) -> None:
        """Let go of its Lua, and put its past into the attic."""
        vm, past = self._vm, self._past
        if past is _ASLEEP:
            return
        if vm is not None:
            self._shorten_past(vm)
        self._vm, past = None, self._past
        if past.mark != self._in_box or self._box is None:
            self._box = attic.put(past.packed())
        self._past, self._log, self._in_box = _ASLEEP, _ASLEEP.log, ()

    def clone(self, host: Host | None = None) -> Self:
        """See `Process.clone`. That of one that sleeps costs nothing."""
        return self._with_past(_ASLEEP, host) if self._past is _ASLEEP else super().clone(host)

    def state_at(self, nonce: int) -> dict[str, object]:
        """See `LuaProcess.state_at`."""
        self._open_box()
        return super().state_at(nonce)

    def renamed(self, process_id: str) -> Self:
        """See `LuaProcess.renamed`."""
        self._open_box()
        return super().renamed(process_id)

    def fresh(self) -> Self:
        """See `LuaProcess.fresh`."""
        self._open_box()
        return super().fresh()

    @property
    def undo_cost(self) -> UndoCost:
        """See `LuaProcess.undo_cost`."""
        self._open_box()
        return super().undo_cost

    def _with_past(self, past: Past, host: Host | None = None) -> Self:
        other = super()._with_past(past, host)
        if past is not _ASLEEP:  # what lies in the box is the past of this one: the other may go another way
            other._box, other._in_box = None, ()
        return other

    def _rebuilt(self) -> Vm:
        self._open_box()
        vm = super()._rebuilt()
        self._dormitory.use(self)
        return vm

    def _open_box(self) -> None:
        if self._past is _ASLEEP:
            assert self._box is not None
            self._past = Past.unpacked(self._box.content)
            self._log = self._past.log
            self._in_box = self._past.mark
