"""`aosim explore`: what is found is told, made small, and repeated by the line at the end."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Terminal, on_a_terminal

DOOR = """
[[process]]
name = "door"
code = "Seen = Seen or ''; Handlers.add('N', 'N', function(msg) Seen = Seen .. msg.Who end)"
""" + "".join(
    f"""
[[message]]
to = "door"
tags = {{ Action = "N", Who = "{name}" }}
"""
    for name in "abcd"
)
ALWAYS = """
[[always]]
process = "door"
eval = "not Seen:find('d.*a')"
"""
PYTHON = """
def scenario(sim):
    door = sim.spawn("Seen = Seen or ''; Handlers.add('N', 'N', function(msg) Seen = Seen .. msg.Who end)", name="door")
    for name in "abcd":
        door.send(Action="N", Who=name)
    print("this is nobody's")
    sim.run()
    assert door.peek("Seen:find('d.*a') == nil")
"""
LUA = "Handlers.add('N', 'N', function(msg) assert(Last ~= msg.Who, 'twice') Last = msg.Who end)"


@pytest.fixture
def door(folder: Path) -> Path:
    path = folder / "door.toml"
    path.write_text(DOOR + ALWAYS)
    return path


def again(out: str) -> list[str]:
    line = out.rstrip().split("\n")[-1]
    assert line.startswith("again: aosim ")
    return shlex.split(line)[2:]


def masked(out: str) -> str:
    return re.sub(r"[0-9.]+ s:", "... s:", out)


def summaries(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_what_an_order_breaks_is_found_and_repeated_by_its_line(aosim: Terminal, door: Path) -> None:
    done = aosim("explore", "door.toml", "--seeds", "50", "--orders", "-j", "1")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0].startswith(
        "broken: door.toml, [[always]] 1: door: not Seen:find('d.*a') is false, not true, after "
    )
    assert re.fullmatch(r"found with seed \d+, in run \d+: \d changes of order, of which 1 is enough", lines[1])
    assert re.fullmatch(r"  event 1 is the one that waits 3 places behind", lines[2])
    repeated = aosim(*again(done.out))
    assert repeated.code == 1
    assert lines[0].removeprefix("broken: ") in repeated.out


def test_the_line_repeats_the_fingerprint(aosim: Terminal, door: Path) -> None:
    for faults in ([], ["--faults", "dup=0.3,reorder=0.2"]):
        objects = summaries(aosim("explore", "door.toml", "--seeds", "50", "--orders", "--json", *faults).out)
        broken, summary = objects
        assert (broken["event"], summary["event"], summary["ok"]) == ("broken", "summary", False)
        repeated = summaries(aosim(*shlex.split(summary["again"])[1:], "--json").out)
        assert repeated[-1]["fingerprint"] == broken["fingerprint"]


def test_several_at_once_print_the_same(aosim: Terminal, door: Path) -> None:
    words = ("explore", "door.toml", "--seeds", "30", "--faults", "dup=0.1,reorder=0.1,loss=0.1")
    one, two = aosim(*words, "-j", "1"), aosim(*words, "-j", "2")
    assert one.code == two.code == 1
    assert masked(one.out) == masked(two.out)
    assert "  duplicate owner>door#1 " in one.out or "  delay owner>door#1 " in one.out


def test_nothing_found_is_told_with_what_was_looked_through(aosim: Terminal, door: Path) -> None:
    done = aosim("explore", "door.toml", "--seeds", "20", "--seed", "5")
    assert done.code == 0
    assert masked(done.out) == (
        "20 runs, 1 of them different, 80 events, ... s: nothing broke\n"
        "again: aosim explore door.toml --seed 5 --seeds 20\n"
    )
    assert aosim(*again(done.out)).code == 0


def test_a_python_scenario_is_explored_without_its_prints(aosim: Terminal, folder: Path) -> None:
    (folder / "door.py").write_text(PYTHON)
    done = aosim("explore", "door.py", "--seeds", "50", "--orders")
    assert done.code == 1
    assert done.out.startswith('broken: door.py:8: assert door.peek("Seen:find(')
    repeated = aosim(*again(done.out))
    assert repeated.code == 1
    assert "not as expected: door.py:8: " in repeated.out


def test_an_invariant_of_a_python_scenario_is_found_and_repeated(aosim: Terminal, folder: Path) -> None:
    text = PYTHON.replace("    sim.run()\n", "").replace("    assert ", "    sim.always(lambda: ")
    (folder / "door.py").write_text(text.rstrip() + ", name='order', of='door')\n")
    done = aosim("explore", "door.py", "--seeds", "50", "--orders")
    assert done.out.startswith("broken: order: it is False, after event 2, Action=N from owner to door\n")
    assert aosim(*again(done.out)).out.count("not as expected: order: it is False, after event 2") == 1


def test_lua_files_are_explored_with_messages_and_failing_handlers(aosim: Terminal, folder: Path) -> None:
    (folder / "once.lua").write_text(LUA)
    words = ("explore", "once.lua", "--send", "once Action=N Who=a", "--seeds", "40", "--faults", "dup=0.2,dup_ms=0")
    assert aosim(*words).code == 0
    done = aosim(*words, "--failing")
    assert done.code == 1
    assert done.out.startswith("broken: a handler of once failed: once.lua:1: twice\n")
    assert "1 fault\n  duplicate owner>once#1\n" in done.out
    assert aosim(*again(done.out)).code == 1


def test_a_world_that_is_wrong_without_faults_is_repeated_without_any(aosim: Terminal, folder: Path) -> None:
    (folder / "bad.toml").write_text(DOOR + '[[expect]]\nprocess = "door"\nread = "Seen"\nequals = ""\n')
    done = aosim("explore", "bad.toml", "-j", "1", "--faults", "spike=0.9")
    assert "found with seed 0, in run 1: 3 faults, of which none is needed\n" in done.out
    assert again(done.out) == ["run", "bad.toml", "--seed", "0"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("door.toml", "--seeds", "0"), "--seeds 0: how many"),
        (("door.toml", "--faults", "lost=1"), "--faults 'lost': no such fault"),
        (("door.toml", "--send", "door Action=N"), "go with Lua files"),
        (("nothing.toml",), "no file"),
        (("door.txt",), "the ending tells which"),
    ],
)
def test_what_cannot_be_explored_is_told(aosim: Terminal, door: Path, words: tuple[str, ...], told: str) -> None:
    done = aosim("explore", *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_run_is_given_an_order_and_strikes(aosim: Terminal, door: Path) -> None:
    done = aosim("run", "door.toml", "--order", "1+2", "--strikes", "lose owner>door#2")
    handled = [line.split("Who=")[1][0] for line in done.out.splitlines() if "00:00.010" in line and "Who=" in line]
    assert handled == ["d", "a"]  # which breaks what must always be so
    assert done.out.splitlines()[-1] == (
        "again: aosim run door.toml --seed 0 --order 1+2 --strikes 'lose owner>door#2'"
    )
    assert aosim("run", "door.toml", "--order", "x").err.startswith("aosim: --order: 'x' is no swap")


def test_on_a_terminal_a_bar_shows_how_far_it_is(door: Path) -> None:
    shown, code = on_a_terminal("explore", str(door), "--seeds", "40", "-j", "1")
    assert code == 0
    assert "exploring" in shown
    assert "nothing broke" in shown
