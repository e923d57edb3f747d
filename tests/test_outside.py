from __future__ import annotations

import re

import pytest

from aosim import ProcessHandle, Simulation, Tag
from aosim.errors import UnknownName, UsageError
from aosim.handles import Address
from aosim.ids import address


def test_a_wallets_message_has_the_tags_an_aoconnect_client_adds(sim: Simulation, pong: ProcessHandle) -> None:
    sent = sim.wallet("alice").send(pong, "text", tags=[("B", "1"), ("A", "2")], Action="Ping")
    assert sent.message.tags == (
        Tag("B", "1"),
        Tag("A", "2"),
        Tag("Action", "Ping"),
        Tag("Data-Protocol", "ao"),
        Tag("Variant", "ao.TN.1"),
        Tag("Type", "Message"),
        Tag("SDK", "aoconnect"),
    )


def test_a_message_without_data_has_one_space_and_says_so(sim: Simulation, pong: ProcessHandle) -> None:
    message = sim.wallet("alice").send(pong, Action="Ping").message
    assert message.data == " "
    assert message.tag("Content-Type") == "text/plain"
    assert sim.wallet("alice").send(pong, "").message.data == ""


def test_data_may_be_given_as_a_keyword_but_not_twice(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    assert alice.send(pong, Data="x").message.data == "x"
    with pytest.raises(UsageError, match="a message to 'pong' has data= and Data=: give one of them"):
        alice.send(pong, "x", Data="y")


def test_names_handles_and_addresses_are_all_addresses(sim: Simulation, pong: ProcessHandle) -> None:
    alice, bob = sim.wallet("alice"), sim.wallet("bob")
    processes: list[Address] = ["pong", pong, pong.id]
    assert {alice.send(target).message.target for target in processes} == {pong.id}
    wallets: list[Address] = ["bob", bob, bob.address]
    assert {sim.send(target, sender=alice).message.target for target in wallets} == {bob.address}


def test_an_address_nobody_has_may_sign_and_be_sent_to(sim: Simulation, pong: ProcessHandle) -> None:
    stranger = address(b"stranger")
    sent = sim.send(pong, sender=stranger, Action="Ping")
    sim.run()
    assert sent.message.sender == stranger
    assert sim.dead_letters == []
    assert sim.counts.inbox == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"data": 5}, "a message to 'pong': data is int, it must be text. Use json.dumps"),
        ({"data": "\ud800"}, "a message to 'pong': data holds '\\ud800', half a character"),
        ({"Quantity": 5}, "a message to 'pong': tag 'Quantity' is int 5; tags are text. Write Quantity='5'"),
        ({"tags": {"A": None}}, "tag 'A' is NoneType None"),
        ({"tags": {"A": "\ud800"}}, "tag 'A' holds"),
        ({"tags": "Action"}, "tags='Action': give a mapping of names to values, or a list of (name, value) pairs"),
        ({"tags": [("a", "b", "c")]}, "give a mapping of names to values"),
        ({"after_ms": -1}, "after_ms=-1: a whole number of milliseconds from 0 up"),
        ({"after_ms": 1.5}, "after_ms=1.5: a whole number"),
        ({"after_ms": True}, "after_ms=True: a whole number"),
        ({"at_ms": 5}, "at_ms=5 lies in the past: the clock stands at 1_735_689_600_000 ms. Use after_ms=5?"),
        ({"at_ms": 5, "after_ms": 5}, "after_ms= and at_ms=: give one of them"),
        ({"at_ms": 2**53}, "9_007_199_254_740_992 ms lies behind the end of time"),
        ({"sender": 5}, "5 is no address: give a handle, a name or 43 characters"),
    ],
)
def test_a_message_that_cannot_be_sent_is_refused_and_leaves_no_trace(options: dict[str, object], text: str) -> None:
    def run(*, refused: bool) -> str:
        sim = Simulation()
        pong = sim.spawn("", name="pong")
        sim.wallet("alice")
        if refused:
            with pytest.raises(UsageError, match=re.escape(text)):
                sim.send(pong, **{"sender": "alice", **options})  # type: ignore[arg-type]
        sim.wallet("alice").send(pong)
        sim.run()
        return sim.fingerprint

    assert run(refused=True) == run(refused=False)


def test_an_unknown_target_names_the_known_ones(sim: Simulation, pong: ProcessHandle) -> None:
    with pytest.raises(UnknownName, match=r"no process or wallet 'pogn'\. Did you mean 'pong'\?"):
        sim.wallet("alice").send("pogn")


def test_data_that_is_no_text_in_lua_arrives_as_the_same_bytes(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    every_byte = bytes(range(256)).decode("utf-8", "surrogateescape")
    alice.send(pong, every_byte, Action="Ping", Odd=every_byte)
    sim.run()
    assert alice.inbox[0].data == every_byte
