"""What is broken in a running simulation: faults as they strike, and whom they stop."""

from __future__ import annotations

from collections import Counter, deque
from copy import copy
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from aosim.errors import UsageError
from aosim.events import Arrival, Birth, CrashTick, Turn
from aosim.fates import Fate
from aosim.faults import CHILD, Crash, Fault, Faults, Hold, Partition, Rate, Skew, Slow, Strike
from aosim.forgetting import Evaluations
from aosim.loops import WATCHED_HOPS
from aosim.luavm.bare import BareProcess
from aosim.luavm.process import LuaProcess
from aosim.message import Assignment, Message, find_tag
from aosim.packing import pack
from aosim.process import Process, PythonProcess
from aosim.residents import Resident
from aosim.striking import Called, Striking

if TYPE_CHECKING:
    from aosim.engine import Engine


class Held(NamedTuple):
    """A delivery that waits for its release."""

    rule: int  # the hold or the partition that stopped it
    event: Arrival | Birth


class Breakage:
    """Stands between the network and the processes of a simulation in which something may go wrong.

    Nobody is asked where there are no faults: an engine has one of these from its first fault on.
    A process that is down or slow gets its messages stamped as they reach it, as a scheduler does
    whose compute unit is behind, and evaluates them in that order when it can.
    """

    def __init__(self, engine: Engine, random: Random) -> None:
        self._engine = engine
        self._start_ms = engine.clock.start_ms
        self.striking = Striking(random, self._start_ms)
        self.strikes: list[Fault] = []  # by chance, or by a plan
        self._planned: tuple[Fault | Rate, ...] = ()
        self._slow: list[Slow] = []
        self._skewed: list[Skew] = []
        self._partitions: dict[int, Partition] = {}
        self._holds: dict[int, Hold] = {}
        self._rules_made = 0
        self._held: list[Held] = []
        self._names: dict[str, Called] = {}  # found so far
        self._passes: Counter[str] = Counter()  # messages that may pass, though a hold is for them
        self._late_ms: dict[str, int] = {}  # of children on their way
        self.hidden: dict[str, None] = {}  # children whose parents believe them to be there
        self._down_until_ms: dict[str, int] = {}
        self._free_ms: dict[str, int] = {}  # when a process will have done what waits for it
        self._backlogs: dict[str, deque[tuple[Assignment, int]]] = {}  # with hops; of those that have one
        self._forgotten: dict[str, tuple[int, ...]] = {}  # which of its evaluations a process has lost, counted from 0

    def fork(self, engine: Engine) -> Breakage:
        """The same for another engine; from here on neither knows of the other."""
        other = copy(self)
        other._engine, other.striking = engine, self.striking.fork()
        for name in ("strikes", "_slow", "_skewed", "_partitions", "_holds", "_held", "_passes", "_late_ms", "hidden"):
            setattr(other, name, getattr(self, name).copy())
        for name in ("_down_until_ms", "_free_ms", "_forgotten", "_names"):
            setattr(other, name, getattr(self, name).copy())
        other._backlogs = {process_id: backlog.copy() for process_id, backlog in self._backlogs.items()}
        return other

    # From outside

    def begin(self, faults: Faults) -> None:
        """Let all of a plan happen."""
        self._planned += (*faults.rates, *faults.strikes)
        self.striking.exact = self.striking.exact or faults.exact
        self.striking.draw((*self.striking.rates, *faults.all_rates))
        self.striking.tell(one for one in faults.strikes if isinstance(one, Strike))
        for one in faults.strikes:
            if isinstance(one, Crash):
                self._engine.queue.push(self._start_ms + one.at_ms, CrashTick(one.process, one.for_ms, one.losing))
            elif not isinstance(one, Strike):
                self.add(one, planned=True)

    def set_rate(self, rate: Rate) -> None:
        """From now on faults of this kind strike this link at this rate and no other."""
        place = (rate.kind, rate.sender, rate.target)
        others = [one for one in self.striking.rates if (one.kind, one.sender, one.target) != place]
        self.striking.draw([*others, rate] if rate.rate else others)

    def add(self, fault: Slow | Skew | Partition, *, planned: bool = False) -> int:
        """Let something be so from now on; returns the number under which it can be ended."""
        self._rules_made += 1
        if isinstance(fault, Slow):
            self._slow.append(fault)
        elif isinstance(fault, Skew):
            self._skewed.append(fault)
        else:
            self._partitions[self._rules_made] = fault
        self._note(fault, None, kept=planned)
        return self._rules_made

    def crash(self, resident: Resident, for_ms: int, losing: int) -> None:
        """A process goes down now."""
        now_ms = self._engine.clock.now_ms
        self._note(Crash(resident.name, now_ms - self._start_ms, for_ms, losing), None, kept=False)
        self._go_down(resident, for_ms, losing)

    def hold(self, hold: Hold) -> int:
        """Let messages wait from now on; returns the number under which they can be released."""
        self._rules_made += 1
        self._holds[self._rules_made] = hold
        return self._rules_made

    def release(self, number: int, count: int | None = None) -> int:
        """End a hold or a partition and let what it has stopped arrive now; how many messages those were.

        With a count so many arrive, the oldest first, and the rest, and what is still to come, waits on.
        """
        ending = count is None
        if ending:
            self._holds.pop(number, None)
            self._partitions.pop(number, None)
        counts, queue, kept = self._engine.counts, self._engine.queue, []
        released = 0
        for held in self._held:
            if held.rule != number or released == count:
                kept.append(held)
                continue
            released += 1
            counts.held -= 1
            counts.on_the_way += 1
            if not ending:
                self._passes[held.event.message.id] += 1
            queue.push(self._engine.clock.now_ms, held.event)
        self._held = kept
        if not self._holds and not self._partitions:
            self._passes.clear()
        return released

    def end_all(self) -> None:
        """Let nothing strike from now on; partitions heal, and whoever is slow or wrong about the time is not."""
        self.striking.end_all()
        self._slow, self._skewed = [], []
        self._engine.queue.remove(lambda event: isinstance(event, CrashTick))
        for number in list(self._partitions):
            self.release(number)

    def cancel(self, message_id: str) -> int:
        """Take back a message that is held; how many deliveries of it were."""
        kept = [held for held in self._held if held.event.message.id != message_id]
        cancelled = len(self._held) - len(kept)
        self._held = kept
        self._engine.counts.held -= cancelled
        return cancelled

    def held(self, number: int | None = None) -> list[Message]:
        """The messages that wait for a release, the oldest first: all, or those of one hold."""
        return [held.event.message for held in self._held if number in (None, held.rule)]

    def down_until_ms(self, process_id: str) -> int | None:
        """When a process that is down will be back; None for one that is not."""
        until_ms = self._down_until_ms.get(process_id, 0)
        return until_ms if until_ms > self._engine.clock.now_ms else None

    def unmet(self) -> list[Fault | Rate]:
        """What was planned and has not struck so far; of what lasts, that which is about nobody."""
        struck = Counter(self.strikes)
        found: list[Fault | Rate] = []
        for one in self._planned:
            if isinstance(one, Strike | Crash):
                if not struck[one]:
                    found.append(one)
                struck[one] -= 1
            elif not all(map(self._is_known, _names_in(one))):
                found.append(one)
        return found

    def _is_known(self, name: str) -> bool:
        engine = self._engine
        return name in ("*", CHILD) or name in engine.names or name in engine.residents or name in engine.wallets

    def catch_up(self, resident: Resident) -> None:
        """Let a process do at once all that waits for it. Raises UsageError when it is down."""
        until_ms = self.down_until_ms(resident.id)
        if until_ms is not None:
            raise UsageError(
                f"process {resident.name!r} is down until {until_ms} ms, now it is {self._engine.clock.now_ms} ms: "
                f"run(until={until_ms}) first"
            )
        backlog = self._backlogs.get(resident.id, ())
        self._engine.queue.remove(lambda event: isinstance(event, Turn) and event.process_id == resident.id)
        for _ in range(len(backlog)):
            self._evaluate_next(resident)
        self._free_ms.pop(resident.id, None)

    # On the way

    def strike(self, message: Message, event: Arrival | Birth, due_ms: tuple[int, ...]) -> tuple[int, ...]:
        """When a message arrives that would arrive then."""
        target = self._called(event[1]) if type(event) is Arrival else (CHILD, message.id)  # 1: its address
        due_ms, strikes = self.striking.sending(self._called(message.sender), target, due_ms)
        for strike in strikes:
            if strike.kind == "late":
                self._late_ms[message.id] = strike.ms
            self._note(strike, message)
        return due_ms

    def stops(self, event: Arrival | Birth) -> bool:
        """Whether a message does not arrive now: then it is lost, held, or on its way for longer."""
        if not self._partitions and not self._holds:
            return False
        message = event.message
        address = event.address if isinstance(event, Arrival) else message.id
        if self._passes[message.id]:
            self._passes[message.id] -= 1
            return False
        del self._passes[message.id]
        for number, partition in self._partitions.items():
            if self._now(partition) and partition.parts(self._called(message.sender), self._called(address)):
                self._cut(number, partition, event)
                return True
        for number, hold in self._holds.items():
            if hold.has(message, address):
                self._hold_back(number, hold, event)
                return True
        return False

    def takes(self, arrival: Arrival) -> bool:
        """Whether an arrival is dealt with: stopped, put off, or evaluated with another timestamp."""
        if self.stops(arrival):
            return True
        message, address, hops = arrival
        engine = self._engine
        resident = engine.residents.get(address)
        if resident is None:
            return False
        skew_ms = self._skew_ms(resident) if self._skewed else 0
        for strike in self.striking.arriving(self._called(address), engine.clock.now_ms):
            self._note(strike, message)
            if strike.kind == "skew":
                skew_ms += strike.ms
            else:
                self._go_down(resident, strike.ms, strike.losing)
        if not skew_ms and not self._is_behind(resident):
            return False
        engine.counts.on_the_way -= 1
        if hops in WATCHED_HOPS:
            engine.loops.look(message, hops)
        assignment = engine.scheduler.assign(message, address)
        if skew_ms:
            assignment = assignment._replace(timestamp_ms=max(0, assignment.timestamp_ms + skew_ms))
        if not self.puts_off(resident, assignment, hops):
            engine.evaluate(resident, assignment, hops)
        return True

    def puts_off(self, resident: Resident, assignment: Assignment, hops: int = 0) -> bool:
        """Whether a process evaluates an assignment later; then it waits in its line."""
        if not self._is_behind(resident):
            return False
        process_id = resident.id
        self._backlogs.setdefault(process_id, deque()).append((assignment, hops))
        self._engine.counts.on_the_way += 1
        self._line_up(resident, assignment.message)
        return True

    def take_turn(self, turn: Turn) -> None:
        """The first message in the line of a process is evaluated."""
        self._evaluate_next(self._engine.residents[turn.process_id])

    def tick(self, tick: CrashTick) -> None:
        """A crash that was planned. Nothing happens when there is no such process."""
        engine = self._engine
        resident = engine.residents.get(engine.names.get(tick.process, tick.process))
        if resident is not None:
            at_ms = engine.clock.now_ms - self._start_ms
            self._note(Crash(tick.process, at_ms, tick.for_ms, tick.losing), None)
            self._go_down(resident, tick.for_ms, tick.losing)

    def hides(self, birth: Birth) -> bool:
        """Whether a child that is to be born now is not yet visible; then it will be born later."""
        late_ms = self._late_ms.pop(birth.message.id, 0)
        if not late_ms:
            return False
        self.hidden[birth.message.id] = None
        self._engine.counts.on_the_way += 1
        self._engine.queue.push(self._engine.clock.now_ms + late_ms, birth._replace(told=True))
        return True

    # Helpers

    def _called(self, address: str) -> Called:
        called = self._names.get(address)
        if called is None:
            called = self._engine.name_of(address), address
            if called[0] != address:  # whoever has no name may still get one
                self._names[address] = called
        return called

    def _now(self, rule: Slow | Skew | Partition) -> bool:
        since_ms = self._engine.clock.now_ms - self._start_ms
        return rule.from_ms <= since_ms and (rule.until_ms is None or since_ms < rule.until_ms)

    def _is_of(self, rule: Slow | Skew, resident: Resident) -> bool:
        return rule.process in ("*", resident.name, resident.id) and self._now(rule)

    def _skew_ms(self, resident: Resident) -> int:
        return next((one.ms for one in reversed(self._skewed) if self._is_of(one, resident)), 0)

    def _service_ms(self, resident: Resident) -> int:
        if not self._slow:
            return 0
        return next((one.per_message_ms for one in reversed(self._slow) if self._is_of(one, resident)), 0)

    def _is_behind(self, resident: Resident) -> bool:
        until_ms = self._down_until_ms.get(resident.id)
        if until_ms is not None and until_ms > self._engine.clock.now_ms:
            return True
        return resident.id in self._backlogs or self._service_ms(resident) > 0

    def _line_up(self, resident: Resident, message: Message) -> None:
        """A message's turn comes when all before it are done, and the time is over that it takes itself."""
        process_id = resident.id
        free_ms = max(self._free_ms.get(process_id, 0), self._down_until_ms.get(process_id, 0))
        due_ms = max(free_ms, self._engine.clock.now_ms) + self._service_ms(resident)
        self._free_ms[process_id] = due_ms
        self._engine.queue.push(due_ms, Turn(message, process_id))

    def _evaluate_next(self, resident: Resident) -> None:
        backlog = self._backlogs[resident.id]
        assignment, hops = backlog.popleft()
        if not backlog:
            del self._backlogs[resident.id]
        self._engine.counts.on_the_way -= 1
        self._engine.evaluate(resident, assignment, hops)

    def _go_down(self, resident: Resident, for_ms: int, losing: int) -> None:
        process_id, now_ms = resident.id, self._engine.clock.now_ms
        self._down_until_ms[process_id] = max(self._down_until_ms.get(process_id, 0), now_ms + for_ms)
        if losing:
            self._forget(resident, losing)
        self._free_ms.pop(process_id, None)
        self._engine.queue.remove(lambda event: isinstance(event, Turn) and event.process_id == process_id)
        for assignment, _ in self._backlogs.get(process_id, ()):
            self._line_up(resident, assignment.message)

    def _cut(self, number: int, partition: Partition, event: Arrival | Birth) -> None:
        engine, message = self._engine, event.message
        if not partition.lose and partition.until_ms is None:
            self._hold_back(number, partition, event)
            return
        self._note(partition, message, kept=False)
        if not partition.lose and partition.until_ms is not None:
            engine.queue.push(self._start_ms + partition.until_ms, event)
            return
        engine.counts.on_the_way -= 1
        engine.journal.append(pack(("dropped", message.id, engine.clock.now_ms)))
        engine.settle(message.id, Fate.DROPPED, None)

    def _hold_back(self, number: int, rule: Hold | Partition, event: Arrival | Birth) -> None:
        self._engine.counts.on_the_way -= 1
        self._engine.counts.held += 1
        self._held.append(Held(number, event))
        self._note(rule, event.message, kept=False)

    def _forget(self, resident: Resident, count: int) -> None:
        """Make a process again from what it has evaluated, but for the newest of these."""
        engine, process_id = self._engine, resident.id
        past = Evaluations(engine.journal, process_id)
        gone = self._forgotten.get(process_id, ())
        left = [at for at, one in enumerate(past.all) if at not in gone and one.message_id != process_id]
        gone = self._forgotten[process_id] = (*gone, *left[-count:])
        process = self._fresh(resident)
        resident.prompt, tree = past.without(gone, process, engine.find_message)
        resident.tree = None if resident.tree is None else tree
        engine.replace_process(resident, process)

    def _fresh(self, resident: Resident) -> Process:
        """A process as it was before its first message, or as it was when it was made as a copy of another."""
        if isinstance(resident.process, PythonProcess | LuaProcess | BareProcess):
            return resident.process.fresh()
        message = self._engine.find_message(resident.id)
        assert message is not None
        return self._engine.make_child(message, find_tag(message.flat, "Module", "") or "")

    def _note(self, fault: Fault | Hold, message: Message | None, *, kept: bool = True) -> None:
        """Write down that a fault has struck, and let observers see."""
        engine = self._engine
        now_ms = engine.clock.now_ms
        engine.journal.append(pack(("fault", str(fault), message.id if message is not None else "", now_ms)))
        if kept:
            assert not isinstance(fault, Hold)
            self.strikes.append(fault)
        if engine.observers:
            engine.show(lambda observer: observer.on_fault(fault, message, now_ms))


def _names_in(fault: Slow | Skew | Partition | Rate) -> tuple[str, ...]:
    if isinstance(fault, Partition):
        return tuple(name for group in fault.groups for name in group)
    return (fault.sender, fault.target) if isinstance(fault, Rate) else (fault.process,)
