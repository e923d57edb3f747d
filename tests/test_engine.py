from __future__ import annotations

import pytest

from aosim import Fate, Message, Observer, ProcessHandle, Simulation
from aosim.messenger import MESSENGER_ID


def _deliver(fidelity: str, **tags: str) -> tuple[Simulation, list[int]]:
    sim = Simulation(fidelity=fidelity)
    bob = sim.wallet("bob")
    fields = ", ".join(f"['{name.replace('_', '-')}'] = '{value}'" for name, value in tags.items())
    code = f"Handlers.add('go', 'Go', function(m) ao.send({{Target = '{bob.address}', {fields}}}) end)"
    sim.spawn(code).send(Action="Go")
    arrived: list[int] = []
    while sim.step():
        arrived += [sim.now_ms - sim.start_ms] * (len(bob.inbox) - len(arrived))
    return sim, arrived


def test_deliver_after_delays_a_message_of_a_lua_process() -> None:
    assert _deliver("docs", Deliver_After="5000")[1] == [5_010]


def test_deliver_after_below_the_latency_changes_nothing() -> None:
    assert _deliver("docs", Deliver_After="3")[1] == [20]


def test_deliver_at_names_the_moment() -> None:
    sim = Simulation()
    assert _deliver("docs", Deliver_At=str(sim.start_ms + 70_000))[1] == [70_000]
    assert _deliver("docs", Deliver_At=str(sim.start_ms + 70_000) + ".0")[1] == [70_000]
    assert _deliver("docs", Deliver_At="5")[1] == [20]


@pytest.mark.parametrize("name", ["Deliver_After", "Deliver_At"])
def test_in_network_fidelity_deliver_later_is_a_plain_tag(name: str) -> None:
    sim, arrived = _deliver("network", **{name: "5000"})
    assert arrived == [20]
    assert sim.wallet("bob").inbox[0].tag(name.replace("_", "-")) == "5000"


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "", "9" * 17, "9" * 5_000, "1e3", "٣"])
@pytest.mark.parametrize("name", ["Deliver_After", "Deliver_At"])
def test_a_moment_that_cannot_be_makes_a_dead_letter(name: str, value: str) -> None:
    sim, arrived = _deliver("docs", **{name: value})
    assert arrived == []
    (letter,) = sim.dead_letters
    assert letter.reason.startswith(f"{name.replace('_', '-')} is '{value[:40]}', not a whole number of milliseconds")
    assert sim.counts.begun == sim.counts.ended


def test_numbers_as_tags_are_text_in_docs_and_undeliverable_in_network_fidelity() -> None:
    for fidelity, inbox, dead in (("docs", 1, 0), ("network", 0, 1)):
        sim = Simulation(fidelity=fidelity)
        bob = sim.wallet("bob")
        process = sim.spawn("", name="p")
        process.eval(f"ao.send({{Target = '{bob.address}', Quantity = 5, Good = true}})")
        sim.run()
        assert (len(bob.inbox), len(sim.dead_letters)) == (inbox, dead)
    assert "tag 'Quantity' is a number, the network takes text only" in sim.dead_letters[0].reason or (
        "tag 'Good' is a boolean" in sim.dead_letters[0].reason
    )


@pytest.mark.parametrize("fidelity", ["docs", "network"])
def test_names_are_targets_in_docs_fidelity_only(fidelity: str) -> None:
    sim = Simulation(fidelity=fidelity)
    bob, process = sim.wallet("bob"), sim.spawn("")
    process.eval("Send({Target = 'bob', Action = 'Hi'})")
    sim.run()
    assert len(bob.inbox) == (1 if fidelity == "docs" else 0)
    assert len(sim.dead_letters) == (0 if fidelity == "docs" else 1)


