from __future__ import annotations

import re
from pathlib import Path

import pytest

from aosim import BootError, Fate, Simulation, SourceError, UsageError

COUNTER = """
local process = { _version = "0.0.1" }
Count = 0

function process.handle(msg, ao)
  local action
  for _, tag in ipairs(msg.Tags) do
    action = action or tag.name == "Action" and tag.value
  end
  if not action then return ao.result({}) end
  Count = Count + 1
  if action == "Fail" then error("this fails") end
  if action == "Spawn" then
    ao.spawn(ao.env.Module.Id, { Data = "child", Tags = { { name = "Name", value = "child" } } })
  elseif action == "Share" and msg.Target == ao.id then
    ao.assign({ Processes = { "child" }, Message = msg.Id })
  elseif action == "Count" then
    ao.send({ Target = msg.From, Data = "count " .. Count, Kind = "Answer" })
  end
  return ao.result({ Output = "counted to " .. Count })
end

return process
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "counter.lua"
    path.write_text(COUNTER)
    return path


@pytest.mark.parametrize("fidelity", ["docs", "network"])
def test_a_module_of_ones_own_handles_messages(module: Path, fidelity: str) -> None:
    sim = Simulation(fidelity=fidelity)
    counter, alice = sim.spawn("", module=module, name="counter"), sim.wallet("alice")
    sent = alice.send(counter, Action="Count")
    sim.run()
    assert sent.fate is Fate.HANDLED
    assert sent.result is not None
    assert sent.result.output == "counted to 1"
    assert [(message.data, message.tag("Kind")) for message in alice.inbox] == [("count 1", "Answer")]
    assert counter.output == ["counted to 1"]
    assert counter.read("Count") == 1
    assert counter.state == {"Count": 1}


def test_it_may_be_named_by_its_path(module: Path) -> None:
    sim = Simulation()
    first, second = sim.spawn("", module=str(module)), sim.spawn("", module=module)
    assert first.id != second.id


def test_a_failing_message_and_a_dry_run_leave_no_trace(module: Path) -> None:
    sim = Simulation()
    counter = sim.spawn("", module=module)
    sent = counter.send(Action="Fail")
    sim.run()
    assert sent.fate is Fate.FAILED
    assert counter.errors == ["counter.lua:12: this fails"]
    assert counter.query(Action="Count").output == "counted to 1"
    assert counter.query(Action="Count").output == "counted to 1"
    assert counter.read("Count") == 0


def test_it_can_spawn_itself_and_assign(module: Path) -> None:
    sim = Simulation()
    parent = sim.spawn("", module=module, name="parent")
    parent.send(Action="Spawn")
    sim.run()
    child = sim.process("child")
    assert child.parent_id == parent.id
    before = child.read("Count")
    parent.send(Action="Share")
    sim.run()
    assert child.read("Count") == before + 1


def test_what_it_sends_that_is_no_text_is_forgiven_in_docs_fidelity_only(tmp_path: Path) -> None:
    path = tmp_path / "numbers.lua"
    path.write_text(
        "return { handle = function(msg, ao) if #msg.Tags > 5 then "
        "return { Messages = { { Target = msg.From, Tags = { { name = 'N', value = 5 } } } } } end return {} end }"
    )
    for fidelity, arrives in (("docs", True), ("network", False)):
        sim = Simulation(fidelity=fidelity)
        process, alice = sim.spawn("", module=path), sim.wallet("alice")
        before = len(sim.dead_letters)
        alice.send(process, A="1", B="2", C="3", D="4")
        sim.run()
        assert [message.tag("N") for message in alice.inbox] == (["5"] if arrives else [])
        assert (len(sim.dead_letters) > before) is not arrives
        assert bool(sim.findings) is arrives


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("5", "it is 5"),
        ("'x'", 'it is "x"'),
        ("{ 1, 2 }", r"it is \[1, 2\]"),
        ("{ Messages = 1 }", "Messages is 1, not a list"),
        ("{ Spawns = { Target = 'x' } }", "Spawns is a table with fields, not a list"),
        ("{ Messages = { { Target = 'x' }, 5 } }", r"Messages\[2\] is 5, not a table"),
        ("{ Messages = { { Tags = { Action = 'x' } } } }", r"Messages\[1\]\.Tags is a table with fields, not a list"),
        ("{ Messages = { { Tags = { { name = 'x' } } } } }", r"Messages\[1\]\.Tags\[1\] is a table with fields, not {"),
        ("{ Messages = { { Tags = { 'Action' } } } }", r'Tags\[1\] is "Action", not { name'),
        ("{ Assignments = { { Processes = {} } } }", r"Assignments\[1\]\.Message is nil"),
        ("{ Assignments = { { Message = 'x', Processes = { 5 } } } }", r"Processes is \[5\], not a list of ids"),
    ],
)
def test_a_message_with_a_malformed_result_fails_and_leaves_no_trace(tmp_path: Path, result: str, told: str) -> None:
    path = tmp_path / "odd.lua"
    path.write_text(
        f"Count = 0 return {{ handle = function(msg) Count = Count + 1 if Count > 1 then return {result} end end }}"
    )
    sim = Simulation()
    process = sim.spawn(module=path)
    sent = process.send(Action="Odd")
    sim.run()
    assert sent.fate is Fate.FAILED
    assert re.search(told, sent.error or "")
    assert "ao.result" in (sent.error or "")
    assert process.read("Count") == 1
    path.write_text(f"return {{ handle = function() return {result} end }}")
    with pytest.raises(BootError, match="handle returned a malformed result"):
        sim.spawn(module=path)


@pytest.mark.parametrize("result", ["", "nil", "{}", "{ Messages = {}, Spawns = {}, Output = 5 }", "{ Error = '' }"])
def test_a_result_without_anything_in_it_is_well(tmp_path: Path, result: str) -> None:
    path = tmp_path / "quiet.lua"
    path.write_text(f"return {{ handle = function() return {result} end }}")
    process = Simulation().spawn(module=path)
    assert process.query(Action="Any").error is None


def test_what_aos_has_and_it_has_not_is_refused_in_clear_words(module: Path) -> None:
    counter = Simulation().spawn("", module=module, name="counter")
    with pytest.raises(UsageError, match="'counter' has a module of its own, without Eval and Inbox"):
        counter.eval("1")
    with pytest.raises(UsageError, match="send it messages"):
        _ = counter.inbox


def test_a_module_that_is_not_there_does_not_parse_or_gives_no_handle_is_refused(tmp_path: Path) -> None:
    sim = Simulation()
    with pytest.raises(SourceError, match="no file"):
        sim.spawn("", module=tmp_path / "nothing.lua")
    (tmp_path / "bad.lua").write_text("return {")
    with pytest.raises(SourceError, match=r"bad\.lua:1"):
        sim.spawn("", module=tmp_path / "bad.lua")
    (tmp_path / "empty.lua").write_text("return 5")
    with pytest.raises(BootError, match="no table with a function handle"):
        sim.spawn("", module=tmp_path / "empty.lua")
    assert not sim.processes


def test_the_same_run_has_the_same_fingerprint(module: Path) -> None:
    def fingerprint() -> str:
        sim = Simulation()
        counter = sim.spawn("", module=module)
        sim.wallet("alice").send(counter, Action="Count")
        sim.run()
        return sim.fingerprint

    assert fingerprint() == fingerprint()
