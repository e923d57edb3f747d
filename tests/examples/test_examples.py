"""Every example prints what the file beside it says, from the page's blocks as they are printed there."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from aosim import ProcessHandle, Simulation

FOLDER = Path(__file__).parents[2] / "examples" / "communication"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "process_communication")
PAGE_SHA256 = "117aa4682254e5628029eba80c66081b255d82008a11bc9a7dca7a7657cc3f3c"


@pytest.fixture(autouse=True)
def _folder_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    for name in (*EXAMPLES, "process_communication"):  # "metrics" may mean another file elsewhere
        sys.modules.pop(name, None)


def page() -> Any:
    return importlib.import_module("process_communication")


def play(example: str) -> str:
    """Run an example as its last lines do; the fidelity it asks for."""
    fidelity = "network" if example.endswith("_on_network") else "docs"
    page().play(importlib.import_module(example).scenario, fidelity=fidelity)
    return fidelity


def sources(example: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Lua texts that an example makes processes of from the page, when it runs."""
    seen: list[str] = []
    spawn = Simulation.spawn

    def record(self: Simulation, source: Any = "", **options: Any) -> ProcessHandle:
        if options.get("file"):
            seen.append(source)
        return spawn(self, source, **options)

    monkeypatch.setattr(Simulation, "spawn", record)
    play(example)
    return seen


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_prints_what_the_file_beside_it_says(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    play(example)
    assert capsys.readouterr().out == (FOLDER / f"{example}.expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_second_run_prints_the_same(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    play(example)
    first = capsys.readouterr().out
    play(example)
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("example", ["pub_sub", "forward_on_network"])
def test_an_example_is_a_program_of_its_own(example: str) -> None:
    run = subprocess.run(
        [sys.executable, str(FOLDER / f"{example}.py")],
        cwd=FOLDER.parents[1],
        env={**os.environ, "PYTHONHASHSEED": "3"},
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == (FOLDER / f"{example}.expected").read_text(encoding="utf-8")


def test_the_page_is_the_published_one() -> None:
    assert sha256((FOLDER / "process-communication.md").read_bytes()).hexdigest() == PAGE_SHA256


def test_the_loader_finds_the_pages_blocks_in_page_order() -> None:
    found = page().blocks()
    assert [block.language for block in found].count("lua") == 16
    assert found == sorted(found, key=lambda block: block.line)
    assert (found[2].heading, found[2].line) == ("Process-to-Process Messaging", 89)


def test_a_heading_the_page_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(LookupError, match=r"0 blocks under 'Pub/Sub'.*Pub/Sub Messaging"):
        page().block("Pub/Sub")


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_a_process_is_made_of_stands_on_the_same_lines_in_the_page(
    example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = (FOLDER / "process-communication.md").read_text(encoding="utf-8").split("\n")
    texts = sources(example, monkeypatch)
    if example == "forward_on_network":
        texts = texts[:1]  # the second desk is the changed one
    for text in texts:
        for line, original in zip(text.split("\n")[1:], printed[1:], strict=False):
            assert line in ("", original) or original.startswith("```")


def test_every_lua_block_of_the_page_is_in_some_example_verbatim(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for example in EXAMPLES for text in sources(example, monkeypatch)]
    unused = [
        block.heading
        for block in page().blocks()
        if block.language == "lua" and not any(f"\n{block.text}\n" in text for text in texts)
    ]
    assert unused == []


def test_no_example_ends_with_messages_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for example in EXAMPLES:
        sim = Simulation(fidelity="docs")
        importlib.import_module(example).scenario(sim)
        assert sim.counts.on_the_way == 0
        assert sim.counts.begun == sim.counts.ended


def test_what_the_guide_shows_is_what_the_examples_print() -> None:
    guide = (FOLDER.parents[1] / "docs" / "guide-patterns.md").read_text(encoding="utf-8")
    shown = [line for part in guide.split("```text\n")[1:] for line in part.split("\n```")[0].split("\n")]
    printed = {line for path in FOLDER.glob("*.expected") for line in path.read_text(encoding="utf-8").split("\n")}
    assert [line for line in shown if line not in printed] == []


def test_the_guide_names_every_example() -> None:
    guide = (FOLDER.parents[1] / "docs" / "guide-patterns.md").read_text(encoding="utf-8")
    assert [example for example in EXAMPLES if f"`{example}.py`" not in guide] == []


@pytest.mark.parametrize("example", ["pub_sub", "circuit_breaker"])
def test_aosim_run_shows_the_same_run(example: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from aosim.cli.main import run; run()", "run", str(FOLDER / f"{example}.py")],
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
    )
    printed = run.stdout.decode().split("\n")
    expected = (FOLDER / f"{example}.expected").read_text(encoding="utf-8")
    said, named = re.split(r"\n(?:no )?findings\n", expected)
    assert [line for line in said.split("\n") if line not in printed] == []
    assert named.split("\n")[-2] in run.stdout.decode()
