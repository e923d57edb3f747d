from __future__ import annotations

from aosim.clock import BLOCK_MS, START_HEIGHT, START_MS, Clock


def test_the_clock_starts_with_2025_unless_told_otherwise() -> None:
    assert Clock().now_ms == START_MS == 1_735_689_600_000


def test_the_clock_never_goes_back() -> None:
    clock = Clock(1_000)
    clock.advance(1_500)
    clock.advance(1_200)
    assert clock.now_ms == 1_500


def test_a_block_comes_every_two_minutes_of_virtual_time() -> None:
    clock = Clock(7)
    heights = []
    for now_ms in (7, 6 + BLOCK_MS, 7 + BLOCK_MS, 7 + 10 * BLOCK_MS):
        clock.advance(now_ms)
        heights.append(clock.block_height - START_HEIGHT)
    assert heights == [0, 0, 1, 10]


def test_a_block_comes_when_the_clock_says_it_does() -> None:
    clock = Clock(123)
    clock.advance(clock.block_ms(START_HEIGHT + 5) - 1)
    assert clock.block_height == START_HEIGHT + 4
    clock.advance(clock.block_ms(START_HEIGHT + 5))
    assert clock.block_height == START_HEIGHT + 5
