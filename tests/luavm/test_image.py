"""Images: the state of a process as bytes, what is refused, and what they cost."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from aosim.errors import ImageRefused, NotImaged
from aosim.luavm import process, services, source
from aosim.luavm.image import ImagedVm, functions_of, image_of
from aosim.luavm.services import Desk, Scalar
from aosim.luavm.vm import Vm
from aosim.message import Result

from .test_process import BOB, INFO, Bench


class LateVm(ImagedVm):
    """Its images are taken as those of a Vm that was not made for it."""

    def image(self, note: bytes = b"") -> bytes:
        self.release()
        return image_of(self, note)


@pytest.fixture(autouse=True, params=[ImagedVm, LateVm])
def _imaged(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(process, "Vm", request.param)


def _vm(bench: Bench) -> ImagedVm:
    vm = bench.process._vm or bench.process._rebuilt()
    assert isinstance(vm, ImagedVm)
    return vm


def _go_on(bench: Bench) -> None:
    """Put another Vm, made from an image, in the place of a process's own."""
    image = _vm(bench).image()
    bench.process._vm = ImagedVm.from_image(image, INFO, "docs")
    assert _vm(bench).image() == image


def _told(bench: Bench, text: str) -> str:
    result = bench.eval(text)
    assert result.error is None, result.error
    return result.output


def _before_and_after(source: str, probe: str) -> tuple[str, str]:
    """What a probe tells in a process, and in one made from its image."""
    stayed, went = Bench(source), Bench(source)
    _go_on(went)
    return _told(stayed, probe), _told(went, probe)


def test_a_process_goes_on_from_an_image_as_if_nothing_had_been() -> None:
    bench = Bench("Count = 0 Handlers.add('c', 'C', function(m) Count = Count + 1 m.reply({ Data = Count .. '' }) end)")
    assert bench.push("Action", "C").messages[0].data == "1"
    _go_on(bench)
    (sent,) = bench.push("Action", "C").messages
    assert (sent.target, sent.data, sent.tag("Reference")) == (BOB, "2", "2")


def test_a_fork_and_its_origin_know_nothing_of_each_other() -> None:
    bench, other = Bench("Count = 1"), Bench()
    other.process._vm = _vm(bench).fork()
    assert _told(other, "Count = Count + 1 return Count") == "2"
    assert _told(bench, "return Count") == "1"


def test_taking_an_image_changes_nothing() -> None:
    first, second = (
        Bench("Big = {} for i = 1, 50 do Big['k' .. i] = {} end"),
        Bench("Big = {} for i = 1, 50 do Big['k' .. i] = {} end"),
    )
    image = _vm(first).image()
    assert _vm(first).image() == image
    for bench in (first, second):
        bench.eval("for k, v in pairs(Big) do print(k .. tostring(v)) end")
    assert _vm(first).image() == _vm(second).image()


def test_a_fresh_process_takes_little_more_than_who_it_is() -> None:
    vm = ImagedVm(INFO, "docs")
    vm.forget_parts()
    assert len(vm.image()) < 1_000
    bench = Bench()
    assert len(_vm(bench).image()) < 2_500


def test_what_an_author_has_dropped_is_in_no_image() -> None:
    bench = Bench("for i = 1, 500 do table.insert(Inbox, { Data = ('x'):rep(100) .. i }) end Inbox = {}")
    assert len(_vm(bench).image()) < 8_000


def test_the_order_of_keys_that_a_loop_has_found_is_in_no_image() -> None:
    text = "t = {} for i = 1, 1000 do t['key' .. i] = i end"
    loop = " for k in pairs({ a = 1, b = 2 }) do end"
    once, often = Bench(text + loop), Bench(text + loop + " for k in pairs(t) do end")
    assert len(_vm(often).image()) < len(_vm(once).image()) + 200


def test_a_note_of_the_holder_goes_with_the_image() -> None:
    vm = ImagedVm(INFO, "docs")
    other = ImagedVm(INFO, "docs")
    assert other.restore(vm.image(b"prompt> \xff")) == b"prompt> \xff"
    assert other.restore(vm.image()) == b""


