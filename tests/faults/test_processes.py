from __future__ import annotations

import pytest

from aosim import (
    Context,
    Crash,
    Faults,
    Message,
    Observer,
    Partition,
    Rate,
    Simulation,
    Skew,
    Slow,
    Strike,
    UsageError,
)
from faults.world import counts_add_up, log, send, world

# Partitions and holds


def test_a_partition_holds_what_would_arrive_until_it_heals() -> None:
    sim, ledger, alice = world()
    send(alice, 1, 2, 3)
    sim.run(for_ms=15)
    apart = sim.faults.partition({alice}, {ledger})
    assert sim.run().quiet
    assert (log(ledger), sim.counts.held) == (["1@10"], 3)
    assert [message.tag("Action") for message in apart.messages] == ["Add", "Added", "Add"]
    assert sim.held == apart.messages
    assert repr(apart) == "<Stopped 3 messages>"
    assert apart.heal() == 3
    send(alice, 5)
    sim.run()
    assert log(ledger) == ["1@10", "2@30", "3@30", "5@80"]
    assert (sim.counts.held, counts_add_up(sim)) == (0, True)


def test_a_partition_that_loses_drops_what_would_arrive_while_it_lasts() -> None:
    sim, ledger, alice = world(Faults(strikes=(Partition((("alice",), ("*",)), 15, 35, lose=True),)))
    send(alice, 1, 2, 3, 4)
    sim.run()
    assert log(ledger) == ["1@10", "4@40"]
    assert (sim.counts.dropped, len(alice.inbox), counts_add_up(sim)) == (3, 1, True)


def test_a_partition_with_an_end_heals_by_itself_and_a_run_waits_for_it() -> None:
    sim, ledger, alice = world()
    sim.faults.partition({alice}, for_ms=500)
    send(alice, 1, 2)
    assert sim.run().quiet
    assert log(ledger) == ["1@500", "2@500"]


def test_one_message_is_held_and_released() -> None:
    sim, ledger, alice = world()
    send(alice, 1)
    held = alice.send("ledger", "2", Action="Add")
    hold = sim.hold(held)
    sim.run()
    assert (log(ledger), str(held.fate), sim.counts.held) == (["1@10"], "on the way", 1)
    sim.run(for_ms=80)
    assert sim.release(hold) == 1
    sim.run()
    assert (log(ledger)[1], str(held.fate)) == ("2@100", "handled")


def test_messages_are_held_by_a_function_or_by_what_they_are() -> None:
    sim, _, alice = world()
    send(alice, 1, 2, 3)
    some = sim.hold(lambda message: message.data == "2")
    kind = sim.hold(sender="ledger", target=alice, Action="Added")
    none = sim.hold(lambda message: False)
    sim.run()
    assert ([one.data for one in some.messages], [one.data for one in kind.messages]) == (["2"], ["1", "3"])
    assert none.messages == []
    assert kind.release(1) == 1
    sim.run()
    assert [message.data for message in alice.inbox] == ["1"]
    some.release()
    sim.run()
    assert [one.data for one in kind.messages] == ["3", "2"]  # a release of some leaves the hold in its place
    assert kind.release() == 2
    send(alice, 4)
    sim.run()
    assert len(alice.inbox) == 4
    assert counts_add_up(sim)


def test_a_held_message_can_be_taken_back() -> None:
    sim, _, alice = world()
    sent = alice.send("ledger", "1", Action="Add")
    hold = sim.hold(sent)
    sim.run()
    assert sent.cancel()
    assert (str(sent.fate), hold.messages, sim.counts.held, sim.counts.cancelled) == ("cancelled", [], 0, 1)
    assert counts_add_up(sim)


# Processes


def test_a_process_that_crashes_gets_its_messages_when_it_is_back_in_order() -> None:
    sim, ledger, alice = world()
    send(alice, 1, 2, 3, 4)
    sim.run(for_ms=15)
    sim.crash(ledger, for_ms=100)
    assert sim.faults.down == {"ledger": sim.start_ms + 115}
    sim.run(for_ms=50)
    assert log(ledger) == ["1@10"]
    assert [one.kind for one in sim.scheduled] == ["message"] * 3
    with pytest.raises(UsageError, match="is down until 1735689600115 ms"):
        ledger.eval("Count")
    sim.run()
    assert log(ledger) == ["1@10", "2@20", "3@30", "4@40"]  # a scheduler stamps them as they come
    assert [message.data for message in alice.inbox] == ["1", "2", "3", "4"]
    assert (sim.now_ms - sim.start_ms, sim.faults.down, ledger.eval("Count")) == (125, {}, 4)
    assert counts_add_up(sim)


