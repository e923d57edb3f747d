from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aosim import Assignment, DeadLetter, Message, Observer, ProcessHandle, Result, Simulation, UsageError

PONG = "Handlers.add('pong', 'Ping', function(msg) msg.reply({Action = 'Pong'}) Send({Target = 'nobody'}) end)"


class _Notes(Observer):
    """Writes down what it sees."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        self.seen.append(("sent", message.tag("Action", "-") or ""))

    def on_assigned(self, assignment: Assignment) -> None:
        self.seen.append(("assigned", str(assignment.nonce)))

    def on_result(self, assignment: Assignment, result: Result) -> None:
        self.seen.append(("result", result.verdict))

    def on_delivered(self, message: Message, now_ms: int) -> None:
        self.seen.append(("delivered", message.tag("Action", "-") or ""))

    def on_dead_letter(self, letter: DeadLetter) -> None:
        self.seen.append(("dead", letter.reason[:8]))


def test_an_observer_sees_every_step_in_order() -> None:
    sim, notes = Simulation(), _Notes()
    alice, pong = sim.wallet("alice"), sim.spawn(PONG, name="pong")
    sim.observe(notes)
    alice.send(pong, Action="Ping")
    sim.run()
    assert notes.seen == [
        ("sent", "Ping"),
        ("assigned", "1"),
        ("result", "handled"),
        ("sent", "Pong"),
        ("sent", "-"),
        ("delivered", "Pong"),
        ("dead", "'nobody'"),
    ]


def test_an_observer_that_wants_to_see_nothing_needs_no_method() -> None:
    sim = Simulation()
    sim.observe(Observer())
    sim.wallet("alice").send(sim.spawn(PONG), Action="Ping")
    sim.run()
    assert len(sim.wallet("alice").inbox) == 1


def _fingerprint(observer: Callable[[Simulation, ProcessHandle], Observer] | None) -> str:
    sim = Simulation(seed=3)
    alice, pong = sim.wallet("alice"), sim.spawn(PONG, name="pong", cron="1-minute")
    late = alice.send(pong, Action="Late", after_ms=500)
    timer = sim.every(40, pong, Action="Tock")
    if observer is not None:
        watcher = observer(sim, pong)
        watcher.handles = {"late": late, "timer": timer}  # type: ignore[attr-defined]
        sim.observe(watcher)
    alice.send(pong, Action="Ping")
    sim.run(for_ms=1_000)
    return sim.fingerprint


def _meddler(deed: Callable[[Simulation, ProcessHandle, dict[str, object]], object]) -> type[Observer]:
    class Meddler(Observer):
        handles: dict[str, object]

        def __init__(self, sim: Simulation, pong: ProcessHandle) -> None:
            self._sim, self._pong = sim, pong

        def on_assigned(self, assignment: Assignment) -> None:
            deed(self._sim, self._pong, self.handles)

    return Meddler


@pytest.mark.parametrize(
    "deed",
    [
        lambda sim, pong, handles: sim.run(),
        lambda sim, pong, handles: sim.step(),
        lambda sim, pong, handles: pong.send(Action="Mine"),
        lambda sim, pong, handles: sim.wallet("alice").send(pong),
        lambda sim, pong, handles: sim.wallet("new"),
        lambda sim, pong, handles: sim.spawn(""),
        lambda sim, pong, handles: pong.eval("x = 1"),
        lambda sim, pong, handles: pong.query(Action="Ping"),
        lambda sim, pong, handles: sim.every(5, pong),
        lambda sim, pong, handles: sim.observe(Observer()),
        lambda sim, pong, handles: handles["late"].cancel(),
        lambda sim, pong, handles: handles["timer"].cancel(),
    ],
)
def test_an_observer_that_uses_the_simulation_is_taken_off_and_changes_nothing(
    deed: Callable[[Simulation, ProcessHandle, dict[str, object]], object],
) -> None:
    quiet = _fingerprint(None)
    with pytest.warns(
        RuntimeWarning, match=r"raised ObserverTouched\('an observer may look at a run.*and was taken off"
    ):
        assert _fingerprint(_meddler(deed)) == quiet


def test_looking_at_state_changes_nothing() -> None:
    seen: list[object] = []
    deed = _meddler(
        lambda sim, pong, handles: seen.append((pong.state, pong.inbox, pong.output, sim.now_ms, sim.scheduled))
    )
    assert _fingerprint(deed) == _fingerprint(None)
    assert len(seen) > 10


def test_an_observer_that_raises_is_taken_off_and_the_others_stay() -> None:
    class Broken(Observer):
        def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
            raise ZeroDivisionError

    sim, notes = Simulation(), _Notes()
    alice, pong = sim.wallet("alice"), sim.spawn(PONG)
    sim.observe(Broken())
    sim.observe(notes)
    with pytest.warns(RuntimeWarning, match="Broken object .* raised ZeroDivisionError"):
        alice.send(pong, Action="Ping")
    sim.run()
    assert len(notes.seen) == 7


@pytest.mark.filterwarnings("error")
def test_where_warnings_are_errors_the_run_ends_first() -> None:
    class Broken(Observer):
        def on_assigned(self, assignment: Assignment) -> None:
            raise ZeroDivisionError

    sim = Simulation()
    alice, pong = sim.wallet("alice"), sim.spawn(PONG)
    sim.observe(Broken())
    alice.send(pong, Action="Ping")
    with pytest.raises(RuntimeWarning, match="taken off"):
        sim.run()
    assert len(alice.inbox) == 1
    assert sim.counts.begun == sim.counts.ended
    alice.send(pong, Action="Ping")
    assert sim.run().quiet


def test_an_observer_sees_the_ticks_of_a_timer_leave() -> None:
    sim, notes = Simulation(), _Notes()
    sim.every(100, sim.wallet("bob"), Action="Tock")
    sim.observe(notes)
    sim.run(for_ms=200)
    assert notes.seen == [("sent", "Tock"), ("delivered", "Tock")] * 2


def test_what_an_observer_is_given_cannot_be_changed() -> None:
    class Forger(Observer):
        def on_result(self, assignment: Assignment, result: Result) -> None:
            result.messages = ()  # type: ignore[misc]

    sim = Simulation()
    alice, pong = sim.wallet("alice"), sim.spawn(PONG)
    sim.observe(Forger())
    alice.send(pong, Action="Ping")
    with pytest.warns(RuntimeWarning, match="taken off"):
        sim.run()
    assert len(alice.inbox) == 1


@pytest.mark.parametrize("what", [5, Observer, print])
def test_what_is_no_observer_is_refused(what: Any) -> None:
    with pytest.raises(UsageError, match="give an object whose class is derived from"):
        Simulation().observe(what)
