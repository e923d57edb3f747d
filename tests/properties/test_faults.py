"""What always holds, whatever goes wrong: over random networks and random plans of faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import (
    Crash,
    Fate,
    Faults,
    Message,
    Observer,
    Partition,
    Rate,
    Result,
    Simulation,
    Skew,
    Slow,
    Strike,
    Uniform,
)
from aosim.faults import RATE_KINDS, STRIKE_KINDS, Fault
from aosim.message import Assignment
from properties.test_conservation import ACTOR, python_actor

NAMES = ["a", "b", "c", "alice", "bob", "child-1", "(child)", "nobody", "*"]
PROCESSES = ["a", "b", "c", "child-1", "*"]

chances = st.sampled_from([0.0, 0.0, 0.02, 0.1, 0.5])
delays = st.sampled_from([0, 1, 40, 700])
windows = st.sampled_from([(0, None), (0, 4_000), (3_000, 9_000), (8_000, 8_000)])
single: st.SearchStrategy[Fault] = st.one_of(
    st.builds(
        Strike,
        st.sampled_from(STRIKE_KINDS),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.integers(1, 20),
        delays,
        st.integers(0, 3),
    ),
    st.builds(Crash, st.sampled_from(PROCESSES), st.integers(0, 15_000), delays, st.integers(0, 3)),
    st.builds(lambda name, ms, window: Slow(name, ms, *window), st.sampled_from(PROCESSES), delays, windows),
    st.builds(lambda name, ms, window: Skew(name, -ms, *window), st.sampled_from(PROCESSES), delays, windows),
    st.builds(
        lambda cut, window, lose: Partition((tuple(cut), ("*",)), window[0], window[1], lose),
        st.sets(st.sampled_from(["a", "b", "alice", "child-1"]), min_size=1),
        windows,
        st.booleans(),
    ),
)
rates = st.builds(
    lambda kind, rate, ends, ms, losing, window: Rate(kind, rate, ends[0], ends[1], ms, losing, window[0], window[1]),
    st.sampled_from(RATE_KINDS),
    chances,
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)),
    delays,
    st.integers(0, 2),
    windows,
)
plans = st.builds(
    Faults,
    loss=chances,
    dup=chances,
    reorder=chances,
    spike=chances,
    crash=st.sampled_from([0.0, 0.02]),
    crash_ms=delays,
    losing=st.integers(0, 2),
    late_births_ms=delays,
    jitter_ms=delays,
    rates=st.lists(rates, max_size=3).map(tuple),
    strikes=st.lists(single, max_size=5).map(tuple),
)
seeds = st.integers(0, 10_000)


def world(seed: int, faults: Faults | None, *observers: Observer, **options: Any) -> Simulation:
    """Three processes, a wallet that writes to them for twenty seconds, and whatever they make of it."""
    random = Random(seed)
    sim = Simulation(seed, faults=faults, latency=Uniform(1, 300), **options)
    for observer in observers:
        sim.observe(observer)
    alice = sim.wallet("alice")
    sim.wallet("bob")
    for name in ("a", "b"):
        sim.spawn(ACTOR, name=name, cron="3-seconds" if random.random() < 0.5 else None)
    sim.spawn(python_actor, name="c")
    for number in range(30):
        alice.send(random.choice(["a", "b", "c"]), str(number), Action="Go", after_ms=random.randrange(20_000))
    return sim


def commanded(sim: Simulation, seed: int) -> None:
    """Calls in the middle of a run, one after another, as somebody might make them."""
    random = Random(f"{seed}/calls")
    stopped = []
    for _ in range(12):
        match random.randrange(9):
            case 0:
                losing: list[int | str] = [0, 1, "all"]
                sim.crash(random.choice("abc"), for_ms=random.randrange(2_000), losing=random.choice(losing))
            case 1:
                stopped.append(sim.hold(target=random.choice("abc")))
            case 2:
                stopped.append(sim.faults.partition({"a"}, lose=random.random() < 0.3))
            case 3:
                stopped.append(sim.hold(lambda message: message.tag("Action") == "Spread"))
            case 4:
                sim.faults.slow(random.choice("abc"), random.randrange(200), for_ms=3_000)
            case 5 if stopped:
                random.choice(stopped).release(random.choice([None, 1]))
            case 6:
                sim.faults.end()
            case 7:
                sim.faults.duplicate(0.2)
        sim.run(for_ms=random.randrange(4_000))
    for one in stopped:
        one.release()


class Fates(Observer):
    """Counts for itself what was sent and what has struck."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        self.seen["dropped"] += not due_ms
        self.seen["copies"] += max(0, len(due_ms) - 1)

    def on_result(self, assignment: Assignment, result: Result) -> None:
        self.seen["evaluated"] += 1

    def on_fault(self, fault: object, message: Message | None, now_ms: int) -> None:
        self.seen["dropped"] += isinstance(fault, Partition) and fault.lose and message is not None


def balanced(sim: Simulation) -> None:
    counts = sim.counts
    assert counts.begun == counts.ended, counts
    assert counts.on_the_way == len([one for one in sim.scheduled if one.kind in ("message", "spawn")])
    assert counts.held == len(sim.held)
    assert counts.dead_letter == len(sim.dead_letters)
    assert min(counts.as_dict().values()) >= 0


