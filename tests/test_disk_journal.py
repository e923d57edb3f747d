from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import BootError, Context, Diverged, EvalError, JournalError, Message, Simulation, Uniform, UsageError
from aosim.disk_journal import DiskJournal
from aosim.inputs import World
from aosim.journal import MemoryJournal
from aosim.limits import Limits
from aosim.network import Constant, Latency, Lognormal

COUNTER = """
Count, Seen = 0, {}
Handlers.add("Add", "Add", function(msg)
  Count = Count + tonumber(msg.Tags.By or "1")
  Seen[#Seen + 1] = msg.From
  if Count % 5 == 0 then error("no fives") end
  msg.reply({ Count = tostring(Count) })
end)
Handlers.add("Make", "Make", function(msg)
  Spawn({ Name = "child", ["On-Boot"] = "Data", Data = "Made = true", ["Cron-Interval"] = "1-minute" })
end)
"""


def _make(journal: Path | None) -> Simulation:
    sim = Simulation(3, latency=Uniform(1, 50), links={("alice", "*"): Constant(5)}, journal=journal)
    counter = sim.spawn(COUNTER, name="counter", cron="5-minutes", tags={"Kind": "test\udcff"})
    sim.wallet("alice").send(counter, Action="Make")
    sim.upload("an item", id="item")
    return sim


def _part(sim: Simulation, number: int) -> None:
    counter, alice = sim.process("counter"), sim.wallet("alice")
    timer = sim.every(90_000, counter, Action="Add", By="2")
    for by in range(3):
        alice.send(counter, Action="Add", By=str(by + number))
    late = sim.send(counter, Action="Add", after_ms=10_000)
    sim.run(for_ms=200_000)
    with pytest.raises(EvalError):
        counter.eval("error('no')")
    counter.eval(f"Part = {number}")
    sim.send(counter, Action="Add", after_ms=5_000)
    late.cancel()
    sim.run(events_max=2)
    timer.cancel()
    sim.run()


def _whole(parts: int) -> str:
    sim = _make(None)
    for number in range(parts):
        _part(sim, number)
    return sim.fingerprint


def test_a_run_on_disk_has_the_fingerprint_of_one_in_memory(tmp_path: Path) -> None:
    sim = _make(tmp_path / "run.db")
    _part(sim, 0)
    assert sim.fingerprint == _whole(1)


@pytest.mark.parametrize("stops", [(0,), (1,), (0, 1, 1, 2)])
def test_a_resumed_run_ends_like_one_that_was_never_interrupted(tmp_path: Path, stops: tuple[int, ...]) -> None:
    path = tmp_path / "run.db"
    sim = _make(path)
    sim.run()
    for number in range(3):
        for _ in range(stops.count(number)):
            before, counts = sim.fingerprint, sim.counts
            sim.close()
            sim = Simulation.resume(path)
            assert (sim.fingerprint, sim.counts) == (before, counts)
        _part(sim, number)
    memory = _make(None)
    memory.run()
    for number in range(3):
        _part(memory, number)
    assert sim.fingerprint == memory.fingerprint
    assert sim.process("counter").state == memory.process("counter").state