def test_parts_that_were_wanted_stay_wanted() -> None:
    bench = Bench("t = setmetatable({}, { __index = function(_, k) return require('.bint')(256)(k) end })")
    assert _told(bench, "return tostring(table.concat({ tostring(t[7]) }))") == "7"
    wanted = _vm(bench).wanted
    _go_on(bench)
    assert _vm(bench).wanted == wanted


# What survives --------------------------------------------------------------------------------------------

_SURVIVING = {
    "cycles and sharing": (
        "a = { name = 'a' } a.self = a b = { a, a, [a] = 'key' } setmetatable(b, { __index = a })",
        "return tostring(a.self == a) .. tostring(b[1] == b[2]) .. b[a] .. b.name",
    ),
    "shared variables of functions": (
        "do local n = 0 function up() n = n + 1 return n end function down() n = n - 1 return n end end up() up()",
        "return up() .. ' ' .. down() .. ' ' .. down() .. ' ' .. up()",
    ),
    "functions that make functions": (
        "function counter(n) return function() n = n + 1 return n end end list = {} "
        "for i = 1, 5 do list[i] = counter(i * 10) end list[1]()",
        "return list[1]() .. ' ' .. list[2]() .. ' ' .. list[1]() .. ' ' .. counter(1)()",
    ),
    "many functions of one piece of code": (
        "total = 0 local function adder(k) local own = k return function(x) total = total + x own = own + 1 "
        "return function() own = own + 1 return own + k + total end end end "
        "adders, inner = {}, {} for i = 1, 40 do adders[i] = adder(i) inner[i] = adders[i](i) end",
        "local out = {} for i = 1, 40 do out[i] = inner[i]() .. ',' .. adders[41 - i](1)() .. ',' .. inner[i]() end "
        "return table.concat(out, ' ') .. total .. tostring(adders[1] == adders[2])",
    ),
    "functions within functions, of variables far outside": (
        "do local a, b = 1, 2 function outer() return function() a = a + 1 "
        "return function() b = b + a return b end end end end "
        "f = { outer(), outer(), outer() } g = { f[1](), f[2](), f[3](), f[1]() }",
        "return g[1]() .. ' ' .. g[2]() .. ' ' .. f[3]()() .. ' ' .. g[4]() .. ' ' .. outer()()()",
    ),
    "functions without variables": (
        "f = {} for i = 1, 3 do f[i] = load('return ' .. i) end f[4] = f[1] set = { [f[1]] = 'one', [f[2]] = 'two' }",
        "return set[f[4]] .. set[f[2]] .. tostring(set[f[3]]) .. f[3]() .. tostring(f[1] == f[2])",
    ),
    "the lines of errors": (
        "function broken()\n  local x = nil\n  return x.field\nend",
        "local _, problem = pcall(broken) local info = debug.getinfo(broken, 'S') "
        "return problem .. ' ' .. info.short_src .. info.linedefined .. ' ' .. debug.traceback('at', 0)",
    ),
    "the author's own libraries": (
        "function string.shout(s) return s:upper() .. '!' end table.insert = nil math.pi = 3 "
        "local old = print function print(...) old('> ' .. ...) end string.lower = nil",
        "print('x') return ('a'):shout() .. tostring(table.insert) .. math.pi .. tostring(('x').lower)",
    ),
    "metatables of all kinds": (
        "T = setmetatable({}, { __tostring = function() return 'T!' end, __len = function() return 7 end, "
        "__call = function(_, x) return x * 2 end, __pairs = function() return next, { p = 1 }, nil end, "
        "__metatable = 'locked', __concat = function() return 'joined' end })",
        "local keys = '' for k in pairs(T) do keys = keys .. k end "
        "return tostring(T) .. #T .. T(4) .. keys .. tostring(getmetatable(T)) .. (T .. T)",
    ),
    "a field that Lua looks at when a metatable is set, set later": (
        "M = {} t = setmetatable({}, M) M.__gc = function() Collected = true end M.__mode = 'k' t[{}] = 1",
        "return tostring(Collected) .. tostring(M.__gc ~= nil) .. tostring(M.__mode)",
    ),
    "numbers": (
        "n = { 1, 1.0, -0.0, 0.1, 1e300, 2^53, math.maxinteger, math.mininteger, 1/0, -1/0, 191, 192, -129, 70000 } "
        "nan = 0/0",
        "local out = {} for i, v in ipairs(n) do out[i] = math.type(v) .. string.format('%q', v) end "
        "return table.concat(out, ' ') .. tostring(nan ~= nan) .. tostring(1 / n[3])",
    ),
    "texts": (
        "s = { '', 'a', 'ab', ('x'):rep(64), ('x'):rep(65), ('y'):rep(255), ('y'):rep(256), '\\0', ('z'):rep(70000) } "
        "for i = 1, 20000 do s[#s + 1] = 'n' .. i s[#s + 1] = 'n' .. i end",
        "local c, text = require('.crypto'), table.concat(s, '|') "
        "return #s .. c.digest.md5(c.utils.stream.fromString(text)).asHex()",
    ),
    "keys of all kinds": (
        "k = { [1.5] = 'f', [true] = 't', [false] = 'n', [-3] = 'i', [2^40 | 0] = 'l', x = 's', 'one' } "
        "k[print], k[Handlers] = 'p', 'h' for i = 1, 5 do k[{ i }] = i end",
        "local out = {} for key, v in pairs(k) do out[#out + 1] = type(key) .. tostring(v) end "
        "return table.concat(out, ' ')",
    ),
    "lengths of lists with holes": (
        "a = { 1, nil, 3 } b = { nil, nil, 3 } c = { 1, 2, nil, 4, x = 1 } d = table.pack(nil, 1, nil) "
        "e = { n = 0, [3] = 1 } f = {} for i = 1, 120 do f[i] = i end for i = 1, 25 do f[i * 4 % 120] = nil end "
        "f.x, g = 1, {} for i = 100, 1, -1 do g[i] = i % 3 == 0 and i or nil end",
        "return table.concat({ #a, #b, #c, #d, d.n, #e, #f, #g }, ' ')",
    ),
    "numbers given to objects": (
        "o = {} first = tostring(o) p = {} for i = 1, 20 do p[i] = {} tostring(p[i]) end",
        "return first .. tostring(o) .. tostring(p[20]) .. tostring({}) .. tostring(print)",
    ),
    "the order of loops over objects": (
        "set = {} for i = 1, 20 do set[{ i = i }] = i set['k' .. i] = i end "
        "for k in pairs(set) do end where = next(set)",
        "local out = {} for k, v in pairs(set) do out[#out + 1] = v end "
        "return table.concat(out, ' ') .. tostring(set[next(set, where)])",
    ),
    "draws": (
        "math.random() math.random(10)",
        "return math.random(1000000) .. ' ' .. math.random() .. ' ' .. require('.chance').integer(1, 1000000)",
    ),
    "the time": ("t = os.time", "return tostring(t()) .. os.time() .. os.clock() .. os.date('%c')"),
    "libraries, as they were changed": (
        "json = require('json') json.encode = function() return 'mine' end Utils.extra = 1 "
        "bint = require('.bint')(128) big = bint(2)^100",
        "return require('json').encode({}) .. json.decode('[7]')[1] .. Utils.extra .. tostring(big * bint(3))",
    ),
    "coroutines that have ended": (
        "co = coroutine.create(function() return 1 end) coroutine.resume(co) w = coroutine.wrap(function() end) w()",
        "return coroutine.status(co) .. tostring(coroutine.resume(co)) .. tostring(pcall(w))",
    ),
    "messages nobody has looked into": (
        "Handlers.add('keep', 'Keep', function(m) Kept = m end)",
        "local out = {} for i, m in ipairs(Inbox) do for k, v in pairs(m) do out[#out + 1] = k .. type(v) end end "
        "return table.concat(out, ' ')",
    ),
    "loops at rest": (
        "source = { a = 1, b = 2, c = 3 } step, state, at = pairs(source) at = step(state, at)",
        "return at .. step(state, at)",
    ),
}


