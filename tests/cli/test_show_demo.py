from __future__ import annotations

import json

from cli.terminal import Terminal, on_a_terminal


def test_the_demo_prints_processes_totals_and_troubles(aosim: Terminal) -> None:
    done = aosim("demo", "--quick")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["process", "messages", "inbox", "failed", "last", "action"]
    for text in (
        "failed       courier: courier.lua:",
        "dead letter  Credit-Notice: ",
        "finding      archive, archive.lua:",
    ):
        assert any(line.startswith(text) for line in lines)
    assert lines[-1] == "again: aosim demo --seed 7 --quick"


def test_the_same_seed_prints_the_same_demo(aosim: Terminal) -> None:
    first, second, other = (aosim("demo", "--quick", "--seed", seed).out for seed in ("3", "3", "4"))
    assert first == second
    assert first != other


def test_the_demo_in_json_ends_with_a_summary_that_adds_up(aosim: Terminal) -> None:
    objects = [json.loads(line) for line in aosim("demo", "--quick", "--json").out.splitlines()]
    summary = objects[-1]
    assert summary["event"] == "summary"
    assert summary["begun"] == sum(summary["fates"].values())
    assert [each["name"] for each in objects if each["event"] == "process"][:2] == ["gold", "credits"]


def test_on_a_terminal_the_demo_draws_a_table() -> None:
    shown, code = on_a_terminal("demo", "--quick")
    assert code == 0
    assert "a market on AO" in shown
    assert "┃" in shown
