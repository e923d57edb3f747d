"""Statements of the reference about sending, the libraries and Lua itself, by both doors as in test_reference.py."""

from __future__ import annotations

import pytest

from .test_reference import Turn, _by_the_module, _by_the_process


@pytest.mark.parametrize(
    ("section", "turns", "told"),
    [
        (
            "14 the Anchor stays whole digits",
            ("ao.reference = 1.5 return tostring((pcall(ao.send, {})))",),
            "false",
        ),
        ("14 and a reference is used", ("ao.reference = 1.5 pcall(ao.send, {}) return ao.reference",), "2.5"),
        (
            "22 os.time is replaced at every message, which needs an os",
            ("os = nil", ("hi",)),
            "error: attempt to index a nil value (global 'os')",
        ),
        ("22 in whatever table os is", ("os = { time = 1 }", "os.time()"), "1700000000002"),
        (
            "23 an unknown option of string.format is named",
            ("string.format('%y', 1)",),
            "error: [string \"aos\"]:1: invalid option '%y' to 'format'",
        ),
        (
            "25 tobase returns nothing for what it cannot do",
            ('tostring(require(".bint")(64).tobase(1, 99))',),
            "error: [string \"aos\"]:1: bad argument #1 to 'tostring' (value expected)",
        ),
    ],
)
def test_a_process_sees_what_the_reference_says(section: str, turns: tuple[Turn, ...], told: str) -> None:
    assert (_by_the_module(turns), _by_the_process(turns)) == (told, told), section
