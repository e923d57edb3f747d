"""`aosim fork`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from aosim import Context, Diverged, Message, Simulation, UsageError
from aosim.branching import branch
from cli.terminal import Terminal

COUNTER = 'Count = 0 Handlers.add("Add", "Add", function(msg) Count = Count + 1 msg.reply({ Count = Count .. "" }) end)'


def _counter(journal: Path | None) -> Simulation:
    sim = Simulation(journal=journal)
    sim.spawn(COUNTER, name="counter")
    for _ in range(3):
        sim.send("counter", Action="Add")
        sim.run()
    return sim


def test_a_branch_begins_at_the_event_and_goes_on_by_itself(aosim: Terminal, folder: Path) -> None:
    _counter(folder / "run.db").close()
    before = (folder / "run.db").read_bytes()
    done = aosim("fork", "run.db", "--at", "4", "--journal", "branch.db")
    alone = _counter(None)
    alone.goto(4)
    assert done.code == 0
    assert done.out == (
        f"branch.db: run.db up to event 4, fingerprint {alone.fingerprint[:8]}\non with it: aosim resume branch.db\n"
    )
    assert (folder / "run.db").read_bytes() == before
    with closing(Simulation.resume(folder / "branch.db")) as sim:
        assert (sim.events, sim.fingerprint) == (4, alone.fingerprint)
        for one in (sim, alone):
            one.send("counter", Action="Add", Other="way")
            one.run()
        assert sim.fingerprint == alone.fingerprint
    assert aosim("replay", "branch.db").code == 0


def test_without_an_event_the_branch_is_the_whole_run(aosim: Terminal, folder: Path) -> None:
    with closing(_counter(folder / "run.db")) as sim:
        fingerprint = sim.fingerprint
    done = aosim("fork", "run.db", "--journal", "branch.db", "--json")
    told = json.loads(done.out)
    assert (told["event"], told["events"], told["fingerprint"]) == ("fork", 6, fingerprint)
    second = aosim("fork", "run.db", "--journal", "branch.db")
    assert (second.code, "there is a file already" in second.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run.db", "--at", "7", "--journal", "b.db"), "at=7: there have been 6 events in run.db"),
        (("run.db", "--at", "-1", "--journal", "b.db"), "at=-1"),
        (("counter.lua", "--journal", "b.db"), "it is no journal"),
        (("run.db",), "--journal"),
    ],
)
def test_what_cannot_be_branched_is_refused(aosim: Terminal, folder: Path, words: tuple[str, ...], said: str) -> None:
    _counter(folder / "run.db").close()
    (folder / "counter.lua").write_text(COUNTER * 3)
    done = aosim("fork", *words)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not (folder / "b.db").exists()


def test_a_branch_of_a_run_with_other_handlers_is_no_branch(tmp_path: Path) -> None:
    def echo(me: Context, message: Message) -> None:
        me.reply(message, "echo")

    with closing(Simulation(journal=tmp_path / "run.db")) as sim:
        sim.spawn(echo, name="echo")
        sim.send("echo")
        sim.run()
    with pytest.raises(Diverged, match="echo, nonce 1"):
        branch(
            tmp_path / "run.db", tmp_path / "b.db", handlers={"echo": lambda me, message: me.reply(message, "other")}
        )
    with pytest.raises(UsageError, match="handlers="):
        branch(tmp_path / "run.db", tmp_path / "b.db")
    with closing(branch(tmp_path / "run.db", tmp_path / "b.db", handlers={"echo": echo}, at=1)) as begun:
        assert begun.run().events == 1
