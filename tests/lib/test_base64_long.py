"""Long texts, which lua/lib/base64.lua leaves to the host."""

from __future__ import annotations

import base64
from random import Random

import pytest

from aosim import EvalError, Simulation
from aosim.handles import ProcessHandle


@pytest.fixture(scope="module")
def process() -> ProcessHandle:
    return Simulation().spawn("base64 = require('.base64')")


def _lua(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in data) + '"'


@pytest.mark.parametrize("size", [3_998, 3_999, 4_000, 4_001, 4_002, 10_000])
def test_long_texts_are_coded_as_short_ones_are(process: ProcessHandle, size: int) -> None:
    data = Random(size).randbytes(size)
    text = base64.b64encode(data)
    assert process.eval(f"base64.encode({_lua(data)})") == text.decode()
    assert process.eval(f"base64.decode({_lua(text)}) == {_lua(data)}") is True


@pytest.mark.parametrize("place", [0, 1, 4_000, 5_000])
@pytest.mark.parametrize("other", [b"\n", b"\0", b"-", b"\xff"])
def test_other_characters_are_skipped_in_long_texts_too(process: ProcessHandle, place: int, other: bytes) -> None:
    data = Random(place).randbytes(6_000)
    text = base64.b64encode(data)
    text = text[:place] + other + text[place:]
    assert process.eval(f"base64.decode({_lua(text)}) == {_lua(data)}") is True


def test_a_long_text_without_its_padding_fails_like_a_short_one(process: ProcessHandle) -> None:
    for text in ("YWFh" * 2_000 + "YQ", "YQ"):
        with pytest.raises(EvalError, match="attempt to perform arithmetic on a nil value"):
            process.eval(f"base64.decode('{text}')")


def test_padding_in_the_middle_is_read_as_in_a_short_text(process: ProcessHandle) -> None:
    short = process.eval("base64.decode('YQ==YQ==YWFh')")
    assert process.eval("base64.decode(('YWFh'):rep(2000) .. 'YQ==YQ==YWFh')") == "aaa" * 2_000 + short
    assert (
        process.eval("base64.decode(('YWFh'):rep(2000) .. 'YR==') == ('aaa'):rep(2000) .. base64.decode('YR==')")
        is True
    )


def test_another_alphabet_stays_in_lua(process: ProcessHandle) -> None:
    data = Random(1).randbytes(6_000)
    text = base64.urlsafe_b64encode(data)
    assert process.eval(f"base64.encode({_lua(data)}, base64.makeencoder('-', '_'))") == text.decode()
    assert process.eval(f"base64.decode({_lua(text)}, base64.makedecoder('-', '_')) == {_lua(data)}") is True
