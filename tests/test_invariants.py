"""What must hold at every moment of a run."""

from __future__ import annotations

import pytest

from aosim import EvalError, InvariantBroken, Simulation, UsageError
from aosim.message import Message
from aosim.process import Context

COUNTER = """
Count = Count or 0
Handlers.add("Add", "Add", function(msg)
  Count = Count + tonumber(msg.Quantity)
  ao.send({ Target = msg.From, Action = "Added" })
end)
"""


def counted(quantities: list[int], seed: int = 0) -> Simulation:
    sim = Simulation(seed)
    sim.spawn(COUNTER, name="counter")
    for quantity in quantities:
        sim.wallet("alice").send("counter", Action="Add", Quantity=str(quantity))
    return sim


def test_what_holds_lets_the_run_be_as_it_is() -> None:
    asked = []
    sim = counted([1, 2, 3])
    sim.always(lambda: asked.append(sim.process("counter").read("Count")))
    sim.run()
    assert asked == [1, 3, 6, 6, 6, 6]
    plain = counted([1, 2, 3])
    plain.run()
    assert sim.fingerprint == plain.fingerprint


def test_the_first_message_that_breaks_it_is_named() -> None:
    sim = counted([1, 2, 3], seed=17)
    sim.always(lambda: sim.process("counter").read("Count") < 3, name="at most two")
    with pytest.raises(InvariantBroken) as caught:
        sim.run()
    broken = caught.value
    assert (broken.invariant, broken.event, broken.process, broken.nonce) == ("at most two", 2, "counter", 2)
    assert (broken.after_ms, broken.told) == (10, "Action=Add from alice")
    assert sim.message(broken.message_id) is not None
    assert str(broken) == (
        "at most two does not hold any more: it is False. It was broken by event 2, Action=Add from alice to counter "
        "(nonce 2), 10 ms after the start. Again: the same calls of Simulation(seed=17)"
    )


def test_the_event_is_over_when_it_is_told_and_the_run_can_go_on_being_looked_at() -> None:
    sim = counted([5, 5])
    sim.always(lambda: sim.process("counter").read("Count") < 5)
    with pytest.raises(InvariantBroken):
        sim.run()
    assert sim.counts.handled == 2  # its boot and the first message
    assert sim.process("counter").read("Count") == 5
    assert sim.counts.begun == sim.counts.ended


def test_an_assertion_says_what_does_not_hold() -> None:
    sim = counted([4])

    @sim.always
    def never_four(world: Simulation) -> None:
        assert world is sim
        found = world.process("counter").read("Count")
        assert found != 4, f"the count is {found}"

    with pytest.raises(InvariantBroken, match="never_four does not hold any more: the count is 4"):
        sim.step()


def test_an_assertion_without_words_is_told_by_its_place() -> None:
    sim = counted([4])

    def silent() -> None:
        if sim.process("counter").read("Count") == 4:
            raise AssertionError

    sim.always(silent)
    with pytest.raises(InvariantBroken, match=r"silent .*: the assertion in test_invariants\.py:\d+ failed"):
        sim.step()


def test_a_lambda_is_called_by_its_place() -> None:
    sim = counted([4])
    sim.always(lambda: False)
    with pytest.raises(InvariantBroken, match=r"^test_invariants\.py:\d+ does not hold"):
        sim.step()


def test_an_eval_is_a_message_too() -> None:
    sim = counted([])
    sim.always(lambda: sim.process("counter").read("Count") < 9)
    with pytest.raises(InvariantBroken, match=r"Action=Eval from owner to counter"):
        sim.eval("counter", "Count = 9")


def test_what_reaches_a_wallet_is_named() -> None:
    sim = counted([1])
    alice = sim.wallet("alice")
    sim.always(lambda: not alice.inbox, name="silence")
    with pytest.raises(InvariantBroken) as caught:
        sim.run()
    assert (caught.value.process, caught.value.nonce, caught.value.told) == ("alice", -1, "Action=Added from counter")


def test_a_tick_without_a_message_names_the_event_alone() -> None:
    sim = counted([])
    sim.every(1_000, "counter", Action="Add", Quantity="1")
    sim.always(lambda: sim.now_ms < sim.start_ms + 1_000, name="early")
    with pytest.raises(InvariantBroken, match=r"by event 1, 1_000 ms after the start"):
        sim.run(for_ms=2_000)


def test_an_invariant_may_look_and_change_nothing() -> None:
    sim = counted([1])
    sim.always(lambda: bool(sim.wallet("alice").send("counter", Action="Add", Quantity="1")))
    with pytest.raises(Exception, match="may look at a run, not change it"):
        sim.run()
    sim.wallet("alice").send("counter", Action="Add", Quantity="1")  # and the simulation is open again


@pytest.mark.parametrize("check", [3, lambda sim, more: True])
def test_what_cannot_be_asked_is_refused(check: object) -> None:
    with pytest.raises(UsageError):
        Simulation().always(check)  # type: ignore[type-var]


def test_an_answer_that_is_neither_true_nor_false_is_refused() -> None:
    sim = counted([1])
    sim.always(lambda: sim.process("counter").read("Count"))
    with pytest.raises(UsageError, match="an invariant answered 1"):
        sim.run()


def test_an_argument_with_a_default_needs_no_simulation() -> None:
    sim = counted([1])
    sim.always(lambda limit=3: sim.process("counter").read("Count") < limit)
    assert sim.run().quiet


def test_invariants_look_into_python_processes() -> None:
    def keep(me: Context, message: Message) -> None:
        me.state["seen"] = me.state.get("seen", 0) + 1

    sim = Simulation()
    box = sim.spawn(keep, name="box")
    for _ in range(3):
        box.send(Action="Hello")
    sim.always(lambda: box.state.get("seen", 0) < 3, name="two at most")
    with pytest.raises(InvariantBroken, match=r"to box \(nonce 3\)"):
        sim.run()


def test_an_invariant_of_a_process_is_asked_after_messages_of_its_own() -> None:
    asked = []
    sim = counted([1, 2])
    other = sim.spawn(COUNTER, name="other")
    for _ in range(5):
        sim.wallet("bob").send(other, Action="Add", Quantity="7")
    sim.always(lambda: asked.append(sim.process("counter").read("Count")), of="counter")
    sim.run()
    assert asked == [1, 3]


def test_a_peek_gives_the_value_of_lua_and_leaves_no_trace() -> None:
    sim = counted([1, 2])
    sim.run()
    before = sim.fingerprint
    counter = sim.process("counter")
    assert counter.peek("Count = Count * 10; return Count") == 30
    assert counter.peek("Count == 3") is True
    assert counter.peek("{ Count, 'a' }") == [3, "a"]
    assert counter.read("Count") == 3
    assert sim.fingerprint == before
    with pytest.raises(EvalError, match=r"counter: .*no such thing"):
        counter.peek("error('no such thing')")


def test_an_invariant_may_peek() -> None:
    sim = counted([1, 2, 3])
    sim.always(lambda: sim.process("counter").peek("Count < 6"), name="below six", of="counter")
    with pytest.raises(InvariantBroken, match="event 3"):
        sim.run()
