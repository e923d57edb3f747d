from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from aosim.fates import Fate
from cli.terminal import Terminal

SENDS = (
    "--send",
    "alice>shop Action=Buy Quantity=2 Bank=$bank",
    "--send",
    "alice>shop Action=Hello Data='how are you'",
)
TYPO = ("--send", "alice>shop Action=Buy Quantity=2OO Bank=$bank")
MARKET = """
[simulation]
seed = 5
latency = {model = "uniform", low_ms = 5, high_ms = 40}

[[wallet]]
name = "alice"

[[process]]
name = "shop"
source = "shop.lua"

[[process]]
name = "bank"
source = "bank.lua"

[[message]]
from = "alice"
to = "shop"
tags = {Action = "Buy", Quantity = "2", Bank = "$bank"}

[[expect]]
process = "bank"
read = "Total"
equals = 200
"""
PYTHON = """
def scenario(sim):
    shop, bank = sim.spawn("shop.lua"), sim.spawn("bank.lua")
    sim.wallet("alice").send(shop, Action="Buy", Quantity="2", Bank=bank.id)
    sim.run()
    print("total", bank.read("Total"))
"""


def test_the_log_shows_each_message_and_the_end_tells_how_to_repeat_the_run(aosim: Terminal) -> None:
    done = aosim("run", "shop.lua", "bank.lua", *SENDS)
    assert done.out.splitlines() == [
        "  00:00.000  owner → shop   spawned",
        "  00:00.000  owner → bank   spawned",
        "  00:00.010  alice → shop   Action=Buy Quantity=2 Bank=bank",
        "  00:00.010  shop           print  sold 2",
        "  00:00.010  alice → shop   Action=Hello Data='how are you'",
        "  00:00.010  shop           inbox  no handler took it",
        "  00:00.020  shop  → bank   Action=Transfer Quantity=200",
        "  00:00.020  shop  → alice  Action=Receipt Data='thank you'",
        done.out.splitlines()[-2],
        "again: aosim run shop.lua bank.lua --send 'alice>shop Action=Buy Quantity=2 Bank=$bank' "
        "--send 'alice>shop Action=Hello Data='\"'\"'how are you'\"'\"'' --seed 0",
    ]
    assert done.out.splitlines()[-2].startswith("0 errors, 0 dead letters, 6 messages, fingerprint ")
    assert (done.code, done.err) == (0, "")


def test_a_failing_handler_is_shown_with_file_and_line_and_gives_exit_code_1(aosim: Terminal) -> None:
    done = aosim("run", "shop.lua", "bank.lua", *TYPO)
    assert "  00:00.010  shop           error  shop.lua:7: Quantity must be a whole number, got '2OO'\n" in done.out
    assert done.out.splitlines()[-2].startswith("1 error, ")
    assert done.code == 1


def test_the_same_seed_prints_the_same_run_and_another_seed_another(aosim: Terminal, folder: Path) -> None:
    (folder / "market.toml").write_text(MARKET)
    first, second, other = (aosim("run", "market.toml", "--seed", seed) for seed in ("7", "7", "8"))
    assert first.out == second.out
    assert first.out != other.out


