"""lua/lib/crypto_hashes.lua, crypto_md2.lua, crypto_md4.lua, crypto_keccak.lua, crypto_blake2b.lua"""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim.luavm import services
from lib.asking import Asking

BLOCKS = (0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 135, 136, 137, 143, 144, 200, 255, 256, 257, 272, 1000)
# Any bytes, and more often than not of a length where blocks end.
data = st.binary(max_size=300) | st.sampled_from(BLOCKS).flatmap(lambda size: st.binary(min_size=size, max_size=size))


@pytest.fixture(scope="module")
def lua() -> Asking:
    return Asking()


# RFC 1319, RFC 1320, RFC 1321 (appendices), FIPS 180-4, FIPS 202, RFC 7693, and the Keccak team's of before FIPS 202.
DIGITS = "12345678901234567890" * 4
VECTORS = [
    ("md2", "", "8350e5a3e24c153df2275c9f80692773"),
    ("md2", "a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"),
    ("md2", "abc", "da853b0d3f88d99b30283a69e6ded6bb"),
    ("md2", "message digest", "ab4f496bfb2a530b219ff33031fe06b0"),
    ("md2", "abcdefghijklmnopqrstuvwxyz", "4e8ddff3650292ab5a4108c3aa47940b"),
    ("md2", DIGITS, "d5976f79d83d3a0dc9806c3c66f3efd8"),
    ("md4", "", "31d6cfe0d16ae931b73c59d7e0c089c0"),
    ("md4", "a", "bde52cb31de33e46245e05fbdbd6fb24"),
    ("md4", "abc", "a448017aaf21d8525fc10ae87aa6729d"),
    ("md4", "message digest", "d9130a8164549fe818874806e1c7014b"),
    ("md4", "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
    ("md4", DIGITS, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ("md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ("md5", DIGITS, "57edf4a22be3c955ac49da2e2107b67a"),
    ("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("sha2_256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("keccak256", "", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    ("keccak256", "abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    (
        "keccak512",
        "",
        "0eab42de4c3ceb9235fc91acffe746b29c29a8c366b7c60e4e67c466f36a4304"
        "c00fa9caf9d87976ba469bcbe06713b435f091ef2769fb160cdab33d3670680e",
    ),
    (
        "blake2b",
        "abc",
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    ),
]


@pytest.mark.parametrize(("name", "text", "wanted"), VECTORS)
def test_published_texts_have_their_published_digests(lua: Asking, name: str, text: str, wanted: str) -> None:
    source = "stream(...)" if name in ("md2", "md4", "md5", "sha1", "sha2_256") else "..."
    assert lua(f"return crypto.digest.{name}({source}).asHex()", text.encode()) == wanted


@pytest.mark.parametrize(("name", "known"), [("md5", "md5"), ("sha1", "sha1"), ("sha2_256", "sha256")])
@settings(max_examples=25)
@given(text=data)
def test_digests_of_streams_are_the_standard_ones(lua: Asking, name: str, known: str, text: bytes) -> None:
    assert lua(f"return crypto.digest.{name}(stream(...)).asHex()", text) == hashlib.new(known, text).hexdigest()


@pytest.mark.parametrize(
    ("name", "known"), [("sha2_512", "sha512"), ("sha3_256", "sha3_256"), ("sha3_512", "sha3_512")]
)
@settings(max_examples=25)
@given(text=data)
def test_digests_of_texts_are_the_standard_ones(lua: Asking, name: str, known: str, text: bytes) -> None:
    assert lua(f"return crypto.digest.{name}(...).asHex()", text) == hashlib.new(known, text).hexdigest()


def keccak(text: bytes, size: int) -> str:
    """Keccak with the padding 01, by the description of the permutation, one bit of theory at a time."""
    lanes = [[0] * 5 for _ in range(5)]
    rate = 200 - 2 * size
    padded = bytearray(text + bytes(rate - len(text) % rate))
    padded[len(text)] |= 1
    padded[-1] |= 0x80

    def turned(lane: int, by: int) -> int:
        return (lane << by % 64 | lane >> (64 - by % 64)) % 2**64

    for at in range(0, len(padded), rate):
        for i in range(rate // 8):
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[at + 8 * i : at + 8 * i + 8], "little")
        feedback = 1
        for _ in range(24):
            columns = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in lanes]
            for x in range(5):
                for y in range(5):
                    lanes[x][y] ^= columns[x - 1] ^ turned(columns[(x + 1) % 5], 1)
            x, y, held = 1, 0, lanes[1][0]
            for step in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                held, lanes[x][y] = lanes[x][y], turned(held, (step + 1) * (step + 2) // 2)
            for y in range(5):
                row = [lanes[x][y] for x in range(5)]
                for x in range(5):
                    lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
            for bit in range(7):
                if feedback & 1:
                    lanes[0][0] ^= 1 << (1 << bit) - 1
                feedback = feedback << 1 ^ 0x171 * (feedback >> 7)
    return b"".join(lanes[i % 5][i // 5].to_bytes(8, "little") for i in range(size // 8)).hex()


@settings(max_examples=25)
@given(text=data)
def test_keccak_has_its_padding_of_before_the_standard(lua: Asking, text: bytes) -> None:
    assert lua("return crypto.digest.keccak256(...).asHex()", text) == keccak(text, 32)
    assert lua("return crypto.digest.keccak512(...).asHex()", text) == keccak(text, 64)


@given(data.filter(lambda text: not text or len(text) % 128), st.integers(1, 64), st.binary(max_size=64))
def test_blake2b_is_the_standard_one_where_the_last_block_is_not_full(
    lua: Asking, text: bytes, size: int, key: bytes
) -> None:
    wanted = hashlib.blake2b(text, digest_size=size, key=key).hexdigest()
    assert lua("return crypto.digest.blake2b(...).asHex()", text, size, key) == wanted
    if not key:
        assert lua("return crypto.digest.blake2b(...).asHex()", text, size) == wanted


def blake2b(text: bytes, size: int, key: bytes, *, quirk: bool) -> str:
    """RFC 7693; the quirk is that full blocks are never the last: a block of zeros is, at the same count of bytes."""
    state = list(IV)
    state[0] ^= 0x01010000 ^ len(key) << 8 ^ size
    if key:
        text = key.ljust(128, b"\0") + text
    blocks = [(text[at : at + 128], at + 128, False) for at in range(0, len(text), 128)]
    end = [(bytes(128), len(text), True)] if quirk else [(*blocks.pop()[:2], True)]
    for block, count, last in blocks + end:
        words = [int.from_bytes(block[at : at + 8], "little") for at in range(0, 128, 8)]
        work = state + IV
        work[12] ^= count
        work[14] ^= (2**64 - 1) * last
        for number in range(12):
            order = SIGMA[number % 10]
            for i, (a, b, c, d) in enumerate(QUARTERS):
                for word, first, second in ((words[order[2 * i]], 32, 24), (words[order[2 * i + 1]], 16, 63)):
                    work[a] = (work[a] + work[b] + word) % 2**64
                    work[d] = turned_right(work[d] ^ work[a], first)
                    work[c] = (work[c] + work[d]) % 2**64
                    work[b] = turned_right(work[b] ^ work[c], second)
        state = [word ^ work[i] ^ work[i + 8] for i, word in enumerate(state)]
    return b"".join(word.to_bytes(8, "little") for word in state)[:size].hex()


def turned_right(word: int, by: int) -> int:
    return (word >> by | word << (64 - by)) % 2**64


IV = [
    *(0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1),
    *(0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179),
]
QUARTERS = [
    *((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)),
    *((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)),
]
SIGMA = [
    [int(digit, 16) for digit in line]
    for line in (
        *("0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d"),
        *("2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0"),
    )
]


@pytest.mark.parametrize("size", [128, 256, 384])
@pytest.mark.parametrize("key", [b"", b"key", b"k" * 64])
def test_blake2b_of_full_blocks_ends_with_a_block_of_zeros(lua: Asking, size: int, key: bytes) -> None:
    text = bytes(range(256)) * 2
    for out in (64, 20):
        standard = hashlib.blake2b(text[:size], digest_size=out, key=key).hexdigest()
        wanted = blake2b(text[:size], out, key, quirk=True)
        assert wanted != standard == blake2b(text[:size], out, key, quirk=False)
        assert lua("return crypto.digest.blake2b(...).asHex()", text[:size], out, key) == wanted


@pytest.mark.parametrize("call", ["'ao', 65", "'ao', 0", "'ao', 32, ('k'):rep(65)"])
def test_blake2b_of_sizes_it_does_not_have_returns_nothing(lua: Asking, call: str) -> None:
    assert lua(f"return select('#', crypto.digest.blake2b({call}))") == 0


@given(st.binary(max_size=100))
def test_the_forms_of_a_result_tell_the_same(lua: Asking, text: bytes) -> None:
    for call in ("md2(stream(...))", "md4(stream(...))", "md5(stream(...))", "sha1(stream(...))", "blake2b(...)"):
        code = f"local r = crypto.digest.{call} return {{ r.asHex(), hex(r.asString()), r.asBytes() }}"
        found, text_hex, numbers = lua(code, text)
        assert found == text_hex == bytes(numbers).hex()


def test_the_bytes_of_sha2_512_are_eight_words(lua: Asking) -> None:
    digest = hashlib.sha512(b"ao").digest()
    words = [int.from_bytes(digest[at : at + 8], "big", signed=True) for at in range(0, 64, 8)]
    assert lua("return crypto.digest.sha2_512('ao').asBytes()") == words
    assert lua("return hex(crypto.digest.sha2_512('ao').asString())") == digest.hex()


@pytest.mark.parametrize("name", ["sha3_256", "sha3_512", "keccak256", "keccak512"])
def test_the_sponges_have_no_bytes(lua: Asking, name: str) -> None:
    assert lua(f"return crypto.digest.{name}('ao').asBytes") is None
    assert lua(f"local r = crypto.digest.{name}('ao') return hex(r.asString()) == r.asHex()") is True


def test_a_digest_takes_what_is_left_of_a_stream_and_leaves_it_at_its_end(lua: Asking) -> None:
    wanted = hashlib.sha256(b"cdef").hexdigest()
    code = """
      local s = stream("abcdef")
      s() s()
      return { crypto.digest.sha2_256(s).asHex(), s() == nil, crypto.digest.md5(s).asHex() }
    """
    assert lua(code) == [wanted, True, hashlib.md5(b"").hexdigest()]


def test_any_function_that_returns_bytes_is_a_stream(lua: Asking) -> None:
    code = """
      local n = 0
      local function mine() n = n + 1 if n <= 1000 then return n % 256 end end
      return { crypto.digest.sha1(mine).asHex(), n }
    """
    assert lua(code) == [hashlib.sha1(bytes(n % 256 for n in range(1, 1001))).hexdigest(), 1001]
    callable_table = "local n = 0 return setmetatable({}, {__call = function() n = n + 1 return ({97, 98})[n] end})"
    wanted = hashlib.md5(b"ab").hexdigest()
    assert lua(f"return crypto.digest.md5((function() {callable_table} end)()).asHex()") == wanted


def test_a_stream_is_read_in_one_question(lua: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = services.find_service
    monkeypatch.setattr(services, "find_service", lambda name: asked.append(name) or real(name))  # type: ignore[func-returns-value]
    lua("return crypto.digest.sha2_256(stream(('x'):rep(100000))).asHex()")
    assert asked == [b"hashing.sha256"]


def short_hmac(key: bytes, text: bytes, name: str) -> str:
    """RFC 2104 with blocks of 32 bytes."""
    key = (hashlib.new(name, key).digest() if len(key) > 32 else key).ljust(32, b"\0")
    inner = hashlib.new(name, bytes(byte ^ 0x36 for byte in key) + text).digest()
    return hashlib.new(name, bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


@given(st.binary(max_size=100), data)
def test_a_mac_has_blocks_of_32_bytes(lua: Asking, key: bytes, text: bytes) -> None:
    for name in ("sha1", "sha256"):
        wanted = short_hmac(key, text, name)
        found = lua("local key, text, name = ... return crypto.mac.createHmac(stream(text), bytes(key), name).asHex()",
                    key, text, name)  # fmt: skip
        assert found == wanted != hmac.new(key, text, name).hexdigest()
    code = "local key, text = ... return crypto.mac.createHmac(stream(text), bytes(key)).asHex()"
    assert lua(code, key, text) == short_hmac(key, text, "sha1")


@settings(max_examples=40)
@given(st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 5), st.integers(1, 70))
def test_a_derived_key_is_the_standard_one(
    lua: Asking, password: bytes, salt: bytes, iterations: int, size: int
) -> None:
    code = """
      local password, salt, iterations, size, name = ...
      return crypto.kdf.pbkdf2(bytes(password), bytes(salt), iterations, size, name).asHex()
    """
    for name in ("sha1", "sha256", None):
        wanted = hashlib.pbkdf2_hmac(name or "sha1", password, salt, iterations, size).hex().upper()
        assert lua(code, password, salt, iterations, size, name) == wanted


def test_the_published_keys_are_derived(lua: Asking) -> None:  # RFC 6070
    code = "return crypto.kdf.pbkdf2(bytes('password'), bytes('salt'), ..., 20).asHex()"
    assert lua(code, 1) == "0C60C80F961F0E71F3A9B524AF6012062FE037A6"
    assert lua(code, 4096) == "4B007901B765489ABEAD49D926F721D065A429C1"
    assert lua(code, 0) == lua(code, 1)
    assert lua("return crypto.kdf.pbkdf2({}, {}, 1, 0).asHex()") == ""


@pytest.mark.parametrize("sizes", ["2^40 // 1, 1", "1, 2^40 // 1", "10000000, 1000"])
def test_a_key_that_would_take_forever_is_refused(lua: Asking, sizes: str) -> None:
    failed = lua.error(f"local answer = crypto.kdf.pbkdf2({{}}, {{}}, {sizes}) return answer")
    assert failed.startswith('[string "aos"]:1: pbkdf2: ')
    assert failed.endswith("are more work than can be asked for")


@pytest.mark.parametrize("name", ["md5", "SHA1", ""])
def test_other_algorithms_are_named_in_the_error(lua: Asking, name: str) -> None:
    for call in ("mac.createHmac(stream(''), {}, ...)", "kdf.pbkdf2({}, {}, 1, 1, ...)"):
        assert lua.error(f"return crypto.{call}", name) == f"Unsupported algorithm: {name}"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("digest.md5('ao')", "bad argument #1 to 'md5' (stream expected, got string)"),
        ("digest.sha2_256()", "bad argument #1 to 'sha2_256' (stream expected, got no value)"),
        ("digest.md2({})", "bad argument #1 to 'md2' (stream expected, got table)"),
        ("digest.md4(1)", "bad argument #1 to 'md4' (stream expected, got number)"),
        ("digest.sha1(function() return 256 end)", "bytes expected"),
        ("digest.sha2_512({})", "bad argument #1 to 'sha2_512' (string expected, got table)"),
        ("digest.keccak256(nil)", "bad argument #1 to 'keccak256' (string expected, got no value)"),
        ("digest.blake2b('ao', 1.5)", "number has no integer representation"),
        ("digest.blake2b('ao', {})", "bad argument #2 to 'blake2b' (number expected, got table)"),
        ("mac.createHmac(stream(''), 'key')", "bad argument #2 to 'createHmac' (array expected, got string)"),
        ("kdf.pbkdf2({}, {-1}, 1, 1)", "bytes expected"),
        ("kdf.pbkdf2({}, {}, 'x', 1)", "bad argument #3 to 'pbkdf2' (number expected, got string)"),
    ],
)
def test_wrong_arguments_are_told_at_the_authors_line(lua: Asking, call: str, told: str) -> None:
    body = call.replace("return 256", "n = (n or 0) + 1 return n < 2 and 256 or nil")
    text = lua.error(f"\n n = nil local answer = crypto.{body} return answer")
    assert text.startswith('[string "aos"]:2: ')
    assert told in text


def test_numbers_are_texts_as_they_are_for_luas_own_functions(lua: Asking) -> None:
    assert lua("return crypto.digest.sha3_256(12).asHex() == crypto.digest.sha3_256('12').asHex()") is True
