"""The workloads, each written out as a plan: a list of steps every driver can follow.

A plan is text, one step per line, fields separated by tabs:

    spawn  NAME FILE          a process that runs FILE (Lua source), called NAME in this plan
    send   NAME ACTION K=V…   a message from outside; `@NAME` in a value is that process's id,
                              the key `Data` is the message's data, other keys are tags
    run                       deliver and handle messages until none is left
    begin  LABEL / end LABEL  a measured phase
    mem    LABEL              note the resident memory
    check  NAME GLOBAL VALUE  the process's global variable must read VALUE
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "workloads"

#: What one measured phase counts: its label and, per unit name, how many.
Phases = dict[str, dict[str, int]]


@dataclass
class Plan:
    """Steps for the drivers, and what the measured phases add up to."""

    steps: list[tuple[str, ...]] = field(default_factory=list)
    phases: Phases = field(default_factory=dict)

    def add(self, *step: object) -> None:
        self.steps.append(tuple(str(part) for part in step))

    def spawn(self, name: str, source: str | Path) -> None:
        self.add("spawn", name, source if isinstance(source, Path) else SOURCES / f"{source}.lua")

    def text(self) -> str:
        return "".join("\t".join(step) + "\n" for step in self.steps)


def ping_pong(n: int = 20_000) -> Plan:
    """W1: one ball, hit `n` times by two processes in turn."""
    plan = Plan(phases={"play": {"messages": n}})
    plan.spawn("A", "pingpong")
    plan.spawn("B", "pingpong")
    plan.add("begin", "play")
    plan.add("send", "A", "Start", "Peer=@B", f"Left={n}")
    plan.add("run")
    plan.add("end", "play")
    plan.add("check", "A", "Count", n // 2)
    plan.add("check", "B", "Count", n - n // 2)
    return plan


def token(transfers: int = 5_000, holders: int = 50) -> Plan:
    """W2: holders pay each other round in a circle; three messages a transfer."""
    each = transfers // holders
    transfers = each * holders
    plan = Plan(phases={"pay": {"transfers": transfers, "messages": 3 * transfers}})
    plan.spawn("T", "token")
    names = [f"H{i}" for i in range(holders)]
    for name in names:
        plan.spawn(name, "holder")
    for name in names:
        plan.add("send", "T", "Mint", f"Recipient=@{name}", "Quantity=1000000")
    plan.add("run")
    plan.add("begin", "pay")
    for i, name in enumerate(names):
        plan.add("send", name, "Go", "Token=@T", f"Payee=@{names[(i + 1) % holders]}", f"Left={each}")
    plan.add("run")
    plan.add("end", "pay")
    plan.add("check", "T", "Moved", transfers)
    for name in (names[0], names[-1]):
        plan.add("check", name, "Debits", each)
        plan.add("check", name, "Credits", each)
    return plan


def pub_sub(publishes: int = 20, subscribers: int = 500) -> Plan:
    """W3: one publisher, many subscribers."""
    deliveries = publishes * subscribers
    plan = Plan(
        phases={
            "subscribe": {"messages": 3 * subscribers},
            "publish": {"deliveries": deliveries, "messages": deliveries + 3 * publishes},
        }
    )
    plan.spawn("Hub", "hub")
    plan.spawn("P", "publisher")
    names = [f"S{i}" for i in range(subscribers)]
    for name in names:
        plan.spawn(name, "subscriber")
    plan.add("begin", "subscribe")
    for name in names:
        plan.add("send", name, "Join", "Hub=@Hub", "Topic=news")
    plan.add("run")
    plan.add("end", "subscribe")
    plan.add("begin", "publish")
    for _ in range(publishes):
        plan.add("send", "P", "Kick", "Hub=@Hub", "Topic=news")
        plan.add("run")
    plan.add("end", "publish")
    for name in (names[0], names[-1]):
        plan.add("check", name, "Received", publishes)
    return plan


def ring(hops: int = 20_000, size: int = 200) -> Plan:
    """W4: a token goes round a ring of processes."""
    hops -= hops % size
    plan = Plan(phases={"hop": {"messages": hops}})
    names = [f"R{i}" for i in range(size)]
    for name in names:
        plan.spawn(name, "ring")
    for i, name in enumerate(names):
        plan.add("send", name, "Sit", f"Next=@{names[(i + 1) % size]}")
    plan.add("run")
    plan.add("begin", "hop")
    plan.add("send", names[0], "Hop", f"Left={hops}")
    plan.add("run")
    plan.add("end", "hop")
    for name in (names[0], names[-1]):
        plan.add("check", name, "Count", hops // size)
    return plan


def spawning(count: int = 500) -> Plan:
    """W5: processes made and loaded with a small program; time and memory of each."""
    plan = Plan(phases={"spawn": {"processes": count}})
    plan.spawn("Warm", "token")
    plan.add("mem", "before")
    plan.add("begin", "spawn")
    names = [f"N{i}" for i in range(count)]
    for name in names:
        plan.spawn(name, "token")
    plan.add("end", "spawn")
    plan.add("mem", "after")
    for name in (names[0], names[-1]):
        plan.add("send", name, "Mint", "Recipient=someone", "Quantity=5")
    plan.add("run")
    for name in (names[0], names[-1]):
        plan.add("check", name, "Supply", 5)
    return plan


def big_state(transfers: int = 2_000, balances: int = 1_000) -> Plan:
    """W6: transfers in a token with many accounts."""
    plan = Plan(phases={"pay": {"transfers": transfers, "messages": 3 * transfers}})
    plan.spawn("T", "token")
    plan.spawn("H", "holder")
    plan.spawn("Sink", "holder")
    plan.add("begin", "fill")
    plan.add("send", "T", "Fill", f"Count={balances}")
    plan.add("send", "T", "Mint", "Recipient=@H", "Quantity=1000000")
    plan.add("run")
    plan.add("end", "fill")
    plan.add("begin", "pay")
    plan.add("send", "H", "Go", "Token=@T", "Payee=@Sink", f"Left={transfers}")
    plan.add("run")
    plan.add("end", "pay")
    plan.add("check", "T", "Moved", transfers)
    plan.add("check", "T", "Supply", balances * 1000 + 1_000_000)
    plan.add("check", "Sink", "Credits", transfers)
    return plan


def receive(rounds: int = 5_000) -> Plan:
    """W7: `Send(...).receive()` in a handler, one round trip per handler call."""
    plan = Plan(phases={"ask": {"rounds": rounds, "messages": 3 * rounds}})
    plan.spawn("A", "asker")
    plan.spawn("E", "echo")
    plan.add("begin", "ask")
    plan.add("send", "A", "Ask", "Peer=@E", f"Left={rounds}")
    plan.add("run")
    plan.add("end", "ask")
    plan.add("check", "A", "Answers", rounds)
    plan.add("check", "E", "Echoes", rounds)
    return plan


def heavy(messages: int = 20, limit: int = 200_000) -> Plan:
    """W8: a handler that computes for a while."""
    primes = {2_000: 303, 20_000: 2_262, 200_000: 17_984}[limit]
    plan = Plan(phases={"sieve": {"messages": messages}})
    plan.spawn("C", "sieve")
    plan.add("begin", "sieve")
    for _ in range(messages):
        plan.add("send", "C", "Sieve", f"Limit={limit}")
        plan.add("run")
    plan.add("end", "sieve")
    plan.add("check", "C", "Primes", primes)
    plan.add("check", "C", "Runs", messages)
    return plan
