from __future__ import annotations

from pathlib import Path

import pytest

from aosim.errors import UsageError
from aosim.pages import Block, Status, run_page

LONG = "A" * 43


def run(*blocks: str, **options: object) -> list[Block]:
    """The blocks of a page that has these texts, each in a fence of Lua unless it brings its own."""
    fenced = [block if "```" in block else f"```lua\n{block}\n```" for block in blocks]
    return run_page("page.md", text="\n".join(fenced), **options)  # type: ignore[arg-type]


def told(block: Block) -> tuple[str, str]:
    return str(block.status), block.reason


def test_blocks_of_a_page_are_run_in_its_order_in_one_process() -> None:
    first, second, third = run("X = (X or 0) + 1", "X = X + 10", "X")
    assert [told(block) for block in (first, second, third)] == [("ok", "")] * 3
    assert third.output == "11"
    assert (second.number, second.line, second.language, str(second)) == (2, 4, "lua", "page.md:4")


def test_two_pages_share_nothing() -> None:
    run("X = 1")
    assert run("tostring(X)")[0].output == "nil"


def test_a_block_that_fails_is_an_error_at_its_line_of_the_page_and_changes_nothing() -> None:
    failed, after = run("X = 1\nlocal t = nil\nt.x = 1", "tostring(X)")
    assert told(failed) == ("error", "page.md:4: attempt to index a nil value (local 't')")
    assert failed.failed
    assert after.output == "nil"


def test_an_error_without_a_place_is_told_with_that_of_its_block() -> None:
    (block,) = run("\nName = nil")
    assert told(block) == ("error", "page.md:2: attempt to concatenate a nil value (field 'Name')")


def test_a_handler_that_fails_when_the_page_calls_it_is_an_error_of_the_block_that_called() -> None:
    page = ('Handlers.add("Go", "Go", function(msg)\n  error("no")\nend)', 'Send({ Target = ao.id, Action = "Go" })')
    made, called = run(*page)
    assert (made.status, told(called)) == (Status.OK, ("error", "page.md:3: no"))


def test_a_child_that_fails_is_told_with_its_name() -> None:
    page = 'Spawn(ao._module, { Name = "child", ["On-Boot"] = "Data", Data = "error(\'no\')" })'
    (block,) = run(page)
    assert told(block) == ("error", 'page.md:2: child: [string "aos"]:1: no')


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('Receive({ Action = "Pong" })', "waits for a message with Action = 'Pong'"),
        ('Receive("Pong")', "waits for Action = 'Pong'"),
        ("Receive(function(msg) return true end)", "waits for a message that its pattern takes"),
        ("Receive({ Data = function() return true end })", "waits for a message with Data = what its function takes"),
        (
            f'print(Send({{ Target = "{LONG}" }}).receive().Data)',
            f"waits for an answer; dead letter: no process or wallet has the address {LONG}",
        ),
    ],
)
def test_a_block_that_waits_is_ok_and_says_for_what(code: str, reason: str) -> None:
    block, after = run(code, "1")
    assert told(block) == ("ok", reason)
    assert told(after) == ("ok", "")


def test_a_block_that_is_answered_waits_for_nothing() -> None:
    page = 'Handlers.add("Ping", "Ping", function(msg) msg.reply({ Data = "pong" }) end)'
    _, asked = run(page, 'print(Send({ Target = ao.id, Action = "Ping" }).receive().Data)')
    assert (told(asked), asked.output) == (("ok", ""), "pong")


def test_a_fragment_is_no_lua_unless_the_run_is_strict() -> None:
    reason = "page.md:2: unexpected symbol near '...'"
    assert told(run("function f() ... end")[0]) == ("not Lua", reason)
    assert told(run("function f() ... end", strict=True)[0]) == ("error", reason)
    assert told(run("```\nhello world\n```", strict=True)[0]) == ("not Lua", "page.md:2: syntax error near 'world'")


def test_a_block_above_which_the_page_says_not_run_is_not() -> None:
    (block,) = run("<!-- not run: it never ends -->\n```lua\nerror('no')\n```")
    assert told(block) == ("not run", "it never ends")
    (block,) = run("<!-- not run -->\n```lua\nerror('no')\n```")
    assert told(block) == ("not run", "")
    (fragment,) = run("<!-- not run: half of it -->\n```lua\nx = \n```", strict=True)
    assert told(fragment) == ("not run", "half of it")


def test_a_blueprint_that_is_not_there_is_a_reason_and_no_error() -> None:
    (block,) = run(".load-blueprint token")
    assert told(block) == ("not run", "page.md:2: blueprint token is not there")


def test_a_blueprint_that_is_there_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aosim.pages.blueprints._BLUEPRINTS", {"token": "Ticker = 'PNTS'"})
    assert [told(block) for block in run(".load-blueprint token", "assert(Ticker == 'PNTS')")] == [("ok", "")] * 2


def test_a_file_beside_the_page_is_loaded_with_what_it_requires(tmp_path: Path) -> None:
    (tmp_path / "room.lua").write_text(
        'local names = require("names")\nRoom = names.room\nfunction fail()\n  x.y = 1\nend'
    )
    (tmp_path / "names.lua").write_text('return { room = "hall" }')
    page = tmp_path / "page.md"
    page.write_text("```lua\n.load room.lua\nRoom\n```\n```lua\nfail()\n```\n")
    loaded, failed = run_page(page)
    assert (loaded.status, loaded.output) == (Status.OK, "hall")
    assert failed.reason == "room.lua:4: attempt to index a nil value (global 'x')"


