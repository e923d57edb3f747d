"""The backend over standard input and output."""

from __future__ import annotations

from typing import BinaryIO

from aosim.protocol.backend import Backend


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer line after line until there are no more, or nobody reads the answers.

    Each answer is on its way before the next line is read.
    """
    backend = Backend()
    try:
        for line in requests:
            answers.write(backend.answer(line))
            answers.flush()
    except BrokenPipeError:
        return  # the client has seen enough
