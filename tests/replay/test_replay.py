from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Context, Message, Simulation, Uniform, UnknownName, UsageError
from aosim.disk_journal import DiskJournal
from aosim.journal import Input
from aosim.packing import pack, unpack
from aosim.replay import replay, replay_process

WORLD = """
Count, Heard = 0, {}
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  Heard[#Heard + 1] = msg.From
  if Count % 4 == 0 then Count = nil error("every fourth") end
  print("at " .. Count)
  msg.reply({ Count = tostring(Count), Data = "#" .. Count })
  Send({ Target = "other", Action = "Note" })
end)
Handlers.add("Make", "Make", function(msg)
  Spawn(ao._module, { Name = "child-" .. msg.Tags.Number, ["On-Boot"] = "Data", Data = "Made = " .. msg.Tags.Number })
end)
Handlers.add("Ask", "Ask", function(msg)
  local answer = Send({ Target = msg.Tags.Peer, Action = "Add" }).receive()
  Answers = (Answers or "") .. answer.Data
end)
Handlers.add("Take", "Take", function(msg) Assign({ Processes = { ao.id }, Message = "item" }) end)
Handlers.add("Item", function(msg) return msg.Id == "item" end, function(msg)
  local file = io.open("/data/item")
  Item = (Item or "") .. msg.Data .. (file and file:read("a") or "nothing")
end)
"""
ACTIONS = ("Add", "Make", "Ask", "Take", "Unknown", "item", "eval", "run", "tick")


def make_world(path: Path | None, actions: list[str], module: Path | None = None) -> Simulation:
    """A world in which all kinds of things happen."""
    sim = Simulation(5, latency=Uniform(1, 60), journal=path)
    one = sim.spawn(WORLD, name="one", cron="1-minute")
    sim.spawn(WORLD, name="other", on_boot=False, file="other.lua")
    sim.wallet("alice")
    if module is not None:
        sim.spawn(module=module, name="bare")
    for number, action in enumerate(actions):
        if action == "item":
            if sim.message("item") is None:
                sim.upload("an item", id="item")
        elif action == "eval":
            one.eval(f"Evaluated = {number}")
        elif action == "run":
            sim.run(events_max=3)
        elif action == "tick":
            sim.run(for_ms=70_000)
        else:
            target = ("one", "other")[number % 2] if module is None else ("one", "bare")[number % 2]
            sim.send(target, sender="alice", Action=action, Number=str(number), Peer=sim.address_of("other"))
    sim.run()
    return sim


@settings(max_examples=15)
@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=20))
def test_a_recorded_run_is_the_same_again_as_a_whole_and_process_by_process(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    path = tmp_path_factory.mktemp("run") / "run.db"
    with closing(make_world(path, actions)) as sim:
        names = [process.name for process in sim.processes]
        whole = (sim.fingerprint, len(sim.journal), sim._engine.events)
    before = path.read_bytes()
    found = replay(path)
    assert found.same, str(found)
    assert (found.fingerprint, found.entries, found.events, found.processes) == (*whole, len(names))
    for name in names:
        alone = replay_process(path, name)
        assert alone.same, f"{name}: {alone}"
    assert path.read_bytes() == before


def test_a_module_of_ones_own_and_a_python_process_are_replayed_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "own.lua").write_text(
        "N = 0 return { handle = function(msg, ao) N = N + 1 "
        "ao.send({ Target = msg.From, Action = 'Count', Data = 'n' .. N }) "
        "return ao.result({ Output = 'n' .. N }) end }"
    )

    def echo(me: Context, message: Message) -> None:
        me.reply(message, "seen")

    path = tmp_path / "run.db"
    with closing(make_world(path, ["Add", "Add", "Add", "Add", "run"], tmp_path / "own.lua")) as sim:
        sim.spawn(echo, name="echo")
        sim.send("echo", sender="alice")
        sim.run()
    assert replay_process(path, "bare")
    assert replay_process(path, "one")
    assert replay_process(path, "echo", handlers={"echo": echo})
    with pytest.raises(UsageError, match=r"handlers=\{'echo': \.\.\.\}"):
        replay_process(path, "echo")
    other = replay_process(path, "echo", handlers={"echo": lambda me, message: me.reply(message, "other")})
    assert "echo, nonce 1: the journal says Data='seen', this run says 'other'" in str(other)
    with pytest.raises(UnknownName, match=r"no process in the record 'ehco'\. Did you mean 'echo'"):
        replay_process(path, "ehco")