def test_what_was_not_flushed_is_not_there_and_what_was_is(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = _make(path)
    sim.run()
    flushed = sim.fingerprint
    sim.wallet("alice").send("counter", Action="Add")  # not run: nobody was told that it is safe
    _forget(sim)
    assert Simulation.resume(path).fingerprint == flushed


def test_processes_in_python_are_given_again_by_name(tmp_path: Path) -> None:
    def echo(me: Context, message: Message) -> None:
        me.state["n"] = me.state.get("n", 0) + 1
        me.reply(message, "seen")

    path = tmp_path / "run.db"
    sim = Simulation(journal=path)
    sim.spawn(echo, name="echo")
    sim.wallet("bob").send("echo")
    sim.run()
    sim.close()
    with pytest.raises(UsageError, match=r"handlers=\{'echo': \.\.\.\}"):
        Simulation.resume(path)
    again = Simulation.resume(path, handlers={"echo": echo})
    assert again.process("echo").state == {"n": 1}
    assert again.fingerprint == sim.fingerprint
    again.close()
    with pytest.raises(Diverged, match=r"echo, nonce 1: .*'seen'.*'other'"):
        Simulation.resume(path, handlers={"echo": lambda me, message: me.reply(message, "other")})


def test_a_latency_model_of_the_callers_own_is_given_again(tmp_path: Path) -> None:
    class Slow:
        def draw_ms(self, random: object) -> int:
            return 77

    path = tmp_path / "run.db"
    sim = Simulation(latency=Slow(), journal=path)
    sim.spawn("x = 1", name="x").send(Action="Hello")
    sim.run()
    sim.close()
    with pytest.raises(UsageError, match="latency="):
        Simulation.resume(path)
    assert Simulation.resume(path, latency=Slow()).fingerprint == sim.fingerprint


def test_a_module_of_ones_own_is_in_the_record(tmp_path: Path) -> None:
    (tmp_path / "own.lua").write_text("N = 0 return { handle = function() N = N + 1 return { Output = 'n' .. N } end }")
    sim = Simulation(journal=tmp_path / "run.db")
    own = sim.spawn(module=tmp_path / "own.lua", name="own")
    own.send(Action="Go")
    sim.run()
    sim.close()
    (tmp_path / "own.lua").unlink()
    assert Simulation.resume(tmp_path / "run.db").process("own").output == ["n1", "n2"]


def _forget(sim: Simulation) -> None:
    """Let go of the file as the end of the program by force would."""
    journal = sim.journal
    assert isinstance(journal, DiskJournal)
    journal.close()


def _recorded(tmp_path: Path) -> Path:
    path = tmp_path / "run.db"
    sim = _make(path)
    _part(sim, 0)
    sim.close()
    return path


def _refused(path: Path, words: str) -> None:
    before = path.read_bytes()
    with pytest.raises(JournalError, match=words):
        Simulation.resume(path)
    assert path.read_bytes() == before


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = _recorded(tmp_path)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="there is a file already"):
        Simulation(journal=path)
    assert path.read_bytes() == before


