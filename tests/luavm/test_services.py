from __future__ import annotations

import sys
from types import ModuleType

import pytest

from aosim import Fate, Simulation
from aosim.errors import BorderError, EvalError
from aosim.luavm import services, source
from aosim.luavm.services import Desk, PartMissing, Scalar, ServiceRefused, find_service

_LIBRARY = b"""
local lib = ...
return {
  upper = function(...) return lib.ask("testing.upper", ...) end,
  refused = function() return lib.ask("testing.refused") end,
  count = function() return lib.ask("testing.count") end,
  broken = function() return lib.ask("testing.broken") end,
  stopped = function() return lib.ask("testing.stopped") end,
  unknown = function() return lib.ask("testing.unknown") end
}
"""


class _Counter:
    value = 0


def _count(desk: Desk) -> tuple[Scalar, ...]:
    counter = desk.kept(_Counter)
    counter.value += 1
    return (counter.value,)


def _upper(_: Desk, *texts: bytes) -> tuple[Scalar, ...]:
    return tuple(text.upper() for text in texts)


def _refused(_: Desk) -> tuple[Scalar, ...]:
    raise ServiceRefused("the answer is no")


def _broken(desk: Desk) -> tuple[Scalar, ...]:
    _count(desk)
    raise IndexError("tuple index out of range")


def _stopped(_: Desk) -> tuple[Scalar, ...]:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    room = ModuleType("testing_room")
    room.SERVICES = {  # type: ignore[attr-defined]
        b"upper": _upper,
        b"refused": _refused,
        b"count": _count,
        b"broken": _broken,
        b"stopped": _stopped,
    }
    monkeypatch.setitem(sys.modules, "testing_room", room)
    monkeypatch.setitem(services.ROOMS, b"testing", "testing_room")
    real = source.library
    asking = source._compile(_LIBRARY, "pretty")
    monkeypatch.setattr(source, "library", lambda name: asking if name == "pretty" else real(name))


def _ask(code: str) -> object:
    return Simulation().spawn("host = require('.pretty')").eval(code)


def test_a_question_is_answered_where_it_was_asked() -> None:
    assert _ask("return host.upper('ao') .. '!'") == "AO!"
    assert _ask("return { host.upper('a', 'b\\0\\255') }") == ["A", "B\0\udcff"]
    assert _ask("return select('#', host.upper())") == 0


def test_a_refusal_is_an_error_that_can_be_caught() -> None:
    assert _ask("return { pcall(host.refused) }") == [False, "the answer is no"]
    with pytest.raises(EvalError, match="the answer is no"):
        _ask("host.refused()")


def test_a_service_that_nobody_offers_is_a_fault_of_ours() -> None:
    with pytest.raises(BorderError, match=r"testing\.unknown"):
        _ask("return host.unknown()")
    with pytest.raises(BorderError, match="nowhere"):
        find_service(b"nowhere.at_all")


@pytest.mark.parametrize(
    "code",
    [
        "local co = coroutine.wrap(function() coroutine.yield(host.upper('a')) return host.upper('b') end) "
        "return co() .. co()",
        "local co = coroutine.create(function(x) return host.upper(x .. coroutine.yield(1)) end) "
        "coroutine.resume(co, 'a') return select(2, coroutine.resume(co, 'b'))",
        "return (('ab'):gsub('%w', host.upper))",
        "local ok, text = pcall(string.gsub, 'ab', '%w', host.upper) return text",
        "local t = setmetatable({}, { __index = function(_, key) return host.upper(key) end }) return t.a .. t.b",
    ],
)
def test_questions_come_through_from_anywhere(code: str) -> None:
    assert _ask(code) == "AB"


def test_a_question_from_within_a_coroutine_undoes_nothing_of_the_messages_before() -> None:
    sim = Simulation()
    process = sim.spawn("n, host = 0, require('.pretty') Handlers.add('Tick', function() n = n + host.count() end)")
    for _ in range(3):
        process.send(Action="Tick")
    sim.run()
    assert process.eval("n") == 1 + 2 + 3
    assert process.eval("coroutine.wrap(function() return host.count() end)()") == 4
    assert process.eval("n") == 6


