"""A ledger and a wallet, for things to go wrong between."""

from __future__ import annotations

from typing import Any

from aosim import Faults, ProcessHandle, Simulation, WalletHandle

LEDGER = """
Count, Log = Count or 0, Log or {}
Handlers.add("Add", "Add", function(msg)
  Count = Count + 1
  Log[#Log + 1] = msg.Data .. "@" .. (tonumber(msg.Timestamp) - 1735689600000)
  msg.reply({ Action = "Added", Data = msg.Data })
end)
Handlers.add("Spawn", "Spawn", function(msg)
  local child = ao.spawn(ao._module, { Name = "child" }).receive()
  ao.send({ Target = child.Process, Action = "Eval", Data = "Seen = true" })
end)
"""


def world(faults: Faults | None = None, **options: Any) -> tuple[Simulation, ProcessHandle, WalletHandle]:
    sim = Simulation(seed=5, faults=faults, **options)
    return sim, sim.spawn(LEDGER, name="ledger"), sim.wallet("alice")


def send(alice: WalletHandle, *numbers: int, every_ms: int = 10) -> None:
    for number in numbers:
        alice.send("ledger", str(number), Action="Add", after_ms=number * every_ms)


def log(ledger: ProcessHandle) -> list[str]:
    found = ledger.read("Log")
    return list(found) if found else []


def counts_add_up(sim: Simulation) -> bool:
    return sim.counts.begun == sim.counts.ended and min(sim.counts.as_dict().values()) >= 0