@pytest.mark.parametrize("name", _SURVIVING)
def test_survives(name: str) -> None:
    stayed, went = _before_and_after(*_SURVIVING[name])
    assert went == stayed


def test_no_code_of_the_author_runs_when_an_image_is_made_or_read() -> None:
    bench = Bench("""
    Runs = 0
    local function run() Runs = Runs + 1 error("run") end
    M = { __eq = run, __lt = run, __index = run, __newindex = run, __len = run, __pairs = run, __call = run,
      __tostring = run, __concat = run, __unm = run, __name = "M", __gc = run }
    list = setmetatable({ 1, 2, x = setmetatable({}, M) }, M)
    keyed = { [setmetatable({}, M)] = setmetatable({}, M), [setmetatable({}, M)] = 1 }
    M.__mode = "k"
    """)
    _go_on(bench)
    assert bench.process.read("Runs") == 0


def test_handlers_and_their_counts_survive() -> None:
    source = """
    Handlers.add("a", { Action = "A" }, function(m) m.reply({ Data = "a" }) end)
    Handlers.once("b", "B", function(m) m.reply({ Data = "b" }) end)
    Handlers.prepend("all", function() return "continue" end, function(m) Seen = (Seen or 0) + 1 end)
    Handlers.add("three", "Three", function(m) m.reply({ Data = Seen .. "" }) end, 3)
    Handlers.remove("a")
    """

    def run(bench: Bench, hop: bool) -> list[Result]:
        results = []
        for action in ("A", "B", "B", "Three", "Three", "A", "Three", "Three"):
            results.append(bench.push("Action", action, data="d"))
            if hop:
                _go_on(bench)
        return results

    assert run(Bench(source), hop=True) == run(Bench(source), hop=False)


