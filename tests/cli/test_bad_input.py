from __future__ import annotations

from pathlib import Path

import pytest

from cli.terminal import Terminal


def refused(aosim: Terminal, *words: str) -> str:
    """The complaint; nothing may have been printed before it."""
    done = aosim(*words)
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    return done.err.removeprefix("aosim: ").rstrip("\n")


def test_a_missing_lua_file_names_those_that_are_there(aosim: Terminal) -> None:
    assert refused(aosim, "run", "shp.lua") == "no file 'shp.lua'. Lua files there: bank.lua, shop.lua"


def test_a_missing_scenario_names_those_that_are_there(aosim: Terminal, folder: Path) -> None:
    (folder / "day.toml").write_text("")
    (folder / "day.py").write_text("")
    assert refused(aosim, "run", "night.toml") == "no file 'night.toml'. Scenario files there: day.toml"
    assert refused(aosim, "run", "night.py") == "no file 'night.py'. Python files there: day.py"


def test_an_unknown_kind_of_file_says_which_kinds_there_are(aosim: Terminal) -> None:
    assert refused(aosim, "run", "notes.txt") == (
        "'notes.txt': aosim runs a Python scenario (.py), a TOML scenario (.toml) or Lua files (.lua); "
        "the ending tells which"
    )


def test_a_file_without_its_ending_is_told_which_are_there(aosim: Terminal) -> None:
    assert refused(aosim, "run", "shop").endswith("; the ending tells which. Did you mean shop.lua?")


def test_a_required_file_that_is_missing_is_told_in_one_line(aosim: Terminal, folder: Path) -> None:
    (folder / "bad.lua").write_text('local prices = require("shop.prices")\n')
    assert refused(aosim, "run", "bad.lua") == (
        "process 'bad' was not made, its code failed while loading: bad.lua:1: module 'shop.prices' not found; "
        "files are looked for beside the file that requires them, as shop/prices.lua. "
        "Nothing was changed; mend the file and spawn it again."
    )


def test_two_scenarios_at_once_are_refused(aosim: Terminal) -> None:
    assert refused(aosim, "run", "a.toml", "b.lua").startswith("give one scenario, or any number of Lua files")


def test_send_goes_with_lua_files_only(aosim: Terminal) -> None:
    assert refused(aosim, "run", "a.toml", "--send", "a Action=B").startswith(
        "--send, --wallet, --item and --module go"
    )


def test_lua_that_does_not_parse_is_told_with_its_line_before_anything_runs(aosim: Terminal, folder: Path) -> None:
    (folder / "bad.lua").write_text("local a = 1\nlocal = 2\n")
    assert refused(aosim, "run", "shop.lua", "bad.lua") == (
        "bad.lua:2: <name> expected near '='. Mend that line and load it again."
    )


def test_code_that_fails_while_loading_is_told_with_its_line(aosim: Terminal, folder: Path) -> None:
    (folder / "bad.lua").write_text('local a = 1\nerror("no bank here")\n')
    assert refused(aosim, "run", "bad.lua") == (
        "process 'bad' was not made, its code failed while loading: bad.lua:2: no bank here. "
        "Nothing was changed; mend the file and spawn it again."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("shp Action=Buy", "no process or wallet 'shp'. Did you mean 'shop'? Known: owner, shop"),
        ("shop Action=Buy To=$bob", "'$bob' stands for the address of a name: no process or wallet 'bob'."),
        ("shop Buy", "'Buy' is no tag; write Name=value, and quotes around a value with spaces"),
        ("Action=Buy", "whom it goes to is missing; write a name and tags, as in"),
        ("", "whom it goes to is missing"),
        ("alice>", "write sender>target without spaces, as in"),
        (">shop Action=Buy", "write sender>target without spaces, as in"),
        ("alice > shop Action=Buy", "write sender>target without spaces, as in"),
        ("shop Data='open", "a quotation is not closed; write a name and tags"),
        ("shop Data='it's'", "a quotation is not closed; write a name and tags"),
    ],
)
def test_a_bad_send_says_what_to_write(aosim: Terminal, text: str, complaint: str) -> None:
    assert refused(aosim, "run", "shop.lua", "--send", text).startswith(f"--send {text!r}: {complaint}")


def test_a_process_cannot_be_the_sender(aosim: Terminal) -> None:
    complaint = refused(aosim, "run", "shop.lua", "bank.lua", "--send", "bank>shop Action=Buy")
    assert complaint.startswith("'bank' is a process: only wallets send from outside.")


def test_a_message_too_large_is_refused_before_anything_runs(aosim: Terminal) -> None:
    complaint = refused(aosim, "run", "shop.lua", "--send", "shop Data=" + "x" * (10 * 2**20 + 1))
    assert complaint.startswith("a message to 'shop' holds 10,485,761 bytes, the limit is 10,485,760.")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--for", "60"), "--for: '60' is no duration. Write a whole number and a unit, as in \"60s\""),
        (("--for", "60x"), "--for: '60x' is no duration."),
        (("--for=-5s",), "--for: '-5s' is negative. Time only goes forward"),
        (("--latency=-1ms",), "--latency: '-1ms' is negative."),
        (("--latency", "9ms..1ms"), "--latency: '9ms..1ms': the low bound comes first"),
        (("--module", ""), "no module ''. Known: aos, aos-2.0.1"),
        (("--module", "AOS"), "no module 'AOS'. Did you mean 'aos'? Known: aos, "),
        (("--fidelity", "real"), "--fidelity 'real': there are 'docs' and 'network'"),
    ],
)
def test_a_bad_option_says_what_to_write(aosim: Terminal, words: tuple[str, ...], complaint: str) -> None:
    assert refused(aosim, "run", "shop.lua", *words).startswith(complaint)


@pytest.mark.parametrize("words", [("run", "shop.lua", "--seed", "x"), ("run",), ("rum",), ("run", "--sed", "1")])
def test_wrong_words_give_exit_code_2(aosim: Terminal, words: tuple[str, ...]) -> None:
    assert refused(aosim, *words)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1", "it has no function scenario(sim). Put what it does into"),
        ("def scenario(sim:\n", "day.py:1: '(' was never closed. Mend that line"),
        ("def scenario(sim):\n    sim.wallet('a').send('legder', Action='B')", "no process or wallet 'legder'."),
        (
            "def scenario(sim):\n    sim.wallet('a').send('a', Action=5)",
            "a message to 'a': tag 'Action' is int 5; tags are",
        ),
        (
            "def scenario(sim):\n    sim.wallet('a').send('a', after_ms=-5)",
            "after_ms=-5: a whole number of milliseconds",
        ),
        ("def scenario(sim):\n    {}['a']", "KeyError: 'a'"),
        ("async def scenario(sim):\n    pass", "scenario(sim) is called, not awaited or iterated."),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    ],
)
def test_a_bad_python_scenario_is_told_with_file_and_line(
    aosim: Terminal, folder: Path, text: str, complaint: str
) -> None:
    (folder / "day.py").write_text(text)
    told = refused(aosim, "run", "day.py")
    assert told.startswith("day.py")
    assert complaint in told


def test_bad_toml_is_told_with_its_line(aosim: Terminal, folder: Path) -> None:
    (folder / "day.toml").write_text("[simulation]\nseed = = 5\n")
    told = refused(aosim, "run", "day.toml")
    assert told.startswith("day.toml: no TOML: ")
    assert "line 2" in told


def test_an_unknown_workload_names_those_there_are(aosim: Terminal) -> None:
    assert "no workload 'W99'." in aosim("bench", "W99").err
