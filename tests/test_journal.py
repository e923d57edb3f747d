from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aosim import MemoryJournal, ProcessHandle, Simulation
from aosim.packing import pack

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.text(max_size=5), _values), max_size=8))
def test_what_was_appended_is_read_as_it_was(entries: list[tuple[object, ...]]) -> None:
    journal = MemoryJournal()
    for entry in entries:
        journal.append(pack(entry))
    assert list(journal.read()) == entries
    assert list(journal.read(2)) == entries[2:]
    assert len(journal) == len(entries)


def test_bytes_that_are_no_text_survive_the_journal() -> None:
    journal = MemoryJournal()
    journal.append(pack(("result", "\udcff\udc80")))
    assert list(journal.read()) == [("result", "\udcff\udc80")]


def test_the_fingerprint_names_all_entries_and_their_order() -> None:
    fingerprints = []
    for entries in ([("a",), ("b",)], [("a",), ("b",)], [("b",), ("a",)], [("a",)]):
        journal = MemoryJournal()
        for entry in entries:
            journal.append(pack(entry))
        fingerprints.append(journal.fingerprint)
    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == 3
    assert all(len(fingerprint) == 64 for fingerprint in fingerprints)


def test_a_simulation_writes_into_the_journal_it_is_given() -> None:
    journal = MemoryJournal()
    sim = Simulation(journal=journal)
    sim.spawn("")
    assert sim.journal is journal
    assert len(journal) > 0
    assert sim.fingerprint == journal.fingerprint


def test_looking_leaves_no_entry(sim: Simulation, pong: ProcessHandle) -> None:
    before = len(sim.journal)
    pong.query(Action="Ping")
    _ = pong.state, pong.inbox, pong.read("Owner"), sim.counts, sim.scheduled, repr(pong)
    assert len(sim.journal) == before


def test_a_message_of_the_run_is_found_by_its_id(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    sent = alice.send(pong, "\udcff", Action="Ping")
    sim.run()
    assert sim.message(sent.id) == sent.message
    assert sim.message(alice.inbox[0].id) == alice.inbox[0]
    assert sim.message("nothing") is None
