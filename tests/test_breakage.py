from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aosim import (
    AosimError,
    Context,
    Crash,
    Faults,
    Message,
    Observer,
    Partition,
    ProcessHandle,
    Rate,
    Simulation,
    Skew,
    Slow,
    Strike,
    UsageError,
    WalletHandle,
)

LEDGER = """
Count, Log = Count or 0, Log or {}
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  Log[#Log + 1] = msg.Data .. "@" .. (tonumber(msg.Timestamp) - 1735689600000)
  msg.reply({ Action = "Added", Data = msg.Data })
end)
Handlers.add("Spawn", "Spawn", function(msg)
  local child = ao.spawn(ao._module, { Name = "child" }).receive()
  ao.send({ Target = child.Process, Action = "Eval", Data = "Seen = true" })
end)
"""


def world(faults: Faults | None = None, **options: Any) -> tuple[Simulation, ProcessHandle, WalletHandle]:
    sim = Simulation(seed=5, faults=faults, **options)
    return sim, sim.spawn(LEDGER, name="ledger"), sim.wallet("alice")


def send(alice: WalletHandle, *numbers: int, every_ms: int = 10) -> None:
    for number in numbers:
        alice.send("ledger", str(number), Action="Add", after_ms=number * every_ms)


def log(ledger: ProcessHandle) -> list[str]:
    found = ledger.read("Log")
    return list(found) if found else []


def counts_add_up(sim: Simulation) -> bool:
    return sim.counts.begun == sim.counts.ended and min(sim.counts.as_dict().values()) >= 0


# By number


def test_a_strike_loses_doubles_or_delays_the_message_of_its_number() -> None:
    sim, ledger, alice = world(
        Faults(
            strikes=(
                Strike("lose", "alice", "ledger", 2),
                Strike("duplicate", "alice", "ledger", 3, 7),
                Strike("delay", "alice", "ledger", 4, 25),
            )
        )
    )
    send(alice, 1, 2, 3, 4, 5)
    sim.run()
    assert log(ledger) == ["1@10", "3@30", "3@37", "5@50", "4@65"]
    assert (sim.counts.dropped, sim.counts.duplicated, counts_add_up(sim)) == (1, 1, True)
    assert [str(strike) for strike in sim.faults.strikes] == [
        "lose alice>ledger#2",
        "duplicate alice>ledger#3 7ms",
        "delay alice>ledger#4 25ms",
    ]


def test_a_message_that_is_lost_tells_its_sender_so() -> None:
    _, _, alice = world(Faults(loss=1.0))
    sent = alice.send("ledger", Action="Add")
    assert (str(sent.fate), sent.due_ms) == ("dropped", ())


def test_what_struck_by_chance_strikes_again_as_a_schedule() -> None:
    chance = Faults(loss=0.1, dup=0.1, reorder=0.2, spike=0.05, spike_ms=70, crash=0.02, crash_ms=30, jitter_ms=9)
    first, _, alice = world(chance)
    send(alice, *range(150))
    first.run()
    again, _, alice = world(first.faults.schedule)
    send(alice, *range(150))
    again.run()
    assert {strike.kind for strike in first.faults.strikes if isinstance(strike, Strike)} == {
        *("lose", "duplicate", "delay", "crash", "skew")
    }
    assert again.fingerprint == first.fingerprint
    assert again.faults.strikes == first.faults.strikes


def test_a_schedule_without_one_strike_still_has_the_others() -> None:
    first, _, alice = world(Faults(loss=0.2))
    send(alice, *range(40))
    first.run()
    strikes = [one for one in first.faults.strikes if isinstance(one, Strike) and one.sender == "alice"]
    again, ledger, alice = world(Faults(strikes=tuple(strikes[1:])))
    send(alice, *range(40))
    again.run()
    assert again.faults.strikes == tuple(strikes[1:])
    lost = {str(one.number - 1) for one in strikes[1:]}
    assert {entry.split("@")[0] for entry in log(ledger)} == {str(number) for number in range(40)} - lost


def test_in_an_exact_plan_rates_that_calls_add_strike_nothing() -> None:
    sim, ledger, alice = world(Faults(exact=True, strikes=(Strike("lose", "alice", "ledger", 1),)))
    sim.faults.loss(1.0)
    send(alice, 1, 2)
    sim.run()
    assert log(ledger) == ["2@20"]


def test_what_was_planned_and_has_not_struck_is_told() -> None:
    plan = (
        *(
            Strike("lose", "alice", "ledger", 1),
            Strike("lose", "alice", "ledger", 9),
            Strike("lose", "alcie", "ledger", 1),
        ),
        *(Crash("ledger", 5), Crash("legder", 5), Slow("ledger", 1), Slow("legder", 1), Partition((("bob",), ("*",)))),
    )
    sim, _, alice = world(Faults(rates=(Rate("lose", 0.5, "alcie"), Rate("lose", 0.0, "alice")), strikes=plan))
    send(alice, 1, 2)
    sim.run()
    assert [str(fault) for fault in sim.faults.unmet] == [
        "lose alcie>* 0.5",
        "lose alice>ledger#9",
        "lose alcie>ledger#1",
        "crash legder at 5ms for 1000ms",
        "slow legder 1ms",
        "partition bob|*",
    ]


