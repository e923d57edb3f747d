from __future__ import annotations

from aosim.seeds import Seeds


def test_the_same_seed_and_name_give_the_same_numbers() -> None:
    assert Seeds(7).stream("network").random() == Seeds(7).stream("network").random()


def test_the_numbers_are_the_same_on_every_machine() -> None:
    assert [Seeds(7).stream("network").randrange(1_000) for _ in range(2)] == [487, 487]


def test_streams_do_not_disturb_each_other() -> None:
    seeds = Seeds(7)
    network, faults = seeds.stream("network"), seeds.stream("faults")
    drawn = [network.random() for _ in range(3)]
    again = seeds.stream("network")
    faults.random()
    assert [again.random() for _ in range(3)] == drawn


def test_another_seed_gives_other_numbers() -> None:
    assert Seeds(7).stream("network").random() != Seeds(8).stream("network").random()
