"""Processes that sleep: what they answer, and that nobody notices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Simulation
from aosim.demo import Market, market
from aosim.errors import UsageError
from aosim.luavm import past
from aosim.luavm.bare import BareProcess
from aosim.luavm.sleeper import SleepyProcess
from aosim.sleeping import Attic

NODE = """
Count, Seen = 0, {}
Handlers.add("Pass", "Pass", function(msg)
  Count = Count + 1
  Seen[#Seen + 1] = msg.Data
  if msg.Fail then error("no") end
  local hops = tonumber(msg.Hops)
  if hops > 0 then
    Send({ Target = Names[Count % #Names + 1], Action = "Pass", Hops = tostring(hops - 1), Data = msg.Data .. Count })
  end
end)
Handlers.add("Wait", "Wait", function(msg)
  Seen[#Seen + 1] = Send({ Target = msg.Friend, Action = "Ask" }).receive().Data
end)
Handlers.add("Ask", "Ask", function(msg) msg.reply({ Data = Count .. "" }) end)
Handlers.add("Child", "Child", function(msg)
  Spawn(ao._module, { Tags = { ["On-Boot"] = "Data" }, Data = "Born = true" }).receive()
  Count = Count + 100
end)
"""
NAMES = ("a", "b", "c", "d", "e")


def _awake(sim: Simulation) -> int:
    processes = [resident.process for resident in sim._engine.residents.values()]
    return sum(isinstance(process, SleepyProcess) and process._vm is not None for process in processes)


def _world(operations: list[tuple[str, str, int]], resident_max: int | None) -> list[Any]:
    sim = Simulation(resident_max=resident_max)
    for name in NAMES:
        sim.spawn(NODE + "Names = { 'a', 'b', 'c', 'd', 'e' }", name=name)
    told: list[Any] = []
    for kind, name, number in operations:
        handle = sim.process(name)
        if kind == "send":
            handle.send("x", Action="Pass", Hops=str(number))
        elif kind == "fail":
            handle.send("y", Action="Pass", Hops="0", Fail="yes")
        elif kind == "wait":
            handle.send(Action="Wait", Friend=NAMES[number % 5])
        elif kind == "child":
            handle.send(Action="Child")
        elif kind == "run":
            told.append(sim.run(events_max=number * 3 + 1).events)
        elif kind == "look":
            told += [handle.read("Count"), handle.state["Seen"], handle.waiting, handle.eval("return Count")]
            told += [handle.query("q", Action="Ask"), handle.state_at(number % 2)["Count"]]
        elif kind == "fork":
            sim = sim.fork()
        else:
            told.append(handle.fork().name)
        if resident_max is not None:
            assert _awake(sim) <= resident_max
    sim.run()
    return [*told, sim.fingerprint, [sorted(handle.state) for handle in sim.processes], sim.process("a").read("Seen")]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(("send", "send", "run", "fail", "wait", "child", "look", "fork", "copy")),
        st.sampled_from(NAMES),
        st.integers(0, 6),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(OPERATIONS, st.integers(1, 3), st.booleans())
def test_nobody_notices_that_processes_sleep(
    operations: list[tuple[str, str, int]], resident_max: int, eager: bool
) -> None:
    expected = _world(operations, None)
    with pytest.MonkeyPatch.context() as patch:
        if eager:
            for name, value in (("_FIRST_LOOK", 2), ("_IMAGE_PRICE", 1), ("_PRICE_OF_BYTE", 0), ("_SHARE", 2)):
                patch.setattr(past, name, value)
        assert _world(operations, resident_max) == expected


def test_a_morning_at_the_market_has_the_same_fingerprint_when_most_processes_sleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = Market(quick=True)
    monkeypatch.setattr(market, "Simulation", partial(Simulation, resident_max=3))
    sleepy = Market(quick=True)
    for one in (plain, sleepy):
        assert len(list(one.play())) > 0
    assert _awake(sleepy.sim) == 3
    assert sleepy.sim.fingerprint == plain.sim.fingerprint


def test_no_more_than_so_many_processes_are_awake() -> None:
    sim = Simulation(resident_max=3)
    for number in range(10):
        sim.spawn(f"N = {number}", name=f"p{number}")
        assert _awake(sim) == min(number + 1, 3)
    assert [sim.process(f"p{number}").read("N") for number in range(10)] == list(range(10))
    assert _awake(sim) == 3
    fork = sim.fork()
    assert fork.process("p1").read("N") == 1
    assert _awake(sim) + _awake(fork) == 3


def test_what_wakes_often_gets_an_image_and_what_has_not_changed_is_not_written_again() -> None:
    sim = Simulation(resident_max=1)
    one, two = sim.spawn("N = 0 Handlers.add('T', 'T', function() N = N + 1 end)"), sim.spawn("")
    for _ in range(400):
        one.send(Action="T")
    sim.run()
    two.eval("return 1")
    process = sim._engine.residents[one.id].process
    assert isinstance(process, SleepyProcess)
    box = process._box
    assert one.read("N") == 400
    assert one.undo_cost.image_bytes > 0
    two.read("N")
    assert process._box is box


def test_processes_of_a_module_of_ones_own_sleep_too(tmp_path: Path) -> None:
    module = tmp_path / "module.lua"
    module.write_text(
        "Count = 0 return { handle = function(msg, ao) Count = Count + 1 "
        "if msg.Data == 'bad' then error('no') end return ao.result({ Output = tostring(Count) }) end }",
        encoding="utf-8",
    )
    told = []
    for resident_max in (None, 1):
        sim = Simulation(resident_max=resident_max)
        handles = [sim.spawn(name=f"p{number}", module=module) for number in range(3)]
        for number in range(600):
            handles[number // 40 % 3].send("bad" if number % 97 == 0 else "good")
        sim.run()
        told.append([sim.fingerprint, *(handle.read("Count") for handle in handles)])
        processes = [resident.process for resident in sim._engine.residents.values()]
        awake = sum(isinstance(one, BareProcess) and one._instance._runtime is not None for one in processes)
        assert awake == (resident_max or 3)
    assert told[0] == told[1]
    assert handles[0].undo_cost.image_bytes > 0


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "many"])
def test_a_number_of_processes_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="resident_max"):
        Simulation(resident_max=wrong)


def test_an_attic_keeps_bytes_as_long_as_their_boxes() -> None:
    attic = Attic()
    contents = [bytes([number]) * 1_000 for number in range(20)]
    boxes = [attic.put(content) for content in contents]
    assert [box.content for box in boxes] == contents
    del boxes[:10]
    boxes.append(attic.put(b"last"))
    assert [box.content for box in boxes] == [*contents[10:], b"last"]
    count: Callable[[], Any] = attic._file.execute("select count(*) from boxes").fetchone
    assert count() == (11,)


@pytest.mark.parametrize("resident_max", [None, 1, 2, 3])
@pytest.mark.parametrize("forked", [False, True])
def test_what_a_crash_made_a_process_forget_stays_forgotten_when_a_fork_of_it_sleeps(
    resident_max: int | None, forked: bool
) -> None:
    def end(resident_max: int | None, forked: bool) -> tuple[str, dict[str, object], int]:
        sim = Simulation(seed=1, resident_max=resident_max)
        code = "Handlers.add('Ask', 'Ask', function() Send({ Target = 'nobody' }).receive() end)"
        sim.spawn(f"{code} Handlers.add('N', 'N', function() NN = (NN or 0) + 1 end)", name="ask")
        others = [sim.spawn("X = 1", name=name) for name in "xyz"]
        sim.send("ask", Action="Ask")
        for other in others:
            sim.run()
            sim.send(other, "hi")
        sim.run()
        sim.crash("ask", for_ms=125, losing=2)
        sim = sim.fork() if forked else sim
        sim.send("ask", Action="N")
        for name in "xyz":
            sim.run()
            sim.send(name, "hi")
        sim.run()
        sim.send("ask", Action="Ask")
        sim.run()
        return sim.fingerprint, sim.process("ask").state, sim.process("ask").waiting

    assert end(resident_max, forked) == end(None, False)
