"""Lua source as people give it: a path, with the files it requires, or plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aosim.checks import check_text
from aosim.errors import SourceError, UsageError
from aosim.luavm.source import check_source

#: What a process can require without a file: the aos library and Lua's own.
_LIBRARY = frozenset(
    [
        "ao",
        ".ao",
        ".utils",
        ".handlers",
        ".handlers-utils",
        ".dump",
        ".pretty",
        ".stringify",
        ".base64",
        ".bint",
        ".chance",
        ".eval",
        ".default",
        ".boot",
        ".assignment",
        ".process",
        ".crypto",
        "json",
        "string",
        "table",
        "math",
        "utf8",
        "coroutine",
        "os",
        "io",
        "debug",
        "package",
        "bit32",
        "_G",
    ]
)
_REQUIRE = re.compile(r"""\brequire\s*\(?\s*(["'])([^"'\n]+)\1""")
_COMMENT = re.compile(r"--\[(=*)\[.*?\]\1\]|--[^\n]*", re.DOTALL)


class Source(NamedTuple):
    """Lua text to be evaluated, and the name of the file it came from ("" for plain text).

    Files it requires come first, each as an entry of `package.preload`, all on the first line, so
    the lines of the main file keep their numbers.
    """

    text: str
    chunk: str


def load_source(source: str | Path, file: str | None = None) -> Source:
    """Read and parse what `spawn` is given; `file` is the name of a text that came from no file.

    A `Path`, or a text of one line that ends in ".lua", is a file; any other text is Lua. Raises
    SourceError, with file and line, for a file that cannot be read and for Lua that does not parse,
    UsageError for text that stands for no bytes.
    """
    if not isinstance(source, (str, Path)):
        raise SourceError(f"{source!r} is no Lua source: give the path of a file, Lua text or a Python function")
    if isinstance(source, str) and ("\n" in source or not source.strip().endswith(".lua")):
        try:
            check_source(check_text(source, "Lua text"), file or "aos")
        except SourceError as problem:
            raise SourceError(f"{problem}{_file_meant(source)}") from None
        return Source(source, file or "")
    if file is not None:
        raise UsageError(f"file={file!r}: {source} is a file and has a name; file= names Lua given as text")
    path = Path(source)
    text = _read(path)
    check_source(text, path.name)
    preloads = "".join(
        f"package.preload[{quote(name)}]=assert(load({quote(part)},{quote('@' + chunk)})) "
        for name, part, chunk in _required(text, path.parent, path.parent, {})
    )
    return Source(preloads + text, path.name)


def _file_meant(text: str) -> str:
    """A hint for text that does not parse because it is the path of a file."""
    if "\n" in text or len(text) > 200:
        return ""
    near = [path for path in (text, f"{text}.lua") if Path(path).is_file()]
    return f" If the file is meant: Path({near[0]!r})" if near else ""


def _required(text: str, folder: Path, root: Path, seen: dict[str, None]) -> Iterator[tuple[str, str, str]]:
    """The files that a text requires, and those that they require: (name, text, file); each once."""
    for found in _REQUIRE.finditer(_COMMENT.sub("", text)):
        name = found[2]
        if name in seen or name in _LIBRARY or name.startswith(".crypto."):
            continue
        relative = name.lstrip("./").removesuffix(".lua").replace(".", "/") + ".lua"
        path = next((base / relative for base in (folder, root) if (base / relative).is_file()), None)
        if path is None:
            continue  # perhaps the process makes it itself; if not, require says so when it runs
        seen[name] = None
        part = _read(path)
        chunk = path.relative_to(root).as_posix()
        check_source(part, chunk)
        yield name, part, chunk
        yield from _required(part, path.parent, root, seen)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except FileNotFoundError:
        near = sorted(other.name for other in path.parent.glob("*.lua")) if path.parent.is_dir() else []
        there = f"Lua files there: {', '.join(near[:8])}" if near else f"No Lua files in {path.parent}"
        raise SourceError(f"no file {str(path)!r}. {there}") from None
    except OSError as problem:
        raise SourceError(f"{path}: {problem.strerror or problem}") from None


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": "\\000"}


def quote(text: str) -> str:
    """A text as a Lua string literal of one line."""
    return '"' + "".join(_ESCAPES.get(char, char) for char in text) + '"'
