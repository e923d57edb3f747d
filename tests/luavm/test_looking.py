"""Looking at a process from outside changes nothing that it, or a finding, could tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aosim import ProcessHandle, Simulation

SOURCE = """
Waiting = { print, { tostring }, [print] = true }
Handlers.add("Show", "Show", function(msg) local t = {} print(tostring(t) .. " " .. tostring(print)) end)
"""


def run(look: Callable[[ProcessHandle], object]) -> Simulation:
    sim = Simulation()
    process = sim.spawn(SOURCE, name="p")
    for _ in range(2):
        look(process)
        process.send(Action="Show")
        sim.run()
    return sim


@pytest.mark.parametrize(
    "look",
    [
        lambda process: process.state,
        lambda process: process.inbox,
        lambda process: process.read("Handlers.list"),
        lambda process: process.query(Action="Show"),
    ],
    ids=["state", "inbox", "read", "query"],
)
def test_a_run_is_the_same_whether_somebody_looks_or_not(look: Callable[[ProcessHandle], object]) -> None:
    unseen = run(lambda process: None)
    seen = run(look)
    assert seen.process("p").output == unseen.process("p").output
    assert seen.fingerprint == unseen.fingerprint


def test_looking_at_the_globals_is_no_use_of_json() -> None:
    assert run(lambda process: process.state).findings == []


def test_json_used_after_somebody_looked_is_still_found() -> None:
    sim = run(lambda process: process.state)
    sim.process("p").eval("json.encode({})")
    assert [(finding.rule, finding.place) for finding in sim.findings] == [("json-global", '[string "aos"]:1')]


def test_the_libraries_that_are_globals_can_be_read() -> None:
    assert Simulation().spawn("").read("Utils._version") == "0.0.5"
