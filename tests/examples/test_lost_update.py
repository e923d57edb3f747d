"""The lost update is found, made small, and repeated from its line; neither of its two causes does it alone."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from aosim.explore import explore
from aosim.faults import Faults
from aosim.scenario import load_scenario

ROOT = Path(__file__).parents[2]
SCENARIO = "examples/lost-update/lost-update.toml"


def aosim(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "aosim", *words], cwd=ROOT, capture_output=True, text=True)


def test_the_lost_update_is_found_and_repeated_from_its_line() -> None:
    command = re.search(r"Run: aosim (.*)", (ROOT / SCENARIO).read_text(encoding="utf-8"))
    assert command is not None
    words = [SCENARIO if word.endswith(".toml") else word for word in shlex.split(command[1])]
    done = aosim(*words, "-j", "1")
    assert done.returncode == 1
    expected = (ROOT / SCENARIO).with_suffix(".expected").read_text(encoding="utf-8")
    assert re.sub(r"[0-9.]+ s:", "... s:", done.stdout) == expected
    again = shlex.split(expected.rstrip().split("\n")[-1])[2:]
    repeated = aosim(*again, "--json")
    assert repeated.returncode == 1
    problem = next(json.loads(line)["problem"] for line in repeated.stdout.splitlines() if '"expectation"' in line)
    assert f"{problem}\n" in expected


@pytest.mark.parametrize("faults", [Faults(dup=0.5, dup_ms=35), Faults(reorder=0.5)])
def test_neither_duplicates_nor_delays_alone_lose_an_update(faults: Faults) -> None:
    report = explore(load_scenario(ROOT / SCENARIO), seeds=range(12), faults=faults)
    assert report.ok, report
    assert report.fingerprints == 12
