"""An error raised in the runtime's own code names the author's line that led there."""

from __future__ import annotations

import pytest

from .test_process import BOB, Bench

_HANDLERS = """local json = require("json")
Handlers.add("Decode", "Decode", function() json.decode("{bad") end)
Handlers.add("Encode", "Encode", function() ao.send({ Target = "x", Data = { 1, f = print, [5] = 2 } }) end)
Handlers.add("Send", "Send", function() ao.send(nil) end)
Handlers.add("Add", "Add", function() Handlers.add(5) end)
Handlers.add("Own", "Own", function() error("own") end)
Handlers.add("Bare", "Bare", function() error("bare", 0) end)
Handlers.add("Wait", "Wait", function()
  Receive({ Action = "Now" })
  json.decode("{bad")
end)
Handlers.add("Caught", "Caught", function(m) m.reply({ Data = select(2, pcall(json.decode, "{bad")) }) end)
"""


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("Decode", "ledger.lua:2: expected string for key at line 1 col 2"),
        ("Send", "ledger.lua:4: attempt to index a nil value (local 'msg')"),
        ("Own", "ledger.lua:6: own"),
        ("Bare", "bare"),
    ],
)
def test_an_error_of_the_runtime_starts_with_the_line_of_the_author(action: str, error: str) -> None:
    bench = Bench(_HANDLERS, file="ledger.lua")
    assert bench.send("Action", action).error == error


@pytest.mark.parametrize(("action", "line"), [("Encode", 3), ("Add", 5)])
def test_so_do_errors_about_what_was_handed_in(action: str, line: int) -> None:
    result = Bench(_HANDLERS, file="ledger.lua").send("Action", action)
    assert str(result.error).startswith(f"ledger.lua:{line}: ")
    assert f"ledger.lua:{line}" not in result.raw_error


def test_an_error_after_a_wait_names_the_line_behind_it() -> None:
    bench = Bench(_HANDLERS, file="ledger.lua")
    bench.send("Action", "Wait")
    assert bench.send("Action", "Now").error == "ledger.lua:10: expected string for key at line 1 col 2"


def test_a_process_sees_no_line_of_its_own_in_such_an_error() -> None:
    (sent,) = Bench(_HANDLERS, file="ledger.lua").send("Action", "Caught").messages
    assert sent.target == BOB
    assert "ledger.lua" not in str(sent.data)