@settings(max_examples=10)
@given(seeds, plans, st.booleans())
def test_no_message_is_gone_without_a_fate_whatever_goes_wrong(seed: int, plan: Faults, called: bool) -> None:
    fates = Fates()
    sim = world(seed, plan, fates)
    for _ in range(40):
        sim.step()
        balanced(sim)
    if called:
        commanded(sim, seed)
        balanced(sim)
    sim.run(for_ms=60_000)
    balanced(sim)
    counts = sim.counts
    assert (counts.dropped, counts.duplicated) == (fates.seen["dropped"], fates.seen["copies"])
    evaluated = counts.handled + counts.untrusted + counts.not_assignable + counts.failed + counts.inbox
    inboxes = sum(len(wallet.inbox) for wallet in sim.wallets)
    assert fates.seen["evaluated"] == evaluated - inboxes


@settings(max_examples=6)
@given(seeds, plans, st.sampled_from([None, 1]))
def test_what_struck_strikes_again_as_a_schedule_and_nothing_else_does(
    seed: int, plan: Faults, order: int | None
) -> None:
    first = world(seed, plan, order=order)
    first.run(for_ms=30_000)
    again = world(seed, first.faults.schedule, order=order)
    again.run(for_ms=30_000)
    assert again.faults.strikes == first.faults.strikes
    assert again.fingerprint == first.fingerprint
    assert again.counts == first.counts


@settings(max_examples=5)
@given(seeds, plans)
def test_a_run_with_faults_done_again_from_its_inputs_is_the_same(seed: int, plan: Faults) -> None:
    sim = world(seed, plan)
    commanded(sim, seed)
    again = Simulation(seed, faults=plan, latency=Uniform(1, 300))
    again._inlet.redo(sim.journal.inputs(), {"c": python_actor}, sim.events)  # type: ignore[attr-defined]
    assert (again.fingerprint, again.faults.strikes) == (sim.fingerprint, sim.faults.strikes)


@settings(max_examples=4)
@given(seeds, plans, st.integers(0, 25_000))
def test_a_fork_under_faults_goes_on_as_the_first_would_have(seed: int, plan: Faults, at_ms: int) -> None:
    sim, alone = world(seed, plan), world(seed, plan)
    sim.run(for_ms=at_ms)
    alone.run(for_ms=at_ms)
    other = sim.fork()
    for one in (other, sim, alone):
        commanded(one, seed)
        one.run(for_ms=20_000)
    assert other.fingerprint == sim.fingerprint == alone.fingerprint
    balanced(other)


@settings(max_examples=4)
@given(seeds, plans, st.integers(0, 25_000))
def test_a_run_with_faults_moved_in_time_comes_to_the_same_states(seed: int, plan: Faults, at_ms: int) -> None:
    sim = world(seed, plan)
    commanded(sim, seed)
    sim.run(for_ms=at_ms)
    there = (sim.events, sim.fingerprint, sim.held, sim.faults.strikes)
    sim.run(for_ms=3_000)
    end = (sim.events, sim.fingerprint, sim.held, sim.faults.strikes)
    sim.goto(there[0])
    assert (sim.events, sim.fingerprint, sim.held, sim.faults.strikes) == there
    sim.goto(end[0])
    assert (sim.events, sim.fingerprint, sim.held, sim.faults.strikes) == end


@settings(max_examples=4)
@given(seeds, plans)
def test_however_a_run_with_faults_is_stepped_it_is_one_run(seed: int, plan: Faults) -> None:
    def by_steps(sim: Simulation) -> None:
        while sim.scheduled and sim.scheduled[0].due_ms <= sim.start_ms + 25_000:
            sim.step()

    def in_slices(sim: Simulation) -> None:
        while sim.now_ms < sim.start_ms + 25_000:
            sim.run(for_ms=min(777, sim.start_ms + 25_000 - sim.now_ms))

    ways: list[Callable[[Simulation], object]] = [by_steps, in_slices]
    fingerprints = set()
    for way in ways:
        sim = world(seed, plan)
        way(sim)
        fingerprints.add(sim.fingerprint)
    sleepy = world(seed, plan, resident_max=1)
    sleepy.run(for_ms=25_000)
    assert fingerprints == {sleepy.fingerprint}


@settings(max_examples=10)
@given(seeds, st.integers(0, 3))
def test_where_nothing_is_lost_a_process_that_was_down_ends_as_one_that_was_not(seed: int, crashes: int) -> None:
    """A compute unit that catches up has the effects of the log in the log's order."""
    random = Random(seed)
    code = """
    Log = Log or {}
    Handlers.add("Add", "Add", function(msg) Log[#Log + 1] = msg.Data .. msg.Timestamp end)
    """

    def run(faults: Faults | None) -> tuple[object, ...]:
        sim = Simulation(seed, latency=Uniform(1, 50), faults=faults)
        log = sim.spawn(code, name="log")
        for number in range(40):
            log.send(str(number), Action="Add", after_ms=10 * number)
        sim.run()
        assert sim.counts.handled == 41
        return tuple(log.read("Log"))

    down = [Crash("log", random.randrange(400), random.randrange(300)) for _ in range(crashes)]
    assert run(Faults(strikes=(*down, Slow("log", random.randrange(20))))) == run(None)


def test_these_plans_see_every_kind_of_fault_and_fate() -> None:
    struck: Counter[str] = Counter()
    total: Counter[str] = Counter()
    plan = Faults(loss=0.1, dup=0.2, reorder=0.2, spike=0.1, crash=0.05, losing=1, late_births_ms=9, jitter_ms=5)
    for seed in range(8):
        sim = world(seed, plan)
        sim.run(for_ms=20_000)
        commanded(sim, seed)
        total.update(sim.counts.as_dict())
        struck.update(fault.kind for fault in sim.faults.strikes if isinstance(fault, Strike))
    assert set(struck) == set(STRIKE_KINDS)
    assert all(total[fate.name.lower()] for fate in Fate if fate not in (Fate.ON_THE_WAY, Fate.CANCELLED))
