"""One process of a recorded run, evaluated again by itself: what it is given comes from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aosim.disk_journal import DiskJournal
from aosim.errors import UsageError
from aosim.inputs import World
from aosim.journal import MemoryJournal
from aosim.luavm.bundle import Source
from aosim.message import Message, Result, find_tag
from aosim.messenger import Chain, pushed, spawned
from aosim.network import Constant
from aosim.packing import pack, unpack
from aosim.patches import patch_of
from aosim.process import Process, PythonHandler, PythonProcess
from aosim.profiles import profile_of
from aosim.replay.redone import Progress, Replay
from aosim.replay.traffic import Evaluation, Member, Traffic
from aosim.scheduler import SCHEDULER_ID
from aosim.simulation import Simulation, as_recorded
from aosim.verified import Divergence, difference

_TOLD_EVERY = 256  # messages


class Workshop:
    """Makes processes as they were in a recorded run, with the weave they could read."""

    def __init__(self, world: World, traffic: Traffic, handlers: Mapping[str, PythonHandler]) -> None:
        calm = world._replace(latency=Constant(0), links=())
        self._sim = as_recorded(Simulation, calm, MemoryJournal(), None, None)
        self._traffic = traffic
        self._handlers = handlers
        self._items = 0

    @property
    def lenient(self) -> bool:
        return self._sim.fidelity == "docs"

    def make(self, member: Member, module: Source | None = None) -> Process:
        """The process, before its first message; from another module of the caller's own, if one is given."""
        if member.in_python:
            if member.name not in self._handlers:
                raise UsageError(
                    f"process {member.name!r} is a Python function, which no file can hold: "
                    f"give it as handlers={{{member.name!r}: ...}}, on the command line by --handlers FILE.py"
                )
            return PythonProcess(member.id, self._handlers[member.name])
        modules = dict(self._traffic.modules)
        if module is not None:
            modules[member.module_id] = module
        self._sim._spawner.modules.update(modules)
        return self._sim._spawner.lua_process(member.message, member.module_id)

    def provide(self, items: int) -> None:
        """Let the weave hold the first so many items of the record."""
        for item in self._traffic.items[self._items : items]:
            self._sim._engine.weave.add(item)
        self._items = max(self._items, items)


def replay_process(
    path: str | Path,
    name: str,
    *,
    handlers: Mapping[str, PythonHandler] | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Evaluate what one process of a recorded run was given, by itself, and compare what it answers.

    All other processes stay out of it, those in Python too. Raises as `replay` does, and UnknownName.
    """
    with DiskJournal.look(path) as journal:
        traffic = Traffic(journal)
        member = traffic.member(name)
        workshop = Workshop(journal.world(), traffic, handlers or {})
        process, count, entries = workshop.make(member), 0, 0
        found: Divergence | None = None
        for evaluation in traffic.of(member):
            workshop.provide(evaluation.items)
            result = process.handle(evaluation.assignment)
            found = first_difference(traffic, member, evaluation, result, lenient=workshop.lenient)
            if found is not None:
                break
            count += 1
            entries += 1 + len(evaluation.sent) + len(evaluation.spawned)
            if progress is not None and count % _TOLD_EVERY == 0:
                progress(evaluation.entry, len(journal))
        return Replay(
            path=Path(path),
            entries=entries,
            events=count,
            processes=1,
            fingerprint=journal.fingerprint,
            divergence=found,
        )


def first_difference(
    traffic: Traffic, member: Member, evaluation: Evaluation, result: Result, *, lenient: bool
) -> Divergence | None:
    """The first thing in which an answer is another than the recorded one."""
    message, _, nonce, _, timestamp_ms, height, chain, cron, _ = evaluation.assignment
    places = (message.id, member.id, nonce, timestamp_ms, height, cron)
    done = pack(("done", *places, result.verdict, result.error, result.output))
    cause = chain or message.id
    sent = _sent(traffic, member, result, evaluation, cause, lenient=lenient)
    authority = _authority(member) if lenient else ()
    children = []
    for number, request in enumerate(result.spawns):
        if find_tag(request.flat, "Authority") is None:
            request = request._replace(flat=request.flat + authority)
        children.append(spawned(request, member.id, SCHEDULER_ID, Chain(evaluation.pushed_for, cause, 0), number)[1])
    recorded = [(evaluation.entry, evaluation.done), *evaluation.sent, *evaluation.spawned]
    mine = [(done,), *sent, *((child,) for child in children)]
    for at in range(max(len(recorded), len(mine))):
        number, expected = recorded[at] if at < len(recorded) else (recorded[-1][0] + 1, pack(("nothing more",)))
        offered = mine[at] if at < len(mine) else (pack(("nothing more",)),)
        if expected not in offered:
            told = difference(unpack(expected), unpack(offered[0]))
            return Divergence(number, member.name, nonce, message.id, *told)
    return None


def _sent(
    traffic: Traffic, member: Member, result: Result, evaluation: Evaluation, cause: str, *, lenient: bool
) -> list[tuple[bytes, ...]]:
    """The entries of what was sent and published. A name may stand for an address by then, or not yet."""
    letters: list[tuple[bytes, ...]] = []
    patches: list[tuple[bytes, ...]] = []
    publishes = "patches" in profile_of(member.module_id).traits
    for asked in result.messages:
        patch = patch_of(asked) if publishes else None
        if patch is not None:
            patches.append((pack(("patched", member.id, patch)),))
            continue
        written = asked.target or ""
        resolved = traffic.names.get(written, written) if lenient else written
        number, chain = len(letters), evaluation.pushed_for
        letters.append(
            tuple(
                pushed(asked, target, member.id, member.module_id, chain, cause, number)[1]
                for target in dict.fromkeys((resolved, written))
            )
        )
    return letters + patches


def _authority(member: Member) -> tuple[str, ...]:
    flat = member.message.flat
    return tuple(part for at in range(0, len(flat), 2) if flat[at] == "Authority" for part in flat[at : at + 2])


def with_code(member: Member, message: Message, code: Source) -> Message:
    """A message that brought a process its code, with other code in it. Its id stays: the process is the same."""
    flat = list(message.flat)
    for at in range(0, len(flat), 2):
        if flat[at] == "Source-File":
            flat[at + 1] = code.chunk or flat[at + 1]
    return message._replace(data=code.text, flat=tuple(flat))
