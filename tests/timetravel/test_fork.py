from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.test_conservation import world

from aosim import Faults, JournalError, MemoryJournal, Message, Observer, Order, Simulation, UsageError
from aosim.faults import Rate
from aosim.shared import Shared
from timetravel.world import act, echo, make, told


def test_a_fork_has_the_same_future_as_what_it_was_forked_from() -> None:
    sim = make()
    fork, alone = sim.fork(), make()
    assert told(fork) == told(sim) == told(alone)
    act(fork, 2)
    assert told(sim) == told(alone)
    act(alone, 2)
    assert told(fork) == told(alone)
    act(sim, 3)
    assert told(fork) == told(alone)
    act(sim.fork(), 4)
    third = make()
    act(third, 3)
    assert told(sim) == told(third)


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 20), st.integers(0, 20))
def test_fork_then_run_equals_run(seed: int, rough: bool, before: int, between: int) -> None:
    sim, alone = world(seed, rough=rough), world(seed, rough=rough)
    sim.run(until=sim.start_ms + 5_000, events_max=before)
    first = sim.fork()
    sim.run(until=sim.start_ms + 15_000, events_max=between)
    second = sim.fork().fork()
    for one in (sim, first, second, alone):
        one.run(until=sim.start_ms + 25_000)
    assert sim.fingerprint == first.fingerprint == second.fingerprint == alone.fingerprint
    assert sim.counts == first.counts == second.counts == alone.counts


@pytest.mark.parametrize(
    "faults",
    [
        Faults(loss=0.1, dup=0.2, reorder=0.3, spike=0.1, jitter_ms=5, late_births_ms=50),
        Faults(crash=0.1, crash_ms=100, losing=1, rates=(Rate("lose", 0.5, "alice"),)),
    ],
)
def test_what_goes_wrong_goes_wrong_in_a_fork_as_well(faults: Faults) -> None:
    def later(sim: Simulation) -> tuple[object, ...]:
        act(sim, 2)
        sim.faults.end()
        act(sim, 3)
        return told(sim)

    def broken() -> Simulation:
        sim = make(faults=faults)
        sim.faults.slow("echo", 10)
        sim.faults.skew("counter", 5)
        sim.faults.partition(["alice"], ["publisher"])
        sim.hold(target="echo", Action="Add")
        sim.crash("publisher", for_ms=50)
        return sim

    sim = broken()
    fork = sim.fork()
    assert later(fork) == later(sim) == later(broken())


def test_a_drawn_order_goes_on_in_a_fork() -> None:
    def ordered() -> Simulation:
        sim = Simulation(order=Order(drawn=1))
        sim.spawn(echo, name="echo")
        for number in range(9):
            sim.send("echo", str(number))
        sim.run(events_max=4)
        return sim

    sim = ordered()
    fork = sim.fork()
    for one in (sim, fork):
        one.run()
    assert fork.fingerprint == sim.fingerprint
    assert fork.swaps == sim.swaps


def _parts_of(thing: object) -> Iterator[object]:
    """What hangs on a thing directly."""
    if isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | deque):
        yield from thing
    elif isinstance(thing, MethodType):
        yield thing.__self__
    elif isinstance(thing, FunctionType):
        yield from (cell.cell_contents for cell in thing.__closure__ or ())
    elif type(thing).__module__.startswith(("aosim", "tests")):
        names = [*getattr(thing, "__dict__", {})]
        for kind in type(thing).__mro__:
            slots = getattr(kind, "__slots__", ())
            names += [slots] if isinstance(slots, str) else slots
        yield from (getattr(thing, name) for name in names if hasattr(thing, name) and not _never_changed(thing, name))


#: Attributes whose values are shared since nobody ever changes them.
SHARED = {("Shared", "_before"), ("Parts", "own_network"), ("Past", "_behind"), ("Inlet", "stopped")} | {
    ("PythonProcess", name) for name in ("_first", "_base")
}


def _never_changed(thing: object, name: str) -> bool:
    return (type(thing).__name__, name) in SHARED


def _is_mutable(thing: object) -> bool:
    if isinstance(thing, tuple | type | ModuleType | FunctionType | BuiltinFunctionType | MethodType):
        return False
    params = getattr(type(thing), "__dataclass_params__", None)
    if isinstance(thing, list | dict | set | deque | Random):
        return True
    return type(thing).__module__.startswith(("aosim", "tests")) and not (params is not None and params.frozen)


def _mutables(root: object) -> dict[int, str]:
    """Every object that can be changed and hangs on a thing, by its id: how it is reached."""
    found: dict[int, str] = {}
    keep: list[tuple[object, str]] = [(root, type(root).__name__)]
    seen: set[int] = set()
    while keep:
        thing, way = keep.pop()
        if id(thing) in seen or isinstance(thing, str | bytes | int | float | None):
            continue
        seen.add(id(thing))
        if _is_mutable(thing):
            found[id(thing)] = way
        keep += [(part, f"{way} > {type(part).__name__}") for part in _parts_of(thing)]
    return found


#: Objects of ours that have no state, or none that changes.
STATELESS = ("Fate", "Seeds", "Latency")


def test_two_forks_share_nothing_that_can_be_changed() -> None:
    sim = make(faults=Faults(dup=0.2, loss=0.1, losing=1, crash=0.05))
    sim.faults.slow("echo", 10)
    sim.hold(target="publisher")
    act(sim, 2)
    parts = sim._parts
    other = sim.fork()._parts
    mine, yours = _mutables(parts), _mutables(other)
    shared = sorted(way for identity, way in mine.items() if identity in yours and not way.endswith(STATELESS))
    assert shared == []
    assert len(yours) > 100  # it did look


