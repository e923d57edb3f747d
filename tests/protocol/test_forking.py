"""Every state can be gone on from at any time, and is what it was: compared with fresh processes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim.luavm.module import ModuleInstance
from aosim.protocol.states import Room
from protocol.client import ENV, FIRST, Client, lua, message, tag

MESSAGES = [
    lua("N = (N or 0) + 1 return N"),
    lua("return math.random(1, 1000)"),
    lua("T = setmetatable(T or {}, { __index = function(_, k) return k .. (N or 0) end }) T[#T + 1] = N return T.x"),
    lua("local n = N or 0 F = function() n = n + 1 return n end return F()"),
    lua("return F and F()"),
    lua("N = 'broken' error('no')"),
    lua("print(N) N = 1 + {}"),
    lua("Got = Receive({ Action = 'Wake' }).Data print(Got) return Got"),
    lua("Co = Co or coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end) return Co()"),
    lua("Next, State = string.gmatch('a b c d', '%a') return Next()"),
    lua("return Next and Next()"),
    lua("Send({ Target = 'x', Action = 'Ask' }).onReply(function(m) Replied = m.Data end) return ao.reference"),
    message("reply", tag("X-Reference", "1"), From="x", Owner="x"),
    message("wake", tag("Action", "Wake")),
    message("filed"),
    lua("Handlers.prepend('h' .. #Handlers.list, 'Wake', function(m) print(#Handlers.list) return 'continue' end)"),
    lua("return #Inbox .. #Handlers.list .. tostring(Got) .. tostring(Replied)"),
    lua("string.upper = function(s) return s .. (N or '') end return ('x'):upper()"),
    message(None, From="stranger", Owner="other"),
]


ROOMS = [
    Room(),
    Room(runtimes_max=1, spacing=2, image_price=1, revival_price=0),  # an image of nearly everything
    Room(runtimes_max=3, spacing=4, image_price=3, image_bytes_max=10_000),
    Room(runtimes_max=2, image_bytes_max=0),
]


def linear(path: list[int]) -> Any:
    """What the last message of a path gets from a process that is given nothing but the path."""
    instance = ModuleInstance(undo=False)
    instance.handle(FIRST, ENV)
    return [instance.handle(MESSAGES[number], ENV) for number in path][-1]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, len(MESSAGES) - 1)), min_size=1, max_size=25),
    st.sampled_from(ROOMS),
)
def test_a_tree_of_evaluations_is_as_many_processes(steps: list[tuple[int, int]], room: Room) -> None:
    client = Client(room)
    opened, first = client.booted()
    states: list[tuple[str, list[int]]] = [(first, [])]
    for place, number in steps:
        memory, path = states[place % len(states)]
        answer = opened.handle(MESSAGES[number], memory)
        path = [*path, number]
        assert answer["result"] == linear(path)
        states.append((answer["memory"], path))
        if place % 7 == 0:
            client.ask("release", memories=[states.pop(place % len(states))[0]])
            states = states or [(answer["memory"], path)]


def test_a_thousand_calls_with_forks_from_anywhere_need_little_memory() -> None:
    client = Client(Room(runtimes_max=8, image_bytes_max=2 * 2**20))
    opened, first = client.booted()
    counts = [(first, 0)]
    random = Random(7)
    for number in range(1_000):
        memory, count = counts[-1] if random.random() < 0.8 else random.choice(counts)
        answer = opened.handle(lua("N = (N or 0) + 1 return N", Id=str(number)), memory)
        assert answer["result"]["Output"]["data"] == str(count + 1)
        counts.append((answer["memory"], count + 1))
    store = client.backend.store
    assert len(store.runtimes) <= 8
    assert store.images.size_bytes <= 2 * 2**20
    client.ask("release", memories=[memory for memory, _ in counts])
    client.ask("close", instance=opened.name)
    assert len(store.runtimes) == len(store.images) == 0


_FOLDER = Path(__file__).parents[1] / "conformance"


def _read(name: str) -> list[dict[str, Any]]:
    text = gzip.decompress((_FOLDER / f"{name}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.split("\n") if line]


_SAMPLE = [case for case in _read("cases") if not case.get("files")][::6]


@pytest.mark.parametrize("part", range(4))
def test_recorded_conversations_are_answered_through_the_protocol_as_by_an_instance(part: int) -> None:
    client = Client()
    for case in _SAMPLE[part::4]:
        opened = client.open(module={"name": f"aos-{case['module']}"})
        instance = ModuleInstance(undo=False)
        for each in case["messages"]:
            answer = client.answer("handle", instance=opened.name, msg=each, env=case["env"])
            wanted = instance.handle(each, case["env"])
            if answer["ok"]:
                assert answer["result"] == wanted, case["name"]
            else:
                assert answer["error"]["kind"] == "module", case["name"]
                assert {"Error": answer["error"]["value"]} == wanted, case["name"]
                break
