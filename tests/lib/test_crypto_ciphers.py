"""lua/lib/crypto_aes.lua, crypto_modes.lua, crypto_isaac.lua, crypto_morus.lua, crypto_norx.lua"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim.luavm.hashing import aes_decrypt, aes_encrypt
from lib.asking import Asking
from lib.ciphers import Morus, Norx

MODES = ("ECB", "CBC", "CFB", "OFB", "CTR")
KEY_128 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
KEY_192 = bytes.fromhex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b")
KEY_256 = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
TEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
IV = bytes(range(16))
COUNTER = bytes(range(0xF0, 0x100))
# NIST SP 800-38A, appendix F
PUBLISHED = {
    ("CBC", KEY_128): "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
    ("CFB", KEY_128): "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
    "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6",
    ("OFB", KEY_128): "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"
    "9740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e",
    ("CTR", KEY_128): "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
    "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee",
    ("CBC", KEY_192): "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
    "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
    ("CBC", KEY_256): "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
}
BLOCKS = {  # FIPS 197, appendix C
    128: "69c4e0d86a7b0430d8cdb78070b4c55a",
    192: "dda97ca4864cdfe06eaf70a0ec0d7191",
    256: "8ea2b7ca516745bfeafc49904b496089",
}
keys = st.sampled_from([KEY_128, KEY_192, KEY_256])


@pytest.fixture(scope="module")
def lua() -> Asking:
    return Asking()


@pytest.mark.parametrize(("mode", "key"), PUBLISHED)
def test_published_texts_are_encrypted_as_published(lua: Asking, mode: str, key: bytes) -> None:
    iv = COUNTER if mode == "CTR" else IV
    wanted = PUBLISHED[mode, key].upper()
    assert lua("return crypto.cipher.aes.encrypt(...).asHex()", TEXT, key, iv, mode, len(key) * 8) == wanted
    found = lua("return crypto.cipher.aes.decrypt(...).asHex()", wanted.encode(), key, iv, mode, len(key) * 8)
    assert found == TEXT.hex().upper()


@pytest.mark.parametrize("bits", BLOCKS)
def test_ecb_encrypts_the_iv_as_well(lua: Asking, bits: int) -> None:
    key, block = bytes(range(bits // 8)), bytes.fromhex("00112233445566778899aabbccddeeff")
    wanted = BLOCKS[bits].upper()
    assert lua("return crypto.cipher.aes.encrypt(...).asHex()", block, key, block, "ECB", bits) == wanted * 2
    found = lua("return crypto.cipher.aes.decrypt(...).asHex()", (wanted * 2).encode(), key, b"", "ECB", bits)
    assert found == block.hex().upper() * 2


@given(st.binary(max_size=70), keys, st.sampled_from(MODES), st.booleans())
def test_what_is_decrypted_is_what_was_encrypted_and_its_zeros(
    lua: Asking, text: bytes, key: bytes, mode: str, with_iv: bool
) -> None:
    code = """
      local text, key, iv, mode, bits = ...
      local sealed = crypto.cipher.aes.encrypt(text, key, iv, mode, bits)
      return hex(crypto.cipher.aes.decrypt(sealed.asHex(), key, iv, mode, bits).asString())
    """
    iv = IV if with_iv else b""
    front = iv.ljust(16, b"\0") if mode == "ECB" else b""
    padded = text + bytes(-len(text) % 16)
    assert lua(code, text, key, iv, mode, len(key) * 8) == (front + padded).hex()


def test_the_mode_is_cbc_the_key_has_128_bits_and_the_iv_is_zeros_where_nothing_is_said(lua: Asking) -> None:
    wanted = lua("return crypto.cipher.aes.encrypt('ao', 'super_secret_shh', ('\\0'):rep(16), 'CBC', 128).asHex()")
    for rest in ("", ", ''", ", nil, nil, nil", ", '', 'CBC'"):
        assert lua(f"return crypto.cipher.aes.encrypt('ao', 'super_secret_shh'{rest}).asHex()") == wanted
    forms = "local r = crypto.cipher.aes.encrypt('ao', 'super_secret_shh') return { hex(r.asString()), r.asBytes() }"
    assert lua(forms) == [wanted.lower(), list(bytes.fromhex(wanted))]


def test_an_iv_of_another_length_is_one_run_of_bytes_with_the_text(lua: Asking) -> None:
    code = "return crypto.cipher.aes.encrypt(..., 'super_secret_shh', 'eight by').asHex()"
    whole = "return crypto.cipher.aes.encrypt(..., 'super_secret_shh', 'eight bytes of i').asHex()"
    assert lua(code, b"tes of i" + b"rest") == lua(whole, b"rest")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("encrypt('ao', 'short')", "key must be 16 bytes"),
        ("encrypt('ao', 'super_secret_shh', '', 'CTR', 256)", "key must be 32 bytes"),
        ("encrypt('ao', 'super_secret_shh', '', 'GCM')", "a mode expected: ECB, CBC, CFB, OFB or CTR"),
        ("encrypt('ao', 'super_secret_shh', '', 'CB')", "a mode expected"),
        ("encrypt('ao', 'super_secret_shh', '', 'CBC', 64)", "128, 192 or 256 bits expected"),
        ("encrypt({}, 'super_secret_shh')", "bad argument #1 to 'encrypt' (string expected, got table)"),
        ("decrypt('not hex at all!', 'super_secret_shh')", "invalid hex string"),
        ("decrypt('abc', 'super_secret_shh')", "invalid hex string"),
    ],
)
def test_what_aes_cannot_do_is_refused(lua: Asking, call: str, told: str) -> None:
    assert told in lua.error(f"local answer = crypto.cipher.aes.{call} return answer")


def test_the_rooms_own_way_through_cfb_and_ofb_goes_back() -> None:
    desk: Any = None  # hashing keeps nothing for a process
    for mode in (b"CFB", b"OFB"):
        (sealed,) = aes_encrypt(desk, mode, KEY_256, IV, TEXT)
        assert aes_decrypt(desk, mode, KEY_256, IV, sealed) == (TEXT,)
        assert aes_encrypt(desk, mode, KEY_256, IV, b"") == aes_decrypt(desk, mode, KEY_256, IV, b"") == (b"",)


# Modes, step by step --------------------------------------------------------------------------------------

MACHINE = """
  local kind, mode, text, key, iv, bits, padding = ...
  local machine = require(".crypto.cipher.mode." .. mode)[kind]()
  machine.setKey(bytes(key)).setBlockCipher(require(".crypto.cipher.aes" .. bits))
  machine.setPadding(require(".crypto.padding." .. padding)).init().update(stream(iv))
  local half = #text // 2
  machine.update(stream(text:sub(1, half))).update(stream(text:sub(half + 1))).finish()
  assert(machine.asHex():lower() == hex(machine.asString()))
  assert(crypto.utils.array.toString(machine.asBytes()) == machine.asString())
  return machine.asHex()
