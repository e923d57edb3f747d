from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aosim import Constant, LatencyNetwork, Lognormal, Message, Simulation, Uniform
from aosim.errors import UnknownName, UsageError
from aosim.network import Latency


def _message(sender: str = "a", target: str = "b") -> Message:
    return Message("id", sender, sender, target, None, ())


def test_a_constant_latency_delivers_once_and_after_that_time() -> None:
    assert LatencyNetwork(Random(1), Constant(25)).plan(_message(), 1_000) == (1_025,)


def test_the_most_exact_link_wins() -> None:
    links: dict[tuple[str, str], Latency] = {
        ("a", "b"): Constant(1),
        ("a", "*"): Constant(2),
        ("*", "b"): Constant(3),
        ("*", "*"): Constant(4),
    }
    network = LatencyNetwork(Random(1), Constant(5), links)
    pairs = [("a", "b"), ("a", "x"), ("x", "b"), ("x", "y")]
    assert [network.plan(_message(*pair), 0) for pair in pairs] == [(1,), (2,), (3,), (4,)]


@given(
    st.one_of(
        st.builds(Constant, st.integers(0, 10**6)),
        st.integers(0, 10**6).flatmap(lambda low: st.builds(Uniform, st.just(low), st.integers(low, 2 * 10**6))),
        st.builds(Lognormal, st.floats(0, 10**6), st.floats(0, 20), st.integers(0, 10**6)),
    ),
    st.integers(0, 100),
)
def test_latencies_are_whole_milliseconds_from_0_up(latency: Latency, seed: int) -> None:
    drawn = latency.draw_ms(Random(seed))
    assert type(drawn) is int
    assert drawn >= 0


def test_a_lognormal_latency_lies_around_its_median_and_below_its_bound() -> None:
    random = Random(3)
    drawn = sorted(Lognormal(100, 0.5, high_ms=300).draw_ms(random) for _ in range(2_001))
    assert 90 < drawn[1_000] < 110
    assert drawn[-1] <= 300
    assert Lognormal(0).draw_ms(random) == 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Constant(-1), "latency_ms=-1: a whole number of milliseconds from 0 up"),
        (lambda: Constant(2.5), "latency_ms=2.5: a whole number"),  # type: ignore[arg-type]
        (lambda: Uniform(5, 1), r"Uniform\(5, 1\): the low bound comes first"),
        (lambda: Uniform(1, 2.5), "high_ms=2.5: a whole number"),  # type: ignore[arg-type]
        (lambda: Lognormal(float("nan")), "median_ms=nan: a number from 0 up"),
        (lambda: Lognormal(10, float("inf")), "sigma=inf: a number from 0 up"),
        (lambda: Simulation(latency="fast"), "latency 'fast': whole milliseconds, Constant"),  # type: ignore[arg-type]
        (lambda: Simulation(links={("*", "*"): -5}), "latency_ms=-5"),
    ],
)
def test_a_latency_that_cannot_be_is_refused(make: object, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        make()  # type: ignore[operator]


def test_links_hold_for_the_names_they_were_given() -> None:
    sim = Simulation(latency=50, links={("alice", "shop"): 5, ("*", "bank"): Uniform(7, 7)})
    alice, bob = sim.wallet("alice"), sim.wallet("bob")
    shop, bank = sim.spawn("", name="shop"), sim.spawn("", name="bank")
    sent = [alice.send(shop), bob.send(shop), alice.send(bank), bob.send(bank)]
    assert [one.due_ms[0] - sim.now_ms for one in sent] == [5, 50, 7, 7]


def test_a_link_between_addresses_or_stars_holds_from_the_start() -> None:
    sim = Simulation(latency=50, links={("*", "*"): 3})
    assert sim.wallet("alice").send(sim.wallet("bob")).due_ms == (sim.now_ms + 3,)
    sim.run()
    assert sim.now_ms == sim.start_ms + 3


def test_a_link_to_nobody_is_told_when_the_simulation_runs() -> None:
    sim = Simulation(links={("alice", "legder"): 5})
    sim.spawn("", name="ledger")
    with pytest.raises(UnknownName, match="no process or wallet in links= 'alice'"):
        sim.run()


def test_a_link_to_a_child_holds_once_the_child_is_there() -> None:
    sim = Simulation(latency=50, links={("parent", "child"): 5})
    spawning = "Handlers.add('go', 'Go', function(m) ao.spawn(ao._module, {Name = 'child'}) end)"
    parent = sim.spawn(spawning, name="parent")
    parent.send(Action="Go")
    while len(sim.processes) == 1:
        assert sim.step()
    sim.run()
    before_ms = sim.now_ms
    parent.eval("Send({Target = 'child', Action = 'Hello'})")
    sim.run()
    assert sim.now_ms == before_ms + 5


def test_links_and_a_network_of_ones_own_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="links= shapes the network that aosim makes"):
        Simulation(network=LatencyNetwork(Random(1)), links={("a", "b"): 1})


class _Network:
    """Plans what it was told to."""

    def __init__(self, *delays_ms: int) -> None:
        self.delays_ms = delays_ms

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        return tuple(now_ms + delay_ms for delay_ms in self.delays_ms)


@pytest.mark.parametrize("delay_ms", [-1, 1.5, 2**53])
def test_a_plan_that_cannot_be_is_refused(delay_ms: int) -> None:
    sim = Simulation(network=_Network(delay_ms))
    with pytest.raises(UsageError, match=r"_Network object .* plans an arrival at .*: a plan holds whole milliseconds"):
        sim.send(sim.wallet("bob"))


class _Drawn:
    """A latency of somebody else's, which takes what it was told to."""

    def __init__(self, latency_ms: int) -> None:
        self.latency_ms = latency_ms

    def draw_ms(self, random: Random) -> int:
        return self.latency_ms


@pytest.mark.parametrize("latency_ms", [-1, 1.5, 2**53])
def test_a_latency_drawn_below_zero_or_in_part_is_refused(latency_ms: int) -> None:
    sim = Simulation(latency=_Drawn(latency_ms))
    with pytest.raises(UsageError, match=r"_Drawn object .* draws .*: a latency is whole milliseconds from 0 up"):
        sim.send(sim.wallet("bob"))


def test_a_tail_without_end_is_cut_at_its_high_end() -> None:
    random = Random(1)
    drawn = {Lognormal(80, 10_000.0, 500).draw_ms(random) for _ in range(100)}
    assert drawn == {0, 500}


def test_a_lost_message_is_dropped_and_never_arrives() -> None:
    sim = Simulation(network=_Network())
    process = sim.spawn("")
    sent = process.send(Action="X")
    sim.run()
    assert (str(sent.fate), sent.due_ms, sim.counts.dropped) == ("dropped", (), 1)
    assert process.inbox[1:] == []


def test_a_duplicated_message_arrives_twice_and_counts_twice() -> None:
    sim = Simulation(network=_Network(5, 9))
    bob = sim.wallet("bob")
    sent = sim.send(bob, Action="X")
    sim.run()
    assert [message.id for message in bob.inbox] == [sent.id, sent.id]
    assert (sim.counts.sent, sim.counts.duplicated, sim.counts.inbox) == (1, 1, 2)


def test_a_lost_spawn_is_counted_and_written_down() -> None:
    sim = Simulation(network=_Network())
    process = sim.spawn("")
    process.eval("ao.spawn(ao._module, {Name = 'child'})")
    sim.run()
    assert (len(sim.processes), sim.counts.dropped, sim.counts.begun) == (1, 1, sim.counts.ended)
    assert [entry[0] for entry in sim.journal.read()][-1] == "dropped"
