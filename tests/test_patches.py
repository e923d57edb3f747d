from __future__ import annotations

import pytest

from aosim import Fate, Simulation, UnknownName, UsageError
from aosim.patches import apply_patch, look_up

TOKEN = """
Balances = { alice = "10", bob = "5" }
Send({ device = "patch@1.0", cache = { balances = Balances, name = "Coin" } })
Handlers.add("Pay", "Pay", function(msg)
  Balances.alice = msg.Tags.Quantity
  Send({ Target = ao.id, device = "patch@1.0", cache = { balances = { alice = Balances.alice } } })
  if msg.Tags.Fail then error("no") end
  msg.reply({ Data = "paid" })
end)
"""


@pytest.mark.parametrize("fidelity", ["docs", "network"])
def test_what_a_process_patches_can_be_read(fidelity: str) -> None:
    sim = Simulation(fidelity=fidelity)
    token = sim.spawn(TOKEN, module="hyper-aos")
    assert token.read("cache/balances/alice") == "10"
    assert token.read("cache") == {"balances": {"alice": "10", "bob": "5"}, "name": "Coin"}
    token.send(Action="Pay", Quantity="7")
    sim.run()
    assert token.read("/now/cache/balances") == {"alice": "7", "bob": "5"}
    assert token.output == []
    assert token.read("Balances.alice") == "7"


def test_a_patch_is_no_message_and_counts_as_none() -> None:
    sim = Simulation()
    token = sim.spawn(TOKEN, module="hyper-aos")
    alice = sim.wallet("alice")
    sent = alice.send(token, Action="Pay", Quantity="7")
    sim.run()
    assert sent.fate is Fate.HANDLED
    assert [message.data for message in alice.inbox] == ["paid"]
    assert sim.counts.sent == 3
    assert not sim.dead_letters


def test_a_failing_message_patches_nothing() -> None:
    sim = Simulation()
    token = sim.spawn(TOKEN, module="hyper-aos")
    sent = token.send(Action="Pay", Quantity="7", Fail="yes")
    sim.run()
    assert sent.fate is Fate.FAILED
    assert token.read("cache/balances/alice") == "10"


def test_fields_of_a_patch_may_be_tags_and_stand_beside_the_cache() -> None:
    sim = Simulation()
    code = """
      ao.send({ Tags = { device = "patch@1.0", supply = "100" } })
      ao.send({ Tags = { { name = "device", value = "patch@1.0" }, { name = "ticker", value = "COIN" } } })
      ao.send({ device = "patch@1.0", Data = "text", list = { "a", { b = 1 } }, ready = true, n = 5 })
    """
    process = sim.spawn(code, module="hyper-aos")
    assert [process.read(f"compute/{name}") for name in ("supply", "ticker", "Data", "ready", "n")] == [
        *("100", "COIN", "text", True, 5)
    ]
    assert process.read("list/1") == "a"
    assert process.read("list/2/b") == 1


def test_a_child_made_from_the_module_publishes_too() -> None:
    sim = Simulation()
    code = "Send({ device = 'patch@1.0', here = 'yes' })"
    sim.spawn(f'Spawn({{ Data = "{code}", Name = "child", ["On-Boot"] = "Data" }})', module="hyper-aos", name="parent")
    sim.run()
    assert sim.process("child").read("now/here") == "yes"


def test_patches_are_part_of_the_fingerprint() -> None:
    def fingerprint(quantity: str) -> str:
        sim = Simulation()
        sim.spawn(f"Send({{ device = 'patch@1.0', supply = '{quantity}' }})", module="hyper-aos")
        return sim.fingerprint

    assert fingerprint("1") == fingerprint("1") != fingerprint("2")


def test_an_ordinary_process_publishes_nothing() -> None:
    sim = Simulation()
    process = sim.spawn("Send({ device = 'patch@1.0', supply = '1' })")
    assert sim.dead_letters
    assert process.read("supply") is None


def test_a_place_that_is_not_there_is_told_with_what_is() -> None:
    token = Simulation().spawn(TOKEN, module="hyper-aos")
    with pytest.raises(UnknownName, match=r"no state at 'cache/balances/alicia': 'alicia'\. Did you mean 'alice'\?"):
        token.read("cache/balances/alicia")
    with pytest.raises(UsageError, match="'cache/name/deeper': 'cache/name' is a text in this state"):
        token.read("cache/name/deeper")


@pytest.mark.parametrize("source", ["", "Balances = {}"])
def test_a_process_that_publishes_no_state_says_so_when_it_is_read(source: str) -> None:
    process = Simulation().spawn(source, name="desk")
    with pytest.raises(UsageError, match="'desk' publishes no state to read at 'cache/a': its module is not hyper-aos"):
        process.read("cache/a")
    assert process.eval("_G['a/b'] = 5 return 1") == 1
    assert (process.read("a/b"), process.read("nothing")) == (5, None)


def test_names_are_found_in_any_case_but_their_own_first() -> None:
    tree = {"Balances": {"aB": 1, "Ab": 2}, "x": 3}
    assert look_up(tree, "balances/aB") == 1
    with pytest.raises(UnknownName):
        look_up(tree, "balances/AB")


def test_what_is_read_is_a_copy() -> None:
    tree: dict[str, object] = {"a": {"b": 1}}
    look_up(tree, "a")["b"] = 2
    assert tree == {"a": {"b": 1}}


def test_tables_are_merged_and_all_else_is_replaced() -> None:
    tree: dict[str, object] = {"a": {"b": 1, "c": [1, 2]}, "d": "x"}
    apply_patch(tree, '{"a": {"c": [3], "e": {}}, "d": {"f": 1}}')
    apply_patch(tree, "[]")
    assert tree == {"a": {"b": 1, "c": [3], "e": {}}, "d": {"f": 1}}
