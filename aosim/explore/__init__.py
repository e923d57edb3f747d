"""Exploration: one world, many seeds, orders and faults, until something breaks; then the least that breaks it.

from aosim.explore import explore

report = explore(market_day, seeds=range(200), orders=True)
assert report.ok, report
"""

from aosim.explore.exploring import Exploration, Failure, explore
from aosim.explore.trials import Outcome, Player, Trial, blamed, failed_outcome, outcome_of

__all__ = [
    "Exploration",
    "Failure",
    "Outcome",
    "Player",
    "Trial",
    "blamed",
    "explore",
    "failed_outcome",
    "outcome_of",
]
