"""Past: what has led to the state of a Lua process, so that it can be made again, and so can any it has been in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import chain, takewhile
from typing import Any, NamedTuple, Self, TypeGuard
from zlib import compress, decompress

from aosim.packing import pack, unpack

#: What the runtime's step takes: sender, owner, data, timestamp, block height, nonce, epoch, flags, the rest in one
#: text, then tag names and values. The log keeps these: a tuple of bytes and numbers is nothing to the garbage
#: collector, where the message it came from would be visited again and again.
Step = tuple[Any, ...]
#: A step; or a number: so many items on Arweave are what the steps after it find; or the values of a `ProcessInfo`, who
#: the process is from there on.
Item = Step | int

_DATA, _NONCE = 2, 5  # their places in a step

# Prices, in ordinary messages, as measured in the midst of a run: of a small image, and of each byte in a larger one.
_IMAGE_PRICE = 250
_PRICE_OF_BYTE = 1 / 500
_SMALL_BYTES = 2_000_000  # that the Lua of a small process takes, with its garbage
_SHARE = 20  # an image is taken when that many times its price has been spent on messages: it costs 5 % at most
_FIRST_LOOK = _SHARE * _IMAGE_PRICE
_BYTES_PER_MESSAGE = 2048  # a large message is code to be loaded, or data
_STEP_BYTES = 1000  # that one takes, roughly
_OLD_IMAGE_BYTES_MAX = 2**20  # of images of earlier states, beside as much as the messages themselves take


class Image(NamedTuple):
    """A state as bytes, and what the process said at its prompt."""

    data: bytes
    prompt: str


class Stretch(NamedTuple):
    """A part of the log that lies behind the last image."""

    image: Image | None  # of the state it begins in, packed by zlib; None: the one before it leads there
    items: Sequence[Item]
    last_nonce: int  # of the steps in it and before; -1 before the first


class UndoCost(NamedTuple):
    """What it takes to make the state of a process again, as after a message that failed."""

    image_bytes: int  # of the image it begins with; 0 for a fresh start
    messages: int  # that are evaluated again after that
    without_image: str  # why no image could be taken when one was due last; "" when none was refused


class Past:
    """The log of a process, and images of states in between.

    When an image pays is decided by counting messages and bytes, never by a clock, and nothing that
    a process answers depends on it.
    """

    __slots__ = ("_behind", "_debt", "_patience", "_refused", "image", "log", "look_at")

    def __init__(self) -> None:
        self.image: Image | None = None  # the state in which the log begins; None: the fresh start
        self.log: list[Item] = []
        self.look_at = _FIRST_LOOK  # the length of the log at which it is time to ask `is_image_due`
        self._behind: tuple[Stretch, ...] = ()
        self._debt = 0.0  # what has been repeated since the last image, in ordinary messages
        self._patience = 1  # grows when images are refused
        self._refused = ""

    # Images

    def is_image_due(self, lua_bytes: int) -> bool:
        """Whether the messages since the last image have cost so much that another one is a small part of it."""
        wanted = self._price(lua_bytes) * _SHARE
        weight = _weight(self.log)
        if weight >= wanted:
            return True
        self.look_at = len(self.log) + max(_FIRST_LOOK, int((wanted - weight) / 2))
        return False

    def owe(self) -> bool:
        """The log was evaluated again. Whether so much has been by now that an image may pay: see `would_pay`."""
        self._debt += _weight(self.log)
        return self._debt >= _IMAGE_PRICE * self._patience

    def would_pay(self, lua_bytes: int) -> bool:
        """Whether an image costs no more than what has been evaluated again for want of one."""
        return self._debt >= self._price(lua_bytes)

    def is_long(self) -> bool:
        """Whether an image may be cheaper than evaluating the log once more: see `is_longer_than_image`."""
        return _weight(self.log) >= _IMAGE_PRICE * self._patience

    def is_longer_than_image(self, lua_bytes: int) -> bool:
        """Whether it is."""
        return _weight(self.log) >= self._price(lua_bytes)

    def take(self, image: Image) -> None:
        """An image of the state as it is now: the log begins anew."""
        if self.log:
            packed = None if self.image is None else self.image._replace(data=compress(self.image.data, 1))
            self._behind = _thinned((*self._behind, Stretch(packed, self.log, self.last_nonce)))
        self.image, self.log = image, []
        self.look_at = _FIRST_LOOK
        self._debt, self._patience, self._refused = 0.0, 1, ""

    def refuse(self, why: str) -> None:
        """There could be no image. The next one is asked for later than this one was."""
        self._refused = why
        self._debt = 0.0
        self._patience = min(2 * self._patience, 2**20)
        self.look_at = 2 * len(self.log) + _FIRST_LOOK

    def forget_images(self) -> None:
        """All begins with the fresh start again."""
        self.log = list(self._items())
        self.image, self._behind = None, ()
        self.look_at = len(self.log) + _FIRST_LOOK

    @property
    def mark(self) -> tuple[object, ...]:
        """Equal only for what `packed` makes equal bytes of."""
        return (self.image, len(self.log), self._debt, self.look_at, self._refused)

    @property
    def undo_cost(self) -> UndoCost:
        """What it takes to make the state again."""
        steps = sum(map(is_step, self.log))
        return UndoCost(0 if self.image is None else len(self.image.data), steps, self._refused)

    # Other pasts

    def copy(self) -> Self:
        """The same past; from here on neither knows of the other."""
        other = copy(self)
        other.log = self.log.copy()
        return other

    def until(self, nonce: int) -> Self:
        """The past of the state after the message with that place in the log, or after the last one before it."""
        behind = list(self._behind)
        items: list[Sequence[Item]] = [self.log]
        image = self.image
        while behind and (image is None or behind[-1].last_nonce >= nonce):
            stretch = behind.pop()
            if stretch.last_nonce >= nonce:
                items = []
            items.insert(0, stretch.items)
            image = None if stretch.image is None else stretch.image._replace(data=decompress(stretch.image.data))
        other = type(self)()
        other.image, other._behind = image, tuple(behind)
        other.log = list(takewhile(lambda item: _nonce(item) <= nonce, chain.from_iterable(items)))
        return other

    def until_renamed(self) -> Self:
        """The past of the state in which the process came by its name; of the fresh start when it was born with it."""
        items = list(self._items())
        renamed = [number for number, item in enumerate(items, 1) if not isinstance(item, int) and not is_step(item)]
        other = type(self)()
        other.log = items[: renamed[-1]] if renamed else []
        return other

    @property
    def last_nonce(self) -> int:
        """The greatest place in the log of a message in here; -1 when there is none."""
        before = self._behind[-1].last_nonce if self._behind else -1
        return next((nonce for nonce in map(_nonce, reversed(self.log)) if nonce >= 0), before)

    def packed(self) -> bytes:
        """All of it as bytes."""
        image = None if self.image is None else tuple(self.image)
        behind = tuple((stretch.image and tuple(stretch.image), *stretch[1:]) for stretch in self._behind)
        state = (self.look_at, self._debt, self._patience, self._refused)
        return pack((image, self.log, behind, state))

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """The reverse."""
        past = cls()
        image, log, behind, state = unpack(packed)
        past.look_at, past._debt, past._patience, past._refused = state
        past.image = image and Image(*image)
        past.log = list(log)
        past._behind = tuple(Stretch(base and Image(*base), *rest) for base, *rest in behind)
        return past

    def _items(self) -> Iterator[Item]:
        for stretch in self._behind:
            yield from stretch.items
        yield from self.log

    def _price(self, lua_bytes: int) -> float:
        """Of an image now: it is no smaller than the last; most of what it is made from is garbage, or the runtime."""
        last_bytes = 0 if self.image is None else len(self.image.data)
        return _IMAGE_PRICE + max(last_bytes, (lua_bytes - _SMALL_BYTES) / 4) * _PRICE_OF_BYTE


def is_step(item: Item) -> TypeGuard[Step]:
    """Whether it is a message."""
    return type(item) is tuple and type(item[0]) is bytes


def _nonce(item: Item) -> int:
    """Its place in the log; -1 for what has none, as messages of cron."""
    nonce: int | None = item[_NONCE] if is_step(item) else None
    return -1 if nonce is None else nonce


def _weight(items: Iterable[Item]) -> int:
    return sum(1 + len(item[_DATA] or b"") // _BYTES_PER_MESSAGE for item in items if is_step(item))


def _thinned(behind: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """Without every second of the images, as often as it takes to keep their size within bounds."""
    room = _OLD_IMAGE_BYTES_MAX + _STEP_BYTES * sum(len(stretch.items) for stretch in behind)
    while sum(len(stretch.image.data) for stretch in behind if stretch.image is not None) > room:
        count, kept = 0, []
        for stretch in behind:
            count += stretch.image is not None
            kept.append(stretch._replace(image=None) if count % 2 else stretch)
        behind = tuple(kept)
    return behind
