from __future__ import annotations

from pathlib import Path

import pytest

from aosim import (
    AosimError,
    Crash,
    Faults,
    Message,
    Observer,
    Partition,
    Rate,
    Simulation,
    Slow,
    Strike,
    WalletHandle,
)
from faults.world import counts_add_up, log, send, world


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
