"""Making what breaks a run small: which faults and orders it takes, and how large they must be."""

from __future__ import annotations

from dataclasses import replace

from aosim.explore.trials import Outcome, Player, Trial
from aosim.faults import Fault, Faults, Strike
from aosim.orders import Order, Swap

#: A fault, or a swap: one thing that can be left out.
Part = Fault | Swap


class Shrinker:
    """Finds a small schedule with which a trial breaks the same thing.

    Delta debugging: leave out halves, then quarters, down to single parts, until nothing more can
    go; then make the times and distances of what is left smaller. That the result is the smallest
    of all is not promised; that none of its parts can be left out is, if `tries_max` runs are enough.
    """

    def __init__(self, player: Player, found: Trial, outcome: Outcome, tries_max: int) -> None:
        self._player = player
        self._found = found
        self._tries_max = tries_max
        self.trial, self.outcome = found, outcome  # the smallest known
        self.tries = 0
        self._faulty = found.faults is not None or bool(outcome.strikes)
        self._parts: tuple[Part, ...] = ()  # of the smallest known
        self._tried: dict[tuple[Part, ...], bool] = {}

    def shrink(self) -> None:
        """Do it; `trial` and `outcome` are then those of the small schedule."""
        # When what struck does not say it all, everything is left as it was drawn.
        if self._breaks((*self.outcome.strikes, *self.outcome.swaps)):
            if not self._breaks(()):
                self._drop()
                if self._lessen():
                    self._drop()
            self._plain()

    def _plain(self) -> None:
        """Tell of no faults where none are left, unless the world has some of its own that must not strike."""
        if self.trial.faults == Faults(exact=True):
            trial = replace(self.trial, faults=None)
            self.tries += 1
            outcome = self._player.play(trial)
            if outcome.where == self.outcome.where and not outcome.strikes:
                self.trial, self.outcome = trial, outcome

    def _drop(self) -> None:
        """Leave out all that can be left out."""
        size = max(1, len(self._parts) // 2)
        while True:
            before, at = self._parts, 0
            while at < len(self._parts):
                if not self._breaks(self._parts[:at] + self._parts[at + size :]):
                    at += size
            if size == 1 and self._parts == before:
                return
            size = max(1, size // 2)

    def _lessen(self) -> bool:
        """Make the parts smaller one by one; whether any is."""
        before, at = self._parts, 0
        while at < len(self._parts):
            parts = self._parts
            if not any(self._breaks((*parts[:at], less, *parts[at + 1 :])) for less in _smaller(parts[at])):
                at += 1
        return self._parts != before

    def _breaks(self, parts: tuple[Part, ...]) -> bool:
        """Whether the same breaks with these parts alone; if so they are the smallest known."""
        if parts not in self._tried:
            if self.tries >= self._tries_max:
                return False
            self.tries += 1
            trial = told(self._found, parts, faulty=self._faulty)
            outcome = self._player.play(trial)
            self._tried[parts] = breaks = outcome.where == self.outcome.where
            if breaks:
                self.trial, self.outcome, self._parts = trial, outcome, parts
                struck = (*outcome.strikes, *outcome.swaps)
                if len(struck) < len(parts):  # some found nothing to strike
                    self._breaks(struck)
        return self._tried[parts]


def told(trial: Trial, parts: tuple[Part, ...], *, faulty: bool) -> Trial:
    """The trial with these faults and swaps, and no others."""
    strikes = tuple(part for part in parts if not isinstance(part, tuple))
    swaps = tuple(part for part in parts if isinstance(part, tuple))
    return replace(trial, order=Order(swaps=swaps), faults=Faults(strikes=strikes, exact=True) if faulty else None)


def _smaller(part: Part) -> list[Part]:
    """A part with less in it, the least first."""
    if isinstance(part, tuple):
        event, behind = part
        return [(event, less) for less in _less(behind, 1)]
    if isinstance(part, Strike) and part.ms > 0:
        return [replace(part, ms=less) for less in _less(part.ms, 0)]
    return []


def _less(number: int, least: int) -> list[int]:
    """Smaller numbers, in steps that halve the way: 0, 50, 75, 88 ... for 100."""
    found, gap = [], number - least
    while gap > 0:
        found.append(number - gap)
        gap //= 2
    return found
