from __future__ import annotations

import pytest

from aosim.pages.printed import shows


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a\nc", False),
        ("a", "a\nb", False),
        ("\na  \n\n", "a", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n…\nd", "a\nd", True),
        ("took ... ms", "took 5 ms", True),
        ("took ... ms", "took 5 s", False),
        ("\x1b[32ma\x1b[0m", "a", True),
        ("function: 0x5581", "function: 0x00000001", True),
        ("Message added to outbox: " + "a" * 43, "Message added to outbox: " + "b" * 43, True),
        ("New Message From abc...xyz: Data = x", "New Message From ec1...IC8: Data = x", True),
        ("a.c", "abc", False),
    ],
)
def test_what_is_printed_is_compared_as_a_reader_would(expected: str, printed: str, same: bool) -> None:
    assert shows(expected, printed) is same