"""


@settings(max_examples=40)
@given(st.binary(max_size=50), keys, st.sampled_from(MODES))
def test_a_mode_in_steps_does_what_aes_does_at_once(lua: Asking, text: bytes, key: bytes, mode: str) -> None:
    arguments = (mode.lower().encode(), text, key, IV, len(key) * 8, b"zero")
    wanted = lua("return crypto.cipher.aes.encrypt(...).asHex()", text, key, IV, mode, len(key) * 8)
    assert lua(MACHINE, b"Cipher", *arguments) == wanted
    sealed = bytes.fromhex(wanted[32:] if mode == "ECB" else wanted)
    padded = text + bytes(-len(text) % 16)
    iv = b"" if mode == "ECB" else IV
    assert lua(MACHINE, b"Decipher", mode.lower().encode(), sealed, key, iv, len(key) * 8, b"zero") == (
        padded.hex().upper()
    )


def test_a_mode_takes_any_block_cipher_and_padding(lua: Asking) -> None:
    code = """
      local backwards = { blockSize = 3 }
      function backwards.encrypt(key, block)
        return { block[3] ~ key[1], block[2] ~ key[1], block[1] ~ key[1] }
      end
      backwards.decrypt = backwards.encrypt
      local function run(kind, text)
        return require(".crypto.cipher.mode.ecb")[kind]().setKey({ 1 }).setBlockCipher(backwards)
          .setPadding(require(".crypto.padding.pkcs7")).init().update(stream(text)).finish().asString()
      end
      return { run("Cipher", "abcde"), run("Decipher", run("Cipher", "abcde")), hex(run("Cipher", "abc")) }
    """
    assert lua(code) == ["bc`\0de", "abcde\x01", "626360020202"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("init()", "set the key, the block cipher and the padding before init()"),
        ("update(stream(''))", "call init() before update()"),
        ("finish()", "call init() before finish()"),
        ("setKey('key')", "bad argument #1 to 'setKey' (table expected, got string)"),
        ("setPadding()", "bad argument #1 to 'setPadding' (function expected, got no value)"),
    ],
)
def test_a_mode_says_which_step_is_missing(lua: Asking, call: str, told: str) -> None:
    assert told in lua.error(f"local answer = require('.crypto.cipher.mode.ctr').Cipher().{call} return answer")
    assert lua("return require('.crypto.cipher.mode.cbc').Cipher().asHex()") == ""


@pytest.mark.parametrize("bits", BLOCKS)
def test_the_block_ciphers_are_those_of_the_standard(lua: Asking, bits: int) -> None:
    code = """
      local cipher, key, block = require(".crypto.cipher.aes" .. ...), select(2, ...)
      local sealed = cipher.encrypt(bytes(key), bytes(block))
      local opened = cipher.decrypt(bytes(key), sealed)
      return { crypto.utils.array.toHex(sealed), crypto.utils.array.toString(opened) == block, cipher.blockSize }
    """
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert lua(code, bits, bytes(range(bits // 8)), block) == [BLOCKS[bits].upper(), True, 16]
    failed = lua.error("local answer = require('.crypto.cipher.aes128').encrypt({}, {}) return answer")
    assert "a block of 16 bytes expected" in failed


# ISAAC ----------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_jenkins(lua: Asking) -> None:  # the begin of his randvect.txt, and its end
    code = """
      crypto.cipher.issac.seedIsaac("", true)
      local found = {}
      for i = 1, 256 do crypto.cipher.issac.getRandom() end
      for i = 1, 512 do found[i] = string.format("%08x", crypto.cipher.issac.getRandom()) end
      return table.concat(found, " ", 1, 8)
    """
    assert lua(code) == "f650e4c8 e448e96d 98db2fb4 f5fad54f 433f1afb edec154a d8370487 46ca4f9a"


def test_without_a_seed_chance_is_always_the_same(lua: Asking) -> None:
    assert lua("return tostring(crypto.random())") == "532713800.0"
    assert lua("return { crypto.random(0, 9), crypto.random(0, 9), crypto.cipher.issac.random(0, 100) }") == [8, 8, 40]
    assert lua("crypto.cipher.issac.seedIsaac('any', false) return crypto.cipher.issac.getRandom()") == 2680197448


def test_a_seed_gives_its_own_numbers_and_more_than_256_bytes_of_it_do_not_count(lua: Asking) -> None:
    assert lua("return { crypto.random(0, 100, 'seed'), crypto.random(1, 6, 'other') }") == [94, 2]
    assert lua("return crypto.random(0, 2^40, ('s'):rep(256)) == crypto.random(0, 2^40, ('s'):rep(300))") is True
    assert lua("return crypto.random(0, 2^40, ('s'):rep(256)) == crypto.random(0, 2^40, ('s'):rep(255))") is False


def test_more_numbers_than_one_round_gives_come_from_the_next(lua: Asking) -> None:
    code = """
      local issac, seen = crypto.cipher.issac, {}
      issac.seedIsaac("seed", true)
      for i = 1, 1000 do seen[issac.getRandom()] = true end
      issac.seedIsaac("seed", true)
      local char, n = issac.getRandomChar(), 0
      issac.seedIsaac("seed", true)
      for _ in pairs(seen) do n = n + 1 end
      return { n, char == issac.getRandom() % 95 + 32 }
    """
    assert lua(code) == [1000, True]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300), st.binary(max_size=20))
def test_what_can_be_printed_comes_back(lua: Asking, text: str, key: bytes) -> None:
    code = """
      local text, key = ...
      local sealed = crypto.cipher.issac.encrypt(text, key)
      assert(sealed.asHex() == hex(sealed.asString()) and #sealed.asBytes() == #text)
      assert(not sealed.asString():find("[^ -~]"))
      return crypto.cipher.issac.decrypt(sealed.asString(), key)
    """
    assert lua(code, text.encode(), key) == text


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("random('x')", "bad argument #1 to 'random' (number expected, got string)"),
        ("random(1, 0)", "interval is empty"),
        ("random(0, 1, {})", "bad argument #1 to 'seedIsaac' (string expected, got table)"),
        ("encrypt('text')", "bad argument #2 to 'encrypt' (string expected, got no value)"),
    ],
)
def test_what_isaac_cannot_do_is_refused(lua: Asking, call: str, told: str) -> None:
    assert told in lua.error(f"local answer = crypto.cipher.issac.{call} return answer")


# The authenticated ciphers ----------------------------------------------------------------------------------

lengths = st.sampled_from([0, 1, 15, 16, 31, 32, 33, 64, 95, 96, 97, 191, 192, 200])
texts = st.binary(max_size=200) | lengths.flatmap(lambda size: st.binary(min_size=size, max_size=size))


def test_norx_begins_as_its_specification_does(lua: Asking) -> None:
    key, nonce, text = bytes(range(32)), bytes(range(32, 64)), bytes(range(128))
    found = lua("return crypto.cipher.norx.encrypt(...).asHex()", key, nonce, text, text, text)
    assert found.startswith("c0816e50")


@settings(max_examples=60)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), texts, texts, texts)
def test_norx_opens_what_it_sealed_and_nothing_else(
    lua: Asking, key: bytes, nonce: bytes, text: bytes, header: bytes, trailer: bytes
) -> None:
    wanted = Norx(key, nonce).encrypt(text, header, trailer)
    assert lua("return crypto.cipher.norx.encrypt(...).asHex()", key, nonce, text, header, trailer) == wanted.hex()
    code = "local text, why = crypto.cipher.norx.decrypt(...) return { text and hex(text) or false, why or '' }"
    assert lua(code, key, nonce, wanted, header, trailer) == [text.hex(), ""]
    other = bytes([wanted[0] ^ 1]) + wanted[1:]
    for changed in ((other, header, trailer), (wanted, header + b"\0", trailer), (wanted[1:], header, trailer)):
        assert lua(code, key, nonce, *changed) == [False, "auth failure"]


@settings(max_examples=60)
@given(st.binary(min_size=16, max_size=16), st.booleans(), st.binary(min_size=16, max_size=16), texts, texts)
def test_morus_opens_what_it_sealed_and_nothing_else(
    lua: Asking, key: bytes, long: bool, iv: bytes, text: bytes, ad: bytes
) -> None:
    key = key + key[::-1] if long else key
    wanted = Morus(key, iv).encrypt(text, ad)
    assert wanted.startswith(ad)
    assert lua("return crypto.cipher.morus.encrypt(...).asHex()", key, iv, text, ad) == wanted.hex()
    code = "local text, why = crypto.cipher.morus.decrypt(...) return { text and hex(text) or false, why or '' }"
    assert lua(code, key, iv, wanted, len(ad)) == [text.hex(), ""]
    other = wanted[:-1] + bytes([wanted[-1] ^ 1])
    for changed in ((other, len(ad)), (wanted, len(ad) + 1), (wanted[1:], len(ad)), (b"", 0), (wanted, -1)):
        assert lua(code, key, iv, *changed) == [False, "decrypt error"]


def test_what_is_left_out_is_empty(lua: Asking) -> None:
    key, iv = b"super_duper_secret_password_shhh", b"0" * 32
    for name, nonce in (("norx", iv), ("morus", iv[:16])):
        code = f"""
          local key, iv, text = ...
          local sealed = crypto.cipher.{name}.encrypt(key, iv, text)
          return {{ #sealed.asBytes(), crypto.cipher.{name}.decrypt(key, iv, sealed.asString()) }}
        """
        assert lua(code, key, nonce, b"attack") == [6 + (32 if name == "norx" else 16), "attack"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("morus.encrypt('short', ('0'):rep(16), '')", "key must be 16 or 32 bytes"),
        ("morus.decrypt(('k'):rep(24), ('0'):rep(16), '')", "key must be 16 or 32 bytes"),
        ("morus.encrypt(('k'):rep(16), '', '')", "iv must be 16 bytes"),
        ("norx.encrypt('short', ('0'):rep(32), '')", "key must be 32 bytes"),
        ("norx.decrypt(('k'):rep(32), '', '')", "nonce must be 32 bytes"),
    ],
)
def test_keys_of_another_length_are_refused_without_a_position(lua: Asking, call: str, told: str) -> None:
    assert lua.error(f"return crypto.cipher.{call}") == told
