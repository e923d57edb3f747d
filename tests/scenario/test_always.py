"""What must always be so in a scenario, and the order of simultaneous events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aosim import Order
from aosim.scenario import Report, ScenarioError, load_scenario

DOOR = """
[[wallet]]
name = "alice"

[[process]]
name = "door"
code = \"\"\"
Seen, Count = Seen or "", Count or 0
Handlers.add("N", "N", function(msg)
  Seen, Count = Seen .. msg.Who, Count + 1
  assert(msg.Who ~= "x", "not you")
end)
\"\"\"
"""


def send(names: str) -> str:
    return "".join(
        f'[[message]]\nfrom = "alice"\nto = "door"\ntags = {{ Action = "N", Who = "{name}" }}\n' for name in names
    )


def play(folder: Path, text: str, names: str = "abc", **changed: Any) -> Report:
    path = folder / "door.toml"
    path.write_text(DOOR + send(names) + text)
    return load_scenario(path).run(**changed)


@pytest.mark.parametrize(
    "text",
    [
        'process = "door"\neval = "Count <= 3 and #Seen == Count"',
        'process = "door"\neval = "#Seen - Count"\nequals = 0',
        'process = "door"\nerrors = 0',
        'wallet = "alice"\ninbox = 0',
        "counts = { failed = 0 }",
        "dead_letters = 0",
    ],
)
def test_what_is_always_so_is_met(tmp_path: Path, text: str) -> None:
    report = play(tmp_path, "[[always]]\n" + text)
    assert report.ok, report
    assert report.judgements == (("door.toml, [[always]] 1", ""),)
    assert report.fingerprint == play(tmp_path, "").fingerprint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('eval = "Count < 2"', "door: Count < 2 is false, not true, after event 2, Action=N from alice to door"),
        ('read = "Seen"\nequals = "a"', 'door: Seen is "ab", not "a", after event 2, Action=N from alice to door'),
        ('eval = "Count + nil"', 'door: [string "aos"]:1: attempt to perform arithmetic on a nil value, after event 1'),
    ],
)
def test_the_first_message_that_breaks_it_ends_the_run(tmp_path: Path, text: str, told: str) -> None:
    report = play(tmp_path, f'[[always]]\nprocess = "door"\n{text}\n[[expect]]\nprocess = "door"\ninbox = 0')
    assert not report.ok
    ((where, problem),) = report.judgements
    assert where == "door.toml, [[always]] 1"
    assert problem.startswith(told)
    assert (report.run.stopped_by, report.run.waiting) == ("invariant", 3 - report.run.events)


def test_a_failing_handler_breaks_the_count_of_failures(tmp_path: Path) -> None:
    report = play(tmp_path, "[[always]]\ncounts = { failed = 0 }", names="axb")
    assert report.unmet[0].problem.startswith("the count failed is 1, not 0, after event 2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[always]]\nmessage = "m"\nfate = "handled"', r"\[\[always\]\] 1, key 'message'"),
        ('[[always]]\nprocess = "dor"\neval = "1"', r"Did you mean 'door'"),
        ('[[always]]\nprocess = "door"', r"nothing is expected"),
        ('[[always]]\nprocess = "door"\nread = "Seen"', r"'equals' what it must be"),
    ],
)
def test_what_cannot_always_be_so_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        play(tmp_path, text)


def seen(report: Report) -> object:
    return report.simulation.process("door").read("Seen")


def test_an_order_is_a_setting(tmp_path: Path) -> None:
    assert seen(play(tmp_path, "")) == "abc"
    assert seen(play(tmp_path, "", order=Order(swaps=((1, 2),)))) == "cab"
    assert seen(play(tmp_path, '[simulation]\norder = "1+2"')) == "cab"
    drawn = play(tmp_path, "[simulation]\norder = 2")
    assert drawn.fingerprint == play(tmp_path, "", order=Order(drawn=2)).fingerprint
    assert drawn.simulation.swaps


@pytest.mark.parametrize("order", ["-1", '"1-2"', "true", "1.5"])
def test_what_is_no_order_is_told(tmp_path: Path, order: str) -> None:
    with pytest.raises(ScenarioError, match="key 'order'"):
        play(tmp_path, f"[simulation]\norder = {order}")
