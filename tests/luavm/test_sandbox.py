"""The closed environment of a process: lua/sandbox.lua and its parts, without a kernel around them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luavm.closed_world import SANDBOXED, Run, bare, codes, lua, new_plain, new_sandbox, shared_run


@pytest.fixture
def run() -> Run:
    return new_sandbox()[0]


@pytest.fixture(scope="module")
def plain() -> Run:
    return new_plain()


# The closed world


def test_a_process_reaches_no_userdata_and_no_function_of_the_host_that_could_hurt() -> None:
    _, trusted = new_sandbox()
    found = trusted(
        """
        local debug, forbidden, seen, bad = raw.debug, {}, {}, {}
        for name, f in raw.next, debug do forbidden[f] = "debug." .. name end
        for _, name in raw.ipairs({"load", "setmetatable", "getmetatable", "next", "pairs", "tostring", "rawget",
          "rawset", "rawlen", "collectgarbage"}) do forbidden[raw[name]] = name end
        for _, name in raw.ipairs({"execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale", "time",
          "clock", "date"}) do forbidden[raw.os[name]] = "os." .. name end
        forbidden[raw.string.dump], forbidden[raw.string.format] = "string.dump", "string.format"
        local function walk(value, path)
          local kind = raw.type(value)
          if kind == "userdata" then bad[#bad + 1] = path .. " is userdata" end
          if kind ~= "table" and kind ~= "function" or seen[value] then return end
          seen[value] = true
          if forbidden[value] then bad[#bad + 1] = path .. " is the host's " .. forbidden[value] end
          if value == raw or value == sandbox then bad[#bad + 1] = path .. " is trusted" end
          if kind == "function" then return end
          walk(sandbox.env.getmetatable(value), path .. ":meta")
          walk(sandbox.env.debug.getmetatable(value), path .. ":debug meta")
          for key, inner in sandbox.next, value do
            walk(key, path .. ":key")
            walk(inner, path .. "." .. raw.tostring(key))
          end
        end
        walk(sandbox.env, "_G")
        walk(sandbox.env.getmetatable(""), "text")
        return raw.table.concat(bad, ", ")
        """
    )
    assert found == ""


def test_the_true_globals_hold_one_plain_value_after_closing() -> None:
    _, trusted = new_sandbox()
    assert (
        trusted(
            """
            local registry, names = raw.debug.getregistry(), {}
            for name, value in raw.next, registry[2] do names[#names + 1] = name .. "=" .. raw.tostring(value) end
            return raw.table.concat(names) .. raw.tostring(raw.next(registry._LOADED))
            """
        )
        == "debug=falsenil"
    )


@pytest.mark.parametrize(
    ("library", "names"),
    [
        ("string", "byte char dump find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper"),
        ("table", "concat insert move pack remove sort unpack"),
        ("os", "clock date difftime execute exit getenv remove rename setlocale time tmpname"),
        ("package", "config cpath loaded loadlib path preload searchers searchpath"),
        ("io", "close flush input lines open output popen read stderr stdin stdout tmpfile type write"),
        (
            "math",
            "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max maxinteger min "
            "mininteger modf pi pow rad random randomseed sin sinh sqrt tan tanh tointeger type ult",
        ),
        (
            "debug",
            "debug gethook getinfo getlocal getmetatable getregistry getupvalue getuservalue sethook setlocal "
            "setmetatable setupvalue setuservalue traceback upvalueid upvaluejoin",
        ),
    ],
)
def test_a_library_has_the_names_it_has_in_ao(run: Run, library: str, names: str) -> None:
    listed = f"local t = {{}} for k in pairs({library}) do t[#t + 1] = k end return table.concat(t, ' ')"
    assert run(listed) == names


def test_libraries_loaded_on_demand_never_show_how_they_came(run: Run) -> None:
    assert run("return getmetatable(io), getmetatable(math), rawget(debug, 'traceback') ~= nil, math.nope") == (
        "nil|nil|true|nil"
    )
    assert run("os.mine = 1 return os.mine, type(os.date), math.pow(2, 10), package.loaded.io == io") == (
        "1|function|1024.0|true"
    )


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("return string.dump(print or type)", "unable to dump given function"),
        ("return load('\\27Lua')", "nil|attempt to load a binary chunk (mode is 't')"),
        ("return load('\\27Lua', 'x', 'b')", "nil|attempt to load a binary chunk (mode is 't')"),
        ("return load('return 1', 'x', 'b')", "nil|attempt to load a text chunk (mode is 'b')"),
        ("return debug.getupvalue(pairs, 1), debug.getlocal(1, 1), next(debug.getregistry())", "nil|nil|nil"),
        ("return os.getenv('HOME'), os.execute(), io.read()", "nil|false|nil"),
        ("return io.open('/nothing')", "nil|/nothing: No error information"),
        ("return python, arg, loadstring, unpack, _ENV == _G", "nil|nil|nil|nil|true"),
        ("return getmetatable('')", "false"),
        ("return collectgarbage('count') == collectgarbage('count'), collectgarbage()", "true|0"),
        ("local t = setmetatable({}, {__gc = print, __mode = 'k'}) return next(getmetatable(t))", "nil"),
    ],
)
def test_what_could_reach_the_host_answers_harmlessly(run: Run, text: str, answer: str) -> None:
    assert answer in run(text)


def test_methods_of_texts_are_those_of_the_patched_library(run: Run) -> None:
    patch = "function string.trim(s) return s:match('^%s*(.-)%s*$') end "
    assert run(patch + "return ('  x '):trim() .. ('a'):upper()") == "xA"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("local x = string.format('%d', nil)", "t:1: bad argument #2 to 'format' (number expected, got nil)"),
        ("local x = ('%d'):format({})", "t:1: bad argument #1 to 'format' (number expected, got table)"),
        ("local x = setmetatable(1, {})", "t:1: bad argument #1 to 'setmetatable' (table expected, got number)"),
        ("local x = setmetatable(setmetatable({}, {__metatable = 1}), {})", "t:1: cannot change a protected metatable"),
        ("local x = rawset({}, nil, 1)", "t:1: table index is nil"),
        ("for k in pairs(nil) do end", "t:1: bad argument #1 to 'for iterator' (table expected, got nil)"),
        ("table.sort({1, 'x', 2})", "attempt to compare string with number"),
        ("table.sort({{}, {}})", "attempt to compare two table values"),
        ("local x = math.pow('a', 2)", "t:1: bad argument #1 to 'pow' (number expected, got string)"),
        ("local x = os.date('%Ez', 0)", "t:1: bad argument #1 to 'date' (invalid conversion specifier '%Ez')"),
    ],
)
def test_complaints_of_wrappers_read_like_luas_own_and_name_the_authors_line(run: Run, text: str, answer: str) -> None:
    assert run(text) == f"false|{answer}"


def test_where_names_the_innermost_line_of_the_author() -> None:
    run, trusted = new_sandbox()
    trusted("sandbox.env.report = function() return (sandbox.where()) end")
    assert run("local function f()\n  local x = report()\n  return x\nend\nreturn f()") == "t:2"
    assert trusted("return raw.tostring(sandbox.where())") == "nil"


# Like the original

ORDINARY = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.text("ab%dsx. 1", max_size=6)
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["%s", "%d", "%5.1f", "%q", "%x", "%-8s|", "%g", "%5s", "%i", "%c", "%%"]), ORDINARY)
def test_format_is_the_original_on_ordinary_values(letter: str, value: object) -> None:
    text = f"return pcall(string.format, 'a{letter}b%s', {lua(value)}, true)"
    assert shared_run()(text) == plain_run()(text)


@cache
def plain_run() -> Run:
    return new_plain()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.integers(-9, 9), st.floats(-5, 5)), max_size=40), st.booleans())
def test_sort_is_stable_and_agrees_with_the_original(numbers: list[float], down: bool) -> None:
    items = ", ".join(f"{{{number!r}, {i}}}" for i, number in enumerate(numbers))
    less = "a[1] > b[1]" if down else "a[1] < b[1]"
    text = f"local t = {{{items}}} table.sort(t, function(a, b) return {less} end) "
    text += "for i = 1, #t do t[i] = t[i][2] end return table.concat(t, ' ')"
    order = sorted(range(len(numbers)), key=lambda i: -numbers[i] if down else numbers[i])
    assert shared_run()(text) == " ".join(map(str, order))
    plain = f"local t = {{{', '.join(map(repr, numbers))}}} table.sort(t) "
    plain += "for i = 1, #t do t[i] = t[i] + 0.0 end return table.concat(t, ' ')"
    assert shared_run()(plain.replace("-0.0", "0.0")) == plain_run()(plain.replace("-0.0", "0.0"))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("abc\x00\xe9", max_size=4), max_size=30))
def test_texts_sort_by_bytes(words: list[str]) -> None:
    run = shared_run()
    listed = ", ".join(map(lua, words))
    assert run(f"local t = {{{listed}}} table.sort(t) return table.concat(t, ',')") == ",".join(sorted(words))


@pytest.mark.parametrize(
    "text",
    [
        "return rawget({5}, 1), rawget({}, 'x'), rawlen({1, 2}), rawlen('abc'), #rawset({}, 1, 2)",
        "return tostring(1), tostring(nil), tostring(1.5), tostring(2^53), tostring(-0.0), tostring(1e100)",
        "return pcall(load, nil)",
        "return pcall(load, 'x', 'n', 5)",
        "return load('return ...')(1, 2)",
        "return load('return a', 'c', 't', {a = 7})(), pcall(load('return a.b', '=c', 't', {}))",
        "local i = 0 return load(function() i = i + 1 return ({'return ', '4', '2'})[i] end)()",
        "return load(function() error('no', 0) end)",
        "local f, e = load(function() return {} end) return f, e",
        "return load('x =', '@file.lua')",
        "return next({}), next({7}), next({a = 1}), next({7}, 1), pcall(next, 1)",
        "return pcall(rawlen, 1), pcall(rawset, 1), pcall(collectgarbage, 'nope')",
        "return getmetatable({}), getmetatable(1), getmetatable(setmetatable({}, {__metatable = 'm'}))",
        "local m = {} local t = setmetatable({}, m) return getmetatable(t) == m, getmetatable(setmetatable(t, nil))",
        "return pcall(setmetatable, {}, 1)",
        "return os.date('!%Y-%m-%d %H:%M:%S %a %A %b %B %p %j %y', 1700000000), os.difftime(10, 3)",
        "local d = os.date('!*t', 1700000000) return d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.isdst",
        "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return co(1), co(5)",
        "return pcall(error, 'x'), select(-1, 1, 2), xpcall(error, function(m) return m .. '!' end, 'a')",
        "return package.config, package.loaded._G == _G, package.loaded.string == string, require('table') == table",
        "package.preload.p = function(n) return n .. '!' end return require('p'), package.loaded.p",
        "local i = debug.getinfo(1, 'Sl') return i.currentline, i.short_src, i.source, i.what",
        "local function f(a, b, ...) end local i = debug.getinfo(f, 'uS') return i.nparams, i.isvararg, i.linedefined",
        "return pcall(debug.getinfo, 1, 'X'), debug.getinfo(99), debug.traceback(true), debug.traceback(nil) ~= nil",
        "return debug.getmetatable(debug.setmetatable({}, {a = 1})).a",
        "return table.unpack({1, 2, 3}, 2), table.concat({1, 2}, '-'), #table.pack(1, nil, 3)",
    ],
)
def test_wrappers_do_what_the_original_does(run: Run, plain: Run, text: str) -> None:
    assert run(text) == plain(text)


@pytest.mark.parametrize("x", [-1e300, -700.5, -20.0, -1.0, -0.49, -1e-9, 0.0, 1e-9, 0.3, 0.5, 1.0, 3.7, 8.0, 25.0])
def test_functions_of_lua_52_agree_with_the_c_library(run: Run, x: float) -> None:
    def close(text: str, value: float) -> bool:
        return math.isclose(float(run(f"return string.format('%.17g', {text})")), value, rel_tol=1e-14)

    assert close(f"math.atan2({x!r}, 2)", math.atan2(x, 2))
    assert close(f"math.tanh({x!r})", math.tanh(x))
    fraction, power = math.frexp(x)
    assert run(f"local m, e = math.frexp({x!r}) return m == {fraction!r}, e, math.ldexp(m, e) == {x!r}") == (
        f"true|{power}|true"
    )
    if abs(x) < 700:
        assert close(f"math.sinh({x!r})", math.sinh(x))
        assert close(f"math.cosh({x!r})", math.cosh(x))
    if x > 0:
        assert close(f"math.log10({x!r})", math.log10(x))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4_000_000_000))
def test_dates_are_utc_with_english_names(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert shared_run()(f"return os.date('%c %Z', {seconds})") == moment.strftime("%a %b %d %H:%M:%S %Y UTC")


# Time, files, modules and messages come from the kernel


def test_dates_without_a_time_tell_the_time_of_the_message() -> None:
    run, trusted = new_sandbox()
    trusted("sandbox.now_ms, sandbox.start_ms = 1000, 1000")
    trusted("sandbox.now_ms = 1700000060000")
    assert run("return os.date('%Y-%m-%d %H:%M:%S'), os.clock()") == "2023-11-14 22:14:20|1700000059.0"


def test_files_of_the_kernel_can_be_read_and_nothing_else() -> None:
    run, trusted = new_sandbox()
    trusted("sandbox.files['/data/x'] = 'one\\ntwo\\n3.5 rest'")
    assert run("local f = io.open('/data/x') return f:read(), f:read('L'), f:read('n'), f:read('a'), f:read('l')") == (
        "one|two\n|3.5| rest|nil"
    )
    assert run("local s = '' for l in io.lines('/data/x') do s = s .. l .. ';' end return s") == "one;two;3.5 rest;"
    assert run("f = io.open('/data/x') f:seek('set', 4) return f:read(3), f:seek('end')") == "two|16"
    assert run("f:close() return f, io.type(f)") == "file (closed)|closed file"
    assert run("local f = io.open('/data/x') f:close() f:read()").endswith("attempt to use a closed file")
    trusted("sandbox.files['m.lua'] = 'return ...'")
    assert run("return dofile('m.lua'), loadfile('m.lua')(5), loadfile('nope')") == (
        "nil|5|nil|cannot open nope: No error information"
    )


def test_require_asks_the_kernel_and_else_lists_where_it_looked() -> None:
    run, trusted = new_sandbox()
    trusted("function sandbox.find_module(name) if name == '.json' then return {name = name} end end")
    assert run("return require('.json').name, require('.json') == package.loaded['.json']") == ".json|true"
    lines = run("local x = require('a.b')").split("\n")
    assert lines[:2] == [
        "false|t:1: module 'a.b' not found:",
        "\tno field package.preload['a.b']module a.b not found",
    ]
    assert lines[2] == "\tno file '/usr/local/share/lua/5.3/a/b.lua'"
    assert lines[-1] == "\tno file './a.so'"
    assert len(lines) == 14
    assert run("package.searchers[1] = function(n) return function() return n end end return require('q')") == "q"


def test_messages_behind_a_private_metatable_are_woken_before_anybody_looks() -> None:
    looks = {
        "next(m)": "a",
        "rawget(m, 'a')": "1",
        "getmetatable(m)": "nil",
        "debug.getmetatable(m)": "nil",
        "(function() for k, v in pairs(m) do return k end end)()": "a",
        "rawlen(setmetatable(m, nil))": "0",
        "getmetatable(setmetatable(m, {__index = {z = 9}})).__index.z + m.a": "10",
        "rawset(m, 'b', 2).a": "1",
    }
    for text, answer in looks.items():
        run, trusted = new_sandbox()
        trusted(
            """
            local lazy, awake = {}, {}
            sandbox.lazy[lazy] = function(t) raw.setmetatable(t, awake) raw.rawset(t, "a", 1) end
            sandbox.hidden[awake] = true
            sandbox.env.m = raw.setmetatable({}, lazy)
            """
        )
        assert run(f"local x = {text} return x") == answer


def test_a_sandbox_is_small() -> None:
    runtime = bare()
    count = runtime.eval(b"collectgarbage")
    count()
    before = count(b"count")
    keep = runtime.execute(SANDBOXED.encode(), *codes())
    count()
    count()
    assert keep
    assert count(b"count") - before < 60  # half of it the texts of what is loaded on demand