def test_a_record_of_nothing_is_no_reason_to_choose_another_name(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = Simulation(journal=path)
    with pytest.raises(BootError):
        sim.spawn("error('no')")
    with pytest.raises(JournalError, match="there is a file already"):
        Simulation(journal=path)
    sim.close()
    Simulation(journal=path).spawn("X = 1")


def test_a_foreign_file_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    path.write_text("not a database at all, but long enough to be looked at: " * 10)
    _refused(path, "no journal of aosim")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
    _refused(other, "no journal of aosim")
    with pytest.raises(JournalError, match="No such file"):
        Simulation.resume(tmp_path / "nothing.db")
    (tmp_path / "empty.db").touch()
    _refused(tmp_path / "empty.db", "no journal")


def test_a_newer_file_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = _recorded(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version=2")
    _refused(path, "newer aosim")


def test_a_torn_file_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = _recorded(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chunks SET entries = zeroblob(length(entries)) WHERE first = 0")
    _refused(path, "torn at entry 0")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM chunks WHERE first = 0")
    _refused(path, "torn at entry")


@settings(max_examples=25)
@given(cut=st.integers(101, 20_000))
def test_a_file_that_was_cut_short_is_refused_or_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = _recorded(tmp_path_factory.mktemp("cut"))
    path.write_bytes(path.read_bytes()[:cut])
    if cut < path.stat().st_size:
        _refused(path, "torn|malformed|no journal|disk image|not a database")


def test_a_file_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = _make(path)
    sim.run()
    with pytest.raises(JournalError, match="this program has it open already"):
        Simulation.resume(path)
    with pytest.raises(JournalError, match="this program has it open already"):
        DiskJournal.look(path)
    sim.run(for_ms=1_000)
    assert "another program has it open" in _elsewhere(f"Simulation.resume({str(path)!r})")
    assert "there is a file already" in _elsewhere(f"Simulation(journal={str(path)!r})")
    assert "another program has it open" in _elsewhere(f"DiskJournal.look({str(path)!r})")
    sim.run(for_ms=1_000)


def _elsewhere(code: str) -> str:
    """What another program complains of when it does that."""
    text = f"from aosim import Simulation\nfrom aosim.disk_journal import DiskJournal\n{code}"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False).stderr


def test_a_file_that_is_removed_or_replaced_while_a_run_is_recorded_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = _make(path)
    sim.run()
    path.unlink()
    sim.send("counter", Action="Add")
    with pytest.raises(JournalError, match="removed or replaced"):
        sim.run()
    path.write_text("another file")
    with pytest.raises(JournalError, match="removed or replaced"):
        sim.run()


def _killed(tmp_path: Path, name: str = "run.db", parts: int = 1) -> Path:
    """The files that a program leaves behind which was ended by force."""
    path = tmp_path / name
    sim = _make(tmp_path / "original.db")
    for number in range(parts):
        _part(sim, number)
    for end in ("", "-wal"):
        shutil.copy(tmp_path / f"original.db{end}", tmp_path / f"{name}{end}")
    sim.close()
    (tmp_path / "original.db").unlink()
    return path


def test_what_was_left_by_a_program_that_was_killed_is_whole(tmp_path: Path) -> None:
    path = _killed(tmp_path)
    before = path.read_bytes(), _wal(path).read_bytes()
    with DiskJournal.look(path) as seen:
        assert seen.fingerprint == _whole(1)
    assert (path.read_bytes(), _wal(path).read_bytes()) == before
    assert sorted(tmp_path.iterdir()) == [path, _wal(path)]
    assert Simulation.resume(path).fingerprint == _whole(1)


@pytest.mark.parametrize("ending", ["1 / 0", "sim.run(); keep.append(keep)"])
def test_a_program_that_ends_without_closing_leaves_a_file_that_opens(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "run.db"
    _elsewhere(
        f"import gc, sys; sim = Simulation(journal={str(path)!r}); sim.spawn('X = 1', name='x'); keep = [sim]\n{ending}"
    )
    assert list(tmp_path.iterdir()) == [path]
    sim = Simulation.resume(path)
    assert sim.process("x").read("X") == 1


def test_a_simulation_that_nobody_holds_any_more_leaves_a_file_that_opens(tmp_path: Path) -> None:
    _make(tmp_path / "run.db").run()
    gc.collect()
    fingerprint = _make(None)
    fingerprint.run()
    assert Simulation.resume(tmp_path / "run.db").fingerprint == fingerprint.fingerprint


def test_a_child_of_a_program_that_records_leaves_its_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    told = _elsewhere(
        f"import os, sys; sim = Simulation(journal={str(path)!r}); sim.spawn('X = 1', name='x')\n"
        "child = os.fork()\nif not child: sys.exit()\nos.waitpid(child, 0); sim.send('x'); sim.run(); sim.close()"
    )
    assert told == ""
    assert Simulation.resume(path).counts.sent == 2


def test_without_the_other_half_of_a_run_that_was_killed_it_is_refused(tmp_path: Path) -> None:
    path = _killed(tmp_path)
    _wal(path).unlink()
    _refused(path, r"run.db-wal, which then belongs to it, is missing: put it beside it")


def test_another_runs_half_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    path, other = _killed(tmp_path), _killed(tmp_path, "other.db", parts=2)
    mine = _wal(path).read_bytes()
    shutil.copy(_wal(other), _wal(path))
    with DiskJournal.look(other) as seen:
        whole = seen.fingerprint
    try:
        with DiskJournal.look(path) as seen:
            assert seen.fingerprint == whole  # all of it is the other run, down to the last page
    except JournalError as problem:
        assert "torn" in str(problem)  # noqa: PT017
    _wal(path).write_bytes(mine)
    assert Simulation.resume(path).fingerprint == _whole(1)


def test_a_half_left_by_another_run_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    path = _killed(tmp_path)
    path.unlink()
    with pytest.raises(JournalError, match=r"run\.db-wal is left there from another run"):
        Simulation(journal=path)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@settings(max_examples=12)
@given(cut=st.integers(0, 200_000))
def test_a_half_that_was_cut_short_loses_whole_flushes_only(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = _killed(tmp_path_factory.mktemp("cut"))
    _wal(path).write_bytes(_wal(path).read_bytes()[:cut])
    with DiskJournal.look(path) as seen:
        entries = list(seen.packed())
    memory = _make(None)
    _part(memory, 0)
    assert isinstance(memory.journal, MemoryJournal)
    assert list(memory.journal.packed())[: len(entries)] == entries


def test_parts_of_two_runs_are_not_taken_for_one(tmp_path: Path) -> None:
    path = _recorded(tmp_path)
    for change in (
        "UPDATE about SET value = (SELECT value FROM about WHERE name = 'head') WHERE name = 'world'",
        "UPDATE inputs SET input = (SELECT input FROM inputs WHERE number = 0) WHERE number = 1",
        "DELETE FROM chunks WHERE first = (SELECT max(first) FROM chunks)",
        "DELETE FROM inputs WHERE number = (SELECT max(number) FROM inputs)",
    ):
        torn = tmp_path / "torn.db"
        shutil.copy(path, torn)
        with closing(sqlite3.connect(torn, isolation_level=None)) as connection:
            connection.execute(change)
        _refused(torn, "torn")


def test_a_recorded_run_can_be_looked_at_on_a_disk_that_cannot_be_written(tmp_path: Path) -> None:
    path = _recorded(tmp_path)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with DiskJournal.look(path) as seen:
            assert seen.fingerprint == _whole(1)
    finally:
        tmp_path.chmod(0o700)


def test_the_memory_of_a_recorded_run_does_not_hold_its_entries(tmp_path: Path) -> None:
    sim = _make(tmp_path / "run.db")
    for number in range(3):
        _part(sim, number)
    journal = sim.journal
    assert isinstance(journal, DiskJournal)
    assert len(journal) > 50
    assert (journal._waiting, journal._noted) == ([], [])


@pytest.mark.skipif(os.geteuid() == 0, reason="for root every folder is writable")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="cannot be written"):
        Simulation(journal=tmp_path / "run.db")


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written"):
        Simulation(journal=tmp_path / "no" / "run.db")


def test_a_full_disk_is_told_and_the_file_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = _make(path)
    sim.run()
    flushed = sim.fingerprint
    journal = sim.journal
    assert isinstance(journal, DiskJournal)
    journal._connection.execute("PRAGMA max_page_count=1")
    counter = sim.process("counter")
    counter.send(Action="Hello", Data="x" * 1_000_000)
    with pytest.raises(JournalError, match="the disk is full"):
        sim.run()
    _forget(sim)
    assert Simulation.resume(path).fingerprint == flushed


@pytest.mark.parametrize("latency", [Constant(7), Uniform(1, 9), Lognormal(3.5, 0.25, 1_000)])
def test_a_world_survives_its_way_through_a_file(latency: Latency) -> None:
    world = World(5, "network", latency, (("a", "*", Constant(1)),), 1_000, Limits(hops_max=5))
    assert World.unpacked(world.packed()) == world


def test_entries_are_read_from_any_number_on(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    sim = _make(path)
    for number in range(2):
        _part(sim, number)
    journal = sim.journal
    assert isinstance(journal, DiskJournal)
    memory = _make(None)
    for number in range(2):
        _part(memory, number)
    entries = list(memory.journal.read())
    for since in (0, 1, 5, len(entries) // 2, len(entries) - 1, len(entries), len(entries) + 5):
        assert list(journal.read(since)) == entries[since:]


def test_a_record_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = _recorded(tmp_path)
    with pytest.raises(JournalError, match=rf"No such file or directory\. Files there: {path.name}"):
        Simulation.resume(tmp_path / "rnu.db")
