"""`aosim run --journal`, `aosim resume`, `aosim replay`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aosim import Simulation
from cli.terminal import Terminal

SENDS = ("--send", "alice>shop Action=Buy Quantity=2 Bank=$bank", "--send", "bob>shop Action=Buy Quantity=3 Bank=$bank")


def _fingerprint(text: str) -> str:
    return text.split("fingerprint ")[1][:8]


def test_a_recorded_run_is_told_and_can_be_done_again(aosim: Terminal, folder: Path) -> None:
    done = aosim("run", "shop.lua", "bank.lua", *SENDS, "--journal", "run.db")
    assert done.code == 0
    assert done.out.endswith("recorded: run.db. Go on: aosim resume run.db. Compare: aosim replay run.db\n")
    assert "--journal" not in done.out
    again = aosim("replay", "run.db")
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("run.db: the same again: ")
    assert _fingerprint(again.out) == _fingerprint(done.out)


def test_a_run_is_not_recorded_over_another(aosim: Terminal, folder: Path) -> None:
    aosim("run", "bank.lua", "--journal", "run.db")
    second = aosim("run", "bank.lua", "--journal", "run.db")
    assert second.code == 2
    assert "there is a file already" in second.err


def test_a_run_is_gone_on_with(aosim: Terminal, folder: Path) -> None:
    (folder / "tick.lua").write_text('Handlers.add("tick", "Cron", function() Ticks = (Ticks or 0) + 1 end)')
    with closing(Simulation(journal=folder / "run.db")) as sim:
        sim.spawn("tick.lua", name="tick", cron="1-second")
        sim.run(for_ms=3_500)
    done = aosim("resume", "run.db", "--for", "2s", "--json")
    assert done.code == 0
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["at_ms"] for line in lines if line["event"] == "message"] == [4_000, 5_000]
    with closing(Simulation.resume(folder / "run.db")) as sim:
        assert sim.process("tick").read("Ticks") == 5
        assert lines[-1] == {
            "event": "record",
            "file": "run.db",
            "entries": len(sim.journal),
            "fingerprint": sim.fingerprint,
        }


def test_a_toml_scenario_is_recorded_beside_its_file(aosim: Terminal, folder: Path) -> None:
    (folder / "market").mkdir()
    (folder / "market" / "market.toml").write_text(
        '[simulation]\njournal = "run.db"\n[[process]]\nname = "bank"\nsource = "../bank.lua"\n'
        '[[message]]\nto = "bank"\ntags = {Action = "Transfer", Quantity = "5"}\n'
        '[[expect]]\nprocess = "bank"\neval = "Total"\nequals = 5\n'
    )
    done = aosim("run", "market/market.toml")
    assert done.code == 0
    told = done.out.splitlines()[-1]
    assert told.startswith("recorded: market/run.db, with what was expected ")
    again = aosim("replay", "market/run.db")
    assert again.code == 0
    assert told.split("expected ")[1][:8] == _fingerprint(again.out)
    assert aosim("run", "market/market.toml", "--journal", "other.db").code == 0
    assert aosim("replay", "other.db").out.split(":", 1)[1] == again.out.split(":", 1)[1]


PYTHON = """
def echo_box(me, message):
    me.reply(message, "{}")

def scenario(sim):
    sim.spawn(echo_box, name="echo-box")
    sim.wallet("alice").send("echo-box")
"""


def test_a_python_scenario_brings_its_handlers_again(aosim: Terminal, folder: Path) -> None:
    (folder / "s.py").write_text(PYTHON.format("one"))
    (folder / "changed.py").write_text(PYTHON.format("two"))
    assert aosim("run", "s.py", "--journal", "run.db").code == 0
    assert aosim("replay", "run.db", "--handlers", "s.py").code == 0
    lacking = aosim("replay", "run.db")
    assert (lacking.code, "'echo-box' is a Python function" in lacking.err) == (2, True)
    other = aosim("replay", "run.db", "--handlers", "changed.py")
    assert other.code == 3
    assert "echo-box, nonce 1: the journal says Data='one', this run says 'two'" in other.out
    told = json.loads(aosim("replay", "run.db", "--handlers", "changed.py", "--json").out)
    assert told["divergence"]["process"] == "echo-box"
    assert (told["divergence"]["expected"], told["divergence"]["got"]) == ("one", "two")


def test_a_table_of_handlers_names_them(aosim: Terminal, folder: Path) -> None:
    (folder / "s.py").write_text(PYTHON.format("one").replace("echo-box", "x y") + "\nhandlers = {'x y': echo_box}\n")
    assert aosim("run", "s.py", "--journal", "run.db").code == 0
    assert aosim("replay", "run.db", "--handlers", "s.py").code == 0


def test_one_process_is_replayed_by_itself(aosim: Terminal, folder: Path) -> None:
    aosim("run", "shop.lua", "bank.lua", *SENDS, "--journal", "run.db")
    done = aosim("replay", "run.db", "--process", "bank")
    assert (done.code, "entries of 3 events, 1 process, " in done.out) == (0, True)
    assert "Did you mean 'bank'" in aosim("replay", "run.db", "--process", "bnk").err


def test_changed_code_is_rehearsed_on_what_was_recorded(aosim: Terminal, folder: Path) -> None:
    aosim("run", "shop.lua", "bank.lua", *SENDS, "--journal", "run.db")
    (folder / "new.lua").write_text((folder / "shop.lua").read_text().replace("* 100", "* 90"))
    (folder / "bank2.lua").write_text((folder / "bank.lua").read_text() + "Audited = true\n")
    done = aosim("replay", "run.db", "--with", "shop=new.lua", "--with", "bank=bank2.lua")
    assert done.code == 1
    assert (
        done.out
        == """\
