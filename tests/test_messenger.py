from __future__ import annotations

from aosim import Message, ProcessHandle, Simulation, Tag
from aosim.messenger import MESSENGER_ID, without
from aosim.profiles import AOS_MODULE_ID
from aosim.scheduler import SCHEDULER_ID


def _names(message: Message) -> list[str]:
    return [tag.name for tag in message.tags]


def test_a_process_is_the_sender_and_the_messenger_the_owner(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    sent = alice.send(pong, "hi", Action="Ping")
    sim.run()
    (answer,) = alice.inbox
    assert (answer.sender, answer.owner, answer.target) == (pong.id, MESSENGER_ID, alice.address)
    assert answer.anchor == "1".zfill(32)
    assert answer.pushed_for == sent.id


def test_the_messenger_drops_some_tags_and_adds_its_own_at_the_end(sim: Simulation, puppet: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    tags = "{Target = msg.From, Action = 'A', ['From-Process'] = 'me', Assignments = 'x', Type = 'Other', Z = '1'}"
    sent = alice.send(puppet, f"ao.send({tags})", Action="Do")
    sim.run()
    assert alice.inbox[0].tags == (
        Tag("Variant", "ao.TN.1"),
        Tag("Reference", "1"),
        Tag("Action", "A"),
        Tag("Z", "1"),
        Tag("Data-Protocol", "ao"),
        Tag("Type", "Message"),
        Tag("From-Process", puppet.id),
        Tag("From-Module", AOS_MODULE_ID),
        Tag("Pushed-For", sent.id),
    )


def test_the_chain_keeps_the_id_of_the_message_that_began_it(sim: Simulation) -> None:
    alice = sim.wallet("alice")
    sim.spawn("Handlers.add('r', 'Go', function(m) m.forward('second', {}) end)", name="first")
    sim.spawn("Handlers.add('r', 'Go', function(m) m.reply({Action = 'Done'}) end)", name="second")
    sent = alice.send("first", Action="Go")
    sim.run()
    (answer,) = alice.inbox
    assert answer.pushed_for == sent.id
    assert answer.sender == sim.process("second").id


def test_two_equal_messages_of_one_result_have_two_ids(sim: Simulation, puppet: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    alice.send(puppet, "ao.send({Target = msg.From}) ao.reference = 0 ao.send({Target = msg.From})", Action="Do")
    sim.run()
    first, second = alice.inbox
    assert first.flat == second.flat
    assert first.id != second.id


def test_a_child_gets_the_tags_of_a_process_message(sim: Simulation, puppet: ProcessHandle) -> None:
    puppet.eval("ao.spawn('a-module', {Data = 'x = 1', Name = 'child', ['On-Boot'] = 'Data'})")
    sim.run()
    child = sim.process("child")
    message = sim.message(child.id)
    assert message is not None
    assert (message.sender, message.owner, message.target) == (puppet.id, MESSENGER_ID, child.id)
    for name, value in {
        "Type": "Process",
        "Module": "a-module",
        "From-Process": puppet.id,
        "Scheduler": SCHEDULER_ID,
        "Variant": "ao.TN.1",
        "Data-Protocol": "ao",
    }.items():
        assert (name, [tag.value for tag in message.tags if tag.name == name]) == (name, [value])
    assert "Pushed-For" in _names(message)


def test_a_parent_is_told_the_id_of_its_child(sim: Simulation, puppet: ProcessHandle) -> None:
    puppet.eval("ao.spawn(ao._module, {Name = 'child', ['X-Mine'] = '1'})")
    sim.run()
    notice = puppet.inbox[-1]
    tags = [(tag["name"], tag["value"]) for tag in notice["TagArray"]]
    assert notice["From"] == puppet.id
    assert notice["Owner"] == MESSENGER_ID
    assert notice["Process"] == sim.process("child").id
    assert ("X-Mine", "1") in tags
    assert ("Action", "Spawned") in tags
    assert [value for name, value in tags if name in ("Variant", "Data-Protocol", "Type")] == [
        "ao",
        "Message",
        "ao.TN.1",
    ]


def test_tags_are_left_out_by_name() -> None:
    assert without(("A", "1", "B", "A", "A", "2"), {"A"}) == ("B", "A")
