from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Context, Message, Simulation
from aosim.journal import MemoryJournal
from aosim.packing import unpack
from aosim.replay import Difference, diff
from replay.test_replay import ACTIONS, make_world

COUNTER = """
Count = 0
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  print("from " .. msg.From .. " to " .. ao.id)
  msg.reply({ Count = tostring(Count), Self = ao.id })
end)
"""


def _record(path: Path, *, code: str = COUNTER, seed: int = 0, adds: int = 5, latency: int = 10) -> Path:
    with closing(Simulation(seed, latency=latency, journal=path)) as sim:
        counter = sim.spawn(code, name="counter")
        for number in range(adds):
            sim.wallet("alice").send(counter, Action="Add", Number=str(number))
            sim.run()
    return path


@settings(max_examples=8)
@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_a_run_is_the_same_as_itself_done_again(tmp_path_factory: pytest.TempPathFactory, actions: list[str]) -> None:
    folder = tmp_path_factory.mktemp("run")
    for name in ("one.db", "two.db"):
        make_world(folder / name, actions).close()
    found = diff(folder / "one.db", folder / "two.db")
    assert found.same
    assert found.made == ()
    assert str(found) == f"the same: {found.entries[0]:,} entries"


def test_code_that_does_the_same_is_told_but_no_difference(tmp_path: Path) -> None:
    one, other = _record(tmp_path / "a.db"), _record(tmp_path / "b.db", code=COUNTER + "-- a word more\n", seed=2)
    found = diff(one, other)
    assert found
    assert found.made == (
        Difference("seed", 0, 2),
        Difference("code of counter, line 8", "", "-- a word more"),
    )


def test_the_first_difference_is_named_with_its_event_and_what_was_before(tmp_path: Path) -> None:
    changed = COUNTER.replace("tostring(Count)", "tostring(Count > 2 and Count + 1 or Count)")
    one, other = _record(tmp_path / "a.db"), _record(tmp_path / "b.db", code=changed)
    found = diff(one, other)
    parting = found.parting
    assert parting is not None
    assert (parting.process, parting.nonce) == ("counter", 3)
    assert (parting.field, parting.first, parting.second) == ("tag Count", "3", "4")
    with closing(Simulation.resume(one)) as sim:
        entry = list(sim.journal.read())[parting.entry]
        assert entry[0] == "pushed"
        assert sim.message(parting.message) is not None
    assert [each.entry for each in found.before] == list(range(parting.entry - 4, parting.entry))
    assert found.before[-1].text.startswith("counter, nonce 3: handled")
    assert parting.event == _event_of(parting.entry)
    assert "counter, nonce 3: tag Count='3' in the first run, '4' in the second" in str(found)


def _event_of(entry: int) -> int:
    """The event in which an entry of `_record` is written, found by going step by step."""
    sim = Simulation()
    counter = sim.spawn(COUNTER, name="counter")
    assert isinstance(sim.journal, MemoryJournal)
    for number in range(5):
        sim.wallet("alice").send(counter, Action="Add", Number=str(number))
        while sim.step():
            if len(sim.journal) > entry:
                return sim._engine.events
    raise AssertionError(entry)


def test_runs_of_different_length_part_where_the_shorter_one_ends(tmp_path: Path) -> None:
    one, other = _record(tmp_path / "a.db", adds=3), _record(tmp_path / "b.db", adds=4)
    for first, second, values in ((one, other, ("nothing more", "sent")), (other, one, ("sent", "nothing more"))):
        parting = diff(first, second).parting
        assert parting is not None
        assert (parting.field, parting.first, parting.second) == ("what happened", *values)
        assert parting.entry == len(_entries(one))


def test_another_latency_parts_at_the_first_arrival(tmp_path: Path) -> None:
    found = diff(_record(tmp_path / "a.db"), _record(tmp_path / "b.db", latency=20))
    assert found.made[0] == Difference("latency: latency_ms", 10, 20)
    assert found.parting is not None
    assert (found.parting.field, found.parting.nonce) == ("timestamp", 1)
    assert found.parting.second - found.parting.first == 10


def test_what_was_asked_for_differently_is_told(tmp_path: Path) -> None:
    paths = tmp_path / "a.db", tmp_path / "b.db"
    for path, text in zip(paths, ("one", "two"), strict=True):
        with closing(Simulation(journal=path)) as sim:
            sim.spawn(COUNTER, name="counter")
            sim.send("counter", text)
            sim.run()
    found = diff(*paths)
    assert found.parting is not None
    assert (found.parting.process, found.parting.field, found.parting.first) == ("", "Data", "one")
    assert found.parting.event == 0
    (made,) = found.made
    assert made.field == "what came from outside, number 1"
    assert (made.before, made.after) == tuple(f"send after 0 events: Data={text}" for text in ("one", "two"))
    assert "from outside: Data='one'" in str(found)


def test_without_its_python_functions_a_run_has_no_event_numbers(tmp_path: Path) -> None:
    def echo(me: Context, message: Message) -> None:
        me.reply(message, "one")

    paths = tmp_path / "a.db", tmp_path / "b.db"
    for path, handler in zip(paths, (echo, lambda me, message: me.reply(message, "two")), strict=True):
        with closing(Simulation(journal=path)) as sim:
            sim.spawn(handler, name="echo")
            sim.send("echo")
            sim.run()
    found, known = diff(*paths), diff(*paths, handlers={"echo": echo})
    assert found.parting is not None
    assert known.parting is not None
    assert (found.parting.event, known.parting.event) == (None, 1)


def _entries(path: Path) -> list[object]:
    from aosim.disk_journal import DiskJournal

    with DiskJournal.look(path) as seen:
        return list(map(unpack, seen.packed()))
