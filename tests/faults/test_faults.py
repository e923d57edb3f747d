from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aosim import Crash, Faults, Partition, Rate, Skew, Slow, Strike, UsageError, read_strikes
from aosim.faults import STRIKE_KINDS, Fault, as_faults, pack_fault, unpack_fault, write_strikes
from aosim.packing import pack, unpack

names = st.text(min_size=1, max_size=12).filter(lambda name: max(name) < "\ud800" or min(name) > "\udfff")
times = st.integers(0, 10**12)
windows = st.one_of(st.tuples(times, st.none()), st.tuples(times, times).map(lambda pair: (min(pair), max(pair))))
groups = st.lists(names.filter(lambda name: name != "*"), min_size=2, max_size=5, unique=True).map(
    lambda found: ((found[0],), tuple(found[1:]))
)
faults: st.SearchStrategy[Fault] = st.one_of(
    st.builds(Strike, st.sampled_from(STRIKE_KINDS), names, names, st.integers(1, 10**9), times, st.integers(0, 99)),
    st.builds(Crash, names, times, times, st.integers(0, 99)),
    st.builds(lambda name, ms, window: Slow(name, ms, *window), names, times, windows),
    st.builds(lambda name, ms, window: Skew(name, ms, *window), names, st.integers(-(10**9), 10**9), windows),
    st.builds(
        lambda parted, window, lose: Partition(parted, window[0], window[1], lose), groups, windows, st.booleans()
    ),
)


@given(st.lists(faults, max_size=6))
def test_faults_written_as_text_are_read_as_they_were(given_faults: list[Fault]) -> None:
    assert read_strikes(write_strikes(given_faults)) == tuple(given_faults)


@given(st.lists(faults, max_size=4), st.floats(0, 1), st.integers(0, 10**6))
def test_a_plan_keeps_everything_as_plain_values(strikes: list[Fault], rate: float, ms: int) -> None:
    plan = Faults(loss=rate, spike_ms=ms, rates=(Rate("late", rate, "a", ms=ms),), strikes=tuple(strikes))
    assert Faults.unpacked(unpack(pack(plan.packed()))) == plan
    for fault in strikes:
        assert unpack_fault(unpack(pack(pack_fault(fault)))) == fault


def test_the_text_of_a_fault_reads_like_a_sentence() -> None:
    told: list[Fault] = [
        Strike("lose", "alice", "ledger", 17),
        Strike("duplicate", "alice", "my ledger", 3, 20),
        Strike("crash", "*", "ledger", 4, 1_000, losing=2),
        Crash("ledger", 5_000, 2_000),
        Slow("ledger", 40, 0, 9_000),
        Skew("ledger", -250),
        Partition((("b", "a"), ("*",)), 100, 200, lose=True),
    ]
    assert write_strikes(told).split(", ") == [
        "lose alice>ledger#17",
        "duplicate alice>my%20ledger#3 20ms",
        "crash *>ledger#4 1000ms losing 2",
        "crash ledger at 5000ms for 2000ms",
        "slow ledger 40ms until 9000ms",
        "skew ledger -250ms",
        "partition a+b|* from 100ms until 200ms lose",
    ]


def test_rates_are_read_from_one_line() -> None:
    assert Faults.read(" loss=0.01, dup = 0.5,dup_ms=20,") == Faults(loss=0.01, dup=0.5, dup_ms=20)
    assert Faults.read("") == Faults() == as_faults(None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("los=0.1", "'los': no such fault. Did you mean 'loss'"),
        ("loss", "write a number, as in loss=0.01"),
        ("loss=much", "write a number"),
        ("loss=1.5", "loss=1.5: a probability is a number from 0 to 1"),
        ("dup_ms=-1", "dup_ms=-1: a whole number of milliseconds from 0 up"),
        ("strikes=1", "'strikes': no such fault"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        Faults.read(text)


@pytest.mark.parametrize(
    "text", ["lose", "lose alice>ledger", "hit a>b#1", "lose a>b#0", "lose %FF>b#1", "partition a", "crash a at 5"]
)
def test_a_strike_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_strikes(text)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Strike("hit", "a", "b", 1),
        lambda: Strike("delay", "a", "b", 1, -5),
        lambda: Rate("lose", 2),
        lambda: Rate("lose", True),
        lambda: Slow("a", 5, 10, 9),
        lambda: Partition((("a",),)),
        lambda: Partition((("a",), ("a", "b"))),
        lambda: Partition((("a",), ())),
        lambda: Partition((("a",), ("*", "b"))),
        lambda: Faults(strikes=["lose a>b#1"]),  # type: ignore[arg-type]
        lambda: Faults(loss=0.1, exact=True),
        lambda: as_faults({"loss": 0.1}),  # type: ignore[arg-type]
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError):
        wrong()


def test_a_partition_parts_those_of_different_groups_and_leaves_the_others_alone() -> None:
    apart = Partition((("a", "b"), ("c",)))
    assert apart.parts(("a", "id of a"), ("c", "id of c"))
    assert not apart.parts(("a", ""), ("b", ""))
    assert not apart.parts(("a", ""), ("d", ""))
    alone = Partition((("a",), ("*",)))
    assert alone.parts(("d", ""), ("id", "a"))
    assert not alone.parts(("d", ""), ("e", ""))


def test_a_plan_shows_what_is_given() -> None:
    assert repr(Faults(loss=0.5, strikes=[Slow("a", 5)])) == (  # type: ignore[arg-type]
        "Faults(loss=0.5, strikes=(Slow(process='a', per_message_ms=5, from_ms=0, until_ms=None),))"
    )
    assert (repr(Faults()), Faults().told) == ("Faults()", "")
