"""lua/lib/base64.lua"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def lua(library: Callable[[str], Any]) -> Any:
    return library("base64")


@given(st.binary(max_size=200))
def test_it_agrees_with_python_both_ways(lua: Any, data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert lua("return base64.encode(...)", data.decode("latin-1")) == text
    assert lua("return base64.decode(...)", text) == data.decode("latin-1")


@given(st.binary(max_size=100))
def test_the_last_two_characters_may_be_others(lua: Any, data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode()
    assert lua("return base64.encode(..., base64.makeencoder('-', '_'))", data.decode("latin-1")) == text
    assert lua("return base64.decode(..., base64.makedecoder('-', '_'))", text) == data.decode("latin-1")


def test_the_padding_may_be_another(lua: Any) -> None:
    assert lua("return base64.encode('a', base64.makeencoder('+', '/', '!'))") == "YQ!!"
    assert lua("return base64.decode('YQ!!', base64.makedecoder('+', '/', '!'))") == "a"


def test_characters_outside_the_alphabet_are_skipped(lua: Any) -> None:
    assert lua(r"return base64.decode('SG\nVs bG-8=')") == "Hello"


def test_a_text_without_its_padding_fails(lua: Any) -> None:
    assert "attempt to perform arithmetic on a nil value" in lua.error("base64.decode('YQ')")


@pytest.mark.parametrize("call", ["encode(5)", "encode(nil)", "decode({})", "decode(12)"])
def test_only_text_is_accepted(lua: Any, call: str) -> None:
    assert "string expected" in lua.error(f"base64.{call}")
