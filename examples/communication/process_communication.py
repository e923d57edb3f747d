"""The page process-communication.md as something that runs: its Lua blocks by heading, unmodified.

Every example here loads its code from the page. What the page leaves undefined (processMessage,
generateId, ...) an example gives in a prelude of its own. Run as a program, this file writes what
every example prints into the `.expected` file beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aosim import Message, ProcessHandle, Simulation, WalletHandle

PAGE = Path(__file__).resolve().with_name("process-communication.md")
_ADDRESS = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
#: Tags every message has; they say nothing about a pattern.
_USUAL = {
    *("Data-Protocol", "Variant", "Type", "Reference", "SDK", "Content-Type"),
    *("From-Process", "From-Module", "Pushed-For"),
}


class Block(NamedTuple):
    """A fenced block of the page."""

    heading: str
    language: str  # "lua" or "javascript"
    line: int  # of the opening fence; the code begins on the next
    text: str


def blocks() -> list[Block]:
    """All fenced blocks of the page, in page order."""
    found, heading, opened = [], "", 0
    lines = PAGE.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if opened:
            if line == "```":
                text = "\n".join(lines[opened : number - 1])
                found.append(Block(heading, lines[opened - 1].removeprefix("```"), opened, text))
                opened = 0
        elif line.startswith("```"):
            opened = number
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
    return found


def block(heading: str) -> Block:
    """The one block under a heading."""
    found = [each for each in blocks() if each.heading == heading]
    if len(found) != 1:
        headings = ", ".join(each.heading for each in blocks())
        raise LookupError(f"{len(found)} blocks under {heading!r}. The page has: {headings}")
    return found[0]


def source(*headings: str, prelude: str = "", before: str = "", after: str = "") -> str:
    """Lua text in which every block stands on the very lines it has in the page.

    So errors and findings name the page's own lines. The prelude runs first, as a chunk of its own;
    `before` and `after` are one line each and take the places of the fences.
    """
    chosen = sorted((block(heading) for heading in headings), key=lambda each: each.line)
    lines = [""] * len(PAGE.read_text(encoding="utf-8").split("\n"))
    if prelude:
        lines[0] = f"assert(load({_quoted(prelude)}, '@prelude'))()"
    for each in chosen:
        code = each.text.split("\n")
        lines[each.line - 1 : each.line + len(code) + 1] = [before, *code, after]
    return "\n".join(lines).rstrip("\n") + "\n"


def spawn(
    sim: Simulation, name: str, *headings: str, prelude: str = "", before: str = "", after: str = ""
) -> ProcessHandle:
    """A process made of the page's blocks under these headings; see `source`."""
    text = source(*headings, prelude=prelude, before=before, after=after)
    # aosim names the file of an error after this tag when the code is given as text.
    return sim.spawn(text, name=name, file=PAGE.name)


def readable(sim: Simulation, text: str) -> str:
    """Text with names in the place of addresses; ids of messages are cut short."""

    def name(found: re.Match[str]) -> str:
        known = sim.name_of(found[0])
        return known if known != found[0] else f"{known[:6]}…"

    return _ADDRESS.sub(name, text)


def describe(sim: Simulation, message: Message) -> str:
    """A message on one line: sender → target, its own tags, its data."""
    tags = [f"{tag.name}={tag.value}" for tag in message.tags if tag.name not in _USUAL]
    data = [f"“{message.data}”"] if message.data and message.data.strip() else []
    route = f"{sim.name_of(message.sender)} → {sim.name_of(message.target)}"
    return readable(sim, "  ".join([route, *tags, *data]))


def show_inbox(sim: Simulation, wallet: WalletHandle, since: int = 0) -> int:
    """Print what a wallet was sent from number `since` on; returns how many there are now."""
    for message in wallet.inbox[since:]:
        print(f"  {describe(sim, message)}")
    return len(wallet.inbox)


def play(scenario: Callable[[Simulation], None], *, fidelity: str = "docs") -> None:
    """Run a scenario, then print its findings and its fingerprint."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # so a file gets the same on any system
    sim = Simulation(seed=0, fidelity=fidelity)
    scenario(sim)
    print(report(sim))


def report(sim: Simulation) -> str:
    """What the network would not have forgiven, and the name of the run."""
    lines = ["", "findings" if sim.findings else "no findings"]
    lines += [f"  {each.rule:<11} {each.process:<9} {each.place}  {each.detail}" for each in sim.findings]
    return "\n".join([*lines, f"fingerprint {sim.fingerprint[:8]}"])


def _quoted(text: str) -> str:
    """A text as a Lua string of one line, so what follows keeps its line numbers."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
    return '"' + "".join(escapes.get(char, char) for char in text) + '"'


def write_expected() -> None:
    """Run every example as a program and keep what it prints."""
    for path in sorted(PAGE.parent.glob("*.py")):
        if path != Path(__file__).resolve():
            run = subprocess.run([sys.executable, str(path)], check=True, capture_output=True)
            path.with_suffix(".expected").write_bytes(run.stdout)


if __name__ == "__main__":
    write_expected()
