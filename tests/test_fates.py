from __future__ import annotations

import pytest

from aosim import Counts, Fate, ProcessHandle, Simulation
from aosim.fates import FATE_OF_VERDICT


def test_every_fate_has_a_count() -> None:
    assert {fate.name.lower() for fate in Fate} < set(Counts().as_dict())


def test_what_began_and_what_ended_are_two_sums_of_all_counts() -> None:
    counts = Counts(sent=5, duplicated=1, cron=2, assigned=1, handled=4, on_the_way=3, dropped=2)
    assert (counts.begun, counts.ended) == (9, 9)


def test_every_verdict_names_a_fate() -> None:
    assert set(FATE_OF_VERDICT) == {"handled", "waiting", "inbox", "untrusted", "not-assignable", "failed"}


@pytest.mark.parametrize(
    ("action", "fate"),
    [
        ("Ping", Fate.HANDLED),
        ("Wait", Fate.HANDLED),
        ("Unknown", Fate.INBOX),
        ("Fail", Fate.FAILED),
    ],
)
def test_a_message_ends_in_the_fate_its_process_gives_it(sim: Simulation, action: str, fate: Fate) -> None:
    process = sim.spawn("""
      Handlers.add("ping", "Ping", function() end)
      Handlers.add("wait", "Wait", function() Receive({ Action = "Never" }) end)
      Handlers.add("fail", "Fail", function() error("no") end)
    """)
    sent = process.send(Action=action)
    assert sent.fate is Fate.ON_THE_WAY
    sim.run()
    assert sent.fate is fate
    assert getattr(sim.counts, fate.name.lower()) >= 1
    assert sim.counts.begun == sim.counts.ended


def test_a_message_through_an_unknown_messenger_is_untrusted(sim: Simulation, puppet: ProcessHandle) -> None:
    closed = sim.spawn("", name="closed", tags={"Authority": "somebody-else"})
    puppet.send("Send({Target = 'closed', Action = 'Hello'})", Action="Do")
    sim.run()
    assert sim.counts.untrusted == 1
    assert closed.output[-1].startswith(f"Message is not trusted! From: {puppet.id} - Owner: ")


def test_an_assignment_nobody_allowed_is_not_assignable(sim: Simulation, puppet: ProcessHandle) -> None:
    other = sim.spawn("", name="other")
    sent = puppet.send(f"ao.assign({{Message = msg.Id, Processes = {{'{other.id}'}}}})", Action="Do")
    sim.run()
    assert sim.counts.not_assignable == 1
    assert sim.counts.assigned == 1
    assert sent.fate is Fate.HANDLED


def test_a_message_to_an_address_of_nobody_is_a_dead_letter(sim: Simulation, puppet: ProcessHandle) -> None:
    nobody = "x" * 43
    sent = sim.wallet("alice").send(nobody, Action="Hello")
    puppet.send("Send({Target = 'legder'}) Send({Action = 'Nowhere'})", Action="Do")
    sim.run()
    assert sent.fate is Fate.DEAD_LETTER
    assert [letter.reason for letter in sim.dead_letters] == [
        f"no process or wallet has the address {nobody}",
        "it has no Target",
        "'legder' is no address (43 characters) and nobody's name",
    ]
    assert {letter.at_ms - sim.start_ms for letter in sim.dead_letters} == {10, 20}
