from __future__ import annotations

import pytest

from aosim import Message, Outgoing, Tag
from aosim.message import find_tag, flat_tags, tag_pairs


def _message(*flat: str, from_module: str = "") -> Message:
    return Message("id", "sender", "owner", "target", "data", flat, from_module=from_module, pushed_for="first")


def test_a_tag_is_found_without_regard_to_case_and_the_first_of_a_name_wins() -> None:
    message = _message("action", "One", "ACTION", "Two")
    assert message.tag("Action") == "One"


def test_a_missing_tag_is_none_or_the_default() -> None:
    assert _message().tag("Action") is None
    assert _message().tag("Action", "?") == "?"


def test_a_value_is_never_taken_for_a_name() -> None:
    assert find_tag(("X", "Action", "Y", "1"), "Action") is None


def test_a_pushed_message_ends_with_the_five_tags_of_the_messenger() -> None:
    message = _message("Action", "Ping", from_module="module")
    assert message.tags == (
        Tag("Action", "Ping"),
        Tag("Data-Protocol", "ao"),
        Tag("Type", "Message"),
        Tag("From-Process", "sender"),
        Tag("From-Module", "module"),
        Tag("Pushed-For", "first"),
    )
    assert message.tag("from-process") == "sender"


def test_a_wallets_message_has_the_tags_it_was_given() -> None:
    assert _message("Action", "Ping").tags == (Tag("Action", "Ping"),)


def test_flat_tags_and_pairs_are_two_forms_of_one_thing() -> None:
    flat = ("A", "1", "B", "2", "A", "3")
    assert flat_tags(tag_pairs(flat)) == flat


def test_what_a_process_asks_for_can_be_looked_at_by_tag() -> None:
    asked = Outgoing("target", None, "", ("Action", "Ping"))
    assert (asked.tag("ACTION"), asked.tag("X", "-"), asked.tags) == ("Ping", "-", (Tag("Action", "Ping"),))


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        _message().data = "other"  # type: ignore[misc]