def test_a_module_that_publishes_is_replayed_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with closing(Simulation(journal=path)) as sim:
        code = "Handlers.add('P', 'P', function(m) Send({ device = 'patch@1.0', cache = { a = m.Data } }) end)"
        sim.spawn(code, name="hyper", module="hyper-aos")
        sim.send("hyper", "1", Action="P")
        sim.run()
        assert sim.process("hyper").read("cache/a") is not None
    assert replay_process(path, "hyper")
    assert replay(path)


def _rewritten(path: Path, kind: str, change: Callable[[list[Any]], None]) -> Path:
    """A copy of a record in which the last entry of a kind is another."""
    other = path.with_name("changed.db")
    with DiskJournal.look(path) as seen:
        entries, inputs, world, events = list(seen.packed()), list(seen.inputs()), seen.world(), seen.events
    at = max(number for number, packed in enumerate(entries) if unpack(packed)[0] == kind)
    values = list(unpack(entries[at]))
    change(values)
    entries[at] = pack(tuple(values))
    _write(other, entries, inputs, events, world)
    return other


def _write(path: Path, entries: list[bytes], inputs: list[Input], events: int, world: Any) -> None:
    journal = DiskJournal.create(path, world)
    for packed in entries:
        journal.append(packed)
    for one in inputs:
        journal.note(one)
    journal.flush(events)
    journal.close()


@pytest.mark.parametrize(
    ("kind", "place", "value", "told"),
    [
        ("pushed", 4, "other", "Data='other', this run says '#3'"),
        ("pushed", 5, ("Count", "9"), "tag Count='9', this run says '3'"),
        ("done", 9, "printed", "output='printed', this run says 'at 3'"),
        ("done", 7, "inbox", "verdict='inbox', this run says 'handled'"),
    ],
)
def test_the_first_difference_is_named(tmp_path: Path, kind: str, place: int, value: object, told: str) -> None:
    path = tmp_path / "run.db"
    code = WORLD.replace('  Send({ Target = "other", Action = "Note" })\n', "")
    with closing(Simulation(journal=path)) as sim:
        sim.spawn(code, name="one")
        for _ in range(3):
            sim.send("one", Action="Add")
        sim.run()

    def change(values: list[Any]) -> None:
        if isinstance(value, tuple):
            at = values[place].index(value[0])
            values[place] = (*values[place][: at + 1], value[1], *values[place][at + 2 :])
        else:
            values[place] = value

    other = _rewritten(path, kind, change)
    for found in (replay(other), replay_process(other, "one")):
        assert not found
        divergence = found.divergence
        assert divergence is not None
        assert (divergence.process, divergence.nonce, divergence.place) == ("one", 3, "one, nonce 3")
        assert f"one, nonce 3: the journal says {told}" in str(found)


def test_a_record_with_more_or_less_than_the_run_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    make_world(path, ["Add", "run"]).close()
    with DiskJournal.look(path) as seen:
        entries, inputs, world, events = list(seen.packed()), list(seen.inputs()), seen.world(), seen.events
    more, less = tmp_path / "more.db", tmp_path / "less.db"
    _write(more, [*entries, entries[-1]], inputs, events, world)
    _write(less, entries[:-1], inputs, events, world)
    assert "this run says 'nothing more'" in str(replay(more))
    assert "the journal says what happened='nothing more'" in str(replay(less))


def test_progress_is_told_from_none_to_all(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    make_world(path, ["Add", "run"]).close()
    told: list[tuple[int, int]] = []
    entries = replay(path, progress=lambda done, count: told.append((done, count))).entries
    assert told == [(0, entries), (entries, entries)]


def test_a_process_whose_state_is_not_that_of_its_messages_is_refused_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with closing(make_world(path, ["Add", "Add", "run"])) as sim:
        sim.process("one").fork(name="copy")
        sim.crash("one", losing=1)
        sim.crash("other")
        sim.run()
    assert replay(path)
    with pytest.raises(UsageError, match="'copy' began as a copy"):
        replay_process(path, "copy")
    with pytest.raises(UsageError, match="'one' lost a part of its state in a crash"):
        replay_process(path, "one")
    assert replay_process(path, "other")
