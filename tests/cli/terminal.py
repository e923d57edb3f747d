"""What the tests type, and what comes back."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable


class Typed:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


#: Types a command: `aosim("run", "shop.lua")`.
Terminal = Callable[..., Typed]


def on_a_terminal(*words: str) -> tuple[str, int]:
    """What a command shows on a terminal of 100 columns, colours and all, and its exit code."""
    leader, follower = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "aosim.cli.main", *words],
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    return shown.decode(), done.wait()
