"""The order of keys in loops, and the numbers of objects, in the closed environment of a process."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luavm.closed_world import Run, lua, new_sandbox, shared_run


@pytest.fixture
def run() -> Run:
    return new_sandbox()[0]


# The order of keys

FILL = """
local t = {}
for i = 1, 40 do t["key" .. i * 7919 % 101] = i end
for _, k in ipairs({true, false, 2.5, -1, 1, 2, 3, 10, "z", ""}) do t[k] = k end
t[tostring] = 1 t[{name = "b"}] = 2 t[{name = "a"}] = 3 t[function() return t end] = 4 t[string.len] = 5
"""
NAMES = """
local names = {}
for k, v in %s do names[#names + 1] = type(k) == "table" and k.name or type(k) == "function" and v or tostring(k) end
return table.concat(names, " ")
"""


def test_loops_have_one_order_in_every_runtime() -> None:
    orders = {new_sandbox()[0](FILL + NAMES % loop) for loop in ("pairs(t)", "next, t") for _ in range(8)}
    assert len(orders) == 1
    assert orders.pop().startswith("1 2 3 -1 2.5 10  key")


KEYS = st.one_of(
    st.integers(-3, 12),
    st.floats(-4, 14, allow_nan=False).filter(lambda x: x != int(x)),
    st.text("abcXYZ 09\x00\xff", max_size=4),
    st.booleans(),
)


def in_order(keys: list[object]) -> list[object]:
    rank = {int: 0, float: 0, str: 1, bool: 2}
    numbers = {key for key in keys if type(key) is int}
    length = next(i for i in range(1, 99) if i not in numbers) - 1
    head: list[object] = list(range(1, length + 1))
    rest = [key for key in keys if type(key) is not int or not 1 <= key <= length]
    return head + sorted(rest, key=lambda key: (rank[type(key)], key))


def distinct(keys: list[object]) -> list[object]:
    return list({(type(key), key): key for key in keys}.values())


SHOW = """
local function show(k)
  return type(k) == "string" and (k:gsub(".", function(c) return c:byte() .. "," end)) .. "s" or tostring(k)
end
local function walk(...)
  local names = {}
  for k, v in ... do names[#names + 1] = show(k) assert(t[k] == v) end
  return table.concat(names, " ")
end
"""


@settings(max_examples=150, deadline=None)
@given(st.lists(KEYS, max_size=24), st.lists(KEYS, max_size=4), st.data())
def test_pairs_and_next_visit_every_key_once_in_the_fixed_order(
    keys: list[object], more: list[object], data: st.DataObject
) -> None:
    run = shared_run()
    keys = distinct(keys)
    gone = data.draw(st.lists(st.sampled_from(keys), max_size=3)) if keys else []
    text = "t = {} " + "".join(f"t[{lua(key)}] = {i} " for i, key in enumerate(keys)) + SHOW
    answers = run(
        text
        + "local a, b = walk(pairs(t)), walk(next, t) "
        + "".join(f"t[{lua(key)}] = 'm' " for key in more if lua(key) not in map(lua, keys))
        + "".join(f"t[{lua(key)}] = nil " for key in gone)
        + "return a, b, walk(pairs(t)), walk(next, t), walk(pairs(t))"
    ).split("|")
    now = [key for key in distinct(keys + more) if lua(key) not in map(lua, gone)]
    shown = [shown_keys(run, in_order(order)) for order in (keys, now)]
    assert answers == [shown[0], shown[0], shown[1], shown[1], shown[1]]


def shown_keys(run: Run, keys: list[object]) -> str:
    listed = ", ".join(lua(key) for key in keys)
    return run(f"{SHOW} local l = {{{listed}}} for i = 1, #l do l[i] = show(l[i]) end return table.concat(l, ' ')")


@settings(max_examples=60, deadline=None)
@given(st.lists(KEYS, max_size=24), st.sampled_from(["pairs(t)", "next, t"]))
def test_a_loop_may_delete_and_change_every_key_it_meets(keys: list[object], loop: str) -> None:
    keys = [key for key in distinct(keys) if type(key) is str or type(key) is bool or (type(key) is int and key > 0)]
    text = "t = {} " + "".join(f"t[{lua(key)}] = {i} " for i, key in enumerate(keys))
    text += f"local n = 0 for k, v in {loop} do n = n + 1 t[k] = 'seen' t[k] = nil end return n, next(t)"
    assert shared_run()(text) == f"{len(keys)}|nil"


@pytest.mark.parametrize("loop", ["pairs(t)", "next, t"])
def test_keys_deleted_ahead_are_skipped_and_new_ones_end_no_loop_late(run: Run, loop: str) -> None:
    seen = f"local s = '' for k in {loop} do s = s .. k t.c, t[3] = nil, nil end return s"
    assert run("t = {1, 2, 3, a = 1, b = 2, c = 3} " + seen) == "12ab"
    assert run("t = {1} for k in pairs(t) do t[#t + 1] = 1 end return #t < 5") == "true"


def test_an_iterator_called_by_hand_out_of_order_still_answers_the_next_key(run: Run) -> None:
    calls = "return f(t), (f(t, 'b')), (f(t)), (f(t, 'a')), f(t, 'c')"
    assert run("local f, t = pairs({a = 1, b = 2, c = 3}) " + calls) == "a|c|a|b|nil"


def test_metamethods_of_loops_are_honoured(run: Run) -> None:
    iterator = "function(t) return function(_, k) if not k then return 'only', 1 end end, t, nil end"
    assert run(f"for k, v in pairs(setmetatable({{}}, {{__pairs = {iterator}}})) do return k, v end") == "only|1"
    assert run(f"for k, v in ipairs(setmetatable({{}}, {{__ipairs = {iterator}}})) do return k, v end") == "only|1"
    assert run("local t = setmetatable({a = 1}, {__index = {b = 2}}) for k in pairs(t) do N = k end return N") == "a"


# Names of objects


def test_objects_are_numbered_in_order_of_first_sight(run: Run) -> None:
    text = "a, b = {}, {} return b, tostring(a), string.format('%s %5s', b, 1), ('%s'):format(a), tostring(print)"
    assert run(text) == "table: 0x00000002|table: 0x00000001|table: 0x00000002     1|table: 0x00000001|nil"


def test_texts_of_objects_follow_their_metatables(run: Run) -> None:
    assert run("return setmetatable({}, {__tostring = function() return 'T' end})") == "T"
    assert run("return ('%s|%d'):format(setmetatable({}, {__tostring = function() return 'T' end}), 4)") == "T|4"
    assert run("return (tostring(setmetatable({}, {__name = 'My'})):match('^My: 0x'))") == "My: 0x"
    assert run("return tostring(setmetatable({}, {__tostring = function() return {} end}))").endswith(
        "'__tostring' must return a string"
    )
