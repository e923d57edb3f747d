"""What goes wrong on purpose, as plain data: rates by which faults strike, and single strikes.

All times count milliseconds from the start of the simulation, so one plan serves every run. Names are those of
processes and wallets, or addresses; "*" is anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from aosim.checks import check_whole
from aosim.errors import UsageError, did_you_mean
from aosim.message import Message

#: The target of a message that asks for a child, which has no name before it is there.
CHILD = "(child)"
STRIKE_KINDS = ("lose", "duplicate", "delay", "late", "crash", "skew")
RATE_KINDS = (*STRIKE_KINDS, "reorder")

_NAME = r"([^\s>#+|,@]+)"
_STRIKE = re.compile(
    rf"(\w+) {_NAME}>{_NAME}#([0-9]{{1,15}})(?: (-?[0-9]{{1,15}})ms)?(?: losing ([0-9]{{1,15}}))?", re.A
)
_CRASH = re.compile(rf"crash {_NAME} at ([0-9]{{1,15}})ms for ([0-9]{{1,15}})ms(?: losing ([0-9]{{1,15}}))?", re.A)
_WINDOW = r"(?: from ([0-9]{1,15})ms)?(?: until ([0-9]{1,15})ms)?"
_PROCESS_RULE = re.compile(rf"(slow|skew) {_NAME} (-?[0-9]{{1,15}})ms{_WINDOW}", re.A)
_PARTITION = re.compile(rf"partition ([^\s,]+?){_WINDOW}( lose)?", re.A)
_ODD = ">#+|,@%"  # characters that are signs here; they, blanks and what cannot be printed are written as %3E
_ESCAPED = re.compile("(?:%[0-9A-F]{2})+")
_RATES = (("loss", "lose"), ("dup", "duplicate"), ("reorder", "reorder"), ("spike", "delay"), ("crash", "crash"))


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault that strikes one message.

    "lose", "duplicate" (a copy arrives `ms` later), "delay" and "late" (a child is visible that much later than its
    parent thinks) strike the `number`-th message from sender to target, counted from 1 in the order of sending; the
    target of a message that makes a child is "(child)". "crash" and "skew" strike the `number`-th message that
    reaches a process: it finds the process down for `ms`, or a timestamp that is wrong by `ms`.
    Counting on one link, what strikes elsewhere moves no number here.
    """

    kind: str
    sender: str
    target: str
    number: int
    ms: int = 0
    losing: int = 0  # messages that a process forgets when it crashes

    def __post_init__(self) -> None:
        _check_kind("Strike", self.kind, STRIKE_KINDS)
        check_whole("number", self.number, least=1, unit="")
        _check_ms("ms", self.ms, self.kind == "skew")
        check_whole("losing", self.losing, unit=" of messages")

    def __str__(self) -> str:
        text = f"{self.kind} {_quoted(self.sender)}>{_quoted(self.target)}#{self.number}"
        return text + (f" {self.ms}ms" if self.ms else "") + (f" losing {self.losing}" if self.losing else "")


@dataclass(frozen=True, slots=True)
class Crash:
    """A process is down from a moment on. Messages wait for it; `losing` of those before are forgotten."""

    process: str
    at_ms: int
    for_ms: int = 1_000
    losing: int = 0

    def __post_init__(self) -> None:
        for name in ("at_ms", "for_ms"):
            check_whole(name, getattr(self, name))
        check_whole("losing", self.losing, unit=" of messages")

    def __str__(self) -> str:
        losing = f" losing {self.losing}" if self.losing else ""
        return f"crash {_quoted(self.process)} at {self.at_ms}ms for {self.for_ms}ms{losing}"


@dataclass(frozen=True, slots=True)
class Slow:
    """A process takes so long over each message; others wait in line."""

    process: str
    per_message_ms: int
    from_ms: int = 0
    until_ms: int | None = None

    def __post_init__(self) -> None:
        check_whole("per_message_ms", self.per_message_ms)
        _check_window(self.from_ms, self.until_ms)

    def __str__(self) -> str:
        return f"slow {_quoted(self.process)} {self.per_message_ms}ms{_window(self.from_ms, self.until_ms)}"


