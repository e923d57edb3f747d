"""aosim: a deterministic AO network on your own machine.

from aosim import Simulation

sim = Simulation(seed=7)
ledger = sim.spawn("ledger.lua", name="ledger")
alice = sim.wallet("alice")
sent = alice.send(ledger, Action="Balance")
sim.run()
print(sent.fate, alice.inbox[-1].data)
"""

from aosim.errors import AosimError
from aosim.fates import Counts, DeadLetter, Fate
from aosim.findings import Finding
from aosim.handles import ProcessHandle, Scheduled, Sent, Timer, WalletHandle
from aosim.journal import Journal, MemoryJournal
from aosim.limits import Limits
from aosim.message import Assignment, Message, Outgoing, Result, Tag
from aosim.network import Constant, LatencyNetwork, Lognormal, Network, Uniform
from aosim.observers import Observer
from aosim.process import Context, Process
from aosim.simulation import Run, Simulation
from aosim.version import __version__

__all__ = [
    "AosimError",
    "Assignment",
    "Constant",
    "Context",
    "Counts",
    "DeadLetter",
    "Fate",
    "Finding",
    "Journal",
    "LatencyNetwork",
    "Limits",
    "Lognormal",
    "MemoryJournal",
    "Message",
    "Network",
    "Observer",
    "Outgoing",
    "Process",
    "ProcessHandle",
    "Result",
    "Run",
    "Scheduled",
    "Sent",
    "Simulation",
    "Tag",
    "Timer",
    "Uniform",
    "WalletHandle",
    "__version__",
]
