"""What of a simulation can be looked at: the read-only half of the facade."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from aosim.checks import check_text
from aosim.engine import Engine
from aosim.errors import UnknownName
from aosim.events import Arrival, Birth, CrashTick, CronTick, Event, TimerTick, Turn
from aosim.fates import Counts, DeadLetter
from aosim.findings import Finding
from aosim.handles import Address, ProcessHandle, Scheduled, WalletHandle, lua_of
from aosim.inlet import Inlet
from aosim.journal import Journal
from aosim.message import Message, find_tag
from aosim.orders import OrderedQueue, Swap
from aosim.outside import Outside
from aosim.peeking import peek
from aosim.residents import Resident


class Looking(ABC):
    """Properties and look-ups of a simulation. None of them changes anything, the fingerprint included."""

    _engine: Engine
    _outside: Outside
    _inlet: Inlet

    @abstractmethod
    def wallet(self, name: str) -> WalletHandle:
        """The wallet of a name."""

    @abstractmethod
    def process(self, which: Address) -> ProcessHandle:
        """The handle of a process, by name or id. Raises UnknownName."""

    @property
    def now_ms(self) -> int:
        """The virtual time, in milliseconds since 1970: what processes see as a message's Timestamp."""
        return self._engine.clock.now_ms

    @property
    def events(self) -> int:
        """How many events have happened: where the simulation stands, see `goto`."""
        return self._engine.events

    @property
    def start_ms(self) -> int:
        """Where the clock began."""
        return self._engine.clock.start_ms

    @property
    def block_height(self) -> int:
        """The height of the newest block."""
        return self._engine.clock.block_height

    @property
    def fingerprint(self) -> str:
        """The hash of all that has happened: equal for equal runs, 64 hex digits."""
        return self._engine.journal.fingerprint

    @property
    def swaps(self) -> tuple[Swap, ...]:
        """Which events so far were not the first of their instant; with `Order(swaps=...)` the run is the same."""
        queue = self._engine.queue
        return tuple(queue.swaps) if isinstance(queue, OrderedQueue) else ()

    @property
    def journal(self) -> Journal:
        """The record of the run."""
        return self._engine.journal

    @property
    def counts(self) -> Counts:
        """How many messages began and how they ended so far; see `Counts` for the sum that always holds."""
        return replace(self._engine.counts)

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """Messages nobody answers to, with the reason."""
        return self._engine.dead_letters

    @property
    def findings(self) -> list[Finding]:
        """What docs fidelity forgave and the network would not."""
        return self._engine.findings.all

    @property
    def processes(self) -> list[ProcessHandle]:
        """All processes, in the order in which they were made."""
        return [self.process(identity) for identity in self._engine.residents]

    @property
    def wallets(self) -> list[WalletHandle]:
        """All wallets, in the order in which they were made."""
        names = [wallet.name for wallet in self._engine.wallets.values() if wallet.name in self._engine.names]
        return [self.wallet(name) for name in names]

    @property
    def waiting(self) -> list[ProcessHandle]:
        """The processes of which a handler waits for a message: `handle.waiting` says how many do."""
        waited = [resident.id for resident in self._engine.residents.values() if resident.has_waited]
        return [handle for handle in map(self.process, waited) if handle.waiting]

    @property
    def scheduled(self) -> list[Scheduled]:
        """All that waits for its time, the earliest first."""
        return [self._scheduled(due_ms, event) for due_ms, event in self._engine.queue]

    def message(self, identity: str) -> Message | None:
        """A message of this run, on its way or at its end, by its id; None when there is none."""
        return self._engine.find_message(identity)

    def address_of(self, which: Address) -> str:
        """The address of a process or wallet by its handle or name; raises UnknownName for a name nobody has."""
        return self._outside.resolve(which)

    def name_of(self, address: str) -> str:
        """The name of an address, or the address itself when it has none."""
        return self._engine.name_of(address)

    def peek(self, process: Address, code: str) -> Any:
        """The value of Lua in a process as it stands. See `ProcessHandle.peek`."""
        resident = self._resident(process)
        return peek(self._engine, resident, lua_of(resident), check_text(code, f"Lua for {resident.name!r}"))

    # Helpers

    def _resident(self, which: Address) -> Resident:
        address = self._outside.resolve(which)
        if address not in self._engine.residents:
            name = which if isinstance(which, str) else which.name
            raise UnknownName(name, [one.name for one in self._engine.residents.values()], kind="process")
        return self._engine.residents[address]

    def _scheduled(self, due_ms: int, event: Event) -> Scheduled:
        match event:
            case Arrival(message, address, _):
                return Scheduled(due_ms, "message", self.name_of(address), message.tag("Action", "") or "", message.id)
            case Birth(message, _, _, _):
                return Scheduled(due_ms, "spawn", message.tag("Name", "") or "", "", message.id)
            case Turn(message, address):
                return Scheduled(due_ms, "message", self.name_of(address), message.tag("Action", "") or "", message.id)
            case CrashTick(name, for_ms, _):
                return Scheduled(due_ms, "crash", name, f"for {for_ms} ms", self._engine.names.get(name, name))
            case CronTick(address):
                plan = self._engine.residents[address].cron
                what = ", ".join(line.interval for line in plan.lines) if plan is not None else ""
                return Scheduled(due_ms, "cron", self.name_of(address), what, address)
            case TimerTick(timer_id, _):
                timer = self._inlet.timers[timer_id]
                what = f"{find_tag(timer.flat, 'Action', '')} every {timer.every_ms} ms"
                return Scheduled(due_ms, "timer", self.name_of(timer.target_id), what.strip(), timer_id)