def test_without_rates_a_run_has_the_fingerprint_of_one_without_faults() -> None:
    fingerprints = set()
    for faults in (None, Faults(), Faults(dup_ms=5), Faults(rates=(Rate("lose", 0.0),)), Faults(exact=True)):
        sim, _, alice = world(faults)
        send(alice, *range(20))
        sim.run()
        fingerprints.add(sim.fingerprint)
    assert len(fingerprints) == 1


# By calls


def test_a_rate_is_set_replaced_and_ended() -> None:
    sim, ledger, alice = world()
    sim.faults.loss(1.0, link=(alice, "ledger"))
    send(alice, 1)
    sim.faults.loss(0.0, link=("alice", ledger))
    send(alice, 2)
    sim.faults.loss(1.0, for_ms=35)
    send(alice, 3, 4)
    sim.faults.end()
    send(alice, 5)
    sim.run()
    assert log(ledger) == ["2@20", "4@40", "5@50"]
    assert repr(sim.faults) == "<Faults, 2 have struck>"


def test_every_rate_can_be_called_for() -> None:
    sim, _, alice = world()
    sim.faults.duplicate(1.0, within_ms=0, link=(alice, "*"))
    sim.faults.reorder(1.0, within_ms=1, link=(alice, "*"))
    sim.faults.spike(1.0, 40, link=(alice, "*"))
    sim.faults.crashes(1.0, down_ms=5, process="ledger")
    sim.faults.jitter(0, process="ledger")
    send(alice, 1)
    sim.run()
    assert [str(one) for one in sim.faults.strikes] == [
        "duplicate alice>ledger#1",
        "delay alice>ledger#1 1ms",
        "delay alice>ledger#1 40ms",
        "crash *>ledger#1 5ms",
        "skew *>ledger#1",
        "crash *>ledger#2 5ms",
        "skew *>ledger#2",
    ]
    assert counts_add_up(sim)


def test_a_call_about_nobody_is_refused() -> None:
    sim, _, _ = world()
    for call in (
        lambda: sim.faults.loss(0.5, link=("alcie", "*")),
        lambda: sim.faults.loss(0.5, link="alice"),  # type: ignore[arg-type]
        lambda: sim.faults.loss(50),
        lambda: sim.faults.partition("alice", "ledger"),
        lambda: sim.faults.partition({"alice"}, {"alice"}),
        lambda: sim.crash("alice"),
        lambda: sim.crash("ledger", losing=-1),
        lambda: sim.hold("no such id"),
        lambda: sim.hold("no such id", sender="alice"),
        lambda: sim.faults.slow("ledger", -1),
    ):
        with pytest.raises(AosimError):
            call()
    assert sim._engine.breakage is None or not sim.faults.strikes


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


# Again


def broken(sim: Simulation, alice: WalletHandle) -> None:
    """A bit of everything."""
    send(alice, *range(20))
    sim.faults.reorder(0.3, within_ms=30)
    sim.run(for_ms=60)
    apart = sim.faults.partition({"alice"}, lose=True)
    sim.run(for_ms=20)
    apart.heal()
    sim.crash("ledger", for_ms=50, losing=1)
    sim.faults.slow("ledger", 3)
    sim.faults.jitter(5)
    hold = sim.hold(Action="Added")
    sim.run(for_ms=50)
    hold.release(2)
    sim.hold(lambda message: message.data == "19")
    sim.run()
    hold.release()
    sim.run(for_ms=30)
    sim.faults.end()


def test_a_run_with_faults_is_gone_on_with_as_it_was(tmp_path: Path) -> None:
    sim, _, alice = world(Faults(loss=0.05, dup=0.2, late_births_ms=7), journal=tmp_path / "run.db")
    broken(sim, alice)
    sim.close()
    again = Simulation.resume(tmp_path / "run.db")
    assert again.fingerprint == sim.fingerprint
    assert (again.faults.strikes, again.counts) == (sim.faults.strikes, sim.counts)
    send(again.wallet("alice"), 1)
    again.run()
    assert counts_add_up(again)
    again.close()


def test_observers_see_every_fault_and_change_nothing() -> None:
    seen: list[tuple[str, str | None]] = []

    class Seen(Observer):
        def on_fault(self, fault: object, message: Message | None, now_ms: int) -> None:
            seen.append((str(fault), message.data if message is not None else None))

    watched, _, alice = world(Faults(dup=0.2))
    watched.observe(Seen())
    broken(watched, alice)
    alone, _, alice = world(Faults(dup=0.2))
    broken(alone, alice)
    assert watched.fingerprint == alone.fingerprint
    told = [entry for entry in watched.journal.read() if entry[0] == "fault"]
    assert [fault for _, fault, _, _ in told] == [fault for fault, _ in seen]
    assert {fault.split()[0] for fault, _ in seen} == {
        *("duplicate", "delay", "partition", "crash", "slow", "skew", "hold")
    }


def test_an_observer_breaks_nothing() -> None:
    sim, _, alice = world()
    refused: list[str] = []

    class Meddler(Observer):
        def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
            for call in (lambda: sim.crash("ledger"), lambda: sim.faults.loss(1.0), lambda: sim.hold(), sim.faults.end):
                try:
                    call()
                except Exception as problem:
                    refused.append(type(problem).__name__)

    sim.observe(Meddler())
    send(alice, 1)
    assert refused == ["ObserverTouched"] * 4
