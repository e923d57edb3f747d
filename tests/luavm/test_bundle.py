from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aosim import Simulation
from aosim.errors import SourceError, UsageError
from aosim.luavm.bundle import load_source, quote
from aosim.luavm.source import new_runtime

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the test's own folder."""

    def writer(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return writer


def _read(path: Path | str, name: str) -> object:
    return Simulation().spawn(path).read(name)


def test_text_is_lua_unless_it_is_one_line_that_ends_in_lua(write: Write) -> None:
    path = write("a.lua", "x = 1")
    assert load_source("x = 2") == ("x = 2", "")
    assert load_source(str(path)) == ("x = 1", "a.lua")
    assert load_source("-- about a.lua\nx = 3 -- not a.lua").chunk == ""


def test_required_files_come_along(write: Write) -> None:
    write("lib/price.lua", "local tax = require('lib.tax') return function(n) return n + tax end")
    write("lib/tax.lua", "return 7")
    main = write("main.lua", "local price = require 'lib.price'\nTotal = price(1)")
    assert _read(main, "Total") == 8


@pytest.mark.parametrize(
    "call", ['require("one")', "require 'one'", 'require"one"', 'require ( "one" )', 'require("./one")']
)
def test_require_may_be_written_in_many_ways(write: Write, call: str) -> None:
    write("one.lua", "return 1")
    assert _read(write("main.lua", f"One = {call}"), "One") == 1


def test_a_file_beside_the_requiring_one_is_found_first(write: Write) -> None:
    write("lib/a.lua", "return require('b')")
    write("lib/b.lua", "return 'beside'")
    assert _read(write("main.lua", "X = require('lib.a')"), "X") == "beside"


def test_a_file_that_two_require_is_loaded_once(write: Write) -> None:
    write("shared.lua", "Loaded = (Loaded or 0) + 1 return {}")
    write("a.lua", "return require('shared')")
    write("b.lua", "return require('shared')")
    assert _read(write("main.lua", "require('a') require('b') Same = require('a') == require('b')"), "Loaded") == 1


def test_files_that_require_each_other_do_not_hang(write: Write) -> None:
    write("a.lua", "if false then require('b') end return 1")
    write("b.lua", "if false then require('a') end return 2")
    assert _read(write("main.lua", "A = require('a')"), "A") == 1


def test_the_main_file_keeps_its_line_numbers(write: Write) -> None:
    write("one.lua", "return {\n1,\n2\n}")
    source = load_source(write("main.lua", "local one = require('one')\nx = 2\n"))
    assert source.text.count("\n") == 2


def test_an_error_in_a_required_file_names_its_line(write: Write) -> None:
    write("lib/fail.lua", "return function()\n\n  error('here')\nend")
    main = write("main.lua", "local fail = require('lib.fail')\nHandlers.add('go', 'Go', fail)")
    sim = Simulation()
    sent = sim.spawn(main).send(Action="Go")
    sim.run()
    assert sent.error == "lib/fail.lua:3: here"


def test_what_is_only_mentioned_in_a_comment_is_not_loaded(write: Write) -> None:
    write("broken.lua", "x = = 1")
    load_source(write("main.lua", "-- require('broken')\n--[==[ require('broken') ]==] x = 1"))


def test_a_file_named_like_a_library_does_not_replace_it(write: Write) -> None:
    write("json.lua", "return 'mine'")
    assert _read(write("main.lua", "X = type(require('json'))"), "X") == "table"


def test_what_is_in_no_file_is_left_to_the_process(write: Write) -> None:
    main = write("main.lua", "package.preload['made'] = function() return 5 end X = require('made')")
    assert _read(main, "X") == 5


def test_lua_that_does_not_parse_is_refused_with_file_and_line(write: Write) -> None:
    with pytest.raises(SourceError, match=r"main\.lua:2: unexpected symbol near '='"):
        load_source(write("main.lua", "x = 1\ny = = 2"))
    write("lib/bad.lua", "\n\nend")
    with pytest.raises(SourceError, match=r"lib/bad\.lua:3: "):
        load_source(write("other.lua", "require('lib.bad')"))


def test_a_missing_file_names_those_that_are_there(write: Write, tmp_path: Path) -> None:
    write("shop.lua", "")
    with pytest.raises(SourceError, match=r"no file '.*shpo\.lua'\. Lua files there: shop\.lua"):
        load_source(tmp_path / "shpo.lua")
    with pytest.raises(SourceError, match="No Lua files in"):
        load_source(tmp_path / "nowhere" / "shop.lua")
    with pytest.raises(SourceError, match=r"[Ii]s a directory"):
        load_source(tmp_path)


def test_half_a_character_in_lua_text_is_refused() -> None:
    with pytest.raises(UsageError, match="Lua text holds"):
        load_source("x = '\ud800'")


def test_bytes_that_are_no_text_stay_as_they_are(write: Write) -> None:
    write("bytes.lua", "return '\udcff'")
    assert _read(write("main.lua", "X = require('bytes')"), "X") == "\udcff"


def test_a_quoted_text_is_that_text_to_lua() -> None:
    text = "".join(map(chr, range(256))) + "]]\\n\"' 0123\x001"
    out = new_runtime().execute(f"return {quote(text)}".encode())
    assert out == text.encode()


def test_errors_in_a_text_name_the_file_it_is_said_to_come_from() -> None:
    sim = Simulation()
    process = sim.spawn('Handlers.add("B", "B", function() error("boom") end)', name="b", file="page.md")
    sent = process.send(Action="B")
    sim.run()
    assert sent.error == "page.md:1: boom"
    with pytest.raises(SourceError, match=r"^page\.md:1: "):
        sim.spawn("local = 1", file="page.md")


def test_a_file_has_a_name_and_is_given_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("X = 1")
    with pytest.raises(UsageError, match="file="):
        Simulation().spawn(tmp_path / "a.lua", file="b.lua")


def test_a_path_without_its_ending_is_no_lua_and_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.lua").write_text("x = 1")
    with pytest.raises(SourceError, match=r"syntax error near <eof>.* If the file is meant: Path\('shop\.lua'\)"):
        load_source("shop")
    with pytest.raises(SourceError, match=r"load it again\.$"):
        load_source("shap")


def test_a_byte_order_mark_in_front_of_a_file_is_no_lua(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_bytes(b"\xef\xbb\xbfX = 7")
    assert Simulation().spawn(tmp_path / "a.lua").read("X") == 7
