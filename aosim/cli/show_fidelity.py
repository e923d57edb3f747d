"""`aosim fidelity`: recorded conversations answered again, in numbers, on paper and on the page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aosim.cli.paper import Paper, clean, table
from aosim.cli.summary import number_of
from aosim.conformance import (
    PAGE,
    Difference,
    Recording,
    Report,
    Theme,
    make_report,
    page_with,
    read_known,
    read_recordings,
)
from aosim.errors import UsageError, did_you_mean

_TOLD_MAX = 300  # characters shown of how a message differs


def show_fidelity(
    *,
    cases: Path | None = None,
    golden: Path | None = None,
    themes: Sequence[str] = (),
    page: Path | None = None,
    check: bool = False,
    as_json: bool = False,
) -> int:
    """Measure, print, and bring the page up to date, or with `check` say whether it is.

    The page is the checkout's own when all that it keeps is measured, else none unless one is named.
    Returns 1 when a difference is not listed, or the page was to be current and is not.
    """
    paper = Paper(as_json=as_json)
    if themes and page is not None:
        raise UsageError("--page: the page tells of all themes, --theme measures a part; leave out one of them")
    recordings = _of_themes(read_recordings(cases, golden), themes)
    if page is None and cases is None and not themes:
        page = PAGE
    if page is None and check:
        raise UsageError("--check: the page tells of all that a checkout keeps; name another with --page")
    with _progress(len(recordings), shown=sys.stdout is not None and sys.stdout.isatty() and not as_json) as on_case:
        report = make_report(recordings, read_known(), on_case=on_case)
    _print_themes(paper, report)
    _print_names(paper, report)
    _print_differences(paper, report)
    current = page is None or _bring_up_to_date(report, page, check=check)
    total = report.total
    told = f"{total.cases_equal:,} of {number_of(total.cases, 'conversation')} equal, {_verdict(report)}"
    paper.line(paper.paint(told, "green" if report.ok else "red"))
    paper.object("summary", **_fields(total), unlisted=len(report.unlisted), stale=len(report.stale), current=current)
    return 0 if report.ok and current else 1


def _verdict(report: Report) -> str:
    if not report.ok:
        return f"{number_of(len(report.unlisted), 'difference')} not listed"
    return "every difference is a listed one" if report.differences else "all of them strictly"


def _of_themes(recordings: list[Recording], themes: Sequence[str]) -> list[Recording]:
    known = list(dict.fromkeys(one.theme for one in recordings))
    for theme in themes:
        if theme not in known:
            raise UsageError(f"no theme {theme!r}.{did_you_mean(theme, known)} There are: {', '.join(known)}")
    return [one for one in recordings if not themes or one.theme in themes]


@contextmanager
def _progress(count: int, *, shown: bool) -> Iterator[Callable[[Recording], None]]:
    """What is to be told of every case that is done: moves a bar on a terminal, else nothing."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description:16}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(), transient=True) as bar:
        task = bar.add_task("", total=count)
        yield lambda one: bar.update(task, advance=1, description=one.theme)


def _print_themes(paper: Paper, report: Report) -> None:
    for theme in report.themes:
        paper.object("theme", **_fields(theme))
    heads = ("theme", "cases", "equal", "strictly", "messages", "equal", "strictly")
    rows = [(theme, tuple(f"{count:,}" for count in _counts(theme))) for theme in (*report.themes, report.total)]
    if not paper.on_terminal:
        paper.line(f"{heads[0]:16}" + "".join(f"{head:>10}" for head in heads[1:]))
        for theme, cells in rows:
            line = f"{theme.name:16}" + "".join(f"{cell:>10}" for cell in cells)
            paper.line(paper.paint(line, _colour(theme)) if theme.cases_strict < theme.cases else line)
        return
    from rich.console import Console
    from rich.table import Table

    view = Table()
    for at, head in enumerate(heads):
        view.add_column(head, justify="right" if at else "left")
    for theme, cells in rows:
        if theme is rows[-1][0]:
            view.add_section()
        view.add_row(theme.name, *cells, style=_colour(theme))
    Console().print(view)


def _colour(theme: Theme) -> str:
    if theme.cases_equal < theme.cases:
        return "red"
    return "green" if theme.cases_strict == theme.cases else "yellow"


def _print_names(paper: Paper, report: Report) -> None:
    for names in report.names:
        paper.object(
            "names",
            table=names.table,
            recorded=len(names.recorded),
            here=len(names.here),
            missing=names.missing,
            added=names.added,
        )
        for what, found in (("missing", names.missing), ("added", names.added)):
            if found:
                paper.line(paper.paint(f"names in {names.table}, {what}: {', '.join(found)}", "yellow"))
    if report.names:
        there = sum(len(names.recorded) for names in report.names)
        equal = sum(len(names.recorded) - len(names.missing) for names in report.names)
        paper.line(f"{equal:,} of {there:,} names in {number_of(len(report.names), 'table')} are there")


def _print_differences(paper: Paper, report: Report) -> None:
    rows = []
    for one in report.differences:
        paper.object("difference", **_difference(one))
        rows.append((f"  {one.case}", f"message {one.message}", one.reason or f"not listed: {_short(one.told)}"))
    if rows:
        paper.line(f"{number_of(len(rows), 'conversation')} not strictly equal:")
    for one, line in zip(report.differences, table(rows), strict=True):
        paper.line(paper.paint(line, "yellow" if one.reason else "red"))
    for known in report.stale:
        paper.object("stale", case=known.case, reason=known.reason)
        paper.line(paper.paint(f"listed, and differs no more: {known.case}", "yellow"))


def _bring_up_to_date(report: Report, page: Path, *, check: bool) -> bool:
    """Whether the page is current at the end; without `check` it is made so."""
    text = page_with(report, page)
    if text == page.read_text(encoding="utf-8"):
        sys.stderr.write(f"{page.name} is current\n")
        return True
    if check:
        sys.stderr.write(f"{page.name} is not current: run `aosim fidelity`\n")
        return False
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"{page}: {problem.strerror or problem}") from None
    sys.stderr.write(f"{page.name} has new figures\n")
    return True


def _counts(theme: Theme) -> tuple[int, ...]:
    return tuple(value for name, value in _fields(theme).items() if name != "theme")


def _fields(theme: Theme) -> dict[str, int]:
    fields = {name: getattr(theme, name) for name in theme.__dataclass_fields__}
    return {"theme": fields.pop("name"), **fields}


def _difference(one: Difference) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def _short(text: str) -> str:
    text = clean(text).replace("\n", "\\n")
    return text if len(text) <= _TOLD_MAX else f"{text[: _TOLD_MAX - 1]}…"