@dataclass(frozen=True, slots=True)
class Skew:
    """The clock by which a process's messages are stamped is wrong: behind when `ms` is negative."""

    process: str
    ms: int
    from_ms: int = 0
    until_ms: int | None = None

    def __post_init__(self) -> None:
        _check_ms("ms", self.ms, True)
        _check_window(self.from_ms, self.until_ms)

    def __str__(self) -> str:
        return f"skew {_quoted(self.process)} {self.ms}ms{_window(self.from_ms, self.until_ms)}"


@dataclass(frozen=True, slots=True)
class Partition:
    """Messages from one group to another do not arrive: they wait until it heals, or are lost.

    It stops what would arrive while it lasts, whenever that was sent. A group ("*",) is everybody in no other group.
    """

    groups: tuple[tuple[str, ...], ...]
    from_ms: int = 0
    until_ms: int | None = None
    lose: bool = False

    def __post_init__(self) -> None:
        groups = tuple(tuple(sorted(group)) for group in self.groups)
        if len(groups) < 2:
            raise UsageError(f"{groups!r}: a partition is between two groups, or more")
        names = [name for group in groups for name in group]
        twice = [name for name in names if names.count(name) > 1]
        if not all(groups) or twice or any("*" in group and len(group) > 1 for group in groups):
            raise UsageError(f"{groups!r}: nobody is in two groups of a partition, and no group is empty")
        object.__setattr__(self, "groups", groups)
        _check_window(self.from_ms, self.until_ms)

    def __str__(self) -> str:
        groups = "|".join("+".join(map(_quoted, group)) for group in self.groups)
        return f"partition {groups}{_window(self.from_ms, self.until_ms)}{' lose' if self.lose else ''}"

    def parts(self, sender: tuple[str, ...], target: tuple[str, ...]) -> bool:
        """Whether two are in different groups; each is given by all its names."""
        here, there = self._group(sender), self._group(target)
        return here != there and here is not None and there is not None

    def _group(self, names: tuple[str, ...]) -> int | None:
        others = None
        for number, group in enumerate(self.groups):
            if any(name in group for name in names):
                return number
            if group == ("*",):
                others = number
        return others


@dataclass(frozen=True, slots=True)
class Hold:
    """Messages that do not arrive until they are released: those of some ids, or all of a kind.

    Of a kind are those from `sender` to `target` (addresses, "*" is anybody) that have these tags.
    """

    sender: str = "*"
    target: str = "*"
    flat: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "hold"

    def has(self, message: Message, address: str) -> bool:
        """Whether it is for this message, on its way to that address."""
        if self.ids:
            return message.id in self.ids
        return (
            self.sender in ("*", message.sender)
            and self.target in ("*", address)
            and all(message.tag(self.flat[at]) == self.flat[at + 1] for at in range(0, len(self.flat), 2))
        )


