"""What .crypto has the host compute: digests, HMAC, PBKDF2 and AES.

Every service takes and gives bytes and whole numbers. What an author could have got wrong (sizes, names, iterations)
is checked in `lua/lib/crypto_*.lua`, which is the only caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aosim.luavm.services import Desk, Service

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher

_BLOCK = 16  # bytes of a block of AES
_HMAC_BLOCK = 32  # aos: HMAC pads its keys to 32 bytes, where RFC 2104 has 64 for SHA-1 and SHA-256

_DIGESTS: dict[bytes, Callable[..., Any]] = {
    b"md5": hashlib.md5,
    b"sha1": hashlib.sha1,
    b"sha256": hashlib.sha256,
    b"sha512": hashlib.sha512,
    b"sha3_256": hashlib.sha3_256,
    b"sha3_512": hashlib.sha3_512,
}


def _digest(name: bytes, data: bytes) -> bytes:
    answer = _DIGESTS[name](data, usedforsecurity=False).digest()
    assert isinstance(answer, bytes)
    return answer


def _service(name: bytes) -> Service:
    """The digest of that name, of one text."""

    def service(_: Desk, data: bytes) -> tuple[bytes]:
        return (_digest(name, data),)

    return service


def blake2b(_: Desk, data: bytes, size: int, key: bytes) -> tuple[bytes]:
    """BLAKE2b of RFC 7693, of 1 to 64 bytes; a key of at most 64 bytes, or an empty one for none."""
    return (hashlib.blake2b(data, digest_size=size, key=key, usedforsecurity=False).digest(),)


def hmac(_: Desk, name: bytes, key: bytes, data: bytes) -> tuple[bytes]:
    """HMAC as aos has it, with "sha1" or "sha256": blocks of 32 bytes, so not the results of RFC 2104."""
    key = (_digest(name, key) if len(key) > _HMAC_BLOCK else key).ljust(_HMAC_BLOCK, b"\0")
    inner = _digest(name, bytes(byte ^ 0x36 for byte in key) + data)
    return (_digest(name, bytes(byte ^ 0x5C for byte in key) + inner),)


def pbkdf2(_: Desk, name: bytes, password: bytes, salt: bytes, iterations: int, size: int) -> tuple[bytes]:
    """PBKDF2 of RFC 8018 with HMAC of "sha1" or "sha256"; `iterations` and `size` (in bytes) are at least 1."""
    return (hashlib.pbkdf2_hmac(name.decode(), password, salt, iterations, size),)


def aes_encrypt(_: Desk, mode: bytes, key: bytes, iv: bytes, data: bytes) -> tuple[bytes]:
    """AES by FIPS 197 in a mode of NIST SP 800-38A: "ECB", "CBC", "CFB", "OFB" (with whole blocks) or "CTR".

    `key` has 16, 24 or 32 bytes, `iv` 16 (none for ECB), `data` a multiple of 16.
    """
    if mode == b"CFB":
        return (_cfb_encrypted(key, iv, data),)
    if mode == b"OFB":
        return (_xor(data, _cbc_of_zeros(key, iv, len(data))),)
    encryptor = _cipher(mode, key, iv).encryptor()
    return (encryptor.update(data) + encryptor.finalize(),)


def aes_decrypt(desk: Desk, mode: bytes, key: bytes, iv: bytes, data: bytes) -> tuple[bytes]:
    """The way back from `aes_encrypt`, with the same arguments."""
    if mode == b"OFB":
        return aes_encrypt(desk, mode, key, iv, data)
    if mode == b"CFB":
        encryptor = _cipher(b"ECB", key, b"").encryptor()
        return (_xor(data, encryptor.update((iv + data)[: len(data)]) + encryptor.finalize()),)
    decryptor = _cipher(mode, key, iv).decryptor()
    return (decryptor.update(data) + decryptor.finalize(),)


def _cipher(mode: bytes, key: bytes, iv: bytes) -> Cipher[Any]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    made = modes.ECB() if mode == b"ECB" else modes.CBC(iv) if mode == b"CBC" else modes.CTR(iv)
    return Cipher(algorithms.AES(key), made)


def _cfb_encrypted(key: bytes, iv: bytes, data: bytes) -> bytes:
    encryptor = _cipher(b"ECB", key, b"").encryptor()
    blocks = []
    for at in range(0, len(data), _BLOCK):
        iv = _xor(data[at : at + _BLOCK], encryptor.update(iv))
        blocks.append(iv)
    return b"".join(blocks)


def _cbc_of_zeros(key: bytes, iv: bytes, size: int) -> bytes:
    """The iv encrypted, that encrypted again, and so on: the key stream of OFB."""
    encryptor = _cipher(b"CBC", key, iv).encryptor()
    return encryptor.update(bytes(size)) + encryptor.finalize()


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


SERVICES: dict[bytes, Service] = {
    **{name: _service(name) for name in _DIGESTS},
    b"blake2b": blake2b,
    b"hmac": hmac,
    b"pbkdf2": pbkdf2,
    b"aes_encrypt": aes_encrypt,
    b"aes_decrypt": aes_decrypt,
}