def test_what_a_service_keeps_for_a_process_is_undone_with_its_messages() -> None:
    process = Simulation().spawn("host = require('.pretty')")
    assert process.eval("host.count()") == 1
    with pytest.raises(EvalError):
        process.eval("host.count() error('no')")
    assert process.eval("host.count()") == 2
    assert Simulation().spawn("host = require('.pretty')").eval("host.count()") == 1


def test_gsub_with_a_function_does_the_same_when_questions_come_through() -> None:
    process = Simulation().spawn("host = require('.pretty')")
    cases = [
        ("hello world", "o", "function(c) return c:upper() end"),
        ("abc", "", "function() return '-' end"),
        ("abc", "%w", "function(c) return c == 'b' and 'x' end"),
        ("abc", "^%w", "function() return 'y' end"),
        ("k=v, l=w", "(%w)=(%w)", "function(a, b) return b .. '=' .. a end"),
        ("abc", "()", "function(at) return at end"),
        ("THE (quick) fox", "%f[%a]%a+", "function(word) return #word end"),
        ("", "x*", "function() return 'z' end"),
    ]
    calls = [f"{{ string.gsub({text!r}, {pattern!r}, {call}) }}" for text, pattern, call in cases]
    calls += [f"{{ string.gsub({text!r}, {pattern!r}, {call}, 1) }}" for text, pattern, call in cases]
    before = process.eval("{" + ", ".join(calls) + "}")
    assert process.eval("coroutine.wrap(function() return host.upper('now') end)()") == "NOW"
    assert process.eval("{" + ", ".join(calls) + "}") == before


def test_what_coroutines_say_of_errors_is_the_same_when_questions_come_through() -> None:
    process = Simulation().spawn("host = require('.pretty')")
    code = """{
      { pcall(coroutine.wrap(function() error('boom') end)) },
      { pcall(coroutine.wrap(function() error({}) end)) ~= nil },
      { coroutine.resume(coroutine.create(function() error('boom') end)) },
      { pcall(function() local ok = coroutine.resume(1) return ok end) },
      { pcall(function() local f = coroutine.wrap(1) return f end) },
      { coroutine.resume(coroutine.create(function(...) return select('#', ...), ... end), nil, 2, nil) }
    }"""
    before = process.eval(code)
    process.eval("coroutine.wrap(function() return host.upper('now') end)()")
    assert process.eval(code) == before


def test_a_part_that_is_missing_in_a_call_back_is_told_by_its_name() -> None:
    assert PartMissing(b"json").part == b"json"


def test_a_fault_in_a_service_fails_the_message_and_leaves_no_trace() -> None:
    sim = Simulation()
    process = sim.spawn("n, host = 0, require('.pretty') Handlers.add('Tick', function() n = n + 1 host.broken() end)")
    sent = [process.send(Action="Tick") for _ in range(2)]
    sim.run()
    assert [one.fate for one in sent] == [Fate.FAILED, Fate.FAILED]
    assert "fault of aosim: IndexError: tuple index out of range" in (sent[0].error or "")
    assert process.eval("{ n, host.count() }") == [0, 1]
    assert process.query("host.broken()", Action="Eval").error is not None
    with pytest.raises(EvalError, match="fault of aosim"):
        process.eval("n = 5 return pcall(host.broken)")
    assert process.eval("n") == 0


def test_a_message_that_somebody_interrupts_leaves_no_trace() -> None:
    process = Simulation().spawn("n, host = 0, require('.pretty')")
    with pytest.raises(KeyboardInterrupt):
        process.eval("n = 1 host.stopped()")
    with pytest.raises(KeyboardInterrupt):
        process.query("n = 1 host.stopped()", Action="Eval")
    assert process.eval("n") == 0