def test_messages_that_were_kept_can_be_answered_later() -> None:
    def run(hop: bool) -> Result:
        bench = Bench("Handlers.add('keep', 'Keep', function(m) Kept = m Reply = m.reply end)")
        bench.push("Action", "Keep", "Reference", "77", "Some-Thing", "x")
        if hop:
            _go_on(bench)
        return bench.eval(
            "Kept.reply({ Data = Kept['Some-Thing'] }) Reply({ Data = '2' }) Kept.forward('x', {}) return Kept.Tags"
        )

    assert run(hop=True) == run(hop=False)


def test_files_survive() -> None:
    bench = Bench()
    _vm(bench).file("/data/x", "the text")
    bench.eval("file = io.open('/data/x') first = file:read(3)")
    _go_on(bench)
    assert _told(bench, "return first .. '|' .. file:read('a')") == "the| text"


def test_equal_runs_have_equal_images_whatever_else_the_host_has_done() -> None:
    text = """
    set, other = {}, {}
    for i = 1, 40 do set['k' .. i] = { i } set[{ i }] = i set[function() return i end] = true end
    for k in pairs(set) do end
    for i = 1, 30 do other[{}] = i other[setmetatable({}, {})] = true other[{ i }] = {} end
    """
    first = Bench(text)
    for name in (".crypto", ".bint", ".pretty"):
        Bench(f"require('{name}')")
    image = _vm(first).image()
    assert _vm(Bench(text)).image() == image
    assert _vm(first).fork().image() == image