@pytest.mark.parametrize(
    "waiting", ["Got = Send(ping).receive().Data", "Send(ping).onReply(function(m) Got = m.Data end)"]
)
def test_a_handler_waits_for_the_answer_of_whom_it_knows_by_name(sim: Simulation, waiting: str) -> None:
    sim.spawn("Handlers.add('ping', 'Ping', function(msg) msg.reply({Data = 'pong'}) end)", name="pong")
    asker = sim.spawn(
        f"local ping = {{Target = 'pong', Action = 'Ping'}} Handlers.add('go', 'Go', function() {waiting} end)"
    )
    asker.send(Action="Go")
    sim.run()
    assert asker.read("Got") == "pong"


def _family(fidelity: str, authority: str = "") -> tuple[Simulation, ProcessHandle]:
    sim = Simulation(fidelity=fidelity)
    code = f"""
      Handlers.add("go", "Go", function(msg)
        Child = ao.spawn(ao._module, {{ Name = "child", {authority} }}).receive().Process
        Send({{ Target = Child, Action = "Hello" }})
      end)
    """
    parent = sim.spawn(code, name="parent")
    parent.send(Action="Go")
    sim.run()
    return sim, parent


def test_a_parent_waits_for_its_child_and_talks_to_it() -> None:
    sim, parent = _family("docs")
    child = sim.process("child")
    assert parent.read("Child") == child.id
    assert (child.parent_id, child.owner) == (parent.id, MESSENGER_ID)
    assert child.inbox[-1]["Action"] == "Hello"
    assert child.read("Owner") == parent.id


def test_in_network_fidelity_a_child_without_authority_ignores_its_parent() -> None:
    sim, _ = _family("network")
    child = sim.process("child")
    assert child.inbox == []
    assert sim.counts.untrusted == 2  # its own Process message, and the Hello


def test_a_child_that_names_an_authority_trusts_it_in_both_fidelities() -> None:
    for fidelity in ("docs", "network"):
        sim, _ = _family(fidelity, "Authority = ao.authorities[1]")
        assert sim.process("child").inbox[-1]["Action"] == "Hello"
        sim, _ = _family(fidelity, "Authority = 'nobody'")
        assert sim.counts.untrusted == 2


def test_children_of_children_trust_their_parents(sim: Simulation, puppet_code: str) -> None:
    puppet = sim.spawn(puppet_code, name="puppet")
    spawn = f"ao.spawn(ao._module, {{Name = 'child', ['On-Boot'] = 'Data', Data = [==[{puppet_code}]==]}})"
    puppet.send(spawn, Action="Do")
    sim.run()
    puppet.send(
        "Send({Target = 'child', Action = 'Do', Data = \"ao.spawn(ao._module, {Name = 'grandchild'})\"})", Action="Do"
    )
    sim.run()
    sim.process("child").send("Send({Target = 'grandchild', Action = 'Hi'})", Action="Do")
    sim.run()
    assert sim.process("grandchild").inbox[-1]["Action"] == "Hi"
    assert sim.counts.untrusted == 0


def test_a_child_whose_boot_fails_is_there_and_empty(sim: Simulation, puppet: ProcessHandle) -> None:
    puppet.eval("ao.spawn(ao._module, {Name = 'child', ['On-Boot'] = 'Data', Data = 'x = 1 error(\"no\")'})")
    sim.run()
    child = sim.process("child")
    assert len(child.errors) == 1
    assert child.read("x") is None
    assert puppet.inbox[-1]["Action"] == "Spawned"


def test_a_child_never_takes_a_name_or_an_address_of_another(sim: Simulation, puppet: ProcessHandle) -> None:
    ledger = sim.spawn("", name="ledger")
    for name in ("ledger", ledger.id, "owner", "", sim.wallet("bob").address):
        puppet.eval(f"ao.spawn(ao._module, {{Name = '{name}'}})")
    sim.run()
    assert len(sim.processes) == 7
    assert all(child.name == child.id for child in sim.processes[2:])
    assert sim.process("ledger") is ledger
    assert sim.process(ledger.id) is ledger
    puppet.eval(f"Send({{Target = '{ledger.id}', Action = 'Mine'}})")
    sim.run()
    assert ledger.inbox[-1]["Action"] == "Mine"


