from __future__ import annotations

import pytest

from aosim import ProcessHandle, Simulation
from aosim.errors import NameTaken, UsageError
from aosim.ids import address_of, is_address


def test_a_wallets_address_depends_on_its_name_alone() -> None:
    first, second = Simulation(seed=1), Simulation(seed=2, fidelity="network")
    first.wallet("bob")
    assert first.wallet("alice").address == second.wallet("alice").address == address_of("wallet", "alice")
    assert is_address(first.wallet("alice").address)


def test_a_name_has_one_wallet(sim: Simulation) -> None:
    assert sim.wallet("alice") is sim.wallet("alice")


def test_a_wallet_keeps_what_it_is_sent_in_the_order_it_arrives(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    for number in "123":
        alice.send(pong, number, Action="Ping")
    sim.run()
    assert [(message.tag("Action"), message.data) for message in alice.inbox] == [
        ("Pong", "1"),
        ("Pong", "2"),
        ("Pong", "3"),
    ]
    assert {message.sender for message in alice.inbox} == {pong.id}


def test_wallets_send_to_each_other(sim: Simulation) -> None:
    alice, bob = sim.wallet("alice"), sim.wallet("bob")
    sent = alice.send(bob, "hello", Action="Greet")
    sim.run()
    (message,) = bob.inbox
    assert (message, message.sender, message.owner) == (sent.message, alice.address, alice.address)
    assert str(sent.fate) == "inbox"


def test_two_equal_messages_of_one_wallet_have_two_ids(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    assert alice.send(pong, Action="Ping").id != alice.send(pong, Action="Ping").id


def test_the_name_of_a_process_is_taken_for_wallets_too(sim: Simulation, pong: ProcessHandle) -> None:
    with pytest.raises(NameTaken, match="the name 'pong' is taken"):
        sim.wallet("pong")


@pytest.mark.parametrize("name", ["", "  ", "\ud800", "okHLY592yj2P4eTkj_hZTUhwpCxQjlbwaFSekV6j9wo"])
def test_a_wallet_needs_a_name_that_can_be_one(sim: Simulation, name: str) -> None:
    with pytest.raises(UsageError):
        sim.wallet(name)


def test_a_wallet_shows_its_name(sim: Simulation) -> None:
    alice = sim.wallet("alice")
    assert repr(alice) == f"<Wallet alice {alice.address[:8]}>"


def test_the_wallets_of_a_simulation_are_listed_in_the_order_they_were_made(sim: Simulation) -> None:
    sim.wallet("zoe"), sim.wallet("adam")
    assert [wallet.name for wallet in sim.wallets] == ["owner", "zoe", "adam"]