def test_a_file_that_is_not_there_or_no_lua_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "room.lua").write_text("x =")
    page = tmp_path / "page.md"
    page.write_text("```lua\n.load hall.lua\n```\n```lua\n.load room.lua\n```")
    absent, broken = run_page(page)
    assert absent.reason.startswith("page.md:2: there is no file 'hall.lua' beside the page, nor a block before")
    assert (broken.status, broken.reason[:42]) == (Status.ERROR, "page.md:5: room.lua:1: unexpected symbol n")


@pytest.mark.parametrize(
    "block",
    [
        '```lua title="room.lua"\nCount = (Count or 0) + 1\n```',
        "```lua\n-- room.lua\nCount = (Count or 0) + 1\n```",
        "```lua\n-- file: src/room.lua\nCount = (Count or 0) + 1\n```",
        "<!-- file: room.lua -->\n```lua\nCount = (Count or 0) + 1\n```",
        "Put this into `room.lua`:\n\n```lua\nCount = (Count or 0) + 1\n```",
    ],
)
def test_a_block_that_is_said_to_be_a_file_can_be_loaded(block: str) -> None:
    made, loaded = run(block, ".load room.lua\nCount")
    assert (told(made), told(loaded), loaded.output) == (("ok", ""), ("ok", ""), "2")


def test_blocks_of_one_file_are_parts_of_it_and_keep_their_lines() -> None:
    first = '```lua title="room.lua"\nlocal hall = "hall"\n```'
    second = '```lua title="room.lua"\nfunction fail()\n  error(tostring(hall))\nend\n```'
    *_, failed = run(first, second, ".load room.lua\nfail()")
    assert told(failed) == ("error", "page.md:6: hall")


def test_blocks_that_are_each_the_whole_file_are_loaded_as_the_last_is() -> None:
    blocks = [f'```lua title="room.lua"\nCount = {number}\nreturn Count\n```' for number in (1, 2)]
    *_, loaded = run(*blocks, "Count = 0", ".load room.lua")
    assert (loaded.status, loaded.output) == (Status.OK, "2")


def test_a_block_that_is_said_to_be_a_file_can_be_required_by_others() -> None:
    names = "```lua\n-- names.lua\nreturn { room = 'hall' }\n```"
    room = "```lua\n-- room.lua\nreturn require('names')\n```"
    *_, used = run(names, room, "return require('room').room")
    assert (told(used), used.output) == (("ok", ""), "hall")


def test_what_a_session_shows_is_compared_when_asked() -> None:
    session = "```\naos> 1 + 1\n2\naos> 1 + 2\n4\naos> 5\n```"
    assert run(session)[0].output == "2\n3\n5"
    assert told(run(session)[0]) == ("ok", "")
    assert told(run(session, check_output=True)[0]) == ("error", "page.md:4: it prints '3', the page shows '4'")


def test_a_session_says_the_worst_of_its_lines() -> None:
    assert told(run("```\naos> 1\naos> Send({\n```")[0]) == ("not Lua", "page.md:3: unexpected symbol near <eof>")
    assert told(run("```\naos> x.y.z\naos> Send({\n```")[0])[0] == "error"


def test_what_the_network_would_do_differently_is_found_at_the_line_of_the_page() -> None:
    (block,) = run("X = 1\nlocal x = json.encode({})")
    assert [(one.rule, one.place) for one in block.findings] == [("json-global", "page.md:3")]
    (failed,) = run("local x = json.encode({})", fidelity="network")
    assert failed.status is Status.ERROR


def test_messages_without_end_are_an_error_and_stop_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aosim.pages.runner.EVENTS_MAX", 50)
    page = (
        'Handlers.add("Go", "Go", function() Send({ Target = ao.id, Action = "Go" }) end)',
        'Send({ Target = ao.id, Action = "Go" })',
        "X = 1",
        "```sh\nls\n```",
    )
    _, endless, after, other = run(*page)
    assert told(endless) == ("error", "page.md:5: after 50 events there are still messages on the way")
    assert told(after) == ("not run", "messages of the block at page.md:5 do not end")
    assert told(other) == ("not Lua", "its fence says sh")


def test_a_process_that_is_given_away_evaluates_no_more() -> None:
    _, after = run('Owner = "somebody"', "1")
    assert after.status is Status.ERROR
    assert after.reason.startswith("page.md:5: nothing was evaluated, it ended as inbox")


@pytest.mark.parametrize("name", ["owner.md", f"{LONG}.md", ".md"])
def test_a_page_may_have_any_name(name: str) -> None:
    (block,) = run_page(name, text="```lua\nerror('no')\n```")
    assert block.reason == f"{name}:2: no"


def test_the_same_page_gives_the_same_blocks() -> None:
    page = ("X = math.random(1000)", "print(X, os.time(), {}, ao.id)", "Receive({ Action = 'Pong' })", "x.y = 1")
    assert run(*page) == run(*page)


def test_a_page_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        run_page(tmp_path / "none.md")
    (tmp_path / "page.md").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="this is no UTF-8 text"):
        run_page(tmp_path / "page.md")


def test_a_block_as_json_has_all_that_is_known_of_it() -> None:
    (block,) = run("Y = json")
    assert block.as_dict() == {
        "page": "page.md",
        "block": 1,
        "line": 1,
        "language": "lua",
        "status": "ok",
        "reason": "",
        "output": "",
        "findings": [{**block.findings[0]._asdict(), "on_the_network": block.findings[0].on_the_network}],
    }


@pytest.mark.parametrize("module", ["mine.lua", Path("mine.lua")])
def test_a_module_of_ones_own_is_refused_for_it_has_no_eval(tmp_path: Path, module: str | Path) -> None:
    (tmp_path / "mine.lua").write_text("return { handle = function() end }")
    with pytest.raises(UsageError, match=r"module='.*mine\.lua': a module of one's own has no Eval"):
        run_page("page.md", text="```lua\nerror('no')\n```", module=str(tmp_path / module))
