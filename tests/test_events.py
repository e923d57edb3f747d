from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aosim.events import CronTick, EventQueue


def _drain(queue: EventQueue) -> list[tuple[int, object]]:
    out: list[tuple[int, object]] = []
    while (popped := queue.pop()) is not None:
        out.append(popped)
    return out


def test_events_due_at_one_instant_leave_in_the_order_they_came() -> None:
    queue = EventQueue()
    for name in "abc":
        queue.push(5, CronTick(name))
    assert [event for _, event in _drain(queue)] == [CronTick("a"), CronTick("b"), CronTick("c")]


def test_the_earliest_event_leaves_first() -> None:
    queue = EventQueue()
    for due_ms in (30, 10, 20):
        queue.push(due_ms, CronTick(str(due_ms)))
    assert queue.peek_ms() == 10
    assert [due_ms for due_ms, _ in _drain(queue)] == [10, 20, 30]


def test_an_empty_queue_has_nothing_to_give() -> None:
    queue = EventQueue()
    assert (queue.pop(), queue.peek_ms(), len(queue), list(queue)) == (None, None, 0, [])


def test_looking_through_the_queue_takes_nothing_out() -> None:
    queue = EventQueue()
    for due_ms in (3, 1, 2, 1):
        queue.push(due_ms, CronTick(str(due_ms)))
    assert [due_ms for due_ms, _ in queue] == [1, 1, 2, 3]
    assert len(queue) == 4


def test_all_events_of_a_kind_are_taken_out_and_counted() -> None:
    queue = EventQueue()
    for due_ms, name in ((1, "x"), (2, "y"), (3, "x")):
        queue.push(due_ms, CronTick(name))
    assert queue.remove(lambda event: event == CronTick("x")) == 2
    assert queue.remove(lambda event: event == CronTick("x")) == 0
    assert _drain(queue) == [(2, CronTick("y"))]


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_taking_events_out_leaves_the_order_of_the_others(plan: list[tuple[int, bool]]) -> None:
    queue = EventQueue()
    events = [(due_ms, CronTick(str(number)), stays) for number, (due_ms, stays) in enumerate(plan)]
    for due_ms, event, _ in events:
        queue.push(due_ms, event)
    unwanted = [event for _, event, stays in events if not stays]
    assert queue.remove(lambda event: event in unwanted) == len(unwanted)
    left = [(due_ms, event) for due_ms, event, stays in events if stays]
    assert _drain(queue) == sorted(left, key=lambda item: item[0])
