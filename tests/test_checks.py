from __future__ import annotations

import pytest

from aosim.checks import check_text, check_whole, text_data, text_tags
from aosim.errors import UsageError


def test_tags_keep_the_order_in_which_they_were_given() -> None:
    assert text_tags([("B", "1"), ("A", "2"), ("B", "3")], "here") == ("B", "1", "A", "2", "B", "3")
    assert text_tags({"B": "1", "A": "2"}, "here") == ("B", "1", "A", "2")


def test_what_is_no_text_is_refused_with_a_way_out() -> None:
    with pytest.raises(UsageError, match=r"here: tag 'Quantity' is int 5; tags are text\. Write Quantity='5'"):
        text_tags({"Quantity": 5}, "here")
    with pytest.raises(UsageError, match="data is dict, it must be text"):
        check_text({}, "data")
    assert check_text("\udc80 ü", "data") == "\udc80 ü"


@pytest.mark.parametrize("value", [-1, 1.0, True, "1", None])
def test_what_is_no_whole_number_is_refused_with_what_it_should_be(value: object) -> None:
    with pytest.raises(UsageError, match=r"every_ms=.*: a whole number of milliseconds from 0 up"):
        check_whole("every_ms", value)


def test_a_whole_number_may_have_to_be_larger() -> None:
    assert check_whole("every_ms", 1, least=1) == 1
    with pytest.raises(UsageError, match=r"hops=0: a whole number from 1 up"):
        check_whole("hops", 0, least=1, unit="")


def test_data_is_given_in_one_way_only() -> None:
    named = {"Data": "text", "Action": "X"}
    assert text_data(None, named, "a message") == "text"
    assert named == {"Action": "X"}
    assert text_data("text", named, "a message") == "text"
    with pytest.raises(UsageError, match="a message has data= and Data=: give one of them"):
        text_data("text", {"Data": "text"}, "a message")


@pytest.mark.parametrize(
    ("value", "advice"),
    [(None, "Leave it out when there is nothing to say."), (["x"], "Put structured values into data as JSON")],
)
def test_a_tag_that_no_text_stands_for_is_advised_upon(value: object, advice: str) -> None:
    with pytest.raises(UsageError, match=advice):
        text_tags({"Quantity": value}, "here")
