"""What can be done with a recorded run: do it again, and rehearse changed code on its messages.

from aosim.replay import replay, rehearse
assert replay("run.db")
assert rehearse("run.db", {"ledger": "new-ledger.lua"})
"""

from aosim.replay.alone import replay_process
from aosim.replay.compared import Comparison, Parting, Shown, diff
from aosim.replay.importing import Imported, Place, import_traffic
from aosim.replay.redone import Progress, Replay, replay
from aosim.replay.rehearsal import Changed, Difference, ProcessRehearsal, Rehearsal, rehearse
from aosim.verified import Divergence

__all__ = [
    "Changed",
    "Comparison",
    "Difference",
    "Divergence",
    "Imported",
    "Parting",
    "Place",
    "ProcessRehearsal",
    "Progress",
    "Rehearsal",
    "Replay",
    "Shown",
    "diff",
    "import_traffic",
    "rehearse",
    "replay",
    "replay_process",
]
