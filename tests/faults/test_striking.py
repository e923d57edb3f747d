from __future__ import annotations

from random import Random

from aosim import Rate, Strike
from aosim.striking import Striking

A, B = ("a", "id of a"), ("b", "id of b")


def striking(*rates: Rate, seed: int = 1) -> Striking:
    made = Striking(Random(seed), 1_000)
    made.draw(rates)
    return made


def test_a_strike_hits_the_message_of_its_number_on_its_link() -> None:
    told = striking()
    told.tell([Strike("lose", "a", "b", 2), Strike("delay", "a", "b", 3, 7), Strike("duplicate", "a", "b", 3, 5)])
    assert told.sending(B, A, (1_010,)) == ((1_010,), [])
    assert told.sending(A, B, (1_010,)) == ((1_010,), [])
    assert told.sending(A, B, (1_010,))[0] == ()
    assert told.sending(A, B, (1_010,))[0] == (1_017, 1_022)
    assert told.sending(A, B, (1_010,)) == ((1_010,), [])


def test_a_rate_strikes_about_as_often_as_it_says() -> None:
    told = striking(Rate("lose", 0.25))
    lost = sum(told.sending(A, B, (1_010,))[0] == () for _ in range(2_000))
    assert 430 < lost < 570


def test_a_rate_is_for_its_link_and_its_time() -> None:
    told = striking(Rate("lose", 1.0, "a", "id of b", from_ms=100, until_ms=200))
    due = [told.sending(A, B, (when,))[0] for when in (1_099, 1_100, 1_199, 1_200)]
    assert due == [(1_099,), (), (), (1_200,)]
    assert told.sending(B, A, (1_100,))[0] == (1_100,)


def test_what_a_network_has_lost_already_is_struck_by_nothing() -> None:
    told = striking(Rate("duplicate", 1.0))
    assert told.sending(A, B, ()) == ((), [])


def test_strikes_by_chance_told_again_strike_the_same() -> None:
    rates = [Rate("lose", 0.1), Rate("duplicate", 0.3, ms=50), Rate("reorder", 0.3, ms=9), Rate("delay", 0.2, ms=70)]
    drawn, again = striking(*rates), striking()
    plans = [drawn.sending(A, B, (1_010 + number,)) for number in range(300)]
    again.tell(strike for _, strikes in plans for strike in strikes)
    assert [again.sending(A, B, (1_010 + number,)) for number in range(300)] == plans


def test_a_fork_strikes_as_the_first_one_would_have() -> None:
    first = striking(Rate("lose", 0.5), Rate("skew", 0.5, ms=9))
    for _ in range(10):
        first.sending(A, B, (1_010,))
    other = first.fork()
    plans = [(other.sending(A, B, (1_010,)), other.arriving(B, 1_010)) for _ in range(50)]
    assert [(first.sending(A, B, (1_010,)), first.arriving(B, 1_010)) for _ in range(50)] == plans


def test_delays_end_at_the_end_of_time() -> None:
    told = striking(Rate("delay", 1.0, ms=10**17))
    assert told.sending(A, B, (1_010,))[0] == (2**53 - 1,)
