from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Context, Message, Simulation, UnknownName, UsageError
from timetravel.world import make, told

LEDGER = """
Balances = { alice = 100 }
Deep = { list = { 1, 2, 3 } }
Handlers.add("Transfer", "Transfer", function(msg)
  local quantity = tonumber(msg.Tags.Quantity)
  Balances[msg.Tags.Sender] = (Balances[msg.Tags.Sender] or 0) - quantity
  Balances[msg.Tags.Recipient] = (Balances[msg.Tags.Recipient] or 0) + quantity
  if quantity == 13 then error("unlucky") end
end)
Handlers.add("Clear", "Clear", function(msg) Balances[msg.Tags.Who] = nil end)
Handlers.add("Set", "Set", function(msg) Value = json.decode(msg.Data) end)
"""


@pytest.fixture
def ledger() -> Simulation:
    sim = Simulation(latency=10)
    sim.spawn(
        LEDGER, name="ledger", cron={"1-hour": {"Action": "Transfer", "Sender": "c", "Recipient": "d", "Quantity": "1"}}
    )
    return sim


def transfer(sim: Simulation, sender: str, recipient: str, quantity: int) -> None:
    sim.wallet(sender).send("ledger", Action="Transfer", Sender=sender, Recipient=recipient, Quantity=str(quantity))
    sim.run()


def test_blame_names_the_message_that_made_a_value(ledger: Simulation) -> None:
    for quantity in (5, 7, 13, 0):
        transfer(ledger, "alice", "bob", quantity)
    transfer(ledger, "bob", "carol", 3)
    before = told(ledger)
    blame = ledger.blame("ledger", "Balances.alice")
    assert (blame.before, blame.after, blame.nonce, blame.event, blame.action, blame.sender) == (
        *(95, 88, 2, 2),
        *("Transfer", "alice"),
    )
    assert blame.message.tag("Quantity") == "7"
    assert str(blame) == "Balances.alice: 95 → 88 by ledger, nonce 2 (Action=Transfer from alice), event 2"
    assert ledger.blame("ledger", "Balances.bob").sender == "bob"
    assert told(ledger) == before
    ledger.goto(blame.event - 1)
    assert ledger.process("ledger").read("Balances.alice") == 95
    assert ledger.blame("ledger", "Balances.alice").before == 100


def test_blame_finds_boots_evals_cron_and_what_was_taken_away(ledger: Simulation) -> None:
    boot = ledger.blame("ledger", "Deep")
    assert (boot.nonce, boot.event, boot.before, boot.message.id) == (0, 0, None, ledger.process("ledger").id)
    later = ledger.spawn("Made = 1", name="later", on_boot=False)
    assert ledger.blame(later, "Made").nonce == 1
    ledger.eval("ledger", "Deep.list[2] = 'two'")
    assert (ledger.blame("ledger", "Deep").action, ledger.blame("ledger", "Deep").event) == ("Eval", 0)
    ledger.run(for_ms=2 * 3_600_000)
    cron = ledger.blame("ledger", "Balances.d")
    assert (cron.nonce, cron.after, cron.event) == (None, 2, ledger.events)
    assert "a cron tick" in str(cron)
    ledger.send("ledger", Action="Clear", Who="d")
    ledger.run()
    assert (ledger.blame("ledger", "Balances.d").before, ledger.blame("ledger", "Balances.d").after) == (2, None)


def test_blame_refuses_what_never_was(ledger: Simulation) -> None:
    with pytest.raises(UnknownName, match=r"no value in 'ledger': 'Balance'. Did you mean 'Balances'\?"):
        ledger.blame("ledger", "Balance")
    with pytest.raises(UnknownName, match="no process"):
        ledger.blame("nobody", "Balances")


@pytest.mark.parametrize(
    ("values", "nonce"),
    [(["true", "1", "true"], 3), (["1", "1.5", "1.5"], 2), (["[1]", "[true]", "[true]"], 2), (["1", "2", "1"], 3)],
)
def test_blame_tells_values_apart_as_lua_does(ledger: Simulation, values: list[str], nonce: int) -> None:
    for value in values:
        ledger.send("ledger", value, Action="Set")
        ledger.run()
    assert ledger.blame("ledger", "Value").nonce == nonce


def test_blame_looks_into_processes_in_python_and_published_trees() -> None:
    def count(me: Context, message: Message) -> None:
        me.state.setdefault("by", {}).setdefault(message.tag("Action"), 0)
        me.state["by"][message.tag("Action")] += 1

    sim = make()
    sim.spawn(count, name="count")
    for action in ("Add", "Sub", "Add", "Sub"):
        sim.send("count", Action=action)
        sim.run()
    blame = sim.blame("count", "by.Add")
    assert (blame.nonce, blame.before, blame.after) == (3, 1, 2)
    assert sim.blame("publisher", "cache/count").after == sim.process("publisher").read("cache/count")
    with pytest.raises(UnknownName):
        sim.blame("publisher", "cache/nothing")
    with pytest.raises(UnknownName, match="Known: by"):
        sim.blame("count", "nothing")


@settings(max_examples=15)
@given(st.integers(0, 1_000), st.integers(1, 60), st.integers(0, 59))
def test_blame_is_what_a_look_after_every_event_says(seed: int, messages: int, gone_back: int) -> None:
    sim = Simulation(seed, latency=1)
    sim.spawn(LEDGER, name="ledger")
    random = Random(seed)
    for _ in range(messages):
        sim.send("ledger", str(random.randrange(3)), Action="Set")
    last, known = None, None
    while sim.step():
        value = sim.process("ledger").read("Value")
        if value != known:
            last, known = sim.events, value
    sim.back(gone_back)
    sim.goto(messages)
    blame = sim.blame("ledger", "Value")
    assert (blame.event, blame.nonce, blame.after) == (last, last, known)


