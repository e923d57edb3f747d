from __future__ import annotations

from typing import Any

import pytest

from aosim import ProcessHandle, Simulation
from aosim.errors import UnknownName, UsageError


def test_sending_runs_no_handler(sim: Simulation, pong: ProcessHandle) -> None:
    sent = sim.wallet("alice").send(pong, Action="Ping")
    assert (str(sent.fate), sent.result) == ("on the way", None)
    assert sim.now_ms == sim.start_ms


def test_a_run_ends_when_nothing_is_on_the_way(sim: Simulation, pong: ProcessHandle) -> None:
    sim.wallet("alice").send(pong, Action="Ping")
    run = sim.run()
    assert (run.events, run.stopped_by, run.waiting, run.quiet, run.loops) == (2, "quiet", 0, True, ())
    assert run.next_ms is None
    assert run.now_ms == sim.now_ms == sim.start_ms + 20
    assert str(run) == "2 events, stopped by quiet"


def test_counts_once_taken_do_not_change() -> None:
    sim = Simulation()
    process = sim.spawn("")
    before = sim.counts
    process.send(Action="X")
    before.on_the_way = 0  # and changing them changes nothing in the run
    sim.run()
    assert sim.counts.begun == sim.counts.ended == before.begun + 1


def test_a_message_is_from_the_owner_of_its_target_unless_a_sender_is_given() -> None:
    sim = Simulation()
    alice, bob = sim.wallet("alice"), sim.wallet("bob")
    process = sim.spawn("", name="shop", owner=alice, tags=None)
    assert sim.send("shop").message.sender == process.send().message.sender == alice.address
    assert sim.send(bob).message.sender == sim.address_of("owner")
    assert sim.send("shop", sender=bob).message.sender == bob.address
    with pytest.raises(UnknownName):
        process.send(sender="")


def test_the_address_of_a_name_or_a_handle() -> None:
    sim = Simulation()
    shop, alice = sim.spawn("", name="shop"), sim.wallet("alice")
    assert [sim.address_of(which) for which in ("shop", shop, alice, shop.id)] == [
        *(shop.id, shop.id, alice.address, shop.id)
    ]
    with pytest.raises(UnknownName, match="Did you mean 'shop'"):
        sim.address_of("shpo")


def test_run_for_ms_leaves_the_clock_where_it_says(sim: Simulation, pong: ProcessHandle) -> None:
    sim.wallet("alice").send(pong, Action="Ping", after_ms=1_000)
    run = sim.run(for_ms=1_005)
    assert (run.stopped_by, run.waiting, sim.now_ms) == ("time", 1, sim.start_ms + 1_005)
    assert run.next_ms == sim.start_ms + 1_010
    assert str(run) == f"1 event, stopped by time, 1 message still on the way, next at {run.next_ms} ms"
    assert sim.run(for_ms=5).waiting == 0


