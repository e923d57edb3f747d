"""The examples that are run as a command print what the file beside them says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("example", ["token/token.toml", "oracle/oracle.py", "sqlite/ledger.py", "chaos/chaos.py"])
def test_an_example_run_as_a_command_prints_what_the_file_beside_it_says(example: str) -> None:
    command = [sys.executable, "-m", "aosim", "run", f"examples/{example}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "examples" / example).with_suffix(".expected").read_text(encoding="utf-8")


def test_the_index_of_the_examples_names_every_folder() -> None:
    index = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    for folder in (ROOT / "examples").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert f"[{folder.name}]({folder.name}/)" in index
