"""In which order things happen that are due at one instant."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aosim import Order, Simulation, Uniform, UsageError
from aosim.events import CronTick, Event, EventQueue
from aosim.orders import OrderedQueue, as_order
from aosim.seeds import Seeds

NAMES = "abcdef"
SEEDS = Seeds(7)


def filled(queue: EventQueue, due_ms: int = 5) -> EventQueue:
    for name in NAMES:
        queue.push(due_ms, CronTick(name))
    return queue


def emptied(queue: EventQueue) -> str:
    found = ""
    while (popped := queue.pop()) is not None:
        _, event = popped
        assert isinstance(event, CronTick)
        found += event.process_id
    return found


def test_without_an_order_events_leave_as_they_came() -> None:
    assert emptied(filled(Order().queue(SEEDS))) == NAMES
    assert type(Order().queue(SEEDS)) is EventQueue


def test_a_told_swap_lets_one_go_first_that_waits_behind() -> None:
    assert emptied(filled(Order(swaps=((1, 2), (4, 1))).queue(SEEDS))) == "cabedf"


def test_a_swap_with_somebody_who_is_not_there_takes_the_last_or_none() -> None:
    queue = Order(swaps=((1, 99), (6, 3), (40, 1))).queue(SEEDS)
    assert emptied(filled(queue)) == "fabcde"
    assert isinstance(queue, OrderedQueue)
    assert queue.swaps == [(1, 5)]


@given(st.integers(0, 50), st.lists(st.integers(0, 3), max_size=20))
def test_the_swaps_that_were_drawn_repeat_the_order_when_they_are_told(drawn: int, times: list[int]) -> None:
    def run(order: Order) -> tuple[list[tuple[int, str]], list[tuple[int, int]]]:
        queue = order.queue(SEEDS)
        for number, due_ms in enumerate(times):
            queue.push(due_ms, CronTick(str(number)))
        found = []
        while (popped := queue.pop()) is not None:
            due_ms, event = popped
            assert isinstance(event, CronTick)
            found.append((due_ms, event.process_id))
            if len(found) % 5 == 0:  # more comes while it is emptied
                queue.push(due_ms, CronTick(f"new {len(found)}"))
        return found, queue.swaps if isinstance(queue, OrderedQueue) else []

    found, swaps = run(Order(drawn=drawn))
    assert [due_ms for due_ms, _ in found] == sorted(due_ms for due_ms, _ in found)
    assert run(Order(swaps=tuple(swaps))) == (found, swaps)


def called(end: str, event: Event) -> bool:
    return isinstance(event, CronTick) and event.process_id.endswith(end)


@given(st.lists(st.tuples(st.sampled_from(["push", "pop", "remove", "look"]), st.integers(0, 3)), max_size=40))
def test_looking_and_removing_between_pops_change_no_order(steps: list[tuple[str, int]]) -> None:
    queue, plain = Order(swaps=((10**6, 1),)).queue(SEEDS), EventQueue()
    for number, (what, value) in enumerate(steps):
        if what == "push":
            queue.push(value, CronTick(f"{number} {value}"))
            plain.push(value, CronTick(f"{number} {value}"))
        elif what == "pop":
            assert queue.pop() == plain.pop()
        elif what == "remove":
            unwanted = partial(called, f" {value}")
            assert queue.remove(unwanted) == plain.remove(unwanted)
        else:
            assert list(queue) == list(plain)
            assert sorted(queue.events()) == sorted(plain.events())
        assert (len(queue), queue.peek_ms()) == (len(plain), plain.peek_ms())


@pytest.mark.parametrize("order", [Order(), Order(drawn=4), Order(swaps=((3, 2), (5, 1)))])
def test_a_fork_of_a_queue_goes_on_as_the_queue_does(order: Order) -> None:
    queue = filled(order.queue(SEEDS))
    queue.pop()
    other = queue.fork()
    assert emptied(other) == emptied(queue)
    if isinstance(queue, OrderedQueue) and isinstance(other, OrderedQueue):
        assert other.swaps == queue.swaps
        assert other.swaps is not queue.swaps


@pytest.mark.parametrize("text", ["", "3", "12+1", "12+1, 40+2"])
def test_an_order_is_written_and_read_again(text: str) -> None:
    assert str(Order.parse(text)) == text


@pytest.mark.parametrize("text", ["a", "12", "12+1 x", "0+1", "1+0", "3+1,3+2", "-1"])
def test_what_is_no_order_is_refused_with_its_place(text: str) -> None:
    if text == "12":
        assert Order.parse(text) == Order(drawn=12)
        return
    with pytest.raises(UsageError, match=r"^--order: "):
        Order.parse(text, "--order")


@pytest.mark.parametrize(
    "values", [{"drawn": -1}, {"drawn": True}, {"drawn": 1, "swaps": ((1, 1),)}, {"swaps": (1,)}, {"swaps": 3}]
)
def test_an_order_that_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Order(**values)


def test_a_number_is_an_order_to_be_drawn() -> None:
    assert (as_order(3), as_order(None)) == (Order(drawn=3), Order())


def crowd(**options: Any) -> Simulation:
    sim = Simulation(7, **options)
    sim.spawn("Seen = Seen or ''; Handlers.add('N', 'N', function(m) Seen = Seen .. m.Who end)", name="door")
    for name in NAMES:
        sim.wallet(name).send("door", Action="N", Who=name)
    sim.run()
    return sim


def test_a_simulation_takes_messages_as_they_came_unless_an_order_is_given() -> None:
    assert crowd().process("door").read("Seen") == NAMES
    assert crowd(order=Order()).fingerprint == crowd().fingerprint
    assert crowd().swaps == ()


def test_a_drawn_order_is_another_run_and_told_swaps_are_the_same_run_again() -> None:
    drawn = crowd(order=1)
    assert drawn.process("door").read("Seen") != NAMES
    assert drawn.fingerprint not in (crowd().fingerprint, crowd(order=2).fingerprint)
    assert crowd(order=1).fingerprint == drawn.fingerprint
    assert crowd(order=Order(swaps=drawn.swaps)).fingerprint == drawn.fingerprint


def test_where_no_two_messages_arrive_at_one_instant_no_order_matters() -> None:
    latency = Uniform(0, 10**9)
    assert crowd(order=1, latency=latency).fingerprint == crowd(latency=latency).fingerprint


def test_a_recorded_run_goes_on_in_its_order(tmp_path: Path) -> None:
    for order in (Order(drawn=3), Order(swaps=((1, 4), (3, 1)))):
        whole = crowd(order=order)
        path = tmp_path / f"{order}.db"
        crowd(order=order, journal=path).close()
        again = Simulation.resume(path)
        assert (again.fingerprint, again.swaps) == (whole.fingerprint, whole.swaps)
        for sim in (whole, again):
            for name in NAMES:
                sim.wallet(name).send("door", Action="N", Who=name)
            sim.run()
        assert (again.fingerprint, again.swaps) == (whole.fingerprint, whole.swaps)
        again.close()


def test_a_fork_and_a_run_gone_back_keep_their_order() -> None:
    sim = crowd(order=3)
    fork = sim.fork()
    assert fork.swaps == sim.swaps
    for one in (sim, fork):
        for name in NAMES:
            one.wallet(name).send("door", Action="N", Who=name)
        one.run()
    assert fork.fingerprint == sim.fingerprint
    end = sim.fingerprint
    sim.goto(3)
    sim.goto(12)
    assert sim.fingerprint == end
