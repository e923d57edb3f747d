"""The market: who lives in it, who trades in it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from aosim.fates import Counts, DeadLetter
from aosim.findings import Finding
from aosim.handles import ProcessHandle, WalletHandle
from aosim.message import Assignment, Result
from aosim.network import Lognormal
from aosim.observers import Observer
from aosim.simulation import Simulation

_LUA = Path(__file__).parent / "lua"
_TRADERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
_STREETS = ("Mint Lane 4", "River Road 12", "Hill Street 7", "Market Square")  # the last one has no number
_NOBODY = "Nobody" + "_" * 37  # the address of nobody: a slip of the pen
_ROUND_MS = 500


class ProcessLine(NamedTuple):
    """One process as the demo shows it, or all wallets together."""

    name: str
    messages: int  # evaluated, failed ones included
    inbox: int  # of them, those no handler took
    failed: int
    last: str  # the Action of the newest


class Totals(NamedTuple):
    """What the market did. `begun` and the fates add up: begun == sum(fates.values())."""

    begun: int
    fates: dict[str, int]
    trades: int
    last_price: int | None
    candles: int
    gold_supply: int
    gold_held: int  # the sum of all balances: equal to the supply, or gold was lost
    tickets: dict[str, int]  # redemptions by state
    rounds: int  # what the courier counted; a failed round is not in it
    errors: tuple[str, ...]
    dead_letters: tuple[DeadLetter, ...]
    findings: tuple[Finding, ...]
    fingerprint: str
    now_ms: int  # since the start


class Market:
    """The same seed gives the same market day, to the last message."""

    def __init__(self, seed: int = 7, *, quick: bool = False) -> None:
        self.sim = Simulation(seed, latency=Lognormal(20, 0.5))
        self.rounds = 12 if quick else 60
        self._watch = _Watch()
        self.sim.observe(self._watch)
        self._chance = self.sim.seeds.stream("demo traders")
        self._treasury = self.sim.wallet("treasury")
        self._build()
        self.traders = [self.sim.wallet(name) for name in _TRADERS]
        self._fund()

    def play(self) -> Iterator[int]:
        """Trade round after round, each half a second of the market's time; yields the round's number.

        After the last round the market runs until nothing is on the way.
        """
        for number in range(1, self.rounds + 1):
            for trader in self.traders:
                if self._chance.random() < 0.5:
                    self._act(trader, number)
            if number == self.rounds // 2:
                self._slips()
            self.sim.run(for_ms=_ROUND_MS)
            yield number
        self.traders[0].send("archive", Action="History", Count="3", RequestId="1")
        self.sim.run()

    def lines(self) -> list[ProcessLine]:
        """Every process, in the order in which they were made, and all wallets as one."""
        received = [len(wallet.inbox) for wallet in self.sim.wallets]
        wallets = ProcessLine("wallets", sum(received), sum(received), 0, "")
        return [*map(self._watch.line, self.sim.processes), wallets]

    def totals(self) -> Totals:
        """What became of it, as of now."""
        sim = self.sim
        counts = sim.counts
        tickets: dict[str, int] = {}
        for ticket in sim.process("counter").read("Tickets") or []:
            tickets[ticket["state"]] = tickets.get(ticket["state"], 0) + 1
        return Totals(
            begun=counts.begun,
            fates=_fates(counts),
            trades=sim.process("exchange").read("Trades"),
            last_price=sim.process("exchange").read("LastPrice"),
            candles=len(sim.process("chart").read("Candles") or []),
            gold_supply=sim.process("gold").read("Supply"),
            gold_held=sum(sim.process("gold").read("Balances").values()),
            tickets=tickets,
            rounds=sim.process("courier").read("Rounds"),
            errors=tuple(f"{process.name}: {error}" for process in sim.processes for error in process.errors),
            dead_letters=tuple(sim.dead_letters),
            findings=tuple(sim.findings),
            fingerprint=sim.fingerprint,
            now_ms=sim.now_ms - sim.start_ms,
        )

    # Making

    def _build(self) -> None:
        gold = self._spawn("gold", "token.lua", Ticker="GLD", Supply="100000")
        money = self._spawn("credits", "token.lua", Ticker="CRD", Supply="10000000")
        feed = self._spawn("feed", "feed.lua")
        exchange = self._spawn("exchange", "exchange.lua", Gold=gold.id, Credits=money.id, Feed=feed.id)
        chart = self._spawn("chart", "chart.lua", Feed=feed.id)
        self._spawn("alarm", "alarm.lua", Feed=feed.id)
        self._spawn("archive", "archive.lua", Feed=feed.id)
        courier = self._spawn("courier", "courier.lua")
        vault = self._spawn("vault", "vault.lua", Gold=gold.id, Courier=courier.id)
        counter = self._spawn("counter", "counter.lua", Gold=gold.id, Vault=vault.id)
        self._spawn("faucet", "faucet.lua", Credits=money.id)
        self.sim.spawn(
            _LUA / "clock.lua",
            name="clock",
            owner=self._treasury,
            tags={"Chart": chart.id},
            cron={"5-seconds": {"Action": "Tick"}},
        )
        self._treasury.send(feed, Action="Allow-Publisher", Publisher=exchange.id)
        self._treasury.send(vault, Action="Set-Counter", Counter=counter.id)

    def _spawn(self, name: str, file: str, **tags: str) -> ProcessHandle:
        return self.sim.spawn(_LUA / file, name=name, owner=self._treasury, tags=tags)

    def _fund(self) -> None:
        """Everybody begins with some of both; the faucet has credits to give."""
        self._pay(self._treasury, "credits", self.sim.process("faucet").address, 1_000_000)
        for trader in self.traders:
            self._pay(self._treasury, "credits", trader.address, 5_000)
            self._pay(self._treasury, "gold", trader.address, 50)
        for trader in self.traders[:3]:
            trader.send("alarm", Action="Watch", Above=str(self._chance.randint(101, 106)))
        self.sim.run()

    # Trading

    def _act(self, trader: WalletHandle, number: int) -> None:
        chance = self._chance
        drawn = chance.random()
        price = 100 + round(4 * (chance.random() - chance.random())) + number // 20
        if drawn < 0.45:
            self._pay(trader, "credits", "exchange", price * chance.randint(1, 5), {"X-Price": str(price)})
        elif drawn < 0.90:
            self._pay(trader, "gold", "exchange", chance.randint(1, 5), {"X-Price": str(price)})
        elif drawn < 0.94:
            self._pay(trader, "gold", "counter", chance.randint(1, 3), {"X-Address": _street(chance)})
        elif drawn < 0.97:
            trader.send("faucet", Action="Drip")
        else:
            trader.send("exchange", Action="Cancel")

    def _slips(self) -> None:
        """What people do wrong: an address nobody has, and one without a house number."""
        self._pay(self.traders[3], "gold", _NOBODY, 1)
        self._pay(self.traders[4], "gold", "counter", 1, {"X-Address": _STREETS[-1]})

    def _pay(
        self, payer: WalletHandle, token: str, recipient: str, quantity: int, notes: dict[str, str] | None = None
    ) -> None:
        recipient = self.sim.address_of(recipient)
        payer.send(token, Action="Transfer", Recipient=recipient, Quantity=str(quantity), tags=notes or {})


class _Watch(Observer):
    """Counts what each process does."""

    def __init__(self) -> None:
        self._messages: dict[str, int] = {}
        self._inbox: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._last: dict[str, str] = {}

    def on_result(self, assignment: Assignment, result: Result) -> None:
        process, message = assignment.process_id, assignment.message
        self._messages[process] = self._messages.get(process, 0) + 1
        self._last[process] = message.tag("Action") or message.tag("Type") or ""
        if result.verdict in ("inbox", "failed"):
            kept = self._inbox if result.verdict == "inbox" else self._failed
            kept[process] = kept.get(process, 0) + 1

    def line(self, process: ProcessHandle) -> ProcessLine:
        messages, inbox, failed = (which.get(process.id, 0) for which in (self._messages, self._inbox, self._failed))
        return ProcessLine(process.name, messages, inbox, failed, self._last.get(process.id, ""))


def _street(chance: Random) -> str:
    return _STREETS[chance.randrange(len(_STREETS) - 1)]


def _fates(counts: Counts) -> dict[str, int]:
    beginnings = ("sent", "duplicated", "assigned", "cron")
    return {name.replace("_", " "): count for name, count in counts.as_dict().items() if name not in beginnings}
