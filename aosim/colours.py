"""The colours that aos prints with: ANSI codes in its texts."""

from __future__ import annotations

import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def without_colours(text: str) -> str:
    """A text as it reads on plain paper."""
    return _COLOUR.sub("", text)
