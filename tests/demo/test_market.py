from __future__ import annotations

from collections.abc import Callable

import pytest

from aosim.demo import Market


def market_day(seed: int) -> Market:
    market = Market(seed, quick=True)
    for _ in market.play():
        pass
    return market


@pytest.fixture(scope="module")
def market() -> Market:
    return market_day(7)


def test_a_dozen_processes_live_in_the_market_and_each_has_work(market: Market) -> None:
    lines = market.lines()
    assert len(lines) == 12 + 1  # and all wallets in one line
    assert all(line.messages > 1 for line in lines)


@pytest.mark.parametrize("seed", range(5))
def test_no_gold_and_no_credits_are_lost(seed: int) -> None:
    market = market_day(seed)
    for token in ("gold", "credits"):
        process = market.sim.process(token)
        assert sum(process.read("Balances").values()) == process.read("Supply")


@pytest.mark.parametrize("seed", range(5))
def test_the_exchange_holds_exactly_what_its_orders_are_worth(seed: int) -> None:
    sim = market_day(seed).sim
    exchange = sim.process("exchange")

    def held(token: str) -> int:
        return int(sim.process(token).read("Balances").get(exchange.id, 0))

    def worth(book: str, of: Callable[[dict[str, int]], int]) -> int:
        return sum(map(of, exchange.read(book)))

    assert held("gold") == worth("Asks", lambda order: order["quantity"])
    assert held("credits") == worth("Bids", lambda order: order["quantity"] * order["price"])


def test_every_message_has_a_fate(market: Market) -> None:
    totals = market.totals()
    assert totals.begun == sum(totals.fates.values())
    assert totals.fates["on the way"] == 0


def test_the_courier_that_failed_counts_only_the_rounds_that_arrived(market: Market) -> None:
    totals = market.totals()
    assert [error.split(":")[0] for error in totals.errors] == ["courier"]
    assert totals.rounds == totals.tickets.get("done", 0)
    assert totals.tickets["open"] == 1


def test_one_dead_letter_and_two_findings_are_part_of_the_show(market: Market) -> None:
    totals = market.totals()
    assert len(totals.dead_letters) == 1
    assert [(finding.rule, finding.process) for finding in totals.findings] == [
        ("camel-tag", "archive"),
        ("json-global", "archive"),
    ]


def test_the_same_seed_gives_the_same_day() -> None:
    assert market_day(3).sim.fingerprint == market_day(3).sim.fingerprint
    assert market_day(3).sim.fingerprint != market_day(4).sim.fingerprint