@pytest.mark.parametrize("hashing", ["0", "1"])
def test_the_installed_command_prints_what_the_function_prints(aosim: Terminal, hashing: str) -> None:
    words = ("run", "shop.lua", "bank.lua", *SENDS)
    done = subprocess.run(
        [sys.executable, "-m", "aosim.cli.main", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hashing, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout == aosim(*words).out
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_stops_reading_ends_the_run_quietly(folder: Path) -> None:
    words = " ".join(f"--send 'alice>bank Action=Transfer Quantity={number}'" for number in range(300))
    done = subprocess.run(
        f"{sys.executable} -m aosim.cli.main run bank.lua {words} | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [("> /dev/full", 2, "aosim: what is printed cannot be written: No space left on device\n"), (">&-", 0, "")],
)
def test_output_that_nobody_can_read_is_told_without_a_traceback(
    folder: Path, redirected: str, code: int, told: str
) -> None:
    done = subprocess.run(
        f"{sys.executable} -m aosim run bank.lua {redirected}", shell=True, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (code, told)


def test_a_reader_that_stops_reading_stops_the_run(folder: Path) -> None:
    (folder / "loop.lua").write_text(
        'Handlers.add("Go", "Go", function() ao.send({ Target = ao.id, Action = "Go" }) end)\n'
    )
    command = [sys.executable, "-m", "aosim", "run", "loop.lua", "--send", "loop Action=Go", "--for", "99999d"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert (running.wait(timeout=60), running.stderr.read()) == (0, b"")


def test_a_run_stopped_by_hand_ends_with_the_line_that_repeats_it(
    aosim: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aosim.simulation.Simulation.run", stopped)
    done = aosim("run", "bank.lua", "--seed", "3")
    assert done.out.splitlines()[-1] == "again: aosim run bank.lua --seed 3"
    assert (done.code, done.err) == (130, "aosim: stopped before its end\n")


def test_a_handler_that_waits_says_so(aosim: Terminal, folder: Path) -> None:
    (folder / "asker.lua").write_text(
        'local _ = Handlers.add("Ask", "Ask", function(msg) Receive({ Action = "Go" }) print("gone") end)\n'
    )
    lines = aosim("run", "asker.lua", "--send", "asker Action=Ask", "--send", "asker Action=Go").out.splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines if " asker  " in line and "→" not in line] == [
        "waits  its handler goes on with a later message",
        "print  gone",
    ]


def test_quotes_inside_a_value_are_text(aosim: Terminal, folder: Path) -> None:
    (folder / "heard.lua").write_text('Handlers.add("Say", "Say", function(msg) print(msg.Data .. msg.Note) end)\n')
    for word, heard in (
        ('Data={"a":1} Note=', '{"a":1}'),
        ("Data='{\"a\": 1}' Note=", '{"a": 1}'),
        ("Data=it's Note=\"a 'b' c\"", "it'sa 'b' c"),
        ('Data="say \\"hi\\"" Note=', 'say "hi"'),
    ):
        assert f"print  {heard}\n" in aosim("run", "heard.lua", "--send", f"heard Action=Say {word}").out


def test_json_gives_one_object_per_line_and_the_summary_last(aosim: Terminal) -> None:
    done = aosim("run", "shop.lua", "bank.lua", *SENDS, *TYPO, "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert {one["fate"] for one in objects if one["event"] == "result"} <= set(map(str, Fate))
    assert {each["event"] for each in objects} == {"message", "result", "summary"}
    assert [each["error"] for each in objects if each.get("error")] == [
        "shop.lua:7: Quantity must be a whole number, got '2OO'"
    ]
    summary = objects[-1]
    assert summary["event"] == "summary"
    assert (summary["errors"], summary["messages"]) == (1, 7)
    fates = {name: count for name, count in summary["counts"].items() if name not in ("sent", "assigned", "cron")}
    assert sum(fates.values()) == summary["counts"]["sent"] == 7


def test_json_tells_dead_letters_findings_and_what_waits(aosim: Terminal, folder: Path) -> None:
    (folder / "old.lua").write_text(
        'Handlers.add("Go", "Go", function(msg)\n'
        '  ao.send({ Target = "nobody", Action = "Hi", Data = json.encode({}), ["Deliver-After"] = "5000" })\n'
        '  ao.send({ Target = "nobody", Action = "Now" })\n'
        "end)\n"
    )
    done = aosim("run", "old.lua", "--send", "old Action=Go", "--for", "1s", "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    of = {kind: [each for each in objects if each["event"] == kind] for kind in ("dead_letter", "finding", "waiting")}
    assert [letter["reason"] for letter in of["dead_letter"]] == [
        "'nobody' is no address (43 characters) and nobody's name"
    ]
    assert "json-global" in [finding["rule"] for finding in of["finding"]]
    assert [(waiting["kind"], waiting["at_ms"]) for waiting in of["waiting"]] == [("message", 5_010)]


def test_findings_say_what_the_network_does_and_where_the_code_is(aosim: Terminal, folder: Path) -> None:
    (folder / "old.lua").write_text('Handlers.add("Go", "Go", function(msg)\n  Last = msg.Tags.RequestId\nend)\n')
    done = aosim("run", "old.lua", "--send", "old Action=Go RequestId=5", "--quiet")
    assert done.out.splitlines()[:3] == [
        "1 finding: this works here, on the network it would not",
        "  camel-tag  old  old.lua:2  RequestId is Requestid on the network",
        "    there: tag names arrive in title case there (RequestId as Requestid), so this reads nil",
    ]
    strict = aosim("run", "old.lua", "--send", "old Action=Go RequestId=5", "--quiet", "--fidelity", "network")
    assert "finding" not in strict.out


def test_for_runs_cron_and_tells_what_still_waits(aosim: Terminal, folder: Path) -> None:
    (folder / "clock.toml").write_text(
        '[[process]]\nname = "clock"\ncode = "Ticks = 0"\ncron = {"5-minutes" = {Action = "Tick"}}\n'
    )
    lines = aosim("run", "clock.toml", "--for", "11m").out.splitlines()
    assert lines[1] == "  05:00.000  cron  → clock  Action=Tick"
    assert "1 still waiting:" in lines
    assert "  15:00.000  cron  clock  5-minutes" in lines
    assert lines[-1] == "again: aosim run clock.toml --seed 0 --for 11m"


def test_latency_may_be_a_time_or_a_range(aosim: Terminal) -> None:
    send = ("--send", "alice>bank Action=Transfer Quantity=1")
    assert "  00:00.250  alice → bank " in aosim("run", "bank.lua", *send, "--latency", "250ms").out
    assert aosim("run", "bank.lua", *send, "--latency", "5ms..40ms").code == 0


def test_a_toml_scenario_tells_which_expectation_is_not_met(aosim: Terminal, folder: Path) -> None:
    (folder / "market.toml").write_text(MARKET)
    assert "1 expectation met\n" in aosim("run", "market.toml").out
    (folder / "market.toml").write_text(MARKET.replace("equals = 200", "equals = 300"))
    done = aosim("run", "market.toml")
    assert "not as expected: market.toml, [[expect]] 1: bank: Total is 200, not 300\n" in done.out
    assert done.code == 1


def test_a_python_scenario_prints_between_its_messages(aosim: Terminal, folder: Path) -> None:
    (folder / "market.py").write_text(PYTHON)
    done = aosim("run", "market.py", "--quiet")
    assert done.out.splitlines()[0] == "total 200"
    assert done.out.splitlines()[-1] == "again: aosim run market.py --seed 0"
    assert done.code == 0
    assert "alice → shop" in aosim("run", "market.py").out


def test_in_json_the_prints_of_a_python_scenario_go_to_stderr(aosim: Terminal, folder: Path) -> None:
    (folder / "market.py").write_text(PYTHON)
    done = aosim("run", "market.py", "--json")
    assert [json.loads(line) for line in done.out.splitlines()][-1]["event"] == "summary"
    assert done.err == "total 200\n"


def test_an_assertion_without_words_is_told_by_its_line(aosim: Terminal, folder: Path) -> None:
    (folder / "day.py").write_text("def scenario(sim):\n    assert 1 == 2\n")
    done = aosim("run", "day.py")
    assert (done.code, done.out.splitlines()[0]) == (1, "not as expected: day.py:2: assert 1 == 2")


def test_a_python_scenario_that_only_sends_is_run_until_quiet(aosim: Terminal, folder: Path) -> None:
    (folder / "market.py").write_text(PYTHON.replace("    sim.run()\n", "").replace("    print", "    #"))
    assert "sold 2" in aosim("run", "market.py").out


def test_an_assertion_in_a_python_scenario_gives_exit_code_1_and_its_line(aosim: Terminal, folder: Path) -> None:
    (folder / "market.py").write_text(PYTHON + '    assert bank.read("Total") == 300, "the bank is short"\n')
    done = aosim("run", "market.py", "--quiet")
    assert "not as expected: market.py:7: the bank is short\n" in done.out
    assert done.code == 1


def test_processes_cannot_move_the_readers_cursor(aosim: Terminal, folder: Path) -> None:
    (folder / "rude.lua").write_text('Handlers.add("Go", "Go", function() print("\\27[2J\\7\\rgone") end)\n')
    assert "\x1b" not in aosim("run", "rude.lua", "--send", "rude Action=Go").out


def test_a_loop_without_end_is_stopped_and_the_way_out_is_told(aosim: Terminal, folder: Path) -> None:
    (folder / "loop.toml").write_text(
        "[simulation]\nhops_max = 2000\n"
        '[[process]]\nname = "loop"\ncode = \'\'\'\nHandlers.add("Ping", "Ping", function() '
        "ao.send({ Target = ao.id, Action = \"Ping\" }) end)\n'''\n"
        '[[message]]\nto = "loop"\ntags = {Action = "Ping"}\n'
    )
    done = aosim("run", "loop.toml", "--quiet")
    assert done.out == "again: aosim run loop.toml --seed 0\n"
    assert "hops: loop → loop (Action=Ping)" in done.err
    assert "On the command line --for TIME bounds the run." in done.err
    assert done.code == 2
    assert aosim("run", "loop.toml", "--quiet", "--for", "1s").code == 0


def test_lua_files_run_as_another_module_and_find_items(aosim: Terminal, tmp_path: Path) -> None:
    (tmp_path / "essay.txt").write_text("an essay")
    (tmp_path / "reader.lua").write_text("print(io.open('/data/essay'):read('a')) print(require('.process')._version)")
    ran = aosim("run", "reader.lua", "--item", "essay=essay.txt", "--module", "aos-2.0.3")
    assert ran.code == 0
    assert "an essay" in ran.out
    assert "2.0.3" in ran.out
    assert "again: aosim run reader.lua --module aos-2.0.3 --item essay=essay.txt --seed 0" in ran.out


def test_an_item_without_its_file_is_refused(aosim: Terminal, tmp_path: Path) -> None:
    (tmp_path / "reader.lua").write_text("x = 1")
    assert "write the id and the file" in aosim("run", "reader.lua", "--item", "essay").err
    assert "--item 'essay=no.txt': No such file" in aosim("run", "reader.lua", "--item", "essay=no.txt").err
    assert "no module 'aos-9'" in aosim("run", "reader.lua", "--module", "aos-9").err


def test_faults_strike_by_chance_or_as_told_and_the_run_is_repeated_by_its_last_line(aosim: Terminal) -> None:
    drawn = aosim("run", "shop.lua", "bank.lua", *SENDS, "--faults", "loss=0.3,dup=0.5", "--seed", "2")
    assert "fault  duplicate" in drawn.out
    assert drawn.out.endswith(" --seed 2 --faults loss=0.3,dup=0.5\n")
    (told,) = [line for line in drawn.out.splitlines() if "exactly these:" in line]
    again = aosim("run", "shop.lua", "bank.lua", *SENDS, *shlex.split(told.partition(": ")[2]), "--seed", "2")
    assert again.out.split("\nagain:")[0] == drawn.out.split("\nagain:")[0]


def test_faults_in_json(aosim: Terminal) -> None:
    strikes = "lose alice>shop#1, partition alice|shop until 50ms, crash bank at 5ms for 10ms, lose nobody>shop#1"
    done = aosim("run", "shop.lua", "bank.lua", *SENDS, "--strikes", strikes, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["event"], one["at_ms"], one["fault"]) for one in lines if one["event"] == "fault"] == [
        ("fault", 0, "lose alice>shop#1"),
        ("fault", 5, "crash bank at 5ms for 10ms"),
        ("fault", 10, "partition alice|shop until 50ms"),
    ]
    assert [one["fault"] for one in lines if one["event"] == "unmet"] == ["lose nobody>shop#1"]
    assert lines[-1]["strikes"] == [
        *("partition alice|shop until 50ms", "lose alice>shop#1", "crash bank at 5ms for 10ms")
    ]


def test_faults_and_strikes_that_cannot_be_are_refused(aosim: Terminal) -> None:
    for words, problem in (
        (("--faults", "los=1"), "--faults 'los': no such fault. Did you mean 'loss'?"),
        (("--faults", "loss=7"), "loss=7.0: a probability is a number from 0 to 1"),
        (("--strikes", "lose it"), "--strikes 'lose it': write 'lose alice>ledger#17'"),
        (("--faults", "", "--strikes", ""), "give one of them"),
    ):
        done = aosim("run", "shop.lua", *words)
        assert (done.code, done.out) == (2, "")
        assert problem in done.err
