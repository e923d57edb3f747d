"""The Lua files that a page tells of: a block whose title, note, first comment or introduction names one."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from aosim.luavm.bundle import quote
from aosim.luavm.source import syntax_problem
from aosim.pages.fences import Fence

_FILE = re.compile(r"(?<![\w/.-])((?:\.{0,2}/)?(?:[\w.-]+/)*[\w-][\w.-]*\.lua)(?![\w-])")
_COMMENT = re.compile(r"\s*--+(?:\[\[)?\s*(?i:file(?:name)?\b:?\s*)?([`\"']?[\w./-]+\.lua\b)")  # at its beginning
_REQUIRE = re.compile(r"""\brequire\s*\(?\s*(["'])([^"'\n]+)\1""")


class PageFiles:
    """What a page has written into which file so far. A file of several blocks has them on their own lines."""

    def __init__(self) -> None:
        self._parts: dict[str, list[tuple[int, str]]] = {}

    def add(self, fence: Fence) -> None:
        """Keep a block of Lua when it is said to be a file, or a part of one."""
        name = _file_of(fence)
        if name:
            self._parts.setdefault(name, []).append((fence.line + 1, fence.text))

    def text(self, name: str) -> str | None:
        """The text of a file, with the line numbers of the page; None for one the page does not have.

        Its blocks are put together in page order. When that does not parse (each of them is the whole
        file, as it stands by then), it is the last.
        """
        parts = self._parts.get(_base(name))
        if parts is None:
            return None
        whole = _at_lines(parts)
        return whole if len(parts) == 1 or not syntax_problem(whole, "") else _at_lines(parts[-1:])

    def preloads(self, code: str, page: str) -> str:
        """Lua that lets a text require the files of the page that it, and what it requires, name."""
        found: dict[str, str] = {}
        texts = [code]
        for text in texts:
            for required in _REQUIRE.finditer(text):
                name = required[2]
                part = self.text(f"{name.removesuffix('.lua').replace('.', '/')}.lua")
                if part is not None and name not in found:
                    found[name] = part
                    texts.append(part)
        return " ".join(
            f"package.preload[{quote(name)}] = assert(load({quote(part)}, {quote('@' + page)}))"
            for name, part in found.items()
        )


def _file_of(fence: Fence) -> str:
    """The file that a block is said to be: by its note or title, its first comment, or the line above it."""
    first = _COMMENT.match(next((line for line in fence.lines if line.strip()), ""))
    told = (
        fence.note[1] if fence.note[0] == "file" else "",
        fence.info,
        first[1] if first else "",
        fence.before,
    )
    return next((_base(found[1]) for found in map(_FILE.search, told) if found), "")


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _at_lines(parts: list[tuple[int, str]]) -> str:
    lines: list[str] = []
    for line, text in parts:
        lines += [""] * (line - 1 - len(lines))
        lines += text.split("\n")
    return "\n".join(lines)
