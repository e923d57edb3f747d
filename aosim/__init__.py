"""aosim: a deterministic AO network on your own machine.

from aosim import Simulation

sim = Simulation(seed=7)
ledger = sim.spawn("ledger.lua", name="ledger")
alice = sim.wallet("alice")
sent = alice.send(ledger, Action="Balance")
sim.run()
print(sent.fate, alice.inbox[-1].data)
"""

from aosim.breaking import Stopped
from aosim.errors import (
    AosimError,
    BootError,
    BorderError,
    Diverged,
    EndlessLoop,
    EvalError,
    ImageRefused,
    InvariantBroken,
    JournalError,
    MessageTooLarge,
    NameTaken,
    NotImaged,
    ObserverTouched,
    SourceError,
    TooManyChildren,
    TooManyWaiting,
    UnknownName,
    UsageError,
)
from aosim.fates import Counts, DeadLetter, Fate
from aosim.faults import Crash, Faults, Partition, Rate, Skew, Slow, Strike, read_strikes
from aosim.findings import Finding
from aosim.handles import ProcessHandle, Run, Scheduled, Sent, Timer, WalletHandle
from aosim.journal import Journal, MemoryJournal
from aosim.limits import Limits
from aosim.message import Assignment, AssignRequest, Forgiven, Message, Outgoing, Result, Tag
from aosim.network import Constant, Latency, LatencyNetwork, Lognormal, Network, Uniform
from aosim.observers import Observer
from aosim.orders import Order
from aosim.process import Context, Process
from aosim.simulation import Simulation
from aosim.timetravel import Blame, Culprit
from aosim.version import __version__

__all__ = [
    "AosimError",
    "AssignRequest",
    "Assignment",
    "Blame",
    "BootError",
    "BorderError",
    "Constant",
    "Context",
    "Counts",
    "Crash",
    "Culprit",
    "DeadLetter",
    "Diverged",
    "EndlessLoop",
    "EvalError",
    "Fate",
    "Faults",
    "Finding",
    "Forgiven",
    "ImageRefused",
    "InvariantBroken",
    "Journal",
    "JournalError",
    "Latency",
    "LatencyNetwork",
    "Limits",
    "Lognormal",
    "MemoryJournal",
    "Message",
    "MessageTooLarge",
    "NameTaken",
    "Network",
    "NotImaged",
    "Observer",
    "ObserverTouched",
    "Order",
    "Outgoing",
    "Partition",
    "Process",
    "ProcessHandle",
    "Rate",
    "Result",
    "Run",
    "Scheduled",
    "Sent",
    "Simulation",
    "Skew",
    "Slow",
    "SourceError",
    "Stopped",
    "Strike",
    "Tag",
    "Timer",
    "TooManyChildren",
    "TooManyWaiting",
    "Uniform",
    "UnknownName",
    "UsageError",
    "WalletHandle",
    "__version__",
    "read_strikes",
]