# What is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "path", "reason"),
    [
        ("co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co)", "co", "suspended"),
        ("Deep = { here = { coroutine.create(print) } }", "Deep.here[1]", "has not begun"),
        ("do local next_match = ('a b'):gmatch('%a') function Words() return next_match() end end",
         "the variable next_match of Words", "string.gmatch"),
        ("w = { ['a b'] = coroutine.wrap(function() coroutine.yield() end) }", 'w["a b"]', "coroutine.wrap"),
        ("t = setmetatable({}, { __index = { coroutine.create(print) } })", "the metatable of t.__index[1]", "begun"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_down_is_refused_with_its_path(source: str, path: str, reason: str) -> None:
    with pytest.raises(NotImaged) as caught:
        _vm(Bench(source)).image()
    assert caught.value.path == path
    assert reason in caught.value.reason
    assert path in str(caught.value)


def test_a_process_whose_handler_waits_has_no_image_until_the_answer_has_come() -> None:
    bench = Bench(
        "Handlers.add('ask', 'Ask', function(m) Got = Send({ Target = m.From, Action = 'Q' }).receive().Data end)"
    )
    (question,) = bench.push("Action", "Ask").messages
    with pytest.raises(NotImaged, match=r"Handlers\.coroutines is a handler that waits"):
        _vm(bench).image()
    bench.push("X-Reference", question.tag("Reference") or "", data="answer")
    _go_on(bench)
    assert _told(bench, "return Got") == "answer"


def test_bytes_that_are_no_image_are_refused_and_change_nothing() -> None:
    bench = Bench("x = 1")
    vm = _vm(bench)
    image = vm.image()
    damaged = image[:-1] + bytes((image[-1] ^ 1,))
    for bad, told in ((b"", "none"), (b"\x1bLua", "none"), (damaged, "damaged"), (image[:-5], "damaged")):
        with pytest.raises(ImageRefused, match=told):
            vm.restore(bad)
    with pytest.raises(ImageRefused, match="network"):
        vm.restore(ImagedVm(INFO, "network").image())
    assert vm.image() == image


def test_an_image_of_another_runtime_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    vm = ImagedVm(INFO, "docs")
    image = vm.image()
    monkeypatch.setattr("aosim.luavm.image._fingerprint", lambda: bytes(16))
    with pytest.raises(ImageRefused, match="another version of the runtime"):
        vm.restore(image)


# What the host keeps --------------------------------------------------------------------------------------


class _Tally:
    def __init__(self, value: int = 0) -> None:
        self.value = value

    def image(self) -> bytes:
        return b"%d" % self.value

    @classmethod
    def restore(cls, image: bytes) -> _Tally:
        return cls(int(image))


class _Secret:
    pass


_Tally.__module__ = _Secret.__module__ = "testing_tally"


def _count(desk: Desk) -> tuple[Scalar, ...]:
    desk.kept(_Tally).value += 1
    return (desk.kept(_Tally).value,)


def _hide(desk: Desk) -> tuple[Scalar, ...]:
    desk.kept(_Secret)
    return ()


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    room = ModuleType("testing_tally")
    room.SERVICES = {b"count": _count, b"hide": _hide}  # type: ignore[attr-defined]
    room._Tally = _Tally  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "testing_tally", room)
    monkeypatch.setitem(services.ROOMS, b"tally", "testing_tally")
    code = source._compile(
        b"local lib = ... return { count = function() return lib.ask('tally.count') end, "
        b"hide = function() return lib.ask('tally.hide') end }",
        "pretty",
    )
    real = source.library
    monkeypatch.setattr(source, "library", lambda name: code if name == "pretty" else real(name))


def test_what_services_keep_for_a_process_is_part_of_its_image(asking: None) -> None:
    bench = Bench("host = require('.pretty')")
    assert _told(bench, "return host.count()") == "1"
    other = _vm(bench).fork()
    _go_on(bench)
    assert _told(bench, "return host.count()") == "2"
    bench.process._vm = other
    assert _told(bench, "return host.count()") == "2"


def test_what_a_service_cannot_write_down_is_named(asking: None) -> None:
    bench = Bench("require('.pretty').hide()")
    with pytest.raises(NotImaged, match="the host keeps a _Secret"):
        _vm(bench).image()


# Code -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["json", "waiting", "sandbox_host", "bint"])
def test_the_code_of_functions_is_found_in_a_chunk_as_lua_gives_it(name: str) -> None:
    chunk = source.library(name)
    lua = source.new_runtime()
    loaded = lua.execute(b"return string.dump(load(..., 'x', 'b'), true)", chunk)
    codes = list(functions_of(chunk))
    assert codes[0] == loaded[33:] == chunk[33:]
    assert len(codes) > 5


def test_ordinary_processes_pay_nothing_for_images() -> None:
    assert not hasattr(Vm, "image")
    assert "_run" not in Vm.__slots__


def test_a_process_of_many_entries_comes_back_whole() -> None:
    bench = Bench("Balances = {} for i = 1, 20000 do Balances[string.format('%043d', i * 7919)] = tostring(i) end")
    _go_on(bench)
    probe = "local n, s = 0, 0 for k, v in pairs(Balances) do n = n + 1 s = s + tonumber(v) end return n .. ' ' .. s"
    assert _told(bench, probe) == "20000 200010000"
