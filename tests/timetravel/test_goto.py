from __future__ import annotations

import gc
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.test_conservation import world

from aosim import (
    Assignment,
    Context,
    Diverged,
    Fate,
    Faults,
    InvariantBroken,
    Message,
    Observer,
    ObserverTouched,
    Result,
    Simulation,
    UnknownName,
    UsageError,
)
from timetravel.world import act, echo, make, told

COUNTER = 'Count = 0 Handlers.add("Add", "Add", function(msg) Count = Count + 1 msg.reply({ Count = Count .. "" }) end)'


def counter(adds: int = 5) -> Simulation:
    sim = Simulation(latency=10)
    sim.spawn(COUNTER, name="counter")
    for at in range(adds):
        sim.wallet("alice").send("counter", Action="Add", at_ms=sim.start_ms + 100 * at)
    return sim


def test_going_back_and_on_again_is_the_same_run() -> None:
    sim = make()
    act(sim, 2)
    end, there = sim.events, told(sim)
    sim.goto(end // 2)
    assert sim.events == end // 2
    sim.goto(end)
    assert told(sim) == there
    sim.back(5)
    sim.goto(3)
    sim.goto(end // 3)
    sim.goto(end // 2)
    sim.goto(end)
    assert told(sim) == there


def test_every_moment_is_as_it_was() -> None:
    sim = counter()
    seen = [(sim.fingerprint, sim.process("counter").state)]
    while sim.step():
        seen.append((sim.fingerprint, sim.process("counter").state))
    for at in (*reversed(range(len(seen))), *range(len(seen)), 3, 9, 1, 6):
        sim.goto(at)
        assert (sim.events, (sim.fingerprint, sim.process("counter").state)) == (at, seen[at])


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.booleans(), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_wherever_one_goes_the_run_from_there_is_the_same(seed: int, rough: bool, places: list[float]) -> None:
    def until(moment_s: int) -> None:
        sim.run(until=sim.start_ms + 1_000 * moment_s)

    sim = world(seed, rough=rough)
    until(5)
    after = (sim.events, sim.fingerprint, sim.counts)
    until(8)
    end = (sim.events, sim.fingerprint, sim.counts)
    for place in places:
        sim.goto(round(place * end[0]))
    sim.goto(after[0])
    assert (sim.events, sim.fingerprint, sim.counts) == after
    sim.goto(end[0])
    assert (sim.events, sim.fingerprint, sim.counts) == end
    sim.goto(after[0])
    until(8)
    assert (sim.events, sim.fingerprint, sim.counts) == end


def test_what_is_done_differently_begins_a_branch() -> None:
    sim, other = counter(), counter()
    sim.run()
    sim.goto(4)
    for one in (other,):
        one.run(events_max=4)
    for one in (sim, other):
        one.send("counter", Action="Add")
        one.run()
    assert told(sim) == told(other)
    with pytest.raises(UsageError, match=r"goto\(13\): there have been 12 events"):
        sim.goto(13)


def test_what_came_from_outside_later_is_gone_when_the_run_goes_on_before_it() -> None:
    sim = counter(1)
    sim.run()
    sim.send("counter", Action="Add")
    sim.run()
    assert sim.events == 4
    sim.goto(0)
    assert sim.run().events == 2
    assert sim.process("counter").read("Count") == 1
    with pytest.raises(UsageError, match="there have been 2 events"):
        sim.goto(3)


def test_events_that_happen_again_as_before_are_no_branch() -> None:
    sim = counter()
    sim.run()
    end = sim.fingerprint
    sim.back(6)
    sim.step()
    sim.step()
    sim.query("counter", Action="Add")
    sim.goto(10)
    assert sim.fingerprint == end


def test_an_eval_belongs_to_the_event_before_it() -> None:
    sim = counter()
    sim.run(events_max=2)
    sim.eval("counter", "Count = 50")
    sim.run()
    sim.goto(2)
    assert sim.process("counter").read("Count") == 50
    sim.goto(1)
    assert sim.process("counter").read("Count") == 1


def test_back_goes_to_the_beginning_at_most() -> None:
    sim = counter()
    sim.run()
    sim.back(1_000)
    assert sim.events == 0
    assert sim.process("counter").read("Count") == 0
    sim.back()
    assert sim.events == 0


@pytest.mark.parametrize("wrong", [-1, 1.5, "3", None])
def test_a_moment_that_cannot_be_is_refused(wrong: Any) -> None:
    sim = counter()
    with pytest.raises(UsageError):
        sim.goto(wrong)
    with pytest.raises(UsageError):
        sim.back(wrong)


def test_handles_show_what_is_there() -> None:
    sim = counter()
    alice, process = sim.wallet("alice"), sim.process("counter")
    sim.run()
    bob, late = sim.wallet("bob"), sim.spawn("N = 1", name="late")
    sent = bob.send(late, Action="Hello")
    timer = sim.every(1_000, late, Action="Tick")
    sim.run(for_ms=2_500)
    end = sim.events
    assert (sent.fate, timer.ticks, len(late.inbox)) == (Fate.INBOX, 2, 4)
    timer.cancel()
    assert timer.ticks == 2
    sim.goto(4)
    assert (process.read("Count"), len(alice.inbox)) == (2, 2)
    for look in (lambda: late.state, lambda: late.read("N"), lambda: bob.inbox, lambda: timer.ticks):
        with pytest.raises(UnknownName):
            look()
    with pytest.raises(UnknownName, match="no process 'late'"):
        late.eval("N = 2")
    with pytest.raises(UsageError, match="was sent after event 10, the simulation stands at 4"):
        _ = sent.fate
    assert repr(sent) == f"<Sent {sent.id[:8]} at another time>"
    sim.goto(end)
    assert (sent.fate, timer.ticks, late.read("N"), sim.process("late")) == (Fate.INBOX, 2, 1, late)
    sim.goto(4)
    again = sim.wallet("bob")
    assert (again.address, again.inbox) == (bob.address, [])
    sim.run()
    with pytest.raises(UsageError, match="of another branch"):
        _ = sent.result


def test_a_message_has_the_fate_that_it_has_where_the_simulation_stands() -> None:
    sim = counter(0)
    sents = [sim.send("counter", Action="Add", after_ms=100 * at) for at in range(4)]
    cancelled = sim.send("counter", Action="Add", after_ms=10_000)
    sim.run(events_max=2)
    cancelled.cancel()
    sim.run()
    fates = [sent.fate for sent in sents]
    assert fates == [Fate.HANDLED] * 4
    sim.goto(1)
    assert [sent.fate for sent in (*sents, cancelled)] == [Fate.HANDLED, *[Fate.ON_THE_WAY] * 4]
    assert [sent.result is None for sent in sents] == [False, True, True, True]
    sim.eval("counter", 'Handlers.remove("Add")')
    sim.run()
    assert [sent.fate for sent in sents] == [Fate.HANDLED, *[Fate.INBOX] * 3]
    assert cancelled.fate is Fate.INBOX
    sim.goto(1)
    sents[2].cancel()
    assert sents[2].fate is Fate.CANCELLED
    sim.run()
    assert [sent.fate for sent in sents] == [Fate.HANDLED, Fate.INBOX, Fate.CANCELLED, Fate.INBOX]


def test_sent_messages_that_nobody_holds_are_forgotten() -> None:
    sim = counter(0)
    for _ in range(2_500):
        sim.send("counter", Action="Nothing")
    sim.run()
    sim.send("counter")
    gc.collect()
    assert len(sim._sents._all) <= 2_501
    for _ in range(1_500):
        sim.send("counter")
        sim.step()
    assert len(sim._sents._all) < 2_200


class Watching(Observer):
    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.seen: list[str] = []

    def on_result(self, assignment: Assignment, result: Result) -> None:
        self.seen.append(assignment.message.id)


def test_observers_stay_and_do_not_see_again_what_is_done_again() -> None:
    sim = counter()
    watching = Watching(sim)
    sim.observe(watching)
    sim.run()
    assert len(watching.seen) == 5
    sim.goto(4)
    sim.goto(7)
    sim.goto(10)
    sim.goto(5)
    assert len(watching.seen) == 5
    sim.step()
    sim.step()
    assert len(watching.seen) == 6
    sim.goto(10)
    sim.send("counter", Action="Add")
    sim.run()
    assert len(watching.seen) == 7


class Meddling(Observer):
    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.refused = 0

    def on_result(self, assignment: Assignment, result: Result) -> None:
        for move in (self._sim.back, self._sim.fork, lambda: self._sim.bisect(lambda _: True)):
            with pytest.raises(ObserverTouched):
                move()
            self.refused += 1


def test_an_observer_cannot_move_the_simulation() -> None:
    sim = counter(1)
    meddling = Meddling(sim)
    sim.observe(meddling)
    sim.run()
    assert meddling.refused == 3


def test_what_must_always_hold_is_asked_where_the_simulation_stands() -> None:
    sim = counter()
    sim.run()
    sim.goto(2)
    sim.always(lambda sim: sim.process("counter").read("Count") < 3)
    with pytest.raises(InvariantBroken, match="event 5"):
        sim.run()
    sim.goto(1)
    assert sim.process("counter").read("Count") == 1


def test_a_recorded_run_does_not_go_back_but_its_fork_does(tmp_path: Path) -> None:
    sim = make(journal=str(tmp_path / "run.db"))
    with pytest.raises(UsageError, match=r"there = sim.fork\(\); there.goto\(3\)"):
        sim.goto(3)
    there = sim.fork()
    there.goto(3)
    in_memory = make()
    in_memory.goto(3)
    assert told(there) == told(in_memory)
    assert sim.blame("counter", "Count") == sim.fork().blame("counter", "Count")
    culprit = sim.bisect(lambda sim: len(sim.process("echo").state.get("seen", ())) < 2)
    assert culprit.process == "echo"
    before = told(sim)
    sim.close()
    assert told(Simulation.resume(tmp_path / "run.db", handlers={"echo": echo})) == before


def test_a_handler_that_depends_on_something_outside_is_found_out() -> None:
    numbers = itertools.count()

    def random(me: Context, message: Message) -> None:
        me.reply(message, str(next(numbers)))

    sim = Simulation()
    sim.spawn(random, name="random")
    for _ in range(3):
        sim.send("random")
    sim.run()
    before = told(sim)
    with pytest.raises(Diverged, match=r"random, nonce 1: .*Data='0'.*'3'"):
        sim.goto(4)
    assert told(sim) == before
    sim.send("random")
    sim.run()
    assert sim.events == 8


def test_long_runs_keep_few_checkpoints_and_each_leads_to_the_same() -> None:
    sim = Simulation(latency=1)
    sim.spawn(COUNTER, name="counter")
    tick = sim.every(1, "counter", Action="Add")
    prints = {}
    for at in range(500, 10_001, 500):
        sim.run(for_ms=10_000, events_max=500)
        prints[at] = sim.fingerprint
    tick.cancel()
    for at in (7_500, 7_000, 500, 9_500, 5_000, 10_000, 4_500):
        sim.goto(at)
        assert sim.fingerprint == prints[at]
    assert 3 <= len(sim._timeline._checkpoints) <= 11  # type: ignore[union-attr]
    sim.goto(3_000)
    sim.send("counter", Action="Add")
    sim.run(events_max=10)
    sim.back(100)
    assert sim.events == 2_910


def test_what_goes_wrong_goes_wrong_again_when_the_run_is_done_again() -> None:
    faults = Faults(loss=0.1, dup=0.2, reorder=0.3, crash=0.05, crash_ms=100, losing=1, jitter_ms=5)
    sim = make(faults=faults)
    stopped = sim.hold(target="echo", Action="Add")
    sim.faults.partition(["alice"], ["publisher"], for_ms=30_000)
    act(sim, 2)
    sim.crash("counter", for_ms=50, losing=2)
    act(sim, 3)
    held = stopped.messages
    stopped.release()
    sim.run(for_ms=10_000)
    end, struck, there = sim.events, sim.faults.strikes, told(sim)
    sim.goto(end // 2)
    assert len(sim.faults.strikes) < len(struck)
    sim.goto(end // 3)
    sim.goto(end - 1)
    sim.goto(end)
    assert (told(sim), sim.faults.strikes) == (there, struck)
    assert held


def test_sleeping_processes_are_moved_as_well() -> None:
    def counted(resident_max: int | None) -> Simulation:
        sim = Simulation(latency=10, resident_max=resident_max)
        for number in range(6):
            sim.spawn(COUNTER, name=f"counter-{number}")
        for number in range(30):
            sim.send(f"counter-{number * 5 % 6}", Action="Add")
            sim.run(for_ms=7)
        sim.run()
        return sim

    sim, awake = counted(2), counted(None)
    for at in (40, 11, 60, 25):
        sim.goto(at)
        awake.goto(at)
        fork = sim.fork()
        assert told(sim) == told(awake) == told(fork)
