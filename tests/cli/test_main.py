from __future__ import annotations

import subprocess
import sys

import pytest

from aosim import __version__
from aosim.cli.show_bench import _ratio
from cli.terminal import Terminal


def test_version_prints_the_version(aosim: Terminal) -> None:
    assert aosim("version").out == f"aosim {__version__}\n"
    assert aosim("--version").out == f"aosim {__version__}\n"


@pytest.mark.parametrize("command", ["run", "demo", "bench", "conformance", "docs", "fidelity", "version"])
def test_help_lists_every_command_and_each_has_help_of_its_own(aosim: Terminal, command: str) -> None:
    assert f"  {command} " in aosim("--help").out
    assert f"Usage: aosim {command}" in aosim(command, "--help").out


def test_help_loads_neither_rich_nor_asyncio() -> None:
    code = (
        "import sys; from aosim.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: print([name for name in ('rich', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{bad", "line 2: no JSON: "),
        ("[]", "line 2: a case is an object with name, env and messages; missing: name, env, messages"),
        ('{"name": "x", "env": {}}', "line 2: a case is an object with name, env and messages; missing: messages"),
    ],
)
def test_a_line_that_is_no_conformance_case_is_told_with_its_number(line: str, complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aosim", "conformance"], input=f"\n{line}\n", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"aosim: {complaint}")


def test_an_unknown_workload_is_told_before_anything_is_printed(aosim: Terminal) -> None:
    done = aosim("bench", "w1")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("aosim: no workload 'w1'. Did you mean 'W1'?")


def test_conformance_answers_line_by_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aosim.cli.main", "conformance"], input="\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("ratio", "shown"), [(0.0, "0.00"), (0.00412, "0.0041"), (0.05, "0.050"), (0.5, "0.50"), (12.345, "12.35")]
)
def test_a_ratio_has_two_digits_that_count_however_small_it_is(ratio: float, shown: str) -> None:
    assert _ratio(ratio).strip() == shown