#: One thing that has struck, or is to strike.
Fault = Strike | Crash | Slow | Skew | Partition


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a fault strikes: each message of a link, by chance, with this probability.

    Kinds are those of `Strike`, and "reorder": a delay between 1 and `ms`. A copy comes 0 to `ms` later; a "skew" is
    between -ms and ms. `from_ms` and `until_ms` are about when messages arrive.
    """

    kind: str
    rate: float
    sender: str = "*"
    target: str = "*"
    ms: int = 0
    losing: int = 0
    from_ms: int = 0
    until_ms: int | None = None

    def __post_init__(self) -> None:
        _check_kind("Rate", self.kind, RATE_KINDS)
        check_rate(self.kind, self.rate)
        check_whole("ms", self.ms)
        check_whole("losing", self.losing, unit=" of messages")
        _check_window(self.from_ms, self.until_ms)

    def __str__(self) -> str:
        link = f"{_quoted(self.sender)}>{_quoted(self.target)}"
        return f"{self.kind} {link} {self.rate:g}{_window(self.from_ms, self.until_ms)}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Faults:
    """What goes wrong in a run: rates for every message, rates for some (`rates`), and single faults (`strikes`).

    Drawn from a stream of their own, so the latencies of a run are the same with and without.
    A plan that is `exact` has strikes only: rates that calls add later draw nothing.
    """

    loss: float = 0.0
    dup: float = 0.0
    dup_ms: int = 100  # a copy comes 0 to so much later
    reorder: float = 0.0
    reorder_ms: int = 100  # a message takes 1 to so much longer, and others overtake it
    spike: float = 0.0
    spike_ms: int = 1_000  # a message takes so much longer
    crash: float = 0.0  # of a process, for each message that reaches it
    crash_ms: int = 1_000
    losing: int = 0  # messages that a process forgets when it crashes
    late_births_ms: int = 0  # every child is visible so much later than its parent thinks
    jitter_ms: int = 0  # timestamps are wrong by up to so much
    rates: tuple[Rate, ...] = ()
    strikes: tuple[Fault, ...] = ()
    exact: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "float":
                check_rate(field.name, value)
            elif field.type == "int":
                check_whole(field.name, value)
        for name, kinds in (("rates", (Rate,)), ("strikes", (Strike, Crash, Slow, Skew, Partition))):
            given = tuple(getattr(self, name))
            if not all(isinstance(one, kinds) for one in given):
                raise UsageError(f"{name}={given!r}: a list of {', '.join(kind.__name__ for kind in kinds)}")
            object.__setattr__(self, name, given)
        if self.exact and self.all_rates:
            raise UsageError("exact=True: a plan of strikes alone, without rates")

    def __repr__(self) -> str:
        """What is given beside the defaults."""
        given = [(field.name, getattr(self, field.name)) for field in fields(self)]
        told = [f"{name}={value!r}" for name, value in given if value != getattr(_NO_FAULTS, name)]
        return f"Faults({', '.join(told)})"

    @property
    def told(self) -> str:
        """How to say it after the other options of a simulation; nothing when nothing goes wrong."""
        return f", faults={self!r}" if self != _NO_FAULTS else ""

    @property
    def all_rates(self) -> tuple[Rate, ...]:
        """Every rate above 0, those for all messages first."""
        sized = {"duplicate": self.dup_ms, "reorder": self.reorder_ms, "delay": self.spike_ms, "crash": self.crash_ms}
        found = [
            Rate(kind, getattr(self, name), ms=sized.get(kind, 0), losing=self.losing if kind == "crash" else 0)
            for name, kind in _RATES
        ]
        found += [
            Rate(kind, float(ms > 0), ms=ms) for kind, ms in (("late", self.late_births_ms), ("skew", self.jitter_ms))
        ]
        return tuple(rate for rate in (*found, *self.rates) if rate.rate)

    @classmethod
    def read(cls, text: str, where: str = "faults") -> Faults:
        """Read "loss=0.01, dup=0.02, dup_ms=20". Raises UsageError for what is none."""
        known = {field.name: field.type for field in fields(cls) if field.type in ("float", "int")}
        given: dict[str, Any] = {}
        for part in filter(None, map(str.strip, text.split(","))):
            name, _, value = map(str.strip, part.partition("="))
            if name not in known:
                raise UsageError(
                    f"{where} {name!r}: no such fault.{did_you_mean(name, known)} There are: {', '.join(known)}"
                )
            try:
                given[name] = float(value) if known[name] == "float" else int(value)
            except ValueError:
                raise UsageError(f"{where} {part!r}: write a number, as in loss=0.01") from None
        return cls(**given)

    def packed(self) -> tuple[Any, ...]:
        """Plain values, for a file."""
        return pack_fault(self)

    @classmethod
    def unpacked(cls, values: tuple[Any, ...]) -> Faults:
        """The reverse."""
        found = unpack_fault(values)
        assert isinstance(found, cls)
        return found


def as_faults(faults: Faults | None) -> Faults:
    """A plan; None is one by which nothing goes wrong. Raises UsageError for anything else."""
    if not isinstance(faults, Faults | None):
        raise UsageError(f"faults={faults!r}: a Faults(...), as in Faults(loss=0.01)")
    return faults if faults is not None else _NO_FAULTS


def read_strikes(text: str, where: str = "strikes") -> tuple[Fault, ...]:
    """Read faults as `str()` writes them, with commas between. Raises UsageError."""
    try:
        return tuple(_read(part, where) for part in filter(None, map(str.strip, text.split(","))))
    except UnicodeDecodeError as problem:
        raise UsageError(f"{where} {text!r}: {problem}") from None


def write_strikes(strikes: Iterable[Fault]) -> str:
    """The reverse of `read_strikes`."""
    return ", ".join(map(str, strikes))


def _read(text: str, where: str) -> Fault:
    if found := _CRASH.fullmatch(text):
        return Crash(_unquoted(found[1]), int(found[2]), int(found[3]), int(found[4] or 0))
    if found := _STRIKE.fullmatch(text):
        ends = _unquoted(found[2]), _unquoted(found[3])
        return Strike(found[1], *ends, int(found[4]), int(found[5] or 0), int(found[6] or 0))
    if found := _PROCESS_RULE.fullmatch(text):
        kind = Slow if found[1] == "slow" else Skew
        return kind(_unquoted(found[2]), int(found[3]), *_read_window(found[4], found[5]))
    if found := _PARTITION.fullmatch(text):
        groups = tuple(tuple(map(_unquoted, group.split("+"))) for group in found[1].split("|"))
        return Partition(groups, *_read_window(found[2], found[3]), found[4] is not None)
    raise UsageError(
        f"{where} {text!r}: write 'lose alice>ledger#17', 'duplicate alice>ledger#3 20ms', "
        "'crash ledger at 5000ms for 2000ms', 'slow ledger 40ms' or 'partition a+b|c until 5000ms'"
    )


def pack_fault(fault: Fault | Hold | Rate | Faults) -> tuple[Any, ...]:
    """The name of its kind and its values, all of them plain."""
    values = (getattr(fault, name) for name in fault.__dataclass_fields__)
    return (type(fault).__name__, *map(_packed, values))


def unpack_fault(values: tuple[Any, ...]) -> Fault | Hold | Rate | Faults:
    """The reverse of `pack_fault`."""
    kind = _PACKED_KINDS[values[0]]
    if kind is not Faults:
        made: Fault | Hold | Rate = kind(*values[1:])
        return made
    named = dict(zip(Faults.__dataclass_fields__, values[1:], strict=True))
    for name in ("rates", "strikes"):
        named[name] = tuple(map(unpack_fault, named[name]))
    return Faults(**named)


def check_rate(name: str, rate: object) -> None:
    """Raise UsageError for what is no probability."""
    if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate <= 1:
        raise UsageError(f"{name}={rate!r}: a probability is a number from 0 to 1")


_PACKED_KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (Strike, Crash, Slow, Skew, Partition, Hold, Rate, Faults)
}


def _packed(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_packed, value))
    return pack_fault(value) if type(value).__name__ in _PACKED_KINDS else value


def _check_kind(what: str, kind: str, kinds: tuple[str, ...]) -> None:
    if kind not in kinds:
        raise UsageError(
            f"{what} {kind!r}: no such kind.{did_you_mean(str(kind), kinds)} There are: {', '.join(kinds)}"
        )


def _check_ms(name: str, ms: object, negative: bool) -> None:
    if negative and isinstance(ms, int) and not isinstance(ms, bool):
        return
    check_whole(name, ms)


def _check_window(from_ms: int, until_ms: int | None) -> None:
    check_whole("from_ms", from_ms)
    if until_ms is not None and check_whole("until_ms", until_ms) < from_ms:
        raise UsageError(f"until_ms={until_ms} is before from_ms={from_ms}")


def _window(from_ms: int, until_ms: int | None) -> str:
    return (f" from {from_ms}ms" if from_ms else "") + ("" if until_ms is None else f" until {until_ms}ms")


def _read_window(from_ms: str | None, until_ms: str | None) -> tuple[int, int | None]:
    return int(from_ms or 0), None if until_ms is None else int(until_ms)


def _quoted(name: str) -> str:
    return "".join(one if one.isprintable() and one not in _ODD and one != " " else _escaped(one) for one in name)


def _escaped(one: str) -> str:
    return "".join(f"%{byte:02X}" for byte in one.encode("utf-8", "surrogatepass"))


def _unquoted(name: str) -> str:
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "surrogatepass"), name)


_NO_FAULTS = Faults()
