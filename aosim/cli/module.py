"""`aosim module`: the module protocol on standard input and output."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from aosim.protocol.stdio import serve


def main() -> None:
    """Speak the protocol until standard input ends."""
    # Ctrl-C ends it at once and without a word, also in the middle of a long evaluation.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but answers comes out: whatever else is printed goes to standard error
    try:
        serve(sys.stdin.buffer, answers)
    finally:
        with contextlib.suppress(BrokenPipeError):
            answers.close()


if __name__ == "__main__":
    main()
