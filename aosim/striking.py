"""Which fault strikes which message: rates drawn from a stream of their own, single strikes by their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from random import Random

from aosim.clock import TIME_MS_MAX
from aosim.faults import CHILD, Rate, Strike

#: All that an end of a link is called: its name and its address.
Called = tuple[str, str]
_ON_ARRIVAL = ("crash", "skew")


class Striking:
    """Counts the messages of each link, and says what strikes each.

    For one message after the other each rate that is for it draws once, in the order in which rates were added.
    """

    def __init__(self, random: Random, start_ms: int) -> None:
        self._random = random
        self._start_ms = start_ms
        self._sent: tuple[Rate, ...] = ()  # rates of what strikes messages as they are sent
        self._arrived: tuple[Rate, ...] = ()  # and of what strikes processes as messages reach them
        self.exact = False  # rates draw nothing
        self._told: dict[tuple[str, str, int], tuple[Strike, ...]] = {}  # strikes of plans, by link and number
        self._numbers: dict[tuple[str, str], int] = {}  # how many messages each link has had

    def fork(self) -> Striking:
        """The same, from here on apart."""
        other = copy(self)
        other._random = Random()
        other._random.setstate(self._random.getstate())
        other._numbers, other._told = self._numbers.copy(), self._told.copy()
        return other

    @property
    def rates(self) -> tuple[Rate, ...]:
        """All that are drawn."""
        return self._sent + self._arrived

    def draw(self, rates: Iterable[Rate]) -> None:
        """Let these and no others be drawn, in this order."""
        rates = tuple(rates)
        self._sent = tuple(rate for rate in rates if rate.kind not in _ON_ARRIVAL)
        self._arrived = tuple(rate for rate in rates if rate.kind in _ON_ARRIVAL)

    def tell(self, strikes: Iterable[Strike]) -> None:
        """Let these happen."""
        for strike in strikes:
            arrives = strike.kind in _ON_ARRIVAL
            link = ("*" if arrives else strike.sender, strike.target, strike.number)
            self._told[link] = (*self._told.get(link, ()), strike)

    def end_all(self) -> None:
        """Let nothing strike from now on."""
        self.draw(())
        self._told.clear()

    def sending(self, sender: Called, target: Called, due_ms: tuple[int, ...]) -> tuple[tuple[int, ...], list[Strike]]:
        """When a message arrives that would arrive then, and why: it may be lost, late or doubled."""
        link = (sender[0], target[0])
        number = self._numbers[link] = self._numbers.get(link, 0) + 1
        told = self._told.get((*link, number), ()) if self._told else ()
        if not due_ms or not (told or self._sent):
            return due_ms, []
        strikes = [one for one in told if one.kind not in _ON_ARRIVAL]
        for rate in self._drawn(self._sent, sender, target, due_ms[0]):
            kind, ms = rate.kind, rate.ms
            if kind == "reorder":
                kind, ms = "delay", self._random.randint(1, max(1, ms))
            elif kind == "duplicate":
                ms = self._random.randint(0, ms)
            strikes.append(Strike(kind, *link, number, 0 if kind == "lose" else ms))
        if not strikes:
            return due_ms, strikes
        lost = next((one for one in strikes if one.kind == "lose"), None)
        if lost is not None:
            return (), [lost]
        delay_ms = sum(one.ms for one in strikes if one.kind == "delay")
        moved = [due + delay_ms for due in due_ms]
        moved += [moved[0] + one.ms for one in strikes if one.kind == "duplicate"]
        return tuple([min(due, TIME_MS_MAX) for due in moved]), strikes

    def arriving(self, target: Called, now_ms: int) -> list[Strike]:
        """What strikes a process as a message reaches it: crashes, and errors of its clock."""
        link = ("*", target[0])
        number = self._numbers[link] = self._numbers.get(link, 0) + 1
        strikes = list(self._told.get((*link, number), ())) if self._told else []
        for rate in self._drawn(self._arrived, None, target, now_ms) if self._arrived else ():
            ms = self._random.randint(-rate.ms, rate.ms) if rate.kind == "skew" else rate.ms
            strikes.append(Strike(rate.kind, *link, number, ms, rate.losing))
        return strikes

    def _drawn(self, rates: tuple[Rate, ...], sender: Called | None, target: Called, when_ms: int) -> list[Rate]:
        """The rates that strike this time; without a sender those for any."""
        if self.exact:
            return []
        since_ms, random = when_ms - self._start_ms, self._random
        return [
            rate
            for rate in rates
            if (rate.sender == "*" or sender is None or rate.sender in sender)
            and (rate.target == "*" or rate.target in target)
            and rate.from_ms <= since_ms
            and (rate.until_ms is None or since_ms < rate.until_ms)
            and (rate.kind != "late" or target[0] == CHILD)
            and random.random() < rate.rate
        ]
