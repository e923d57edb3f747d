"""Processes that go on from an image of themselves before every message give what all others give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from gzip import decompress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Simulation
from aosim.conformance.answering import answer_case
from aosim.demo import Market
from aosim.luavm import module, process
from aosim.luavm.vm import Vm
from aosim.message import Result

from .hopping import HoppingVm
from .test_process import Bench

_CASES = Path(__file__).parents[1] / "conformance" / "cases.jsonl.gz"


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    HoppingVm.hops = 0
    HoppingVm.stays.clear()
    yield
    _use(Vm)


def _use(vm: type[Vm]) -> None:
    for room in (process, module):
        setattr(room, "Vm", vm)  # noqa: B010 - the name is theirs, which a plain assignment may not say


# Conversations with the reference module -------------------------------------------------------------------


def _cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in decompress(_CASES.read_bytes()).decode().split("\n") if line]


@pytest.mark.parametrize("part", range(2))
def test_recorded_conversations_go_on_from_images(part: int) -> None:
    for case in _cases()[part::10]:
        _use(Vm)
        plain = answer_case(case)
        _use(HoppingVm)
        assert answer_case(case) == plain
    assert HoppingVm.hops > 200
    assert set(HoppingVm.stays) <= {"is a handler that waits for a message"}
    assert HoppingVm.stays.total() < HoppingVm.hops / 20


# Random states ---------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(["v1", "v2", "v3", "v4"])
_SCALARS = st.sampled_from(["1", "2", "7", "-3", "2.5", "'a'", "'key'", "('long'):rep(30)", "true", "false", "'1'"])
_VALUES = st.one_of(_NAMES, _SCALARS, st.just("nil"))
_ACTIONS = st.sampled_from(["A", "B", "C"])

_STATEMENTS = st.one_of(
    st.builds("{} = {{}}".format, _NAMES),
    st.builds("{} = {}".format, _NAMES, _VALUES),
    st.builds("put({}, {}, {})".format, _NAMES, _VALUES, _VALUES),
    st.builds("put({}, {}, {{ {}, {}, {} }})".format, _NAMES, _SCALARS, _VALUES, _VALUES, _VALUES),
    st.builds("dress({}, {{ __index = {}, __name = {} }})".format, _NAMES, _VALUES, _SCALARS),
    st.builds("dress({}, {})".format, _NAMES, _NAMES),
    st.builds("{}, {} = pair({})".format, _NAMES, _NAMES, _VALUES),
    st.builds("call({}, {})".format, _NAMES, _VALUES),
    st.builds("{} = function(...) return {}, ... end".format, _NAMES, _NAMES),
    st.builds("print(tostring({}))".format, _NAMES),
    st.builds(
        "for k, x in pairs({0} ~= nil and type({0}) == 'table' and {0} or _G) do print(type(k)) end".format, _NAMES
    ),
    st.builds("table.insert(Inbox, {})".format, _NAMES),
    st.builds("string.mine = {}".format, _VALUES),
    st.just("local old = print print = function(x) Printed = (Printed or 0) + 1 return old(x) end"),
    st.builds("Handlers.add('{0}', '{0}', function(m) Last = m {1} = m.Data end)".format, _ACTIONS, _NAMES),
    st.builds("Handlers.once('{0}', function(m) {1} = m m.reply({{ Data = 'once' }}) end)".format, _ACTIONS, _NAMES),
    st.builds("Handlers.prepend('p{0}', {{ Action = '{0}' }}, function(m) put(v1, m, m.From) end, 2)".format, _ACTIONS),
    st.builds("Handlers.remove('{}')".format, _ACTIONS),
    st.builds("{} = Handlers.list".format, _NAMES),
    st.just("Send({ Target = 'x', Action = 'Out', Data = tostring(Printed) })"),
    st.just("print(math.random(100))"),
    st.builds("print(require('json').encode({{ {}, {} }}))".format, _SCALARS, _SCALARS),
    st.builds("{} = require('.bint')(128)({})".format, _NAMES, st.integers(0, 99)),
    st.just("ended = coroutine.wrap(function() return coroutine.running() end) v4 = ended()"),
    st.builds("message {}".format, _ACTIONS),
)

_TOOLS = """
function put(t, k, v) if type(t) == 'table' and k ~= nil and getmetatable(t) == nil then t[k] = v end end
function dress(t, m) if type(t) == 'table' and type(m) == 'table' and t ~= m then setmetatable(t, m) end end
function pair(v) local n = v return function(x) n = x return n end, function() return n, v end end
function call(f, v) if type(f) == 'function' then print(#tostring((pcall(f, v)))) end end
local function shown(v, seen, depth)
  if type(v) == 'table' and not seen[v] and depth < 6 then
    seen[v] = true
    local out = { tostring(#v) }
    for k, x in next, v do
      out[#out + 1] = shown(k, seen, depth + 1) .. '=' .. shown(x, seen, depth + 1)
    end
    local m = getmetatable(v)
    return '{' .. table.concat(out, ',') .. '}' .. (m and 'm' .. shown(m, seen, depth + 1) or '')
  elseif type(v) == 'function' and depth < 6 then
    return 'f(' .. tostring(debug.getinfo(v, 'S').linedefined) .. ')'
  end
  return type(v) .. tostring(v)
end
function told()
  local out = {}
  for i, v in ipairs({ v1 or 0, v2 or 0, v3 or 0, v4 or 0, Inbox, Handlers.list, string.mine or 0, Last or 0 }) do
    out[i] = shown(v, {}, 0)
    if type(v) == 'function' then out[i] = out[i] .. tostring(select(2, pcall(v))) end
  end
  return table.concat(out, '\\n')
end
"""


def _results(vm: type[Vm], statements: list[str]) -> list[Result]:
    _use(vm)
    bench = Bench(_TOOLS)
    results = []
    for statement in statements:
        if statement.startswith("message "):
            results.append(bench.push("Action", statement[8:], "Some-Tag", "x", data="data"))
        else:
            results.append(bench.eval(statement))
    return [*results, bench.eval("return told()")]


@settings(max_examples=30)
@given(st.lists(_STATEMENTS, min_size=3, max_size=25))
def test_whatever_a_process_has_made_it_goes_on_from_images(statements: list[str]) -> None:
    assert _results(HoppingVm, statements) == _results(Vm, statements)


# Simulations -----------------------------------------------------------------------------------------------


def test_a_morning_at_the_market_ends_with_the_same_fingerprint() -> None:
    def morning() -> str:
        market = Market(3, quick=True)
        for number in market.play():
            if number == 3:
                break
        return market.sim.fingerprint

    fingerprint = morning()
    _use(HoppingVm)
    assert morning() == fingerprint
    assert HoppingVm.hops > 100


_ASKING = """
Handlers.add("go", "Go", function(msg)
  for i = 1, 5 do
    local answer = Send({ Target = "pong", Action = "Ping", Data = tostring(i) }).receive()
    Got = (Got or "") .. answer.Data
  end
  Send({ Target = "pong", Action = "Ping", Data = "later" }).onReply(function(m) Got = Got .. m.Data end)
end)
"""


def test_a_process_that_waits_now_and_then_goes_on_from_images_in_between() -> None:
    def run() -> tuple[str, object]:
        sim = Simulation(seed=5)
        sim.spawn("Handlers.add('p', 'Ping', function(m) m.reply({ Data = m.Data .. '!' }) end)", name="pong")
        asking = sim.spawn(_ASKING, name="asking")
        for _ in range(3):
            asking.send(Action="Go")
            sim.run()
        return sim.fingerprint, asking.read("Got")

    plain = run()
    _use(HoppingVm)
    assert run() == plain
    assert HoppingVm.hops > 20
    assert set(HoppingVm.stays) == {"is a handler that waits for a message"}
