"""Cron: the Cron-Interval tags of a process, and when they are due."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aosim.checks import check_text, text_tags
from aosim.clock import Clock
from aosim.errors import UsageError
from aosim.message import tag_pairs

_UNIT_MS = {
    "millisecond": 1,
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
    "month": 30 * 86_400_000,
    "year": 365 * 86_400_000,
}
# No more digits than make sense: what a process writes here is read by int().
_INTERVAL = re.compile(r"\s*([0-9]{1,12})[-_ ]([A-Za-z]+?)s?\s*")

_SPEC = 'give "5-minutes", a list of these, or {"5-minutes": {"Action": "Tick"}}'

#: What `spawn(cron=...)` takes: one interval, several, or each with the tags of its messages.
CronSpec = str | Sequence[str] | Mapping[str, Mapping[str, str]]


@dataclass(slots=True)
class CronLine:
    """One interval of a process and the tags of the messages it makes."""

    interval: str
    every_ms: int  # 0 for one counted in blocks
    every_blocks: int
    flat: tuple[str, ...]
    ticks: int = 0  # how many have been

    @property
    def order(self) -> tuple[int, int]:
        """At one moment the lines counted in blocks come first, then the shorter intervals."""
        return (0, self.every_blocks) if self.every_blocks else (1, self.every_ms)


@dataclass(slots=True)
class CronPlan:
    """The intervals of one process, and when each is due next."""

    lines: list[CronLine]
    start_ms: int
    start_height: int
    _due_ms: list[int] = field(default_factory=list)

    def next_ms(self, clock: Clock) -> int:
        """When the next tick of any line is due."""
        self._due_ms = [self._line_due_ms(line, clock) for line in self.lines]
        return min(self._due_ms)

    def fork(self) -> CronPlan:
        """Another that has ticked as often; from here on neither knows of the other."""
        return replace(self, lines=[replace(line) for line in self.lines], _due_ms=self._due_ms.copy())

    def due(self, now_ms: int) -> list[CronLine]:
        """The lines due at this moment, in their order; each counts as having ticked."""
        ready = [line for line, due_ms in zip(self.lines, self._due_ms, strict=True) if due_ms <= now_ms]
        for line in ready:
            line.ticks += 1
        return ready

    def _line_due_ms(self, line: CronLine, clock: Clock) -> int:
        number = line.ticks + 1
        if line.every_blocks:
            return clock.block_ms(self.start_height + number * line.every_blocks)
        # Intervals count whole seconds from the second the process began in; only an interval in
        # milliseconds, which the network does not have, counts from its millisecond.
        start_ms = self.start_ms if line.every_ms % 1_000 else self.start_ms // 1_000 * 1_000
        return start_ms + number * line.every_ms


def cron_plan(flat: tuple[str, ...], clock: Clock) -> CronPlan | None:
    """The plan that a process's tags ask for, beginning now; None without Cron-Interval.

    Raises UsageError for an interval that cannot be read.
    """
    lines: list[CronLine] = []
    for name, value in tag_pairs(flat):
        lower = name.lower()
        if lower == "cron-interval":
            lines.append(parse_interval(value))
        elif lower.startswith("cron-tag-") and lines:
            lines[-1].flat += (name[len("cron-tag-") :], value)
    if not lines:
        return None
    lines.sort(key=lambda line: line.order)
    return CronPlan(lines, clock.now_ms, clock.block_height)


def parse_interval(text: str) -> CronLine:
    """Read "5-minutes" or "10-blocks"."""
    found = _INTERVAL.fullmatch(text)
    amount, unit = (int(found[1]), found[2].lower()) if found else (0, "")
    if amount > 0 and unit == "block":
        return CronLine(text, 0, amount, ())
    if amount > 0 and unit in _UNIT_MS:
        return CronLine(text, amount * _UNIT_MS[unit], 0, ())
    units = ", ".join(f"{unit}s" for unit in _UNIT_MS)
    raise UsageError(f"Cron-Interval {text[:40]!r}: write a whole number and a unit, as in 5-minutes ({units}, blocks)")


def cron_tags(spec: CronSpec) -> tuple[str, ...]:
    """The process tags of a `spawn(cron=...)`; without tags of its own a line sends Action=Cron.

    Raises UsageError for an interval that cannot be read and for tags that are no text.
    """
    if isinstance(spec, str):
        spec = [spec]
    if not isinstance(spec, Mapping | Sequence):
        raise UsageError(f"cron={spec!r}: {_SPEC}")
    lines = spec if isinstance(spec, Mapping) else {interval: {"Action": "Cron"} for interval in spec}
    flat: list[str] = []
    for interval, tags in lines.items():
        parse_interval(check_text(interval, "cron="))
        if not isinstance(tags, Mapping):
            raise UsageError(f"cron={spec!r}: {_SPEC}")
        flat += ("Cron-Interval", interval)
        for name, value in tag_pairs(text_tags(tags, f"cron {interval}")):
            flat += (f"Cron-Tag-{name}", value)
    return tuple(flat)
