"""43-character addresses, made from content.

An address is a hash of 256 bits of what it names, written as base64url without padding, the form in
which Arweave and AO write ids. Equal content gives an equal id on every machine. The hash is BLAKE2b:
every message needs two, and Python's own costs a message half of what SHA-256 by way of OpenSSL does.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from hashlib import blake2b

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ADDRESS = re.compile(r"[A-Za-z0-9_-]{43}")


def address(content: bytes) -> str:
    """The address of some content: 43 base64url characters."""
    return b2a_base64(blake2b(content, digest_size=32).digest(), newline=False).translate(_URL_SAFE, b"=").decode()


def address_of(*parts: str) -> str:
    """The address of a list of texts; ("ab", "c") and ("a", "bc") have different ones."""
    return address(b"".join(b"%d:%b" % (len(text), text) for text in map(str.encode, parts)))


def is_address(text: str) -> bool:
    """Whether a text has the shape of an address."""
    return _ADDRESS.fullmatch(text) is not None