def test_run_until_a_moment_runs_what_is_due_at_that_moment(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    sim.send(bob, at_ms=sim.start_ms + 500)
    sim.send(bob, at_ms=sim.start_ms + 501)
    sim.run(until=sim.start_ms + 500)
    assert len(bob.inbox) == 1
    assert sim.now_ms == sim.start_ms + 500


def test_run_until_a_condition_asks_after_every_event(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    for _ in range(5):
        sim.send(bob)
    run = sim.run(until=lambda: len(bob.inbox) == 3)
    assert (run.stopped_by, run.events, run.waiting) == ("condition", 3, 2)


def test_a_condition_that_never_holds_ends_with_the_events(sim: Simulation) -> None:
    sim.send(sim.wallet("bob"))
    assert sim.run(until=lambda: False).stopped_by == "quiet"


def test_a_condition_is_waited_for_while_timers_tick(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    sim.every(1_000, bob)
    run = sim.run(until=lambda: len(bob.inbox) == 3)
    assert (run.stopped_by, sim.now_ms) == ("condition", sim.start_ms + 3_000)


def test_events_max_stops_after_so_many_events(sim: Simulation, pong: ProcessHandle) -> None:
    for _ in range(3):
        sim.wallet("alice").send(pong, Action="Ping")
    run = sim.run(events_max=4)
    assert (run.events, run.stopped_by, run.waiting) == (4, "events", 2)
    assert sim.run(events_max=0).events == 0


def test_step_lets_one_event_happen(sim: Simulation, pong: ProcessHandle) -> None:
    sim.wallet("alice").send(pong, Action="Ping")
    assert [sim.step(), sim.step(), sim.step()] == [True, True, False]


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"for_ms": -1}, "for_ms=-1: a whole number of milliseconds from 0 up"),
        ({"for_ms": 1.5}, "for_ms=1.5: a whole number"),
        ({"for_ms": 2**53}, "lies behind the end of time"),
        (
            {"until": 500},
            r"until=500 lies in the past: the clock stands at 1_735_689_600_000 ms\. Use run\(for_ms=500\)\?",
        ),
        ({"until": 2**53}, "lies behind the end of time"),
        ({"for_ms": 1, "until": 2}, "for_ms= and until=: give one of them"),
        ({"events_max": -1}, "events_max=-1: a whole number from 0 up"),
    ],
)
def test_bounds_that_cannot_be_are_refused(sim: Simulation, bounds: dict[str, int], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        sim.run(**bounds)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"fidelity": "exact"}, "fidelity='exact': there are 'docs' and 'network'"),
        ({"start_ms": -1}, "start_ms=-1: a whole number of milliseconds from 0 up"),
        ({"start_ms": 2**53}, "behind the end of time"),
        ({"seed": "7"}, "seed='7': any whole number"),
        ({"links": {"alice": 5}}, "link 'alice': two names or addresses"),
    ],
)
def test_a_simulation_that_cannot_be_is_refused(options: dict[str, str], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        Simulation(**options)  # type: ignore[arg-type]


def test_delayed_messages_arrive_at_their_moment(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    early = sim.send(bob, "2", after_ms=5_000)
    sim.send(bob, "1", at_ms=sim.start_ms + 700)
    sim.send(bob, "0", after_ms=3)  # never faster than the network
    assert early.due_ms == (sim.start_ms + 5_000,)
    sim.run()
    assert [message.data for message in bob.inbox] == ["0", "1", "2"]


def test_a_process_sees_the_delay_as_its_timestamp(sim: Simulation) -> None:
    process = sim.spawn("")
    process.send(Action="X", after_ms=5_000)
    sim.run()
    assert process.inbox[-1]["Timestamp"] == sim.start_ms + 5_000


def test_a_timer_sends_at_every_multiple_of_its_interval(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    moments: list[int] = []
    timer = sim.every(400, bob, "tick", Action="Tick")
    while len(bob.inbox) < 3:
        sim.step()
        if len(bob.inbox) > len(moments):
            moments.append(sim.now_ms - sim.start_ms)
    assert moments == [400, 800, 1_200]
    assert timer.ticks == 3
    assert [(message.tag("Action"), message.data) for message in bob.inbox] == [("Tick", "tick")] * 3
    assert len({message.id for message in bob.inbox}) == 3


def test_a_cancelled_timer_is_silent(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    timer, other = sim.every(100, bob, "a"), sim.every(100, bob, "b")
    sim.run(for_ms=250)
    assert timer.cancel()
    assert not timer.cancel()
    sim.run(for_ms=250)
    assert [message.data for message in bob.inbox] == list("abab" + "bbb")
    assert other.cancel()
    assert sim.scheduled == []


def test_a_timer_signs_for_the_targets_owner_unless_told_otherwise(sim: Simulation) -> None:
    alice = sim.wallet("alice")
    process = sim.spawn("", owner=alice)
    sim.every(100, process, "1")
    sim.every(100, process, "2", sender=sim.wallet("carol"))
    sim.run(for_ms=100)
    assert [message["From"] for message in process.inbox[1:]] == [alice.address, sim.wallet("carol").address]


@pytest.mark.parametrize("every_ms", [0, -1, 1.5, True])
def test_an_interval_is_a_whole_number_of_milliseconds(sim: Simulation, every_ms: int) -> None:
    with pytest.raises(UsageError, match=r"every_ms=.*: a whole number of milliseconds from 1 up"):
        sim.every(every_ms, sim.wallet("bob"))


def test_timers_tick_only_while_messages_are_on_the_way_in_a_run_without_bounds(sim: Simulation) -> None:
    timer = sim.every(1_000, sim.wallet("bob"))
    assert sim.run().events == 0
    sim.send(sim.wallet("bob"), after_ms=2_500)
    sim.run()
    assert timer.ticks == 2


def test_a_message_on_the_way_can_be_taken_back(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    sent, stays = sim.send(bob, "1", after_ms=100), sim.send(bob, "2", after_ms=100)
    assert sent.cancel()
    assert not sent.cancel()
    sim.run()
    assert not stays.cancel()
    assert [message.data for message in bob.inbox] == ["2"]
    assert str(sent.fate) == "cancelled"
    assert sim.counts.begun == sim.counts.ended


def test_what_waits_is_listed_with_the_earliest_first(sim: Simulation) -> None:
    pong = sim.spawn("", name="pong", cron=["1-minute", "1-hour"])
    sim.every(500, pong, Action="Tock")
    sent = sim.send(pong, Action="Later", after_ms=70_000)
    pong.eval("ao.spawn(ao._module, {Name = 'child'})")
    listed = [(one.due_ms - sim.start_ms, one.kind, one.target, one.what) for one in sim.scheduled]
    assert listed == [
        (10, "spawn", "child", ""),
        (500, "timer", "pong", "Tock every 500 ms"),
        (60_000, "cron", "pong", "1-minute, 1-hour"),
        (70_000, "message", "pong", "Later"),
    ]
    assert sim.scheduled[-1].id == sent.id


def test_processes_are_listed_in_the_order_they_were_made(sim: Simulation) -> None:
    sim.spawn("", name="b"), sim.spawn("", name="a")
    assert [process.name for process in sim.processes] == ["b", "a"]
    assert sim.process("a") is sim.processes[1]


def test_a_process_that_is_not_there_is_told_by_name(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    with pytest.raises(UnknownName, match=r"Did you mean 'pong'\?"):
        sim.process("pung")
    with pytest.raises(UnknownName, match=r"no process 'alice'\. Known: pong"):
        sim.process(alice)


def test_addresses_have_names(sim: Simulation, pong: ProcessHandle) -> None:
    assert sim.name_of(pong.id) == "pong"
    assert sim.name_of(sim.wallet("bob").address) == "bob"
    assert sim.name_of("elsewhere") == "elsewhere"


def test_blocks_come_with_time(sim: Simulation) -> None:
    height = sim.block_height
    sim.run(for_ms=600_000)
    assert sim.block_height == height + 5


def test_the_same_calls_give_the_same_run_and_another_seed_another() -> None:
    from aosim import Uniform

    def run(seed: int) -> str:
        sim = Simulation(seed, latency=Uniform(1, 1_000))
        pong = sim.spawn("Handlers.add('p', 'P', function(m) m.reply({Data = tostring(os.time())}) end)")
        for name in ("alice", "bob"):
            sim.wallet(name).send(pong, Action="P")
        sim.run()
        return sim.fingerprint

    assert run(1) == run(1)
    assert len({run(seed) for seed in range(5)}) == 5


@pytest.mark.parametrize("start_ms", [0, 2**53 - 1_000])
def test_the_clock_may_start_at_either_end_of_time(start_ms: int) -> None:
    sim = Simulation(start_ms=start_ms)
    process = sim.spawn("")
    process.send(Action="X")
    sim.run()
    assert process.inbox[-1]["Timestamp"] == start_ms + 10


def test_a_simulation_shows_what_it_is() -> None:
    sim = Simulation(seed=3, start_ms=5)
    sim.spawn("", name="one")
    assert repr(sim) == "<Simulation seed=3 docs, 1 processes, 5 ms>"


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"limits": 5}, r"limits=5: a Limits\(\.\.\.\)"),
        ({"network": 5}, r"network=5: it has no method plan"),
        ({"journal": 5}, r"journal=5: it has no method append"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused_at_once(option: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        Simulation(**option)


def test_what_is_no_hold_cannot_be_released(sim: Simulation) -> None:
    with pytest.raises(UsageError, match=r"release\('x'\): give what hold"):
        sim.release("x")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", " ", "."])
def test_a_record_needs_the_name_of_a_file(name: str) -> None:
    with pytest.raises(UsageError, match="give the name of a file"):
        Simulation(journal=name)
