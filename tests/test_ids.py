from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from aosim.ids import address, address_of, is_address


@given(st.binary(max_size=100))
def test_an_address_is_the_blake2b_of_its_content_as_base64url(content: bytes) -> None:
    assert address(content) == urlsafe_b64encode(blake2b(content, digest_size=32).digest()).rstrip(b"=").decode()


def test_equal_texts_in_other_pieces_have_another_address() -> None:
    assert address_of("ab", "c") != address_of("a", "bc")
    assert address_of("ab", "c") == address_of("ab", "c")


def test_43_base64url_characters_are_an_address_and_nothing_else_is() -> None:
    assert is_address(address(b"anything"))
    assert not any(map(is_address, ("", "ledger", "a" * 42, "a" * 44, "a" * 42 + "+", "a" * 43 + "\n")))