def test_the_search_for_what_is_shared_finds_it() -> None:
    sim = make()
    other = sim.fork()
    other._engine.wallets["x"] = next(iter(sim._engine.wallets.values()))
    mine, yours = _mutables(sim._parts), _mutables(other._parts)
    assert any(way.endswith("Wallet") for identity, way in mine.items() if identity in yours)


def test_a_fork_has_handles_of_its_own(sim: Simulation) -> None:
    sim.spawn("N = 1", name="p")
    fork = sim.fork()
    fork.eval("p", "N = 2")
    assert (sim.process("p").read("N"), fork.process("p").read("N")) == (1, 2)
    assert sim.wallet("owner").inbox is not fork.wallet("owner").inbox


class Counting(Observer):
    def __init__(self) -> None:
        self.sent = 0

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        self.sent += 1


def test_observers_checks_and_sent_messages_stay_where_they_are(sim: Simulation) -> None:
    sim.spawn(echo, name="echo")
    counting = Counting()
    sim.observe(counting)
    sim.always(lambda: counting.sent < 5)
    sent = sim.send("echo")
    fork = sim.fork()
    for _ in range(9):
        fork.send("echo")
    fork.run()
    assert (counting.sent, str(sent.fate)) == (1, "on the way")


class Alternating:
    """A network of somebody's own: every second message takes longer."""

    def __init__(self) -> None:
        self.planned = 0

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        self.planned += 1
        return (now_ms + 10 * (self.planned % 2),)


class Uncopied(Alternating):
    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise TypeError("not this one")


class Forked(Uncopied):
    def fork(self) -> Forked:
        other = Forked()
        other.planned = self.planned
        return other


@pytest.mark.parametrize("network", [Alternating, Forked])
def test_a_network_of_ones_own_is_forked(network: type[Alternating]) -> None:
    def begin() -> Simulation:
        sim = Simulation(network=network())
        sim.spawn(echo, name="echo")
        sim.send("echo")
        return sim

    sim, alone = begin(), begin()
    fork = sim.fork()
    for one in (sim, fork, alone):
        for _ in range(5):
            one.send("echo")
        one.run()
    assert sim.fingerprint == fork.fingerprint == alone.fingerprint
    sim.goto(2)
    sim.run()
    assert sim.fingerprint == alone.fingerprint


def test_a_network_that_cannot_be_copied_is_refused_with_the_way_out() -> None:
    sim = Simulation(network=Uncopied())
    with pytest.raises(UsageError, match=r"not this one.*give it a method fork\(\)"):
        sim.fork()
    sim.spawn(echo, name="echo")
    sim.send("echo")
    sim.run()
    with pytest.raises(UsageError, match=r"fork\(\)"):
        sim.back()
    assert sim.events == 2


class Kept:
    """A journal of somebody's own, that does not keep what came from outside."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []

    def append(self, packed: bytes) -> None:
        self.entries.append(packed)

    def read(self, since: int = 0) -> Iterator[tuple[Any, ...]]:
        return iter(())

    @property
    def fingerprint(self) -> str:
        return str(len(self.entries))

    def __len__(self) -> int:
        return len(self.entries)


def test_a_journal_of_ones_own_is_forked_and_cannot_go_back() -> None:
    journal = Kept()
    sim = Simulation(journal=journal)
    sim.spawn(echo, name="echo")
    fork = sim.fork()
    fork.send("echo")
    assert len(sim.journal) + 1 == len(fork.journal)
    with pytest.raises(UsageError, match="does not keep what came from outside"):
        sim.back()
    with pytest.raises(UsageError, match="does not keep"):
        sim.fork(journal="never.db")
    assert not Path("never.db").exists()


def test_a_fork_of_a_recorded_run_goes_on_in_memory_or_in_another_file(tmp_path: Path) -> None:
    sim = make(journal=str(tmp_path / "run.db"))
    in_memory, in_file = sim.fork(), sim.fork(journal=tmp_path / "branch.db")
    sim.close()
    act(in_memory, 2)
    act(in_file, 2)
    assert told(in_memory) == told(in_file)
    in_file.close()
    resumed = Simulation.resume(tmp_path / "branch.db", handlers={"echo": echo})
    assert told(resumed) == told(in_memory)
    again = resumed.fork()
    act(again, 3)
    act(in_memory, 3)
    assert told(again) == told(in_memory)
    resumed.close()
    assert Simulation.resume(tmp_path / "run.db", handlers={"echo": echo}).fingerprint == make().fingerprint
    with pytest.raises(JournalError, match="there is a file already"):
        in_memory.fork(journal=tmp_path / "branch.db")


def test_forks_of_a_journal_share_what_they_have_in_common() -> None:
    journal = MemoryJournal()
    journal.append(b"\x01")
    one, other = journal.fork(), journal.fork()
    one.append(b"\x02")
    assert list(journal.packed()) == list(other.packed()) == [b"\x01"]
    assert list(one.packed()) == [b"\x01", b"\x02"]
    assert one.fingerprint != other.fingerprint == journal.fingerprint
    assert [len(each) for each in (journal, one, other)] == [1, 2, 1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=40))
def test_a_shared_list_is_a_list(steps: list[tuple[int, int]]) -> None:
    lists: list[tuple[Shared[int], list[int]]] = [(Shared(), [])]
    for which, value in steps:
        shared, plain = lists[which % len(lists)]
        if value < 3:
            lists.append((shared.fork(), plain.copy()))
        else:
            shared.tail.append(value)
            plain.append(value)
    for shared, plain in lists:
        assert (list(shared.since(0)), len(shared)) == (plain, len(plain))
        assert all(list(shared.since(at)) == plain[at:] for at in range(len(plain) + 2))
        assert len(shared._before) <= max(1, len(plain)).bit_length() + 1