def test_an_existing_message_can_be_assigned_to_others(sim: Simulation, puppet: ProcessHandle) -> None:
    other = sim.spawn("ao.addAssignable('all', {}) Handlers.add('do', 'Do', function(m) Seen = m.Id end)", name="other")
    sent = sim.wallet("alice").send(puppet, "Assign({Message = msg.Id, Processes = {'other'}})", Action="Do")
    sim.run()
    assert other.read("Seen") == sent.id
    assert sim.counts.assigned == 1
    assert sim.counts.begun == sim.counts.ended


def test_an_assignment_of_a_message_that_does_not_exist_is_a_dead_letter_each_time(
    sim: Simulation, puppet: ProcessHandle
) -> None:
    for _ in range(2):
        puppet.send("Assign({Message = 'nothing', Processes = {ao.id, 'x'}})", Action="Do")
        sim.run()
    assert [letter.reason for letter in sim.dead_letters] == [
        "assignment of a message 'nothing' that does not exist"
    ] * 4
    assert sim.counts.begun == sim.counts.ended


def test_a_refused_assignment_is_answered_to_its_sender(sim: Simulation, puppet: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    sim.spawn("", name="other")
    alice.send(puppet, "Assign({Message = msg.Id, Processes = {'other'}})", Action="Do")
    sim.run()
    assert [message.data for message in alice.inbox] == ["Assignment is not trusted by this process!"]


STATEFUL = """
Balances = { alice = 10 }
local secret = 1
Shared = { inner = Balances }
Handlers.add("secret", "Secret", function(msg) secret = secret + 1 print(tostring(secret)) end)
Handlers.add("dice", "Dice", function(msg) print(tostring(math.random(1, 1000000))) end)
Handlers.add("break", "Break", function(msg)
  Balances.alice = 0
  Balances.bob = 99
  secret = 100
  New = true
  Shared.inner = {}
  setmetatable(Balances, { __index = function() return 5 end })
  table.insert(Inbox, msg)
  math.random()
  Handlers.add("late", "Late", function() end)
  Handlers.remove("secret")
  string.upper = nil
  ao.send({ Target = msg.From, Action = "Never" })
  ao.spawn(ao._module, {})
  ao.assign({ Message = msg.Id, Processes = { ao.id } })
  error("broken")
end)
Handlers.add("send", "Send", function(msg) msg.reply({ Action = "Fine" }) end)
"""


def test_a_failing_handler_leaves_everything_as_it_was(sim: Simulation) -> None:
    alice = sim.wallet("alice")

    def story(*, failing: bool) -> tuple[object, ...]:
        process = sim.spawn(STATEFUL, name=f"stateful-{failing}")
        actions = ["Secret", "Break", "Dice", "Send", "Break", "Break", "Secret", "Dice", "Send", "Unknown"]
        for action in actions:
            if failing or action != "Break":
                alice.send(process, Action=action)
                sim.run()
        answers = [message for message in alice.inbox if message.sender == process.id]
        return (
            process.state,
            process.output[-1],
            [line for line in process.output if line.isdigit() and len(line) < 4],
            [message.tag("Reference") for message in answers],
            process.eval("#Handlers.list"),
            process.eval("string.upper('x')"),
            process.eval("Shared.inner == Balances"),
            process.eval("Balances.nobody"),
            len(process.inbox),
        )

    broken, whole = story(failing=True), story(failing=False)
    assert broken == whole
    assert sim.counts.failed == 3
    assert {message.tag("Action") for message in alice.inbox} == {"Fine"}


def test_the_random_generator_is_as_before_a_failure() -> None:
    def dice(*actions: str) -> list[str]:
        sim = Simulation()
        process = sim.spawn(STATEFUL)
        for action in actions:
            process.send(Action=action)
            sim.run()
        return [line for line in process.output if line.isdigit()]

    assert dice("Dice", "Break", "Dice") == dice("Dice", "Dice")


def test_a_failing_message_uses_up_its_nonce(sim: Simulation) -> None:
    process = sim.spawn(STATEFUL)
    for action in ("Break", "Unknown", "Break", "Unknown"):
        process.send(Action=action)
    sim.run()
    assert [message["Nonce"] for message in process.inbox[1:]] == [2, 4]


def test_a_failing_message_keeps_the_prompt(sim: Simulation) -> None:
    process = sim.spawn(STATEFUL, name="p")
    prompt = process.prompt
    assert "p" in prompt
    process.send(Action="Break")
    sim.run()
    assert process.prompt == prompt


def test_a_dead_letter_is_kept_with_its_message_and_time(sim: Simulation) -> None:
    nobody = "y" * 43
    sent = sim.send(nobody, "text", Action="Hi", after_ms=50)
    sim.run()
    (letter,) = sim.dead_letters
    assert letter.message == sent.message
    assert letter.at_ms == sim.start_ms + 50
    assert sent.fate is Fate.DEAD_LETTER


def test_output_of_every_message_is_kept_up_to_10_000(sim: Simulation) -> None:
    process = sim.spawn(
        "N = 0 Handlers.add('p', 'P', function() N = N + 1 print('line ' .. N) end)", cron={"1-second": {"Action": "P"}}
    )
    sim.run(for_ms=10_050_000)
    assert len(process.output) == 10_000
    assert process.output[-1] == "line 10050"


class Moody:
    """A network that raises for messages with an Action of Trouble, and doubles the rest."""

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        if message.tag("Action") == "Trouble":
            raise ValueError("no such cable")
        return (now_ms + 1, now_ms + 2)


def test_a_network_that_raises_leaves_no_step_half_done() -> None:
    sim = Simulation(network=Moody())
    source = """
    Handlers.add("Go", "Go", function(m)
      for _, action in ipairs({ "A", "Trouble", "B" }) do m.reply({ Action = action }) end
    end)
    """
    sender = sim.wallet("w")
    process = sim.spawn(source, name="p")
    sent = sender.send(process, Action="Go")
    with pytest.raises(ValueError, match="no such cable"):
        sim.run()
    sim.run(for_ms=10)
    assert str(sent.fate) == "handled"
    assert [message.tag("Action") for message in sender.inbox].count("B") == 4  # two runs of two deliveries
    assert {letter.reason for letter in sim.dead_letters} == {"the network could not plan it: no such cable"}
    assert sim.counts.begun == sim.counts.ended


def test_a_process_message_that_arrives_twice_makes_one_child() -> None:
    sim = Simulation(network=Moody())
    parent = sim.spawn('Handlers.add("Go", "Go", function() Spawn({}) end)', name="parent")
    parent.send(Action="Go")
    sim.run()
    assert len(sim.processes) == 3  # "Go" came twice, each asked for a child
    assert sim.counts.begun == sim.counts.ended


def test_a_condition_may_be_given_a_longest_time() -> None:
    sim = Simulation()
    clock = sim.spawn("", name="clock")
    sim.every(1_000, clock, Action="Tick")
    assert sim.run(for_ms=5_000, until=lambda: False).stopped_by == "time"
    assert sim.run(for_ms=5_000, until=lambda: len(clock.inbox) > 6).stopped_by == "condition"


def test_a_deliver_tag_in_an_edited_outbox_delays_whether_or_not_somebody_looks() -> None:
    arrivals = set()
    for looks in (False, True):
        sim = Simulation()
        bob = sim.wallet("bob")
        code = f"""
        Handlers.add("Go", "Go", function()
          ao.send({{ Target = "{bob.address}" }})
          ao.outbox.Messages[1].Tags[2] = {{ name = "Deliver-After", value = "5000" }}
        end)
        """
        if looks:
            sim.observe(Observer())
        sim.spawn(code).send(Action="Go")
        sim.run()
        arrivals.add((sim.now_ms - sim.start_ms, len(bob.inbox), sim.fingerprint))
    assert [(at_ms, count) for at_ms, count, _ in arrivals] == [(5_010, 1)]
