"""lua/lib/crypto.lua, crypto_names.lua: what there is, under which names, and when it comes."""

from __future__ import annotations

import hashlib

import pytest

from aosim import Simulation
from aosim.luavm import source
from lib.asking import Asking

MODULES = """
  .crypto .crypto.init .crypto.digest .crypto.digest.init .crypto.digest.md2 .crypto.digest.md4 .crypto.digest.md5
  .crypto.digest.sha1 .crypto.digest.sha2_256 .crypto.digest.sha2_512 .crypto.digest.sha3 .crypto.digest.blake2b
  .crypto.cipher .crypto.cipher.init .crypto.cipher.aes .crypto.cipher.aes128 .crypto.cipher.aes192
  .crypto.cipher.aes256 .crypto.cipher.issac .crypto.cipher.morus .crypto.cipher.norx .crypto.cipher.mode
  .crypto.cipher.mode.cbc .crypto.cipher.mode.cfb .crypto.cipher.mode.ctr .crypto.cipher.mode.ecb
  .crypto.cipher.mode.ofb .crypto.mac .crypto.mac.init .crypto.mac.hmac .crypto.kdf .crypto.kdf.init
  .crypto.kdf.pbkdf2 .crypto.utils .crypto.utils.init .crypto.utils.stream .crypto.utils.array .crypto.utils.hex
  .crypto.utils.queue .crypto.utils.bit .crypto.utils.lfsr .crypto.util .crypto.util.stream .crypto.padding
  .crypto.padding.zero .crypto.padding.pkcs7 .crypto.padding.ansix923 .crypto.padding.isoiec7816
"""
FIELDS = {
    "crypto": "_version cipher digest kdf mac random utils",
    "crypto.digest": "_version blake2b keccak256 keccak512 md2 md4 md5 sha1 sha2_256 sha2_512 sha3_256 sha3_512",
    "crypto.cipher": "_version aes issac morus norx",
    "crypto.cipher.aes": "decrypt encrypt",
    "crypto.cipher.issac": "decrypt encrypt getRandom getRandomChar random seedIsaac",
    "crypto.cipher.morus": "decrypt encrypt",
    "crypto.cipher.norx": "decrypt encrypt",
    "crypto.mac": "_version createHmac",
    "crypto.kdf": "_version pbkdf2",
    "crypto.utils": "_version array bit hex queue stream",
    "crypto.utils.hex": "hexToString stringToHex",
    "crypto.utils.stream": "fromArray fromHex fromString toArray toHex toString",
    "crypto.utils.array": "XOR concat copy fromHex fromStream fromString permute readFromQueue size slice substitute"
    " toHex toStream toString truncate writeToQueue",
    "crypto.utils.bit": "arshift band bnot bor btest bxor extract lrotate lshift replace rrotate rshift",
    "require('.crypto.digest.sha3')": "keccak256 keccak512 sha3_256 sha3_512",
    "require('.crypto.padding')": "ansix923 isoiec7816 pkcs7 zero",
    "require('.crypto.cipher.mode')": "cbc cfb ctr ecb ofb",
}


@pytest.fixture(scope="module")
def lua() -> Asking:
    return Asking()


@pytest.mark.parametrize("name", MODULES.split())
def test_a_part_can_be_required_by_its_name(lua: Asking, name: str) -> None:
    assert lua("return type(require(...))", name.encode()) in ("table", "function")
    assert lua("local name = ... return require(name) == package.loaded[name]", name.encode()) is True


@pytest.mark.parametrize("name", [".cryptox", ".crypto.", ".crypto.random", ".crypto.digest.md6", ".crypto.utilx.hex"])
def test_what_there_is_not_is_not_found(lua: Asking, name: str) -> None:
    assert lua.error(f"require('{name}')").startswith(f"[string \"aos\"]:1: module '{name}' not found")


@pytest.mark.parametrize("table", FIELDS)
def test_a_table_has_its_fields_and_no_others(lua: Asking, table: str) -> None:
    code = f"local n = {{}} for k in pairs({table}) do n[#n + 1] = k end table.sort(n) return table.concat(n, ' ')"
    assert lua(code) == FIELDS[table]
    assert lua(f"return tostring(getmetatable({table}))") == "nil"


def test_every_part_has_the_version(lua: Asking) -> None:
    code = "c = crypto return { c._version, c.digest._version, c.cipher._version, c.mac._version, c.utils._version }"
    assert lua(code) == ["0.0.1"] * 5


