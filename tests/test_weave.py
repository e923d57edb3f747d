from __future__ import annotations

import pytest

from aosim import EvalError, Fate, Simulation, UsageError

READ = """(function(id)
  local file = io.open("/data/" .. id)
  return file and file:read("a") or "nothing"
end)"""


def test_a_process_reads_an_item_as_a_file() -> None:
    sim = Simulation()
    item = sim.upload("the text\0of it")
    process = sim.spawn("")
    assert process.eval(f"{READ}('{item.id}')") == "the text\0of it"
    assert process.eval(f"{READ}('no such item')") == "nothing"
    assert process.eval(f"select(2, pcall(dofile, '/data/{sim.upload('return 6 * 7').id}'))") == 42


def test_a_boot_script_may_be_an_item() -> None:
    sim = Simulation()
    sim.upload("Booted = 'from the weave'", id="script")
    assert sim.spawn("", tags={"On-Boot": "script"}).eval("Booted") == "from the weave"


def test_an_item_can_be_assigned_to_processes() -> None:
    sim = Simulation()
    alice = sim.wallet("alice")
    item = sim.upload("an essay", owner=alice, Action="Article", Author="alice")
    reader = sim.spawn(
        "ao.addAssignable({ Action = 'Article' })"
        "Handlers.add('Article', 'Article', function(m)"
        "  got = { m.Data, m.From, m.Id, m.Author, tostring(ao.isAssignment(m)) } "
        "end)"
        "Handlers.add('Read', 'Read', function(m) Assign({ Processes = { ao.id }, Message = m.Item }) end)"
    )
    reader.send(Action="Read", Item=item.id)
    sim.run()
    assert reader.read("got") == ["an essay", alice.address, item.id, "alice", "true"]
    assert sim.counts.assigned == 1
    assert sim.message(item.id) == item


def test_an_item_is_there_from_its_upload_on_also_when_messages_are_evaluated_again() -> None:
    sim = Simulation()
    process = sim.spawn(
        f"seen, read = {{}}, {READ} Handlers.add('Look', 'Look', function() seen[#seen + 1] = read('late') end)"
    )
    process.send(Action="Look")
    sim.run()
    sim.upload("now it is there", id="late")
    process.send(Action="Look")
    sim.run()
    with pytest.raises(EvalError):
        process.eval("error('undo')")
    process.query(Action="Look")
    assert process.eval("seen") == ["nothing", "now it is there"]


def test_items_can_be_read_from_within_coroutines() -> None:
    sim = Simulation()
    sim.upload("text", id="item")
    process = sim.spawn("before = 1")
    assert process.eval(f"coroutine.wrap(function() return {READ}('item') end)()") == "text"
    assert process.eval("before") == 1


def test_an_id_comes_from_the_content_and_is_taken_once() -> None:
    sim = Simulation()
    assert sim.upload("a").id == Simulation().upload("a").id != sim.upload("b").id
    with pytest.raises(UsageError, match="never changes"):
        sim.upload("a")
    sim.upload("x", id="mine")
    with pytest.raises(UsageError, match="'mine' already"):
        sim.upload("y", id="mine")
    for bad in ("", "a/b", "a\nb", 5):
        with pytest.raises(UsageError, match="id="):
            sim.upload("z", id=bad)  # type: ignore[arg-type]


def test_an_upload_is_part_of_the_fingerprint() -> None:
    def fingerprint(*items: str) -> str:
        sim = Simulation()
        for item in items:
            sim.upload(item)
        return sim.fingerprint

    assert fingerprint("a") == fingerprint("a") != fingerprint("b")


def test_an_assignment_of_what_is_not_there_is_a_dead_letter() -> None:
    sim = Simulation()
    sent = sim.spawn(
        "Handlers.add('Read', 'Read', function(m) Assign({ Processes = { ao.id }, Message = 'nowhere' }) end)"
    )
    assert sent.send(Action="Read").fate is Fate.ON_THE_WAY
    sim.run()
    assert "nowhere" in sim.dead_letters[0].reason


def test_messages_are_found_after_an_item_was_assigned_and_answered() -> None:
    sim = Simulation()
    sim.spawn(
        "Handlers.add('Go', 'Go', function(m) Assign({ Processes = { m.Tags.To }, Message = m.Tags.Id }) end)", name="a"
    )
    answering = sim.spawn(
        "ao.addAssignable('all', function() return true end)"
        "Handlers.add('Any', function() return true end, function() Send({ Target = Owner, Data = 'got it' }) end)"
    )
    item = sim.upload("hello")
    sim.send("a", Action="Go", To=answering.id, Id=item.id)
    sim.run()
    assert sim.wallet("owner").inbox[-1].data == "got it"
    assert sim.message("A" * 43) is None
    assert sim.message(item.id) == item
    assert sim.message(sim.wallet("owner").inbox[-1].id) is not None