shop with new.lua: 3 messages, 2 answered in another way, 0 differences in its state
  nonce  from   action  what                             recorded  with new.lua
  1      alice  Buy     message 1 to bank: tag Quantity  200       180
  2      bob    Buy     message 1 to bank: tag Quantity  300       270
bank with bank2.lua: 3 messages, 0 answered in another way, 1 difference in its state
  state    recorded  with bank2.lua
  Audited  (none)    True
"""
    )
    assert aosim("replay", "run.db", "--with", "shop=shop.lua").code == 0
    lines = [
        json.loads(line) for line in aosim("replay", "run.db", "--with", "shop=new.lua", "--json").out.splitlines()
    ]
    assert [line["event"] for line in lines] == ["changed", "changed", "rehearsal"]
    assert lines[0]["differences"] == [{"field": "message 1 to bank: tag Quantity", "before": "200", "after": "180"}]
    assert "--with 'shop'" in aosim("replay", "run.db", "--with", "shop").err


def test_two_recorded_runs_are_compared(aosim: Terminal, folder: Path) -> None:
    aosim("run", "shop.lua", "bank.lua", *SENDS, "--journal", "a.db")
    (folder / "shop.lua").write_text((folder / "shop.lua").read_text().replace("thank you", "good bye"))
    aosim("run", "shop.lua", "bank.lua", *SENDS, "--journal", "b.db")
    done = aosim("diff", "a.db", "b.db")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0] == "made differently:"
    assert lines[1].split() == [
        *["code", "of", "shop,", "line", "11"],
        *WAS.split(),
        *WAS.replace("thank you", "good bye").split(),
    ]
    assert lines[2] == "the last that both have:"
    assert lines[-3].startswith("the first difference: event 1, entry 8: shop, nonce 1 (message ")
    assert lines[-2:] == ["  a.db  Data: thank you", "  b.db  Data: good bye"]
    told = json.loads(aosim("diff", "a.db", "b.db", "--json").out)
    assert (told["same"], told["parting"]["event"], told["parting"]["second"]) == (False, 1, "good bye")
    assert aosim("diff", "a.db", "a.db").out == f"the same: {told['entries'][0]} entries\n"


WAS = 'msg.reply({ Action = "Receipt", Data = "thank you" })'


def test_traffic_of_another_network_becomes_a_run(aosim: Terminal, folder: Path) -> None:
    ledger = "L" * 43
    tags = [{"name": "Action", "value": "Transfer"}, {"name": "Quantity", "value": "5"}]
    messages = [{"Id": "m" * 42 + str(n), "From": "A" * 43, "Target": ledger, "Tags": tags} for n in range(3)]
    (folder / "traffic.json").write_text(json.dumps([*messages, {**messages[0], "Id": "x" * 43, "Target": "B" * 43}]))
    done = aosim("import", "traffic.json", "--process", f"bank@{ledger}=bank.lua", "--journal", "run.db")
    assert (done.code, done.err) == (0, "")
    assert "1 message to 1 other left out" in done.out
    assert done.out.endswith("recorded: run.db. Go on: aosim resume run.db. Compare: aosim replay run.db\n")
    assert f"again: aosim import traffic.json --process bank@{ledger}=bank.lua\n" in done.out
    assert aosim("replay", "run.db").code == 0
    (folder / "new.lua").write_text((folder / "bank.lua").read_text().replace("Total + ", "Total + 1 + "))
    told = aosim("replay", "run.db", "--with", "bank=new.lua")
    assert told.code == 1
    assert "Total  15        18" in told.out
    assert aosim("import", "traffic.json", "--process", "bank").code == 2


@pytest.mark.parametrize("word", ["resume", "replay"])
def test_what_is_wrong_with_a_file_is_one_line(aosim: Terminal, folder: Path, word: str) -> None:
    (folder / "foreign.db").write_text("foreign " * 50)
    done = aosim(word, "foreign.db")
    assert (done.code, done.err) == (2, "aosim: foreign.db: it is no journal of aosim\n")
    aosim("run", "bank.lua", "--journal", "run.db")
    with closing(sqlite3.connect(folder / "run.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version=99")
    done = aosim(word, "run.db")
    assert done.code == 2
    assert "newer aosim" in done.err
