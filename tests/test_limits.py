from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from aosim import Limits, Simulation
from aosim.errors import MessageTooLarge, TooManyWaiting, UsageError


def test_limits_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Limits().hops_max = 1  # type: ignore[misc]


@pytest.mark.parametrize("limit", ["message_bytes_max", "hops_max", "waiting_max"])
def test_a_limit_is_a_whole_number(limit: str) -> None:
    with pytest.raises(UsageError, match=f"{limit}=-1: a whole number from 0 up"):
        Limits(**{limit: -1})


def test_a_message_over_the_limit_is_refused_and_changes_nothing() -> None:
    sim = Simulation(limits=Limits(message_bytes_max=100))
    process = sim.spawn("", name="small")
    before = sim.fingerprint, sim.counts.begun
    with pytest.raises(
        MessageTooLarge, match=r"a message to 'small' holds 207 bytes, the limit is 100.*message_bytes_max"
    ):
        process.send("ü" * 100, Tag="1234")
    assert (sim.fingerprint, sim.counts.begun) == before


def test_handlers_that_send_more_than_is_handled_are_stopped() -> None:
    sim = Simulation(limits=Limits(waiting_max=500))
    code = "Handlers.add('more', 'More', function(m) for i = 1, 2 do Send({Target = ao.id, Action = 'More'}) end end)"
    sim.spawn(code, name="rabbit").send(Action="More")
    with pytest.raises(TooManyWaiting, match=r"messages are on the way, most of them to rabbit.*waiting_max"):
        sim.run()


def test_children_without_end_are_stopped_too() -> None:
    sim = Simulation(limits=Limits(waiting_max=50))
    breeder = sim.spawn("Handlers.add('b', 'Breed', function(m) for i = 1, 60 do ao.spawn(ao._module, {}) end end)")
    breeder.send(Action="Breed")
    for _ in range(1_100):
        breeder.send(Action="Noise")
    with pytest.raises(TooManyWaiting):
        sim.run()