def test_a_process_that_loses_messages_has_forgotten_what_it_has_sent() -> None:
    sim, ledger, alice = world()
    send(alice, 1, 2, 3, 4, 5)
    sim.run(for_ms=35)
    sim.crash(ledger, for_ms=0, losing=2)
    assert (log(ledger), ledger.read("Count")) == (["1@10"], 1)
    sim.run()
    assert log(ledger) == ["1@10", "4@40", "5@50"]
    assert len(alice.inbox) == 5
    sim.crash(ledger, losing=1)
    assert log(ledger) == ["1@10", "4@40"]  # what was forgotten before stays forgotten
    sim.crash(ledger, losing="all")
    assert log(ledger) == []
    assert ledger.read("Count") == 0


def test_a_python_process_loses_messages_too() -> None:
    def count(me: Context, message: Message) -> None:
        me.state["count"] = me.state.get("count", 0) + 1
        if message.data == "bad":
            raise ValueError("bad")

    sim = Simulation()
    counter = sim.spawn(count, name="counter")
    for data in ("a", "bad", "b", "c"):
        counter.send(data)
        sim.run()
    assert counter.state == {"count": 3}
    sim.crash(counter, losing=1)
    assert counter.state == {"count": 2}


def test_a_crash_that_is_planned_happens_at_its_time() -> None:
    sim, ledger, alice = world(Faults(strikes=(Crash("ledger", 25, 100, losing=1), Crash("nobody", 30))))
    send(alice, 1, 2, 3)
    assert [(one.kind, one.target, one.what) for one in sim.scheduled[:1]] == [("message", "ledger", "Add")]
    assert ("crash", "ledger", "for 100 ms") in [(one.kind, one.target, one.what) for one in sim.scheduled]
    sim.run()
    assert log(ledger) == ["1@10", "3@30"]
    assert [str(one) for one in sim.faults.strikes] == ["crash ledger at 25ms for 100ms losing 1"]


def test_a_slow_process_has_a_queue() -> None:
    sim, _, alice = world(Faults(strikes=(Slow("ledger", 30, 0, 45),)))
    times: list[tuple[str | None, int]] = []

    class Times(Observer):
        def on_delivered(self, message: Message, now_ms: int) -> None:
            times.append((message.data, now_ms - sim.start_ms))

    sim.observe(Times())
    send(alice, 1, 2, 3, 20)
    sim.run()
    assert times == [("1", 50), ("2", 80), ("3", 110), ("20", 210)]
    assert counts_add_up(sim)


def test_a_crash_begins_the_line_of_a_slow_process_anew() -> None:
    sim, ledger, alice = world()
    sim.faults.slow("ledger", 10)
    send(alice, 1, 1, 1)
    sim.run(for_ms=15)
    sim.crash(ledger, for_ms=100)
    sim.run(for_ms=109)
    assert log(ledger) == ["1@10"] * 0
    sim.run(for_ms=1)
    assert len(log(ledger)) == 1
    sim.faults.slow("ledger", 0)
    sim.run()
    assert len(log(ledger)) == 3
    assert sim.now_ms == sim.start_ms + 155


def test_an_eval_comes_behind_the_messages_that_wait() -> None:
    sim, ledger, alice = world()
    sim.faults.slow(ledger, 1_000)
    send(alice, 1, 2)
    sim.run(for_ms=50)
    assert log(ledger) == []
    assert ledger.eval("Count") == 2
    assert sim.run(for_ms=10_000).quiet
    assert len(alice.inbox) == 2
    assert counts_add_up(sim)


