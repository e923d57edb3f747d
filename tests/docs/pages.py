"""Reads the pages of the documentation and runs their code blocks.

A page is run from top to bottom in an empty folder. What stands right above a block decides
what becomes of it, otherwise its language does:

    <!-- file: ledger.lua -->      the block is written to that file
    <!-- not run: reason -->       the block is left alone, and the reason is shown
    ```python                      runs; all Python blocks of a page share their names
    ```lua                         becomes a process of its own, in a simulation of its own
    ```console                     lines that start with "$ " are commands, the others what they print
    ```sh                          lines that are `aosim` commands run, and must be understood
    ```text                        right after a block that ran: what that block printed;
                                   on a page where nothing runs: a drawing

In what is printed a line "..." stands for any lines, and in console blocks "..." for any text.
`python tests/docs/pages.py docs/tutorial.md` writes what the blocks print into the page.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aosim import Simulation

ROOT = Path(__file__).resolve().parents[2]
#: Languages that do something.
RUNS = ("python", "lua", "console")
#: What a command in a console block may be; whatever else there is has a `not run` above it.
COMMANDS = ("aosim", "python", "pytest", "cat", "make")
#: Blocks that show and do not do: command lines without output, formats, drawings.
SHOWN = ("json", "toml", "diff")

#: How the names of variables begin that change what a command prints: those of a test run, of a continuous integration.
_NOT_FOR_COMMANDS = ("PYTEST", "COV_", "CI", "BUILD_NUMBER")

_NOTE = re.compile(r"<!-- (file|not run): (.*?) -->")
_FENCE = re.compile(r"^```(\w*)$")


@dataclass
class Block:
    """A fenced block of a page, and what the line above it says about it."""

    language: str
    text: str
    line: int  # of its first line of text
    lines: int
    follows: bool  # nothing but empty lines since the block before
    note: str = ""  # "file", "not run" or nothing
    value: str = ""


@dataclass
class Page:
    """A page, and what running it came to."""

    path: Path
    problems: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    printed: dict[int, str] = field(default_factory=dict)  # what belongs into the block at that line

    def problem(self, block: Block, text: str) -> None:
        self.problems.append(f"{self.path.name}:{block.line}: {text}")


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = text.split("\n")
    at, between = 0, 1
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is None:
            between += lines[at].strip() != ""
            at += 1
            continue
        end = lines.index("```", at + 1)
        note = _NOTE.fullmatch(lines[at - 1].strip()) if at else None
        block = Block(
            fence[1], "\n".join(lines[at + 1 : end]), at + 2, follows=bool(found) and not between, lines=end - at - 1
        )
        if note is not None:
            block.note, block.value = note[1], note[2]
        found.append(block)
        at, between = end + 1, 0
    return found


def run_page(path: Path, folder: Path) -> Page:
    """Run a page in a folder; see above."""
    page = Page(path)
    (folder / "examples").symlink_to(ROOT / "examples")
    names: dict[str, Any] = {"__name__": "__docs__"}
    before: tuple[Block, str] | None = None  # the block that ran last, and what it printed
    with _inside(folder), warnings.catch_warnings():
        found = blocks(path.read_text(encoding="utf-8"))
        if not any(block.language in RUNS for block in found):
            found = [block for block in found if block.language != "text"]
        for block in found:
            printed = _run(page, block, names, before if block.follows else None)
            if before is not None and before[1] and (block.language != "text" or not block.follows):
                page.problem(before[0], "prints something, and no text block after it says what")
            before = None if printed is None else (block, printed)
        if before is not None and before[1]:
            page.problem(before[0], "prints something, and no text block after it says what")
    return page


def _run(page: Page, block: Block, names: dict[str, Any], before: tuple[Block, str] | None) -> str | None:
    """Do what a block is for; what it printed, or None when it is no block that runs."""
    if block.note == "not run":
        page.skipped.append(f"{page.path.name}:{block.line}: {block.value}")
        return None
    if block.note == "file":
        target = Path(block.value)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text + "\n", encoding="utf-8")
        return None
    match block.language:
        case "python":
            return _run_python(page, block, names)
        case "lua":
            return _run_lua(page, block)
        case "console":
            _run_console(page, block)
        case "sh":
            _run_shell(page, block)
        case "text" if before is not None:
            _compare(page, block, before[1])
        case "text":
            page.problem(block, "a text block shows what the block right before it prints; there is none")
        case language if language not in SHOWN:
            page.problem(block, f"nobody knows what to do with a block of {language or 'no language'!r}")
    return None


def _run_python(page: Page, block: Block, names: dict[str, Any]) -> str:
    printed = io.StringIO()
    try:
        code = compile("\n" * (block.line - 1) + block.text, str(page.path), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            exec(code, names)
    except Exception as error:
        trace = error.__traceback__
        line = block.line
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(page.path):
                line = trace.tb_lineno
            trace = trace.tb_next
        page.problems.append(f"{page.path.name}:{line}: {type(error).__name__}: {error}")
    return printed.getvalue().rstrip("\n")


def _run_lua(page: Page, block: Block) -> str:
    sim = Simulation()
    try:
        process = sim.spawn(block.text)
    except Exception as error:
        page.problem(block, str(error))
        return ""
    sim.run()
    return "\n".join(process.output)


def _run_console(page: Page, block: Block) -> None:
    told: list[str] = []
    for part in re.split(r"\n(?=\$ )", block.text):
        command, _, expected = part.rstrip("\n").partition("\n")
        words = shlex.split(command.removeprefix("$ "))
        if not command.startswith("$ ") or words[0] not in COMMANDS:
            page.problem(block, f"{command!r}: a command is '$ ' and one of {', '.join(COMMANDS)}")
            return
        printed, _ = _command(words)
        told.append(f"{command}\n{printed}".rstrip("\n"))
        if not matches(expected, printed, inline=True):
            page.problem(block, f"{command}\nprints\n{printed}\nand not\n{expected}")
    actual = "\n".join(told)
    page.printed[block.line] = block.text if matches(block.text, actual, inline=True) else actual


def _run_shell(page: Page, block: Block) -> None:
    for line in block.text.split("\n"):
        words = shlex.split(line, comments=True)
        if words[:1] == ["aosim"]:
            printed, status = _command(words)
            if status > 1:
                page.problem(block, f"{line}\nexits with {status} and prints\n{printed}")


def _command(words: list[str]) -> tuple[str, int]:
    """What a command prints, to stdout and stderr, 80 columns wide and without colours, and its exit status."""
    tools = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_COMMANDS)},
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    if words[0] == "aosim":
        words = [sys.executable, "-m", "aosim.cli.main", *words[1:]]
    elif words[0] == "pytest":
        words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words[1:]]
    done = subprocess.run(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
    )
    return done.stdout.decode().rstrip("\n"), done.returncode


def _compare(page: Page, block: Block, printed: str) -> None:
    if matches(block.text, printed):
        page.printed[block.line] = block.text
        return
    page.printed[block.line] = printed
    page.problem(block, f"the block before prints\n{printed}\nand not\n{block.text}")


def matches(expected: str, printed: str, *, inline: bool = False) -> bool:
    """Whether a text was printed, "..." standing for what is not told."""
    parts = []
    for line in expected.rstrip().split("\n"):
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            pattern = re.escape(line.rstrip())
            parts.append((pattern.replace(r"\.\.\.", "[^\n]*") if inline else pattern) + r"[ \t]*\n")
    lines = "".join(line.rstrip() + "\n" for line in printed.rstrip().split("\n"))
    return re.fullmatch("".join(parts), lines) is not None


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    back, path = Path.cwd(), sys.path.copy()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(back)
        sys.path[:] = path
        sys.path_importer_cache.pop(".", None)  # which has the folder of this page in mind


def _write(path: Path) -> None:
    """Put what the blocks of a page print into the page."""
    with tempfile.TemporaryDirectory() as folder:
        page = run_page(path, Path(folder))
    lines = path.read_text(encoding="utf-8").split("\n")
    for block in reversed(blocks("\n".join(lines))):
        if block.line in page.printed:
            start = block.line - 1
            lines[start : start + block.lines] = page.printed[block.line].split("\n")
    path.write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write("\n".join([*page.problems, *page.skipped, ""]))


if __name__ == "__main__":
    for given in sys.argv[1:]:
        _write(Path(given).resolve())
