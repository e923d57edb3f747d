from __future__ import annotations

import pytest

from aosim.errors import UsageError
from aosim.network import Constant, Uniform
from aosim.scenario.sends import lua_scenario
from aosim.scenario.values import duration_ms, duration_text, latency_of, with_addresses


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0ms", 0),
        ("500ms", 500),
        ("60s", 60_000),
        ("5m", 300_000),
        ("2h", 7_200_000),
        (" 1 d ", 86_400_000),
        ("1_000ms", 1_000),
    ],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, milliseconds: int) -> None:
    assert duration_ms(text, "--for") == milliseconds


@pytest.mark.parametrize("text", ["", "5", "1.5s", "5w", "s", "-1s", 5, None, True])
def test_anything_else_is_refused_by_its_place(text: object) -> None:
    with pytest.raises(UsageError, match=r"^--for: "):
        duration_ms(text, "--for")


@pytest.mark.parametrize(("milliseconds", "text"), [(0, "0ms"), (1_500, "1500ms"), (60_000, "1m"), (86_400_000, "1d")])
def test_a_duration_is_written_in_its_largest_unit(milliseconds: int, text: str) -> None:
    assert duration_text(milliseconds) == text
    assert duration_ms(text, "") == milliseconds


def test_a_latency_is_a_time_or_a_range() -> None:
    assert latency_of("20ms", "--latency") == Constant(20)
    assert latency_of("5ms..1s", "--latency") == Uniform(5, 1_000)


def test_only_a_whole_value_stands_for_an_address() -> None:
    assert [with_addresses(value, str.upper) for value in ("$bob", "bob", "a $bob", "$$bob")] == [
        "BOB",
        "bob",
        "a $bob",
        "$bob",
    ]


def test_a_send_is_read_word_by_word() -> None:
    scenario = lua_scenario(
        [], ['alice>owner Action=Say Data=\'a "b" c\' Note="it\'s \\"x\\"" Path=C:\\dir Empty=\'\'']
    )
    (message,) = scenario.messages
    assert (message.sender, message.target, message.data) == ("alice", "owner", 'a "b" c')
    assert message.tags == (("Action", "Say"), ("Note", 'it\'s "x"'), ("Path", "C:\\dir"), ("Empty", ""))
