"""The one way into a run from outside. What comes through is noted as plain values, and can be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Protocol

from aosim.breakage import Breakage
from aosim.engine import Engine
from aosim.errors import UsageError
from aosim.events import Arrival, TimerTick
from aosim.fates import Fate
from aosim.faults import Faults, Hold, Partition, Rate, Skew, Slow, pack_fault, unpack_fault
from aosim.ids import address_of
from aosim.journal import Input
from aosim.luavm.bundle import Source
from aosim.message import Message, Result
from aosim.outside import CLIENT_TAGS, Outside, eval_owner
from aosim.packing import pack
from aosim.process import PythonHandler
from aosim.residents import Resident
from aosim.seeds import Seeds
from aosim.spawning import Spawner, SpawnPlan
from aosim.timers import Repeated


class Notebook(Protocol):
    """Takes notes of what comes from outside."""

    def note(self, entry: Input) -> None: ...


class Inlet:
    """Does what a caller asks for, once everything about it has been checked.

    Each method takes plain values only (text, numbers, tuples): with the seed and the number of
    events before each, they make the whole run again.
    """

    def __init__(
        self, engine: Engine, outside: Outside, spawner: Spawner, notebook: Notebook | None, seed: int = 0
    ) -> None:
        self._engine = engine
        self._seed = seed  # of the simulation
        self._outside = outside
        self._spawner = spawner
        self.notebook = notebook
        self.timers: dict[str, Repeated] = {}  # those that tick
        self.stopped: dict[str, Repeated] = {}
        self._timers_made = 0
        self.handlers: dict[str, PythonHandler] = {}  # of processes in Python, by their names

    def fork(self, engine: Engine, outside: Outside, spawner: Spawner, notebook: Notebook | None) -> Inlet:
        """The same for another engine; from here on neither knows of the other."""
        other = copy(self)
        other._engine, other._outside, other._spawner, other.notebook = engine, outside, spawner, notebook
        other.timers = {identity: replace(timer) for identity, timer in self.timers.items()}
        other.stopped = self.stopped.copy()  # those never change
        other.handlers = self.handlers.copy()
        return other

    # Doing

    def wallet(self, name: str) -> None:
        """Make a wallet."""
        self._outside.wallet(name)
        self._note("wallet", name)

    def spawn(self, plan: SpawnPlan) -> Resident:
        """Make a process. Raises BootError."""
        resident = self._spawner.make(plan, self.handlers.get(plan.name) if plan.in_python else None)
        self._note("spawn", *plan)
        return resident

    def copy_process(self, process_id: str, name: str) -> Resident:
        """Make a process that goes on from the state of another."""
        resident = self._spawner.copy(self._engine.residents[process_id], name)
        self._note("copy", process_id, name)
        return resident

    def item(self, identity: str | None, owner_id: str, data: str, flat: tuple[str, ...]) -> Message:
        """Put an item on Arweave."""
        item = self._outside.item(identity, owner_id, data, flat)
        self._engine.upload(item)
        self._note("item", identity, owner_id, data, flat)
        return item

    def send(
        self, sender_id: str, target_id: str, data: str, flat: tuple[str, ...], not_before_ms: int
    ) -> tuple[Message, tuple[int, ...]]:
        """Send a message from a wallet; returns it and when it will arrive."""
        message = self._outside.message(sender_id, target_id, data, flat)
        due_ms = self._engine.dispatch(message, not_before_ms=not_before_ms)
        self._note("send", sender_id, target_id, data, flat, not_before_ms)
        return message, due_ms

    def receive(self, fields: tuple[Any, ...], due_ms: int) -> Message:
        """Let a message of another network, its id and all, arrive at a moment; `fields` are those of a Message.

        Its sender has a wallet from then on, unless it is a process.
        """
        message = Message(*fields)
        self._outside.wallet_at(message.sender)
        self._engine.expect(message, due_ms)
        self._note("receive", fields, due_ms)
        return message

    def every(self, every_ms: int, sender_id: str, target_id: str, data: str, flat: tuple[str, ...]) -> Repeated:
        """Begin to send a message again and again."""
        self._timers_made += 1
        timer_id = address_of("timer", str(self._timers_made), target_id)
        timer = Repeated(timer_id, every_ms, sender_id, target_id, data, flat)
        self.timers[timer_id] = timer
        self._engine.queue.push(self._engine.clock.now_ms + every_ms, TimerTick(timer_id, 1))
        self._note("every", every_ms, sender_id, target_id, data, flat)
        return timer

    def stop(self, timer_id: str) -> bool:
        """Stop a timer; False when it had been."""
        self._engine.queue.remove(lambda event: isinstance(event, TimerTick) and event.timer_id == timer_id)
        timer = self.timers.pop(timer_id, None)
        if timer is None:
            return False
        self.stopped[timer_id] = timer
        self._note("stop", timer_id)
        return True

    def cancel(self, message_id: str) -> bool:
        """Take a message back that is on its way; False when it is not."""
        engine = self._engine
        cancelled = engine.queue.remove(lambda event: isinstance(event, Arrival) and event.message.id == message_id)
        engine.counts.on_the_way -= cancelled
        if engine.breakage is not None:
            cancelled += engine.breakage.cancel(message_id)
        for _ in range(cancelled):
            engine.settle(message_id, Fate.CANCELLED, None)
        if cancelled:
            engine.journal.append(pack(("cancelled", message_id, engine.clock.now_ms)))
            self._note("cancel", message_id)
        return cancelled > 0

    def eval(self, process_id: str, code: str) -> Result:
        """Evaluate Lua in a process, as a message of its owner."""
        engine = self._engine
        resident = engine.residents[process_id]
        if engine.breakage is not None:
            engine.breakage.catch_up(resident)
        flat = ("Action", "Eval", *CLIENT_TAGS)
        message = self._outside.message(eval_owner(resident), process_id, code, flat)
        engine.counts.sent += 1
        result = engine.evaluate(resident, engine.scheduler.assign(message, process_id))
        self._note("eval", process_id, code)
        return result

    def advance(self, now_ms: int) -> None:
        """Let the time be that late, when nothing is due before."""
        if now_ms > self._engine.clock.now_ms:
            self._engine.clock.advance(now_ms)
            self._note("advance", now_ms)

    # What goes wrong

    @property
    def breakage(self) -> Breakage:
        """What is broken; from the first time on that somebody asks, faults are reckoned with."""
        if self._engine.breakage is None:
            self._engine.breakage = Breakage(self._engine, Seeds(self._seed).stream("faults"))
        return self._engine.breakage

    def begin(self, faults: Faults) -> None:
        """Let a plan happen that the simulation was made with."""
        if faults != Faults():
            self.breakage.begin(faults)

    def set_rate(self, rate: Rate) -> None:
        """Let faults of a kind strike a link at this rate."""
        self.breakage.set_rate(rate)
        self._note("set_rate", *pack_fault(rate))

    def add_fault(self, fault: Slow | Skew | Partition) -> int:
        """Let something be so from now on; returns the number under which it can be ended."""
        number = self.breakage.add(fault)
        self._note("add_fault", *pack_fault(fault))
        return number

    def crash(self, process_id: str, for_ms: int, losing: int) -> None:
        """Let a process go down."""
        self.breakage.crash(self._engine.residents[process_id], for_ms, losing)
        self._note("crash", process_id, for_ms, losing)

    def hold(self, hold: Hold) -> int:
        """Let messages wait; returns the number under which they can be released."""
        number = self.breakage.hold(hold)
        self._note("hold", *pack_fault(hold))
        return number

    def release(self, number: int, count: int | None) -> int:
        """End a hold or a partition, or let so many messages pass; how many arrive now."""
        released = self.breakage.release(number, count)
        self._note("release", number, count)
        return released

    def end_faults(self) -> None:
        """Let nothing go wrong from now on."""
        self.breakage.end_all()
        self._note("end_faults")

    def _note(self, name: str, *given: object) -> None:
        if self.notebook is not None:
            self.notebook.note(Input(self._engine.events, name, given))

    # Doing again

    def redo(self, inputs: Iterable[Input], handlers: Mapping[str, PythonHandler], events: int) -> None:
        """Do again what came from outside, with all that happened in between, up to a number of events.

        `handlers` are the functions of the processes in Python, by name. Nothing is noted.
        """
        notebook, self.notebook = self.notebook, None
        self.handlers.update(handlers)
        try:
            for one in inputs:
                if one.events > events:
                    break
                self._step_to(one.events)
                _ACTIONS[one.name](self, *one.given)
            self._step_to(events)
        finally:
            self.notebook = notebook

    def _step_to(self, events: int) -> None:
        engine = self._engine
        while engine.events < events:
            if not engine.step():
                raise UsageError(f"the run ended after {engine.events} events, when it was recorded it had {events}")

    def _spawn_again(self, *values: Any) -> None:
        plan = SpawnPlan(*values)
        plan = plan._replace(code=Source(*plan.code), own_module=plan.own_module and Source(*plan.own_module))
        if plan.in_python and plan.name not in self.handlers:
            raise UsageError(
                f"process {plan.name!r} is a Python function, which no file can hold: "
                f"give it as handlers={{{plan.name!r}: ...}}, on the command line by --handlers FILE.py"
            )
        self.spawn(plan)


_ACTIONS: dict[str, Callable[..., object]] = {
    "wallet": Inlet.wallet,
    "spawn": Inlet._spawn_again,
    "copy": Inlet.copy_process,
    "item": Inlet.item,
    "send": Inlet.send,
    "receive": Inlet.receive,
    "every": Inlet.every,
    "stop": Inlet.stop,
    "cancel": Inlet.cancel,
    "eval": Inlet.eval,
    "advance": Inlet.advance,
    "set_rate": lambda inlet, *values: inlet.set_rate(unpack_fault(values)),
    "add_fault": lambda inlet, *values: inlet.add_fault(unpack_fault(values)),
    "crash": Inlet.crash,
    "hold": lambda inlet, *values: inlet.hold(unpack_fault(values)),
    "release": Inlet.release,
    "end_faults": Inlet.end_faults,
}