def test_cron_ticks_of_a_process_that_is_down_wait_too() -> None:
    sim = Simulation()
    clock = sim.spawn(
        'Handlers.add("Cron", "Cron", function() Ticks = (Ticks or 0) + 1 end)', name="clock", cron="1-second"
    )
    sim.crash(clock, for_ms=2_500)
    sim.run(for_ms=2_400)
    assert clock.read("Ticks") is None
    sim.run(for_ms=200)
    assert (clock.read("Ticks"), sim.counts.cron, counts_add_up(sim)) == (2, 2, True)


def test_the_timestamps_of_a_process_can_be_wrong() -> None:
    sim, ledger, alice = world(Faults(strikes=(Skew("ledger", 500, 0, 25), Strike("skew", "*", "ledger", 4, -3))))
    send(alice, 1, 2, 3, 4)
    sim.run()
    assert log(ledger) == ["1@510", "2@520", "3@30", "4@37"]
    assert alice.inbox[0].data == "1"
    sim.faults.skew("*", 7)
    send(alice, 5)
    sim.run()
    assert log(ledger)[-1] == f"5@{50 + 50 + 7}"


def test_a_child_may_be_visible_later_than_its_parent_thinks() -> None:
    late, ledger, alice = world(Faults(late_births_ms=1_000))
    alice.send("ledger", Action="Spawn")
    late.run(for_ms=200)
    assert [letter.reason.partition(" ")[2] for letter in late.dead_letters] == [
        f"{late.dead_letters[0].message.target} is not visible yet"
    ]
    assert len(late.processes) == 1
    late.run()
    child = late.process("child")
    assert (child.read("Seen"), counts_add_up(late)) == (None, True)
    assert [str(strike) for strike in late.faults.strikes] == ["late ledger>(child)#1 1000ms"]
    in_time, ledger, alice = world()
    in_time.faults.late_births(1_000, parent=ledger)
    in_time.faults.late_births(0, rate=0, parent=ledger)
    alice.send("ledger", Action="Spawn")
    in_time.run()
    assert in_time.process("child").read("Seen") is True


def test_a_late_child_that_comes_twice_is_born_once() -> None:
    sim, _, alice = world(Faults(late_births_ms=1_000, rates=(Rate("duplicate", 1.0, target="(child)", ms=9),)))
    alice.send("ledger", Action="Spawn")
    sim.run()
    assert [process.name for process in sim.processes] == ["ledger", "child"]
    assert counts_add_up(sim)


def test_a_process_that_forgets_what_it_has_published_has_not_published_it() -> None:
    sim = Simulation()
    code = """
    Handlers.add("Set", "Set", function(msg)
      Send({ device = "patch@1.0", cache = { [msg.Name] = msg.Data } })
    end)
    """
    process = sim.spawn(code, name="published", module="hyper-aos")
    for data in ("1", "2"):
        process.send(data, Action="Set", Name="value")
        sim.run()
    assert process.read("cache/value") == "2"
    copy = process.fork(name="copy")
    for one in (process, copy):
        one.send("3", Action="Set", Name="value")
        sim.run()
        sim.crash(one, losing=1)
        sim.run(for_ms=1_000)
        assert one.read("cache/value") == "2"
    sim.crash(process, losing=1)
    assert process.read("cache/value") == "1"


def test_a_copy_forgets_what_it_has_evaluated_since_it_is_one() -> None:
    sim, ledger, alice = world()
    send(alice, 1, 2)
    sim.run()
    copy = ledger.fork(name="copy")
    for number in (3, 4):
        alice.send(copy, str(number), Action="Add")
        sim.run()
    sim.crash(copy, losing=1)
    assert [entry.split("@")[0] for entry in log(copy)] == ["1", "2", "3"]
    sim.crash(copy, losing="all")
    assert log(copy) == log(ledger) == ["1@10", "2@20"]


def test_the_chance_of_a_copy_that_has_forgotten_is_what_it_was() -> None:
    def draw(me: Context, message: Message) -> None:
        me.state.setdefault("drawn", []).append(me.random.random())

    sim = Simulation()
    origin = sim.spawn(draw, name="origin")
    origin.send("a")
    sim.run()
    copy = origin.fork(name="copy")
    for data in "bc":
        copy.send(data)
        sim.run()
    drawn = copy.state["drawn"]
    sim.crash(copy, losing=1)
    assert copy.state["drawn"] == drawn[:2]
