"""Clones: processes in the state of another, that know nothing of it from there on."""

from __future__ import annotations

from pathlib import Path

import pytest

from aosim import Context, Message, ProcessHandle, Simulation

COUNTER = """
Count = Count or 0
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  if msg.Fail then error("no") end
  msg.reply({ Data = tostring(Count) })
end)
"""
MODULE = """
Count = 0
return { handle = function(msg, ao)
  Count = Count + 1
  return ao.result({ Output = tostring(Count) })
end }
"""


def _count(me: Context, message: Message) -> None:
    me.state.setdefault("seen", []).append(message.id)
    me.send("bob", Number=str(len(me.state["seen"])))


def _lua(sim: Simulation, _: Path) -> ProcessHandle:
    return sim.spawn(COUNTER, name="counter")


def _bare(sim: Simulation, folder: Path) -> ProcessHandle:
    module = folder / "module.lua"
    module.write_text(MODULE, encoding="utf-8")
    return sim.spawn(name="counter", module=module)


def _python(sim: Simulation, _: Path) -> ProcessHandle:
    return sim.spawn(_count, name="counter")


@pytest.mark.parametrize("spawn", [_lua, _bare, _python])
@pytest.mark.parametrize("stale", [False, True])
def test_a_clone_answers_as_its_origin_does_and_neither_notices_the_other(
    spawn: object, stale: bool, tmp_path: Path
) -> None:
    sim = Simulation()
    handle = spawn(sim, tmp_path)  # type: ignore[operator]
    for _ in range(3):
        handle.send(Action="Add")
    sim.run()
    if stale:
        handle.query(Action="Add")
    process = sim._engine.residents[handle.id].process
    message = sim.wallet("bob").send(handle, Action="Add").message
    assignment = sim._engine.scheduler.outside_log(message, handle.id)
    clone = process.clone()
    first = clone.handle(assignment)
    assert process.handle(assignment) == first
    second = clone.handle(assignment)
    assert second != first
    assert process.clone().handle(assignment) == second
    assert process.handle(assignment) == second
    assert clone.clone().dry_run(assignment) == process.dry_run(assignment) != second


def test_a_clone_can_do_what_its_origin_has_failed_at() -> None:
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    counter.send(Action="Add")
    counter.send(Action="Add", Fail="yes")
    sim.run()
    clone = sim._engine.residents[counter.id].process.clone()
    assert clone.read("Count") == 1  # type: ignore[attr-defined]
    assert counter.read("Count") == 1
