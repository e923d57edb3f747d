"""NORX64-4-1 and MORUS-1280 once more, by their specifications and with no thought of speed."""

from __future__ import annotations

WORD = 2**64 - 1


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def bytes_of(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(8, "little") for word in words)


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=False))


class Norx:
    """Version 3.0: 96 bytes of rate, 4 rounds, a tag of 32 bytes."""

    def __init__(self, key: bytes, nonce: bytes) -> None:
        self.state = bytes_of(list(range(16)))
        self.permute(2)
        self.key = bytes(96) + key
        self.state = nonce + key + self.state[64:]
        self.mix(bytes(96) + bytes_of([64, 4, 1, 256]))
        self.permute(4)
        self.mix(self.key)

    def mix(self, data: bytes) -> None:
        self.state = xor(self.state, data.ljust(128, b"\0"))

    def permute(self, rounds: int) -> None:
        s = words_of(self.state)
        columns = [(i, i + 4, i + 8, i + 12) for i in range(4)]
        diagonals = [(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12) for i in range(4)]
        for a, b, c, d in (columns + diagonals) * rounds:
            for x, y, z, by in ((a, b, d, 8), (c, d, b, 19), (a, b, d, 40), (c, d, b, 63)):
                s[x] = (s[x] ^ s[y] ^ (s[x] & s[y]) << 1) & WORD
                s[z] = ((s[z] ^ s[x]) >> by | (s[z] ^ s[x]) << (64 - by)) & WORD
        self.state = bytes_of(s)

    def enter(self, domain: int) -> None:
        self.mix(bytes(120) + bytes([domain]))
        self.permute(4)

    def take(self, data: bytes, domain: int) -> bytes:
        """Absorb data; returns what it is as cipher text."""
        out = b""
        if data:
            padded = bytearray(data + b"\1" + bytes(-(len(data) + 1) % 96))
            padded[-1] |= 0x80
            for at in range(0, len(padded), 96):
                self.enter(domain)
                self.mix(bytes(padded[at : at + 96]))
                out += self.state[:96]
        return out[: len(data)]

    def encrypt(self, text: bytes, header: bytes, trailer: bytes) -> bytes:
        self.take(header, 1)
        out = self.take(text, 2)
        self.take(trailer, 4)
        self.enter(8)
        self.mix(self.key)
        self.permute(4)
        self.mix(self.key)
        return out + self.state[96:]


class Morus:
    """Version 2: registers of 256 bits, as numbers."""

    ONES = 2**256 - 1
    CONSTANT = bytes.fromhex("000101020305080d1522375990e97962db3d18556dc22ff12011314273b528dd")

    def __init__(self, key: bytes, iv: bytes) -> None:
        whole = self.number((key + key)[:32])
        self.s = [self.number(iv), whole, self.ONES, 0, self.number(self.CONSTANT)]
        for _ in range(16):
            self.update(0)
        self.s[1] ^= whole

    @staticmethod
    def number(data: bytes) -> int:
        return int.from_bytes(data, "little")

    @classmethod
    def turned(cls, register: int, by: int) -> int:
        return (register << by | register >> (256 - by)) & cls.ONES

    def update(self, message: int) -> None:
        s = self.s
        for i, (bits, turn) in enumerate(((13, 64), (46, 128), (38, 192), (7, 128), (4, 64))):
            mixed = s[i] ^ s[(i + 1) % 5] & s[(i + 2) % 5] ^ s[(i + 3) % 5] ^ (message if i else 0)
            lanes = [mixed >> 64 * lane & WORD for lane in range(4)]
            s[i] = sum(((x << bits | x >> (64 - bits)) & WORD) << 64 * lane for lane, x in enumerate(lanes))
            s[(i + 3) % 5] = self.turned(s[(i + 3) % 5], turn)

    def key_stream(self) -> int:
        return self.s[0] ^ self.turned(self.s[1], 192) ^ self.s[2] & self.s[3]

    def encrypt(self, text: bytes, ad: bytes) -> bytes:
        for at in range(0, len(ad), 32):
            self.update(self.number(ad[at : at + 32]))
        out = b""
        for at in range(0, len(text), 32):
            out += xor(text[at : at + 32], self.key_stream().to_bytes(32, "little"))
            self.update(self.number(text[at : at + 32]))
        self.s[4] ^= self.s[0]
        for _ in range(10):
            self.update(len(ad) * 8 | len(text) * 8 << 64)
        return ad + out + self.key_stream().to_bytes(32, "little")[:16]
