"""The measured part of `docs/fidelity.md`: made from a report, between two marks in a page written by hand."""

from __future__ import annotations

from pathlib import Path

from aosim.conformance.recordings import CHECKOUT
from aosim.conformance.report import Names, Report, Theme
from aosim.errors import UsageError

#: The page of a checkout.
PAGE = CHECKOUT / "docs" / "fidelity.md"
_FROM = "<!-- measured by `aosim fidelity`: from here on -->"
_TO = "<!-- measured by `aosim fidelity`: up to here -->"


def page_with(report: Report, path: Path) -> str:
    """The text of a page with the figures of a report in their place.

    Raises UsageError for a page that cannot be read, or has not the two marks.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as problem:
        raise UsageError(f"{path}: {getattr(problem, 'strerror', None) or problem}") from None
    before, mark, rest = text.partition(_FROM)
    _, end, after = rest.partition(_TO)
    if not mark or not end:
        raise UsageError(f"{path}: the figures stand between two lines, {_FROM!r} and {_TO!r}; the page has them not")
    return f"{before}{_FROM}\n\n{figures(report)}\n{_TO}{after}"


def figures(report: Report) -> str:
    """The figures of a report as Markdown."""
    lines = [
        "| theme | conversations | equal | strictly | messages | equal | strictly |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(_theme_row(theme, theme.name) for theme in report.themes),
        _theme_row(report.total, "**all**"),
        "",
        *_differences(report),
    ]
    if report.names:
        lines += ["", *_names(report)]
    return "\n".join(lines) + "\n"


def _theme_row(theme: Theme, name: str) -> str:
    cells = (
        *(theme.cases, theme.cases_equal, theme.cases_strict),
        *(theme.messages, theme.messages_equal, theme.messages_strict),
    )
    return f"| {name} | {' | '.join(f'{cell:,}' for cell in cells)} |"


def _differences(report: Report) -> list[str]:
    if not report.differences:
        return ["### Not equal", "", "None: all are strictly equal."]
    rows = [
        f"| `{one.case}` | {one.message} | {'equal, not strictly' if one.equal else 'not equal'} "
        f"| {one.reason or 'not known'} |"
        for one in report.differences
    ]
    return ["### Not equal", "", "| conversation | message | | why |", "| --- | ---: | --- | --- |", *rows]


def _names(report: Report) -> list[str]:
    return [
        "### What there is",
        "",
        "Names in the tables of a process right after its boot, with the types of what they hold.",
        "",
        "| table | recorded | here | |",
        "| --- | ---: | ---: | --- |",
        *(f"| `{one.table}` | {len(one.recorded)} | {len(one.here)} | {_verdict(one)} |" for one in report.names),
    ]


def _verdict(names: Names) -> str:
    parts = [
        f"{what}: {', '.join(f'`{name}`' for name in found)}"
        for what, found in (("missing", names.missing), ("added", names.added))
        if found
    ]
    return "; ".join(parts) or "equal"
