"""Whether what a block printed is what its page shows."""

from __future__ import annotations

import re

from aosim.colours import without_colours

_ADDRESS = re.compile(r"\b(function|table|thread|userdata|file)(: | \()(?:builtin: )?(?:0x)?[0-9a-fA-F]{1,16}\b")
_ID = re.compile(r"(?<![\w-])(?:[\w-]{43}|[\w-]{3}(?:\.\.\.|…)[\w-]{3})(?![\w-])")
_DOTS = re.compile(r"\.\.\.|…")


def shows(expected: str, printed: str) -> bool:
    """Whether a text was printed. "..." stands for any lines, or for any text in a line.

    Colours, space at the ends of lines, empty lines around the text, addresses and ids may differ.
    """
    parts = []
    for line in _plain(expected):
        if _DOTS.fullmatch(line.strip()):
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*".join(map(re.escape, _DOTS.split(line))) + r"\n")
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in _plain(printed))) is not None


def _plain(text: str) -> list[str]:
    text = _ADDRESS.sub(r"\1\g<2>0x", without_colours(text))
    return [line.rstrip() for line in _ID.sub("<id>", text).strip("\r\n \t").split("\n")]
