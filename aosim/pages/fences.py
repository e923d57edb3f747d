"""The fenced blocks of a Markdown page, wherever they stand: in lists, in quotes, with any fence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"(?P<marks>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_QUOTE = re.compile(r" {0,3}>(?: |$)?")
_ITEM = re.compile(r"(?P<indent> *)(?P<marker>[-*+]|[0-9]{1,9}[.)])(?P<space> +)(?=\S)")
_LANGUAGE = re.compile(r"\{?\.?([\w+#-]+(?:\.\d+)?)")
_NOTE = re.compile(r"<!-- *(?:(?P<file>file): *(?P<name>.*?)|(?P<not_run>not run) *(?:: *(?P<reason>.*?))?) *-->")
_TAB = " " * 4


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block. Lines are counted from 1, in the page."""

    number: int  # which block of the page it is, from 1
    line: int  # of the opening fence; its text begins on the next
    info: str  # what stands behind the opening fence
    lines: tuple[str, ...]  # its text, without the indentation of the fence
    before: str  # the last line with text above it, "" for a block right after another
    note: tuple[str, str] = ("", "")  # ("file", name) or ("not run", reason or ""), from a comment right above

    @property
    def language(self) -> str:
        """The language as the fence says it, in small letters: "lua" for `lua title="x"` and `lua:no-line-numbers`."""
        found = _LANGUAGE.match(self.info)
        return found[1].lower() if found else ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def fences(text: str) -> list[Fence]:
    """The fenced blocks of a page, in order. One that is not closed goes on to the end of its container."""
    return list(_Reader(text).blocks())


class _Reader:
    """Goes through a page line by line, remembering in which list items it is."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._at = 0
        self._indents: list[int] = []  # where the text of the open list items begins, the innermost last
        self._before = ""
        self._number = 0

    def blocks(self) -> Iterator[Fence]:
        while self._at < len(self._lines):
            line = self._lines[self._at].replace("\t", _TAB)
            self._at += 1
            quoted, rest = _unquoted(line)
            if not rest.strip():
                continue
            rest, indent = self._inside_items(rest)
            opened = _FENCE.fullmatch(rest.lstrip(" "))
            if opened is not None and indent is not None:
                yield self._block(opened, indent, quoted)
                self._before = ""
                continue
            if rest.lstrip().startswith("<!--") and "-->" not in rest:
                self._skip_comment()
            self._before = rest.strip()

    def _inside_items(self, line: str) -> tuple[str, int | None]:
        """The line without list markers, and how far it is indented; None when that makes it code by itself."""
        width = len(line) - len(line.lstrip(" "))
        while self._indents and width < self._indents[-1]:
            self._indents.pop()
        item = _ITEM.match(line)
        while item is not None:
            self._indents.append(item.end())
            line = " " * item.end() + line[item.end() :]
            item = _ITEM.match(line)
        width = len(line) - len(line.lstrip(" "))
        base = self._indents[-1] if self._indents else 0
        return line, width if width - base < 4 else None

    def _block(self, opened: re.Match[str], indent: int, quoted: int) -> Fence:
        start, marks = self._at, opened["marks"]
        closing = re.compile(rf" {{0,3}}{re.escape(marks[0])}{{{len(marks)},}} *")
        lines: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            depth, rest = _unquoted(line, quoted)
            if depth < quoted:
                break  # the quote ended, and the block with it
            self._at += 1
            rest = _without_indent(rest, indent)
            if closing.fullmatch(rest.rstrip()):
                break
            lines.append(rest)
        self._number += 1
        note = _NOTE.fullmatch(self._before)
        return Fence(
            number=self._number,
            line=start,
            info=opened["info"].strip(),
            lines=tuple(lines),
            before=self._before,
            note=_meaning(note) if note else ("", ""),
        )

    def _skip_comment(self) -> None:
        while self._at < len(self._lines):
            self._at += 1
            if "-->" in self._lines[self._at - 1]:
                return


def _meaning(note: re.Match[str]) -> tuple[str, str]:
    return ("file", note["name"]) if note["file"] else ("not run", note["reason"] or "")


def _unquoted(line: str, most: int = 1 << 30) -> tuple[int, str]:
    """How many quotes (">") a line stands in, at most so many, and what is left of it."""
    depth = 0
    while depth < most and (found := _QUOTE.match(line)):
        depth += 1
        line = line[found.end() :]
    return depth, line


def _without_indent(line: str, indent: int) -> str:
    """A line without as much of the fence's indentation as it has."""
    while indent and line[:1] in (" ", "\t"):
        if line[0] == "\t":
            line = _TAB + line[1:]
        line, indent = line[1:], indent - 1
    return line
