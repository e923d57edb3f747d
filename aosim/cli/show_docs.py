"""`aosim docs`: the blocks of Markdown pages, and what became of each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from aosim.cli.paper import Paper, clean, table
from aosim.cli.summary import number_of
from aosim.errors import UsageError
from aosim.findings import Finding
from aosim.pages import Block, Status, read_page, run_page
from aosim.simulation import FIDELITIES

_ENDINGS = (".md", ".mdx")
_COLOURS = {Status.OK: "green", Status.ERROR: "red", Status.NOT_LUA: "dim", Status.NOT_RUN: "yellow"}
_STDIN = "stdin"  # the name of a page that comes from there


def show_docs(
    pages: Sequence[str], *, check_output: bool, strict: bool, fidelity: str, module: str, as_json: bool
) -> int:
    """Run pages and print their blocks: 0, or 1 when a block is an error. All pages are read before one is run."""
    if fidelity not in FIDELITIES:
        raise UsageError(f"--fidelity {fidelity!r}: there are {' and '.join(map(repr, FIDELITIES))}")
    paper = Paper(as_json=as_json)
    texts = [(name, text) for given in pages for name, text in _pages_of(given)]
    counts: Counter[Status] = Counter()
    findings = 0
    for name, text in texts:
        blocks = run_page(name, text=text, fidelity=fidelity, module=module, check_output=check_output, strict=strict)
        counts.update(block.status for block in blocks)
        findings += sum(len(block.findings) for block in blocks)
        _print_page(paper, name, blocks)
    told = (
        number_of(len(texts), "page"),
        f"{counts[Status.OK]:,} ok",
        number_of(counts[Status.ERROR], "error"),
        f"{counts[Status.NOT_LUA]:,} not Lua",
        f"{counts[Status.NOT_RUN]:,} not run",
        number_of(findings, "finding"),
    )
    totals = ", ".join(told)
    paper.line(paper.paint(totals, "red" if counts[Status.ERROR] else "green"))
    return 1 if counts[Status.ERROR] else 0


def _pages_of(given: str) -> Iterator[tuple[str, str]]:
    """Name and text of the page, or the pages, that a word of the command line stands for."""
    if given == "-":
        try:
            yield _STDIN, sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeError:
            raise UsageError("stdin: this is no UTF-8 text") from None
        return
    path = Path(given)
    if not path.is_dir():
        yield given, read_page(path)
        return
    found = [file for file in sorted(path.rglob("*")) if file.suffix in _ENDINGS and _is_page(file.relative_to(path))]
    if not found:
        raise UsageError(f"{given}: no pages ({' or '.join(f'*{ending}' for ending in _ENDINGS)}) in that folder")
    for file in found:
        yield str(file), read_page(file)


def _is_page(path: Path) -> bool:
    """Whether a file lies in no hidden folder and in none of other people's code."""
    return not any(part.startswith(".") or part == "node_modules" for part in path.parts)


def _print_page(paper: Paper, name: str, blocks: list[Block]) -> None:
    for block in blocks:
        paper.json_line(block.as_dict())
    if not blocks:
        paper.line(f"{clean(name)}: no blocks")
        return
    if paper.on_terminal:
        _draw_page(name, blocks)
        return
    paper.line(clean(name))
    width = len(str(blocks[-1].line))
    rows = [(f"  {block.line:{width}}", block.language or "-", str(block.status), _reason(block)) for block in blocks]
    for block, line in zip(blocks, table(rows), strict=True):
        paper.line(paper.paint(line, _COLOURS[block.status]))
        for finding in block.findings:
            paper.line(f"  {'':{width}}  {_finding(finding)}")


def _draw_page(name: str, blocks: list[Block]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(title=Text(clean(name)), title_justify="left", title_style="bold")
    view.add_column("line", justify="right")
    for head in ("language", "", "reason"):
        view.add_column(head, overflow="fold")
    for block in blocks:
        told = "\n".join([_reason(block), *map(_finding, block.findings)]).strip()
        status = Text(str(block.status), style=_COLOURS[block.status])
        view.add_row(str(block.line), Text(block.language), status, Text(told))
    Console().print(view)


def _reason(block: Block) -> str:
    return clean(block.reason).replace("\n", " ")


def _finding(finding: Finding) -> str:
    return clean(f"{finding.rule}  {finding.place}  {finding.detail}")