def test_bisect_finds_the_first_event_after_which_something_does_not_hold(ledger: Simulation) -> None:
    for quantity in range(1, 40):
        transfer(ledger, "alice", "bob", quantity)
    process, before = ledger.process("ledger"), told(ledger)
    found = ledger.bisect(lambda sim: sim.process("ledger").read("Balances.alice") >= 0)
    assert (found.event, found.process, found.nonce, found.from_outside) == (15, "ledger", 15, False)
    assert found.message is not None
    assert found.message.tag("Quantity") == "15"
    assert str(found) == "event 15: ledger, nonce 15 (Action=Transfer)"
    assert ledger.bisect(lambda _: process.read("Balances.alice") >= 0) == found
    assert ledger.bisect(lambda _: process.read("Balances.alice") >= 0, every=True) == found
    assert told(ledger) == before
    assert found


def test_bisect_says_so_when_nothing_fails(ledger: Simulation) -> None:
    for quantity in range(5):
        transfer(ledger, "alice", "bob", quantity)
    for every in (False, True):
        found = ledger.bisect(lambda sim: sim.counts.failed == 0, every=every)
        assert not found
        assert (found.event, str(found)) == (None, "it holds after each of 5 events that were asked about")


def test_bisect_with_every_finds_what_comes_right_again(ledger: Simulation) -> None:
    for quantity in (5, 200, -200, 5):
        transfer(ledger, "alice", "bob", quantity)

    def well(sim: Simulation) -> None:
        assert sim.process("ledger").read("Balances.alice") > 0

    assert not ledger.bisect(well)
    assert ledger.bisect(well, every=True).event == 2


def test_bisect_names_a_call_from_outside(ledger: Simulation) -> None:
    transfer(ledger, "alice", "bob", 5)
    ledger.eval("ledger", "Balances.bob = 5")
    ledger.eval("ledger", "Balances.bob = -1")
    ledger.eval("ledger", "Balances.bob = -2")
    transfer(ledger, "alice", "bob", 1)
    found = ledger.bisect(lambda sim: (sim.process("ledger").read("Balances.bob") or 0) >= 0)
    assert (found.event, found.nonce, found.from_outside) == (1, 3, True)
    assert str(found) == "after event 1, by a call from outside: ledger, nonce 3 (Action=Eval)"
    at_once = ledger.bisect(lambda sim: len(sim.wallets) < 2)
    assert (at_once.event, at_once.message, str(at_once)) == (0, None, "after event 0, by a call from outside")


def test_a_process_that_is_not_made_yet_is_well(ledger: Simulation) -> None:
    transfer(ledger, "alice", "bob", 5)
    ledger.spawn("N = 1", name="late")
    ledger.send("late", "N = 2", Action="Eval")
    ledger.run()
    assert ledger.bisect(lambda sim: sim.process("late").read("N") == 1).event == 2


def test_a_predicate_may_ask_but_not_act(ledger: Simulation) -> None:
    transfer(ledger, "alice", "bob", 5)
    assert not ledger.bisect(lambda sim: sim.query("ledger", Action="Info").error is None, every=True)
    with pytest.raises(UsageError, match="changed the run"):
        ledger.bisect(lambda sim: sim.eval("ledger", "return true"))
    with pytest.raises(ZeroDivisionError):
        ledger.bisect(lambda sim: 1 / (1 - sim.events), every=True)
    assert ledger.events == 1


def test_searching_in_the_middle_of_a_run_leaves_the_rest_where_it_is(ledger: Simulation) -> None:
    for quantity in range(10):
        transfer(ledger, "alice", "bob", quantity)
    end = told(ledger)
    ledger.goto(5)
    assert ledger.blame("ledger", "Balances.alice").event == 5
    assert ledger.bisect(lambda sim: sim.events < 3).event == 3
    assert ledger.events == 5
    ledger.goto(10)
    assert told(ledger) == end


def test_long_runs_are_searched_from_the_nearest_checkpoints() -> None:
    sim = Simulation(latency=1)
    sim.spawn(
        'N = 0 Handlers.add("Add", "Add", function(msg) N = N + 1 if N == 2222 then Bad = true end end)', name="p"
    )
    tick = sim.every(1, "p", Action="Add")
    sim.run(for_ms=3_000)
    tick.cancel()
    found = sim.bisect(lambda sim: sim.process("p").read("Bad") is None)
    assert found.nonce == 2_222
    assert sim.blame("p", "Bad").event == found.event
    assert sim.blame("p", "N").after == sim.process("p").read("N")


def test_the_message_is_blamed_that_a_fault_has_not_undone(ledger: Simulation) -> None:
    for quantity in (5, 7):
        transfer(ledger, "alice", "bob", quantity)
    ledger.crash("ledger", losing=1)
    assert ledger.process("ledger").read("Balances.alice") == 95
    assert ledger.blame("ledger", "Balances.alice").nonce == 1
    transfer(ledger, "bob", "carol", 1)
    assert ledger.blame("ledger", "Balances.alice").nonce == 1


def test_a_fork_of_a_process_begins_with_what_it_has(ledger: Simulation) -> None:
    transfer(ledger, "alice", "bob", 5)
    ledger.process("ledger").fork(name="copy")
    with pytest.raises(UsageError, match="the process began with it, as a fork of another"):
        ledger.blame("copy", "Balances.bob")
    ledger.send("copy", Action="Transfer", Sender="alice", Recipient="bob", Quantity="1")
    ledger.run()
    blame = ledger.blame("copy", "Balances.bob")
    assert (blame.before, blame.after, blame.event) == (5, 6, 2)
    ledger.goto(1)
    assert ledger.process("copy").read("Balances.bob") == 5
