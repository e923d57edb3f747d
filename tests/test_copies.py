"""Copies of single processes, and what a process was at earlier moments."""

from __future__ import annotations

from pathlib import Path

import pytest

from aosim import Context, Message, Simulation
from aosim.errors import NameTaken, UsageError

COUNTER = """
Count = Count or 0
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  if msg.Fail then error("no") end
  Send({ Target = ao.id, Action = "Noted", Data = tostring(Count) })
end)
Handlers.add("Noted", "Noted", function(msg) Noted = msg.Data end)
Handlers.add("Wait", "Wait", function(msg)
  local answer = Handlers.receive({ Action = "Go" })
  Waited = answer.Data
end)
"""


def test_a_copy_goes_its_own_way_and_writes_to_itself() -> None:
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    counter.send(Action="Add")
    sim.run()
    copy = counter.fork()
    assert (copy.name, copy.owner, copy.read("Noted")) == ("counter-2", counter.owner, "1")
    assert copy.id != counter.id
    copy.send(Action="Add")
    copy.send(Action="Add", Fail="yes")
    sim.run()
    assert (copy.read("Count"), copy.read("Noted"), copy.read("ao.id")) == (2, "2", copy.id)
    assert (counter.read("Count"), counter.read("Noted"), counter.read("ao.id")) == (1, "1", counter.id)
    assert copy.eval("return Count") == 2
    assert copy.fork(name="third").fork().name == "third-2"
    assert sim.process("third").read("Count") == 2


def test_a_copy_has_the_handlers_that_wait() -> None:
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    counter.send(Action="Wait")
    sim.run()
    copy = counter.fork()
    copy.send("now", Action="Go")
    sim.run()
    assert (copy.read("Waited"), counter.read("Waited"), counter.waiting) == ("now", None, 1)


def test_cron_ticks_in_a_copy_too() -> None:
    sim = Simulation()
    ticking = sim.spawn("Ticks = 0 Handlers.add('T', 'Tick', function() Ticks = Ticks + 1 end)", cron="1-minute")
    ticking.eval("Handlers.add('C', 'Cron', function() Ticks = Ticks + 1 end)")
    sim.run(for_ms=60_000)
    before = ticking.read("Ticks")
    copy = ticking.fork()
    sim.run(for_ms=60_000)
    assert copy.read("Ticks") == ticking.read("Ticks") > before


def test_a_copy_is_refused_a_name_that_is_taken_and_leaves_no_trace() -> None:
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    fingerprint = sim.fingerprint
    with pytest.raises(NameTaken):
        counter.fork(name="counter")
    assert (sim.fingerprint, len(sim.processes)) == (fingerprint, 1)


def test_processes_in_python_can_be_copied_and_looked_at() -> None:
    def count(me: Context, message: Message) -> None:
        if message.tag("Fail"):
            raise ValueError("no")
        me.state.setdefault("seen", []).append((me.id[:4], me.random.random()))

    sim = Simulation()
    counter = sim.spawn(count, name="counter")
    for _ in range(2):
        counter.send(Action="Add")
    sim.run()
    copy = counter.fork()
    for _ in range(150):
        copy.send(Action="Add")
    copy.send(Action="Add", Fail="yes")
    copy.send(Action="Add")
    sim.run()
    seen = copy.state["seen"]
    assert [name for name, _ in seen] == [counter.id[:4]] * 2 + [copy.id[:4]] * 151
    assert len(counter.state["seen"]) == 2
    assert [copy.state_at(nonce).get("seen", []) for nonce in (0, 1, 2, 3, 50, 152, 153, 154)] == [
        seen[:length] for length in (0, 1, 2, 3, 50, 152, 152, 153)
    ]


def test_processes_of_a_module_of_ones_own_can_be_copied_and_looked_at(tmp_path: Path) -> None:
    module = tmp_path / "module.lua"
    module.write_text(
        "Seen = {} return { handle = function(msg, ao) Seen[#Seen + 1] = ao.id:sub(1, 4) "
        "return ao.result({ Output = tostring(#Seen) }) end }",
        encoding="utf-8",
    )
    sim = Simulation()
    first = sim.spawn(name="first", module=module)
    first.send(Action="Add")
    sim.run()
    copy = first.fork()
    copy.send(Action="Add")
    sim.run()
    assert copy.read("Seen") == [first.id[:4]] * 2 + [copy.id[:4]]
    assert first.state_at(0)["Seen"] == copy.state_at(0)["Seen"] == [first.id[:4]]
    assert first.read("Seen") == [first.id[:4]] * 2


def test_an_earlier_state_can_be_read_by_the_nonce_of_its_message() -> None:
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    for _ in range(5):
        counter.send(Action="Add")
    sim.run()
    counts = [counter.state_at(nonce)["Count"] for nonce in range(11)]
    assert counts == [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5]
    for nonce in (-1, 11, "1"):
        with pytest.raises(UsageError, match="nonce"):
            counter.state_at(nonce)  # type: ignore[arg-type]


def test_a_run_with_copies_can_be_gone_on_with_forked_and_travelled(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = Simulation(journal=path)
    counter = sim.spawn(COUNTER, name="counter")
    counter.send(Action="Add")
    sim.run()
    copy = counter.fork(name="copy")
    copy.send(Action="Add")
    sim.run()
    fingerprint = sim.fingerprint
    there, last = sim.fork(), sim.events
    assert there.process("copy").read("Count") == 2
    there.goto(1)
    assert there.process("counter").read("Count") == 1
    there.goto(last)
    assert (there.fingerprint, there.process("copy").read("Count")) == (fingerprint, 2)
    sim.close()
    again = Simulation.resume(path)
    assert again.fingerprint == fingerprint
    assert again.process("copy").read("Noted") == "2"
    again.close()


def test_a_copy_that_crashes_and_forgets_comes_back_to_what_it_was_copied_from() -> None:
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    counter.send(Action="Add")
    sim.run()
    copy = counter.fork()
    for _ in range(3):
        copy.send(Action="Add")
    sim.run()
    sim.crash(copy, losing=1_000)
    sim.run()
    assert (copy.read("Count"), copy.read("Noted"), copy.read("ao.id")) == (1, "1", copy.id)
