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


def run(*words: str | Path, backend: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AO_MODULE_BACKEND": backend}
    command = [node(), *words]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


BACKEND = f'"{sys.executable}" -m aosim.cli.main module'


def test_a_suite_for_the_ao_loader_passes() -> None:
    done = run(FOLDER / "suite.mjs", backend=BACKEND)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass 7" in done.stdout


def block_of_page(name: str) -> str:
    """What the guide shows as a file."""
    page = (FOLDER.parents[1] / "docs" / "guide-module-protocol.md").read_text(encoding="utf-8")
    return page.split(f"<!-- file: {name} -->\n```javascript\n")[1].split("```")[0]


def test_the_guide_shows_the_loader_as_it_is() -> None:
    assert block_of_page("ao-loader.mjs") == (FOLDER / "ao-loader.mjs").read_text(encoding="utf-8")


def test_the_suite_of_the_guide_passes(tmp_path: Path) -> None:
    for name in ("ao-loader.mjs", "counter.test.mjs"):
        (tmp_path / name).write_text(block_of_page(name), encoding="utf-8")
    (tmp_path / "process.wasm").write_bytes(b"\0asm")
    done = run("--test", "counter.test.mjs", backend=BACKEND, folder=tmp_path)
    assert "pass 1" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(("backend", "told"), [("exit 3", "has ended"), ("no-such-command-anywhere", "has ended")])
def test_a_backend_that_does_not_answer_is_told(backend: str, told: str) -> None:
    loader = (FOLDER / "ao-loader.mjs").as_uri()
    script = f"import L from '{loader}'; await L(null).catch(problem => console.log(problem.message))"
    done = run("--input-type=module", "--eval", script, backend=backend)
    assert told in done.stdout
    assert backend in done.stdout
