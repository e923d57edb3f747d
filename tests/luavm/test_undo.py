"""Undo: what it costs to make a state again, and that nothing a process answers depends on how that is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa.lua53 import LuaError

from aosim.luavm import past
from aosim.luavm.process import LuaProcess

from .test_process import BOB, OWNER, Bench

CODE = """
Count, Log, Box = 0, {}, setmetatable({}, { __index = function(_, key) return "no " .. key end })
local function counter()
  local n = 0
  return function() n = n + 1 return n end
end
Next = counter()
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  Log[#Log + 1] = msg.Data
  local last = table.concat(Log, ",", math.max(1, #Log - 3))
  msg.reply({ Data = Count .. " " .. Next() .. " " .. tostring(Box.x) .. " " .. last })
end)
Handlers.add("Fail", "Fail", function(msg)
  Count = Count + 100
  Log[1] = "spoilt"
  Next()
  error("no")
end)
Handlers.add("Roll", "Roll", function(msg) msg.reply({ Data = tostring(math.random(1000)) }) end)
Handlers.add("Wait", "Wait", function(msg)
  local answer = Handlers.receive({ Action = "Go" })
  Count = Count + 1
  Send({ Target = msg.From, Data = "waited " .. Count .. (answer.Data or "") })
end)
Handlers.add("Need", "Need", function(msg)
  local made = setmetatable({}, { __index = function(_, key) return require(".bint")(256)(#key) end })
  Send({ Target = msg.From, Data = tostring(table.concat({ tostring(made.four) })) })
end)
Handlers.add("Ask", "Ask", function(msg)
  local asked = coroutine.wrap(function() return require(".crypto").digest.sha2_256(msg.Data).asHex() end)
  Send({ Target = msg.From, Data = asked() })
end)
"""


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Images are taken whenever there is anything to be taken."""
    with monkeypatch.context() as patch:
        for name, value in (("_FIRST_LOOK", 2), ("_IMAGE_PRICE", 1), ("_PRICE_OF_BYTE", 0), ("_SHARE", 2)):
            patch.setattr(past, name, value)
        yield


def _told(bench: Bench, operations: list[tuple[str, str]]) -> list[Any]:
    answers: list[Any] = []
    for kind, data in operations:
        if kind == "eval":
            answers.append(bench.eval(f"Count = Count + 1 print(Count .. {data!r}) return Log"))
        elif kind == "bad eval":
            answers.append(bench.eval("Count = nil error('no')"))
        elif kind == "query":
            answers.append(bench.process.dry_run(bench.assignment("Action", "Add", data=data, dry_run=True)))
        elif kind == "clone":
            bench.process = bench.process.clone()
        elif kind == "look":
            answers += [bench.process.read("Count"), bench.process.read("Log"), bench.process.waiting()]
        else:
            answers.append(bench.push("Action", kind, data=data))
    return [*answers, bench.process.read("Count"), bench.process.global_names()]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ("Add", "Add", "Fail", "Roll", "Wait", "Go", "Need", "Ask", "eval", "bad eval", "query", "clone", "look")
        ),
        st.text("ab", max_size=2),
    ),
    max_size=25,
)


@settings(max_examples=50)
@given(OPERATIONS)
def test_a_process_answers_alike_however_its_states_are_made_again(operations: list[tuple[str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LuaProcess, "_take_image", lambda *_: None)
        expected = _told(Bench(CODE), operations)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("_FIRST_LOOK", 2), ("_IMAGE_PRICE", 1), ("_PRICE_OF_BYTE", 0), ("_SHARE", 2)):
            patch.setattr(past, name, value)
        assert _told(Bench(CODE), operations) == expected


def test_the_first_failure_of_a_process_with_a_long_history_repeats_little() -> None:
    bench = Bench(CODE)
    for _ in range(6_000):
        bench.push("Action", "Roll")
    cost = bench.process.undo_cost
    assert cost.image_bytes > 0
    assert cost.messages < 1_500
    bench.push("Action", "Fail")
    bench.push("Action", "Add")
    assert bench.process.read("Count") == 1


def test_failures_pay_for_the_image_that_makes_them_cheap() -> None:
    bench = Bench(CODE)
    for _ in range(400):
        bench.push("Action", "Add")
    assert bench.process.undo_cost.image_bytes == 0
    bench.push("Action", "Fail")
    bench.push("Action", "Add")
    assert bench.process.undo_cost.messages == 1


def test_queries_of_one_state_repeat_nothing() -> None:
    bench = Bench(CODE)
    for _ in range(400):
        bench.push("Action", "Add")
    for _ in range(2):
        bench.process.dry_run(bench.assignment("Action", "Add", dry_run=True))
        assert bench.process.undo_cost.messages == 0


def test_a_process_that_waits_says_why_it_has_no_image(eager: None) -> None:
    bench = Bench(CODE)
    bench.push("Action", "Add")
    bench.push("Action", "Wait")
    bench.push("Action", "Add")
    for _ in range(5):
        bench.push("Action", "Roll")
    cost = bench.process.undo_cost
    assert cost.messages > 4
    assert "is a handler that waits for a message" in cost.without_image
    bench.push("Action", "Go")
    for _ in range(100):
        bench.push("Action", "Roll")
    assert bench.process.undo_cost.without_image == ""
    assert bench.process.undo_cost.messages < 60


def test_an_image_that_there_is_no_memory_for_is_done_without(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: object) -> bytes:
        raise LuaError("not enough memory")

    monkeypatch.setattr("aosim.luavm.process.image_of", too_large)
    bench = Bench(CODE)
    for kind in ("Add", "Add", "Add", "Fail", "Add"):
        bench.push("Action", kind)
    assert bench.process.read("Count") == 4
    assert bench.process.undo_cost.without_image == "not enough memory"


def test_every_earlier_state_can_be_looked_at(eager: None) -> None:
    bench = Bench(CODE)
    for number in range(20):
        bench.push("Action", "Fail" if number % 5 == 4 else "Add")
    process = bench.process
    assert [process.state_at(nonce)["Count"] for nonce in range(2, 22)] == [
        *(1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 16)
    ]
    assert "Count" not in process.state_at(0)
    assert process.read("Count") == 16


def test_images_of_earlier_states_take_bounded_room(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_OLD_IMAGE_BYTES_MAX", 20_000)
    monkeypatch.setattr(past, "_STEP_BYTES", 0)
    bench = Bench(CODE)
    for _ in range(100):
        bench.push("Action", "Add")
    behind = bench.process._past._behind
    assert len(behind) > 20
    assert sum(len(stretch.image.data) for stretch in behind if stretch.image is not None) <= 20_000
    assert [bench.process.state_at(nonce)["Count"] for nonce in (2, 31, 60, 101)] == [1, 30, 59, 100]


def test_a_copy_at_another_address_is_itself() -> None:
    bench = Bench(CODE + "Me = ao.id Handlers.add('Who', 'Who', function(m) Send({ Target = ao.id, Data = Me }) end)")
    other = "f" * 43
    bench.push("Action", "Add")
    copy = bench.process.renamed(other)
    assignment = bench.assignment("Action", "Who", sender=BOB)
    (sent,) = copy.handle(assignment._replace(message=assignment.message._replace(target=other))).messages
    assert sent.target == other
    assert sent.data == bench.process.info.id
    assert copy.read("ao.id") == other
    assert copy.clone().read("ao.id") == other
    copy.handle(bench.assignment("Action", "Fail", sender=BOB))
    assert copy.read("ao.id") == other
    assert bench.process.read("ao.id") == bench.process.info.id
    assert copy.read("Owner") == OWNER
