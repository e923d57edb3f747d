"""lua/lib/crypto_common.lua, crypto_streams.lua, crypto_arrays.lua, crypto_queue.lua, crypto_padding.lua,
crypto_lfsr.lua"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.asking import Asking

texts = st.binary(max_size=300) | st.sampled_from([64, 65, 128, 199, 200, 201, 400, 1000]).map(bytes)
numbers = st.lists(st.integers(0, 255), max_size=20)


@pytest.fixture(scope="module")
def lua() -> Asking:
    return Asking()


# hex --------------------------------------------------------------------------------------------------------


@given(texts)
def test_hex_goes_there_and_back(lua: Asking, text: bytes) -> None:
    assert lua("return crypto.utils.hex.stringToHex(...)", text) == text.hex()
    code = "return crypto.utils.hex.stringToHex(crypto.utils.hex.hexToString(...))"
    for digits in (text.hex(), text.hex().upper(), text.hex().title()):
        assert lua(code, digits.encode()) == text.hex()


def test_pairs_that_are_no_hex_stay_and_odd_lengths_are_refused(lua: Asking) -> None:
    assert lua("return crypto.utils.hex.hexToString('61zz6f!6')") == "azzo!6"
    assert lua.error("return crypto.utils.hex.hexToString('616')") == "invalid hex string"
    for call in ("array.fromHex('6')", "array.fromHex('zz')", "stream.fromHex('6 ')"):
        assert lua.error(f"return crypto.utils.{call}") == "invalid hex string"


# array ------------------------------------------------------------------------------------------------------


@given(texts)
def test_arrays_texts_and_hex_are_made_of_each_other(lua: Asking, text: bytes) -> None:
    code = """
      local array, text = crypto.utils.array, ...
      local bytes = array.fromString(text)
      assert(array.toString(bytes) == text and array.size(bytes) == #text and #array.copy(bytes) == #text)
      assert(array.toString(array.fromHex(array.toHex(bytes))) == text)
      assert(array.toString(array.fromStream(array.toStream(bytes))) == text)
      return { array.toHex(bytes), bytes }
    """
    assert lua(code, text) == [text.hex().upper(), list(text)]


@given(numbers, numbers, st.integers(-2, 25), st.integers(-2, 25))
def test_arrays_are_cut_and_joined(lua: Asking, a: list[int], b: list[int], first: int, last: int) -> None:
    code = """
      local array, a, b, first, last = crypto.utils.array, ...
      return { array.concat(a, b), array.truncate(a, first), array.slice(a, first, last), array.slice(a, first), a, b }
    """
    cut, part, rest = a[: max(first, 0)], a[max(first, 1) - 1 : max(last, 0)], a[max(first, 1) - 1 :]
    assert lua(code, a, b, first, last) == [a + b, cut, part, rest, a, b]


@given(numbers, numbers)
def test_arrays_are_combined_element_by_element(lua: Asking, a: list[int], more: list[int]) -> None:
    b = a[::-1] + more
    assert lua("return crypto.utils.array.XOR(...)", a, b) == [x ^ y for x, y in zip(a, b, strict=False)]


def test_a_box_replaces_elements_and_orders_them(lua: Asking) -> None:
    assert lua("return crypto.utils.array.substitute({0, 2, 1, 0}, {10, 20, 30})") == [10, 30, 20, 10]
    assert lua("return crypto.utils.array.substitute({0, 2, 1, 0}, {[0] = 10, 20, 30})") == [10, 30, 20, 10]
    assert lua("return crypto.utils.array.permute({10, 20, 30}, {3, 1, 1, 2})") == [30, 10, 10, 20]


def test_arrays_come_from_queues_and_go_to_them(lua: Asking) -> None:
    code = """
      local queue, array = crypto.utils.queue(), crypto.utils.array
      array.writeToQueue(queue, { 1, 2, 3, 4, 5 })
      return { array.readFromQueue(queue, 2), queue.size(), array.readFromQueue(queue, 9), queue.size() }
    """
    assert lua(code) == [[1, 2], 3, [3, 4, 5], 0]


def test_what_a_table_pretends_does_not_count(lua: Asking) -> None:
    code = """
      local odd = setmetatable({ 97, 111 }, { __len = function() return 9 end, __index = function() return 1 end })
      return { crypto.utils.array.toString(odd), crypto.utils.array.size(odd), crypto.utils.array.concat(odd, odd) }
    """
    assert lua(code) == ["ao", 2, [97, 111, 97, 111]]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("array.fromString()", "bad argument #1 to 'fromString' (string expected, got no value)"),
        ("array.toString('ao')", "bad argument #1 to 'toString' (array expected, got string)"),
        ("array.toHex({ 256 })", "bad argument #1 to 'toHex' (bytes expected: whole numbers from 0 to 255)"),
        ("array.toHex({ 'x' })", "bytes expected"),
        ("array.concat({}, 1)", "bad argument #2 to 'concat' (array expected, got number)"),
        ("array.truncate({}, 'x')", "bad argument #2 to 'truncate' (number expected, got string)"),
        ("array.XOR({ 1, 2 }, { 1 })", "at least 2 elements expected, got 1"),
        ("array.XOR({ 1 }, { 'x' })", "bad argument #2 to 'XOR' (whole numbers expected)"),
        ("array.substitute({ 1.5 }, {})", "bad argument #1 to 'substitute' (whole numbers expected)"),
        ("array.substitute({ 1 })", "bad argument #2 to 'substitute' (table expected, got no value)"),
        ("stream.fromString({})", "bad argument #1 to 'fromString' (string expected, got table)"),
        ("stream.fromArray('ao')", "bad argument #1 to 'fromArray' (array expected, got string)"),
        ("stream.toHex({})", "bad argument #1 to 'toHex' (stream expected, got table)"),
        ("hex.stringToHex({})", "bad argument #1 to 'stringToHex' (string expected, got table)"),
    ],
)
def test_wrong_arguments_are_told_at_the_authors_line(lua: Asking, call: str, told: str) -> None:
    text = lua.error(f"\n\n local answer = crypto.utils.{call} return answer")
    assert text.startswith('[string "aos"]:3: ')
    assert told in text


# stream, queue, bit -------------------------------------------------------------------------------------------


@given(texts)
def test_streams_give_their_bytes_one_by_one_and_then_nothing(lua: Asking, text: bytes) -> None:
    code = """
      local streams, text, array = crypto.utils.stream, ...
      for _, made in ipairs({
        streams.fromString(text), streams.fromHex(hex(text)), streams.fromArray(array)
      }) do
        for i = 1, #text do assert(made() == text:byte(i)) end
        assert(made() == nil and made() == nil)
      end
      assert(select("#", stream("")()) == 0)
      assert(streams.toString(stream(text)) == text and streams.toHex(stream(text)) == hex(text):upper())
      return streams.toArray(streams.fromArray(array))
    """
    assert lua(code, text, list(text)) == list(text)


def test_a_stream_of_an_array_gives_what_is_there_when_its_turn_comes(lua: Asking) -> None:
    code = """
      local array = { 97, 98 }
      local s = crypto.utils.stream.fromArray(array)
      s()
      array[2], array[3] = 99, 100
      return crypto.utils.stream.toString(s)
    """
    assert lua(code) == "cd"


def test_what_is_taken_from_a_stream_is_gone(lua: Asking) -> None:
    code = """
      local s, streams = stream("abc"), crypto.utils.stream
      s()
      return { streams.toString(s), streams.toString(s), streams.toHex(s), #streams.toArray(s) }
    """
    assert lua(code) == ["bc", "", "", 0]


def test_a_queue_gives_first_what_came_first(lua: Asking) -> None:
    code = """
      local q = crypto.utils.queue()
      local seen = { q.size(), q.pop() == nil, q.getHead(), q.getTail() }
      q.push("a") q.push("b") q.push("c")
      for _, value in ipairs({ q.size(), q.pop(), q.pop(), q.size(), q.getHead(), q.getTail() }) do
        seen[#seen + 1] = value
      end
      q.reset()
      seen[#seen + 1], seen[#seen + 2] = q.size(), q.pop() == nil
      return seen
    """
    assert lua(code) == [0, True, 0, 0, 3, "a", "b", 1, 3, 2, 0, True]


def test_the_bit_functions_are_those_of_bit32(lua: Asking) -> None:
    code = """
      local bit, n = crypto.utils.bit, 0
      for name, f in pairs(bit32) do
        n = n + 1
        local arguments = name == "bnot" and { 5 } or name == "replace" and { 5, 1, 3, 2 } or { 5, 3, 2 }
        assert(bit[name](table.unpack(arguments)) == f(table.unpack(arguments)), name)
      end
      return n
    """
    assert lua(code) == 12


# padding, lfsr --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "three", "none"),
    [
        ("zero", [0, 0, 0], []),
        ("pkcs7", [3, 3, 3], [8] * 8),
        ("ansix923", [0, 0, 3], [0] * 7 + [8]),
        ("isoiec7816", [128, 0, 0], [128] + [0] * 7),
    ],
)
def test_a_padding_fills_the_last_block(lua: Asking, name: str, three: list[int], none: list[int]) -> None:
    code = f"""
      local pad, streams = require(".crypto.padding.{name}"), crypto.utils.stream
      assert(require(".crypto.padding").{name} == pad)
      return {{ streams.toArray(pad(8, 5)), streams.toArray(pad(8, 13)), streams.toArray(pad(8, 16)) }}
    """
    assert lua(code) == [three, three, none]
    assert "a block has 1 to 255 bytes" in lua.error(f"return require('.crypto.padding.{name}')(0, 5)")


def test_a_shift_register_runs_through_all_its_states(lua: Asking) -> None:
    code = """
      local register, seen, n = require(".crypto.utils.lfsr")(1, 0xB8), {}, 0
      while not seen[register.state()] do
        seen[register.state()], n = true, n + 1
        register.bit()
      end
      return { n, register.state() }
    """
    assert lua(code) == [255, 1]


def test_a_shift_register_gives_bits_and_bytes(lua: Asking) -> None:
    code = """
      local lfsr = require(".crypto.utils.lfsr")
      local one, other, bits = lfsr(0xACE1), lfsr(0xACE1), 0
      for _ = 1, 8 do bits = bits << 1 | one.bit() end
      return { bits == other.byte(), one.state() == other.state(), one.state() }
    """
    assert lua(code)[:2] == [True, True]
    assert "a register of zeros stays so" in lua.error("return require('.crypto.utils.lfsr')(0)")
