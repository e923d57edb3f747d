"""What can be done with a recorded run: do it again and compare.

from aosim.replay import replay
assert replay("run.db")
"""

from aosim.replay.redone import Progress, Replay, replay
from aosim.verified import Divergence

__all__ = ["Divergence", "Progress", "Replay", "replay"]