def test_the_names_of_parts_lead_to_what_the_table_has(lua: Asking) -> None:
    pairs = {
        ".crypto.digest": "digest",
        ".crypto.digest.sha2_256": "digest.sha2_256",
        ".crypto.cipher.aes": "cipher.aes",
        ".crypto.mac.hmac": "mac.createHmac",
        ".crypto.kdf.pbkdf2": "kdf.pbkdf2",
        ".crypto.utils.stream": "utils.stream",
        ".crypto.util.hex": "utils.hex",
        ".crypto.utils.queue": "utils.queue",
    }
    for name, field in pairs.items():
        assert lua(f"return require('{name}') == crypto.{field}") is True, name
    assert lua("return crypto.random == crypto.cipher.issac.random") is True


def test_init_is_another_table_with_the_same_contents(lua: Asking) -> None:
    code = """
      local other = require(".crypto.init")
      assert(other ~= crypto and other == require(".crypto.init"))
      for key, value in pairs(crypto) do assert(other[key] == value, key) end
      return true
    """
    assert lua(code) is True


def test_there_is_no_global_of_it() -> None:
    assert Simulation().spawn("").eval("tostring(crypto)") == "nil"


def test_what_an_author_changes_stays_in_the_process_and_out_of_its_names() -> None:
    sim = Simulation()
    changed, other = sim.spawn("crypto = require('.crypto')"), sim.spawn("crypto = require('.crypto')")
    changed.eval("crypto.digest.md5, crypto.utils = 'mine', nil")
    assert changed.eval("crypto.digest.md5") == "mine"
    assert changed.eval("return type(require('.crypto.digest.md5'))") == "function"
    assert changed.eval("return require('.crypto.utils.hex').stringToHex('ao')") == "616f"
    assert other.eval("return crypto.digest.md5(crypto.utils.stream.fromString('')).asHex()") == (
        "d41d8cd98f00b204e9800998ecf8427e"
    )


def test_a_failed_message_takes_back_what_it_drew() -> None:
    process = Simulation().spawn("isaac = require('.crypto').cipher.issac isaac.seedIsaac('seed', true)")
    draw = Simulation().spawn("isaac = require('.crypto').cipher.issac isaac.seedIsaac('seed', true)")
    first, second = draw.eval("isaac.getRandom()"), draw.eval("isaac.getRandom()")
    assert process.eval("isaac.getRandom()") == first
    with pytest.raises(Exception, match="no"):
        process.eval("isaac.getRandom() error('no')")
    assert process.eval("isaac.getRandom()") == second


def test_crypto_works_from_within_coroutines_and_callbacks() -> None:
    process = Simulation().spawn("crypto = require('.crypto')")
    code = """
      local step = coroutine.wrap(function(text)
        while true do
          text = coroutine.yield(crypto.digest.sha2_256(crypto.utils.stream.fromString(text)).asHex():sub(1, 4))
        end
      end)
      local swapped = ("a b"):gsub("%w", function(c) return crypto.digest.sha3_256(c).asHex():sub(1, 4) end)
      return step("a") .. step("b") .. swapped
    """
    assert process.eval(code) == "ca97" + "3e23" + f"{_sha3(b'a')} {_sha3(b'b')}"


def _sha3(text: bytes) -> str:
    return hashlib.sha3_256(text).hexdigest()[:4]


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The libraries and parts that processes ask for from here on."""
    names: list[str] = []
    real = source.library
    monkeypatch.setattr(source, "library", lambda name: names.append(name) or real(name))  # type: ignore[func-returns-value]
    return names


def test_a_process_that_requires_none_of_it_gets_none_of_it(brought: list[str]) -> None:
    process = Simulation().spawn("json = require('json')")
    process.eval("json.encode({})")
    assert [name for name in brought if name.startswith("crypto")] == []


def test_each_file_comes_when_a_function_of_it_is_called(brought: list[str]) -> None:
    process = Simulation().spawn("crypto = require('.crypto')")

    def crypto_files() -> list[str]:
        found = [name.removeprefix("crypto_") for name in brought if name.startswith("crypto")]
        brought.clear()
        return found

    assert crypto_files() == ["names", "crypto"]
    process.eval("for name, part in pairs(crypto.cipher) do _ = name end a, b = crypto.digest.md2, crypto.cipher.aes")
    assert crypto_files() == []
    process.eval("crypto.utils.hex.stringToHex('ao')")
    assert crypto_files() == ["common"]
    process.eval("crypto.digest.md5(crypto.utils.stream.fromString('ao'))")
    assert crypto_files() == ["streams", "hashes"]
    process.eval("crypto.digest.keccak256('ao')")
    assert crypto_files() == ["keccak"]
    process.eval("crypto.random()")
    assert crypto_files() == ["isaac"]
