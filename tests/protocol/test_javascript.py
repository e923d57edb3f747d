"""The loader in JavaScript, and a suite written for it, with the backend as a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "module-protocol"


def node() -> str:
    """Node, without which these tests are skipped; where it is needed they fail."""
    found = shutil.which("node")
    if found is None:
        if os.environ.get("AOSIM_NEED_NODE"):
            pytest.fail("AOSIM_NEED_NODE is set and there is no node")
        pytest.skip("needs Node.js: there is no node on this machine")
    return found


def run(*words: str | Path, backend: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AO_MODULE_BACKEND": backend}
    return subprocess.run([node(), *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


BACKEND = f'"{sys.executable}" -m aosim.cli.main module'


def test_a_suite_for_the_ao_loader_passes() -> None:
    done = run(FOLDER / "suite.mjs", backend=BACKEND)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass 7" in done.stdout


@pytest.mark.parametrize(("backend", "told"), [("exit 3", "has ended"), ("no-such-command-anywhere", "has ended")])
def test_a_backend_that_does_not_answer_is_told(backend: str, told: str) -> None:
    loader = (FOLDER / "ao-loader.mjs").as_uri()
    script = f"import L from '{loader}'; await L(null).catch(problem => console.log(problem.message))"
    done = run("--input-type=module", "--eval", script, backend=backend)
    assert told in done.stdout
    assert backend in done.stdout
