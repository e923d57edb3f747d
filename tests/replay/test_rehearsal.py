from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import BootError, Context, Message, Simulation, SourceError, UnknownName, UsageError
from aosim.replay import Changed, Difference, rehearse
from aosim.replay.rehearsal import state_differences
from replay.test_replay import ACTIONS, WORLD, make_world

LEDGER = """
Balances = Balances or { alice = 100 }
Handlers.add("Transfer", "Transfer", function(msg)
  local quantity = tonumber(msg.Tags.Quantity)
  if quantity > Balances.alice then error("too little") end
  Balances.alice = Balances.alice - quantity
  Balances[msg.Tags.To] = (Balances[msg.Tags.To] or 0) + quantity
  Send({ Target = "owner", Action = "Credit", To = msg.Tags.To, Quantity = tostring(quantity) })
end)
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "run.db"
    (tmp_path / "ledger.lua").write_text(LEDGER)
    with closing(Simulation(journal=path)) as sim:
        sim.spawn(tmp_path / "ledger.lua", name="ledger")
        for number, quantity in enumerate((10, 20, 500, 30)):
            sim.wallet("alice").send("ledger", Action="Transfer", To=f"to-{number % 2}", Quantity=str(quantity))
            sim.run()
    return path


def test_the_recorded_code_itself_differs_in_nothing(run: Path) -> None:
    found = rehearse(run, {"ledger": LEDGER})
    assert found.same
    assert found.processes[0].messages == 5
    assert found.processes[0].unfaithful is None
    assert str(found) == "ledger with other code: 5 messages, 0 answered in another way, 0 differences in the state"


def test_what_changed_code_answers_is_told_message_by_message_and_so_is_the_state(run: Path, tmp_path: Path) -> None:
    changed = LEDGER.replace("Quantity = tostring(quantity)", "Quantity = tostring(quantity - 1), Fee = '1'")
    (tmp_path / "new.lua").write_text(changed.replace("+ quantity\n", "+ quantity - 1\n") + "Fees = 3\n")
    found = rehearse(run, {"ledger": tmp_path / "new.lua"})
    assert not found
    (one,) = found.processes
    assert [each.nonce for each in one.changed] == [1, 2, 4]
    first = one.changed[0]
    assert isinstance(first, Changed)
    assert (first.sender, first.action) == ("alice", "Transfer")
    assert first.differences == (
        Difference("message 1 to owner: tag Quantity", "10", "9"),
        Difference("message 1 to owner: tag Fee", None, "1"),
    )
    assert one.state == (
        Difference("Balances.to-0", 10, 9),
        Difference("Balances.to-1", 50, 48),
        Difference("Fees", None, 3),
    )


def test_places_in_errors_and_counted_references_are_no_difference(run: Path, tmp_path: Path) -> None:
    (tmp_path / "new.lua").write_text("-- moved down by two lines\n\n" + LEDGER)
    assert rehearse(run, {"ledger": tmp_path / "new.lua"})
    more = LEDGER.replace(
        '  Send({ Target = "owner"', '  Send({ Target = "owner", Action = "Log" })\n  Send({ Target = "owner"'
    )
    (one,) = rehearse(run, {"ledger": more}).processes
    assert {each.differences for each in one.changed} == {(Difference("message 1", None, "to owner Action=Log"),)}


def test_a_failure_that_is_gone_and_one_that_is_new_are_told(run: Path) -> None:
    (one,) = rehearse(run, {"ledger": LEDGER.replace("> Balances.alice", "== 20")}).processes
    assert [(each.nonce, each.differences[0]) for each in one.changed] == [
        (2, Difference("result", "handled", "failed")),
        (3, Difference("result", "failed", "handled")),
    ]


def test_changed_code_that_cannot_be_loaded_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(BootError, match=r"ledger.*no such"):
        rehearse(run, {"ledger": "error('no such thing')"})
    with pytest.raises(SourceError):
        rehearse(run, {"ledger": "local = 5"})
    with pytest.raises(UnknownName, match="Did you mean 'ledger'"):
        rehearse(run, {"legder": LEDGER})
    with pytest.raises(UsageError, match="made of Lua"):
        rehearse(run, {"ledger": lambda me, message: None})


def test_code_that_came_later_takes_its_place_there(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with closing(Simulation(journal=path)) as sim:
        sim.spawn("Release = 1", name="loaded", on_boot=False)
        sim.spawn(name="empty").eval("Release = 1")
        sim.spawn(name="none")
    for name in ("loaded", "empty"):
        (one,) = rehearse(path, {name: "Release = 2"}).processes
        assert one.state == (Difference("Release", 1, 2),)
    with pytest.raises(UsageError, match="never got any code"):
        rehearse(path, {"none": "Release = 2"})


def test_modules_children_and_python_processes_are_rehearsed_too(tmp_path: Path) -> None:
    own = "N = 0 return {{ handle = function(msg, ao) N = N + {} return {{ Output = 'n' .. N }} end }}"
    (tmp_path / "own.lua").write_text(own.format(1))
    (tmp_path / "new.lua").write_text(own.format(2))

    def count(me: Context, message: Message) -> None:
        me.state["n"] = me.state.get("n", 0) + 1

    def count_twice(me: Context, message: Message) -> None:
        me.state["n"] = me.state.get("n", 0) + 2

    path = tmp_path / "run.db"
    with closing(Simulation(journal=path)) as sim:
        sim.spawn(WORLD, name="parent")
        sim.spawn(module=tmp_path / "own.lua", name="bare")
        sim.spawn(count, name="count")
        sim.send("parent", Action="Make", Number="7")
        sim.send("bare")
        sim.send("count")
        sim.run()
    found = rehearse(
        path,
        {"bare": tmp_path / "new.lua", "child-7": "Made = 8", "count": count_twice},
        handlers={"count": count},
    )
    bare, child, python = found.processes
    assert bare.state == (Difference("N", 2, 4),)
    assert child.state == (Difference("Made", 7, 8),)
    assert python.state == (Difference("n", 1, 2),)
    assert [one.process for one in found.processes] == ["bare", "child-7", "count"]
    with pytest.raises(UsageError, match="give another one"):
        rehearse(path, {"count": "X = 1"}, handlers={"count": count})


@settings(max_examples=8)
@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=15))
def test_the_same_code_never_differs(tmp_path_factory: pytest.TempPathFactory, actions: list[str]) -> None:
    path = tmp_path_factory.mktemp("run") / "run.db"
    make_world(path, actions).close()
    found = rehearse(path, {"one": WORLD, "other": WORLD})
    assert found.same, str(found)
    assert [one.unfaithful for one in found.processes] == [None, None]


def test_states_are_compared_to_the_last_value() -> None:
    before = {"a": {"x": 1, "y": [1, 2]}, "f": "function: 1", "same": [1], 5: "five", "t": True}
    after = {"a": {"x": 1, "y": [1, 3, 4]}, "f": "function: 2", "same": [1], "new": "n", "t": 1}
    assert list(state_differences(before, after)) == [
        ("a.y.2", 2, 3),
        ("a.y.3", None, 4),
        ("5", "five", None),
        ("t", True, 1),
        ("new", None, "n"),
    ]
