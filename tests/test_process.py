from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from aosim import Assignment, Context, Fate, Message, Observer, ProcessHandle, Result, Simulation
from aosim.process import PythonProcess


def counter(me: Context, message: Message) -> None:
    """Counts; fails after having counted, when told to."""
    me.state["count"] = me.state.get("count", 0) + int(message.tag("By", "1") or 1)
    me.print(f"count is {me.state['count']}")
    if message.tag("Action") == "Fail":
        me.send("bob", "never")
        raise ValueError("as told")
    me.reply(message, str(me.state["count"]), Action="Counted")


@pytest.fixture
def counting(sim: Simulation) -> ProcessHandle:
    return sim.spawn(counter, name="counter")


def test_a_python_process_handles_messages_and_answers(sim: Simulation, counting: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    alice.send(counting, By="5")
    sent = alice.send(counting)
    sim.run()
    assert [message.data for message in alice.inbox] == ["5", "6"]
    assert counting.state == {"count": 6}
    assert counting.output == ["count is 5", "count is 6"]
    assert sent.fate is Fate.HANDLED


def test_a_handler_that_raises_changes_nothing(sim: Simulation, counting: ProcessHandle) -> None:
    alice, bob = sim.wallet("alice"), sim.wallet("bob")
    alice.send(counting)
    failed = alice.send(counting, Action="Fail", By="100")
    alice.send(counting)
    sim.run()
    assert counting.state == {"count": 2}
    assert [message.data for message in alice.inbox] == ["1", "2"]
    assert [message.tag("Reference") for message in alice.inbox] == ["1", "2"]
    assert bob.inbox == []
    assert failed.fate is Fate.FAILED
    assert failed.error is not None
    assert counting.errors == [failed.error]
    line = counter.__code__.co_firstlineno + 6
    assert failed.error == f"test_process.py:{line}: ValueError: as told"
    assert failed.result is not None
    assert failed.result.output == "count is 101"


def test_the_state_that_is_handed_out_is_a_copy_to_the_last_value(sim: Simulation) -> None:
    def note(me: Context, message: Message) -> None:
        me.state.setdefault("seen", []).append(message.data)

    process = sim.spawn(note, name="notes")
    process.send("first")
    sim.run()
    process.state["seen"].append("never sent")
    assert process.state == {"seen": ["first"]}


def test_many_failures_in_a_row_make_the_state_again_once(sim: Simulation) -> None:
    handled = []

    def fragile(me: Context, message: Message) -> None:
        handled.append(message.data)
        if message.data == "bad":
            raise ValueError("as told")

    process = sim.spawn(fragile, name="fragile")
    for data in ("good", "bad"):
        process.send(data)
    sim.run()
    assert handled == ["good", "bad"]
    assert (process.state, handled) == ({}, ["good", "bad", "good"])


def test_an_observer_that_looks_at_a_state_to_be_made_again_still_may_not_touch(sim: Simulation) -> None:
    class Meddler(Observer):
        def on_result(self, assignment: Assignment, result: Result) -> None:
            _ = process.state
            process.send("from an observer")

    process = sim.spawn(counter, name="counter")
    process.send()
    sim.run()
    sim.observe(Meddler())
    process.send(Action="Fail")
    with pytest.warns(RuntimeWarning, match="ObserverTouched"):
        sim.run()
    assert process.state == {"count": 1}


def test_the_error_names_the_line_in_the_handlers_own_file(sim: Simulation) -> None:
    def parse(me: Context, message: Message) -> None:
        json.loads(message.data or "")

    def wrong_tag(me: Context, message: Message) -> None:
        me.send("bob", Quantity=5)  # type: ignore[arg-type]

    for handler in (parse, wrong_tag):
        process = sim.spawn(handler)
        process.send("no json")
        sim.run()
        assert process.errors[0].startswith(f"test_process.py:{handler.__code__.co_firstlineno + 1}: ")


def test_a_message_that_cannot_be_sent_fails_its_handler_and_not_the_run(sim: Simulation) -> None:
    def wrong(me: Context, message: Message) -> None:
        match message.tag("Action"):
            case "Number":
                me.send("bob", 5)  # type: ignore[arg-type]
            case "Half":
                me.send("bob", "\ud800")
            case "Nobody":
                me.send(None)  # type: ignore[arg-type]
            case "Shout":
                me.print("\ud800")
                raise ValueError("\ud800")

    process = sim.spawn(wrong)
    for action in ("Number", "Half", "Nobody", "Shout"):
        process.send(Action=action)
    sim.run()
    assert sim.counts.failed == 4
    assert "data is int, it must be text" in process.errors[0]
    assert "half a character" in process.errors[1]
    assert process.errors[3].endswith("ValueError: ?")


def test_a_handler_that_uses_the_simulation_fails_and_changes_nothing(sim: Simulation) -> None:
    deeds: list[Callable[[], object]] = [
        lambda: sim.run(),
        lambda: sim.step(),
        lambda: sim.wallet("bob").send("worker"),
        lambda: sim.spawn(""),
        lambda: sim.process("worker").query(),
    ]
    sim.wallet("bob")

    def use(me: Context, message: Message) -> None:
        deeds[int(message.data or "")]()

    worker = sim.spawn(use, name="worker")
    for number in range(len(deeds)):
        worker.send(str(number))
    run = sim.run()
    assert (run.events, sim.counts.failed, len(sim.processes)) == (len(deeds), len(deeds), 1)
    assert all("sends with me.send(...) and me.reply(...) only" in error for error in worker.errors)
    sim.send("worker", "x")


def test_a_dry_run_of_a_python_process_leaves_no_trace(sim: Simulation, counting: ProcessHandle) -> None:
    counting.send()
    sim.run()
    before = sim.fingerprint
    result = counting.query(By="10")
    assert [message.data for message in result.messages] == ["11"]
    assert counting.state == {"count": 1}
    assert sim.fingerprint == before


def test_a_lua_process_waits_for_the_answer_of_a_python_process(sim: Simulation, counting: ProcessHandle) -> None:
    asker = sim.spawn("""
      Handlers.add("ask", "Ask", function(msg)
        Count = Send({ Target = msg.Counter, By = "7" }).receive().Data
        msg.reply({ Data = "it is " .. Count })
      end)
    """)
    alice = sim.wallet("alice")
    alice.send(asker, Action="Ask", Counter=counting.id)
    sim.run()
    assert asker.read("Count") == "7"
    assert alice.inbox[0].data == "it is 7"


def test_an_answer_goes_where_reply_to_says(sim: Simulation, counting: ProcessHandle) -> None:
    alice, bob = sim.wallet("alice"), sim.wallet("bob")
    alice.send(counting, tags={"Reply-To": bob.address, "X-Reference": "9", "X-Origin": "far"})
    sim.run()
    assert alice.inbox == []
    assert [bob.inbox[0].tag(name) for name in ("X-Reference", "X-Origin")] == ["9", "far"]


def test_a_handler_sends_to_names_addresses_and_handles(sim: Simulation) -> None:
    bob = sim.wallet("bob")

    def spread(me: Context, message: Message) -> None:
        me.send("bob", "1")
        me.send(bob.address, "2")
        me.send(bob, "3")  # type: ignore[arg-type]

    sim.spawn(spread).send()
    sim.run()
    assert [message.data for message in bob.inbox] == ["1", "2", "3"]


def test_chance_and_time_of_a_python_process_belong_to_the_message() -> None:
    def dice(me: Context, message: Message) -> None:
        me.state.setdefault("thrown", []).append((me.random.randint(1, 10**9), me.now_ms))
        if message.tag("Action") == "Fail":
            raise ValueError

    def run(*actions: str) -> list[tuple[int, int]]:
        sim = Simulation(seed=5)
        process = sim.spawn(dice, name="dice")
        for action in actions:
            process.send(Action=action)
        sim.run()
        thrown: list[tuple[int, int]] = process.state["thrown"]
        return thrown

    once = run("Throw", "Throw", "Throw")
    assert once == run("Throw", "Throw", "Throw")
    assert len({number for number, _ in once}) == 3
    assert run("Throw", "Fail", "Throw")[0] == once[0]


def test_the_state_after_a_failure_is_made_from_the_log() -> None:
    process = PythonProcess("p", counter)
    sim = Simulation()
    assert process.state == {}
    handle = sim.spawn(counter)
    for action in ("Add", "Fail", "Fail", "Add", "Fail"):
        handle.send(Action=action)
        sim.run()
    assert handle.state == {"count": 2}


def test_data_may_be_given_like_a_tag_as_wallets_do(sim: Simulation) -> None:
    def handler(me: Context, message: Message) -> None:
        me.reply(message, Data="hello")
        me.send(message.sender, "one", Data="two")

    alice = sim.wallet("alice")
    sent = alice.send(sim.spawn(handler), "x")
    sim.run()
    assert "has data= and Data=: give one of them" in (sent.error or "")

    alice.send(sim.spawn(lambda me, message: me.reply(message, Data="hello")), "x")
    sim.run()
    assert (alice.inbox[-1].data, alice.inbox[-1].tag("Data")) == ("hello", None)
