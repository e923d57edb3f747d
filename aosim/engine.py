"""The loop: one event at a time, from the queue to its consequences.

This is the story of a message in code: `Post.dispatch` sends it, `step` takes it from the queue,
`_deliver` finds who gets it, `evaluate` gives it its place in a log and has it handled, `_commit`
lets what it caused leave.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Self

from aosim.clock import TIME_MS_MAX, Clock
from aosim.cron import cron_plan
from aosim.errors import EndlessLoop, ObserverTouched, TooManyChildren, TooManyWaiting, UsageError
from aosim.events import Arrival, Birth, CrashTick, CronTick, TimerTick, Turn
from aosim.executor import Executor, SerialExecutor
from aosim.fates import FATE_OF_VERDICT, Fate
from aosim.findings import Finding, Findings
from aosim.ids import address as id_of
from aosim.ids import is_address
from aosim.journal import Journal
from aosim.limits import Limits
from aosim.loops import WATCHED_HOPS, Loop, LoopDetector
from aosim.message import Assignment, AssignRequest, Message, Outgoing, Result, find_tag
from aosim.messenger import (
    DROPPED,
    MESSENGER_ID,
    Chain,
    new_message,
    pushed,
    signed,
    spawned,
    spawned_notice,
)
from aosim.network import Network
from aosim.packing import pack
from aosim.patches import apply_patch, patch_of
from aosim.post import Post, new_arrival
from aosim.process import Process
from aosim.profiles import profile_named
from aosim.residents import Resident
from aosim.scheduler import SCHEDULER_ID, Scheduler

_WHOLE = re.compile(r"([0-9]{1,16})(?:\.0*)?")  # what a process writes: no digits without end for int()
_DELIVER_LATER = frozenset({"Deliver-After", "Deliver-At"})
_USUAL = ("Data-Protocol", "Variant", "Type")  # the first of the four tags that ao.send writes
_UNUSUAL = DROPPED | _DELIVER_LATER
_HANDLED = ("handled", "waiting")


#: Makes the process of a child from its Process message: (message, module id) -> process.
ChildMaker = Callable[[Message, str], Process]
#: What a timer's tick sends, or None once the timer is cancelled.
TimerMessage = Callable[[TimerTick], Message | None]


class Engine(Post):
    """Everything that happens in a simulation happens here, in one order."""

    def __init__(
        self,
        *,
        clock: Clock,
        network: Network,
        journal: Journal,
        limits: Limits,
        lenient: bool,
        make_child: ChildMaker,
        timer_message: TimerMessage,
    ) -> None:
        super().__init__(clock=clock, network=network, journal=journal)
        self.limits = limits
        self.lenient = lenient  # docs fidelity
        self.scheduler = Scheduler(clock)
        self.findings = Findings()
        self.loops = LoopDetector()
        self.named: Callable[[], None] = _nothing  # called when somebody has got a name
        self.events = 0  # that have happened
        self._processes: dict[str, Process] = {}
        self._executor: Executor = SerialExecutor(self._processes)
        self.make_child = make_child
        self.timer_message = timer_message

    def fork(self, journal: Journal) -> Self:
        """See `Post.fork`. Whoever takes it gives it its `make_child`, `timer_message` and `named`."""
        other = super().fork(journal)
        other.scheduler = self.scheduler.fork(other.clock)
        other.findings, other.loops = self.findings.fork(), self.loops.fork()
        other.named = _nothing
        other.breakage = self.breakage and self.breakage.fork(other)
        other._processes = {identity: resident.process for identity, resident in other.residents.items()}
        other._executor = SerialExecutor(other._processes)
        return other

    def admit(self, resident: Resident) -> None:
        """Let a process live here, at its address and under its name."""
        self.residents[resident.id] = resident
        self._processes[resident.id] = resident.process
        self.names.setdefault(resident.name, resident.id)
        self.named()
        if resident.cron is not None:
            self.queue.push(resident.cron.next_ms(self.clock), CronTick(resident.id))

    def replace_process(self, resident: Resident, process: Process) -> None:
        """Let a process go on from another state."""
        resident.process = self._processes[resident.id] = process

    # The loop

    def step(self) -> bool:
        """Let the earliest event happen; False when nothing is waiting."""
        if self.closed:
            raise ObserverTouched
        popped = self.queue.pop()
        if popped is None:
            return False
        due_ms, event = popped
        self.events += 1
        self.clock.advance(due_ms)
        match event:
            case Arrival():
                self._deliver(event)
            case CronTick():
                self._tick(event)
            case TimerTick():
                self._send_timer(event)
            case Birth():
                self._give_birth(event)
            case Turn() | CrashTick():
                self._break(event)
        return True

    def _deliver(self, arrival: Arrival) -> None:
        if self.breakage is not None and self.breakage.takes(arrival):
            return
        message, address, hops = arrival
        self.counts.on_the_way -= 1
        resident = self.residents.get(address)
        if resident is None:
            self._deliver_to_wallet(message, address)
            return
        if hops in WATCHED_HOPS:
            self.loops.look(message, hops)
        assignment = self.scheduler.assign(message, address)
        if self.observers or message[0] in self.watched:
            self.evaluate(resident, assignment, hops)
            return
        (result,) = self._executor.evaluate((assignment,))
        if not self._commit_plain(resident, assignment, result, hops):
            self._commit(resident, assignment, result, hops)

    def _deliver_to_wallet(self, message: Message, address: str) -> None:
        wallet = self.wallets.get(address)
        if wallet is None:
            self.bury(message, self._why_nobody(address))
            return
        wallet.inbox.append(message)
        self.journal.append(pack(("delivered", message.id, address, self.clock.now_ms)))
        self.settle(message.id, Fate.INBOX, None)
        if self.observers:
            self.show(lambda observer: observer.on_delivered(message, self.clock.now_ms))

    def _break(self, event: Turn | CrashTick) -> None:
        assert self.breakage is not None
        if isinstance(event, Turn):
            self.breakage.take_turn(event)
        else:
            self.breakage.tick(event)

    def _why_nobody(self, address: str) -> str:
        if self.breakage is not None and address in self.breakage.hidden:
            return f"process {address} is not visible yet"
        if is_address(address):
            return f"no process or wallet has the address {address}"
        return f"{address!r} is no address (43 characters) and nobody's name"

    def evaluate(self, resident: Resident, assignment: Assignment, hops: int = 0) -> Result:
        """Have an assignment handled, write down what came of it, let the outbox leave."""
        if self.observers:
            self.show(lambda observer: observer.on_assigned(assignment))
        (result,) = self._executor.evaluate((assignment,))
        self._commit(resident, assignment, result, hops)
        return result

    def record(self, resident: Resident, assignment: Assignment, result: Result) -> None:
        """The same for an assignment that has been evaluated already, the boot of a process."""
        if self.observers:
            self.show(lambda observer: observer.on_assigned(assignment))
        self._commit(resident, assignment, result, 0)

    def _commit_plain(self, resident: Resident, assignment: Assignment, result: Result, hops: int) -> bool:
        """What `_commit` does, for a handled message with ordinary messages as its only result.

        False when it is anything else; then nothing has happened. That is nearly every message between
        processes, and it pays for every call: the same by way of `_commit` costs a fifth more in all.
        """
        messages, spawns, assignments, output, prompt, error, _, verdict, forgiven = result
        if verdict not in _HANDLED or output or spawns or assignments or forgiven or error is not None:
            return False
        for target, _, _, flat, problem in messages:
            if problem or not target or flat[:5:2] != _USUAL or not _UNUSUAL.isdisjoint(flat[6::2]):
                return False
        message, process_id, nonce, _, now_ms, height, cause, _, _ = assignment
        identity, pushed_for = message[0], message[8] or message[0]
        append, names, counts = self.journal.append, self.names, self.counts
        append(pack(("done", identity, process_id, nonce, now_ms, height, False, verdict, None, "")))
        resident.prompt = prompt
        if verdict == "waiting":
            resident.has_waited = True
        counts.handled += 1
        counts.sent += len(messages)
        arrivals: list[Arrival] = []
        sender, module_id = resident.id, resident.module_id
        for wanted, data, anchor, flat, _ in messages:
            target = wanted or ""
            if self.lenient:
                target = names.get(target, target)
            flat = flat[2:4] + flat[6:]
            content = pack(("pushed", cause, len(arrivals), target, data, flat, anchor))
            append(content)
            letter = (id_of(content), sender, MESSENGER_ID, target, data, flat, anchor, module_id, pushed_for, "")
            arrivals.append(new_arrival((new_message(letter), target, hops + 1)))
        for arrival in arrivals:
            self.send_off(arrival[0], arrival)
        return True

    def _commit(self, resident: Resident, assignment: Assignment, result: Result, hops: int) -> None:
        """Write down an assignment and what came of it, and let what it caused leave.

        One entry for both: a result follows from the assignments before it, so one without the other
        would tell nothing more.
        """
        message, process_id, nonce, _, timestamp_ms, height, hash_chain, cron, _ = assignment
        messages, spawns, assignments, output, prompt, error, _, verdict, forgiven = result
        identity, pushed_for = message.id, message.pushed_for
        if not pushed_for and not cron:
            pushed_for = identity
        cause = hash_chain or identity
        letters: list[tuple[Message, int, str]] = []
        contents: list[bytes] = []
        tree, patches = resident.tree, []
        for asked in messages:
            target, _, _, flat, problem = asked
            not_before_ms = 0
            if tree is not None and (patch := patch_of(asked)) is not None:
                patches.append(patch)
                continue
            if not target:
                target, problem = "", problem or "it has no Target"
            elif self.lenient:
                target = self.names.get(target, target)
                if not _DELIVER_LATER.isdisjoint(flat[::2]):
                    not_before_ms, problem = self._deliver_later(asked, problem)
            letter, content = pushed(asked, target, process_id, resident.module_id, pushed_for, cause, len(contents))
            letters.append((letter, not_before_ms, problem))
            contents.append(content)
        append = self.journal.append
        append(pack(("done", identity, process_id, nonce, timestamp_ms, height, cron, verdict, error, output)))
        for content in contents:
            append(content)
        for patch in patches:
            append(pack(("patched", process_id, patch)))
            assert tree is not None
            apply_patch(tree, patch)
        if output:
            resident.keep_output(output)
        if verdict == "waiting":
            resident.has_waited = True
        if error is None:
            resident.prompt = prompt
        else:
            resident.errors.append(error)
        self.settle(identity, FATE_OF_VERDICT[verdict], result)
        for rule, place, detail in forgiven:
            self.findings.add(Finding(rule, resident.name, place, detail))
        if self.observers:
            self.show(lambda observer: observer.on_result(assignment, result))
        for letter, not_before_ms, problem in letters:
            if problem:
                self.counts.sent += 1
                self.bury(letter, problem)
            else:
                self.dispatch(letter, hops + 1, not_before_ms)
        if spawns or assignments:
            chain = Chain(pushed_for, cause, hops + 1)
            for number, request in enumerate(spawns):
                self._ask_spawn(resident, request, chain, number)
            for wanted in assignments:
                self._ask_assign(wanted, hops + 1)

    # What a result asks for

    def _deliver_later(self, asked: Outgoing, problem: str) -> tuple[int, str]:
        """When a message with Deliver-After or Deliver-At may arrive, and why it cannot."""
        try:
            return self._deliver_ms(asked), problem
        except UsageError as error:
            return 0, problem or str(error)

    def _deliver_ms(self, asked: Outgoing) -> int:
        """When a message with Deliver-After or Deliver-At may arrive."""
        for name, start_ms in (("Deliver-After", self.clock.now_ms), ("Deliver-At", 0)):
            text = find_tag(asked.flat, name)
            if text is not None:
                found = _WHOLE.fullmatch(text)
                if found is None or start_ms + int(found[1]) > TIME_MS_MAX:
                    raise UsageError(f"{name} is {text[:40]!r}, not a whole number of milliseconds from 0 up")
                return start_ms + int(found[1])
        return 0

    def _ask_spawn(self, parent: Resident, request: Outgoing, chain: Chain, number: int) -> None:
        notice = request.flat
        if self.lenient and find_tag(request.flat, "Authority") is None:
            request = request._replace(flat=request.flat + parent.authority)
        if not is_address(find_tag(request.flat, "Module", "") or ""):
            request = self._with_module_id(request)
        message = self.publish(spawned(request, parent.id, SCHEDULER_ID, chain, number))
        self.counts.sent += 1
        try:
            cron_plan(message.flat, self.clock)
        except UsageError as problem:
            self.bury(message, str(problem))
            return
        if request.problem:
            self.bury(message, request.problem)
            return
        self.send_off(message, Birth(message, parent.id, notice, chain.hops))

    def _with_module_id(self, request: Outgoing) -> Outgoing:
        """A spawn whose module is no id: in docs fidelity the names of modules stand for their ids."""
        name = find_tag(request.flat, "Module", "") or ""
        if not self.lenient:
            problem = f"no module {name!r}: on the network a module is known by its id alone, of 43 characters"
            return request._replace(problem=request.problem or problem)
        profile = profile_named(name)
        if profile is None:
            return request
        at = 2 * request.flat[::2].index("Module") + 1
        return request._replace(flat=(*request.flat[:at], profile.module_id, *request.flat[at + 1 :]))

    def _give_birth(self, birth: Birth) -> None:
        message, parent_id, notice, hops, told = birth
        breakage = self.breakage
        if breakage is not None and breakage.stops(birth):
            return
        if not told and (message.id in self.residents or (breakage is not None and message.id in breakage.hidden)):
            self._deliver(Arrival(message, message.id, hops))  # doubled: the second one is a message to the child
            return
        self.counts.on_the_way -= 1
        chain = Chain(message.pushed_for, message.id, hops + 1)
        if breakage is not None and not told and breakage.hides(birth):
            self.dispatch(self.publish(spawned_notice(notice, message.id, parent_id, chain)), hops + 1)
            return
        flat = message.flat
        module_id = find_tag(flat, "Module", "") or ""
        name = find_tag(flat, "Name") or ""
        if not name or name in self.names or is_address(name):  # nobody may be called by another's address
            name = message.id
        resident = Resident(message.id, name, message.owner, flat, self.make_child(message, module_id))
        resident.parent_id = parent_id
        self.loops.children[message.pushed_for] += 1
        resident.cron = cron_plan(flat, self.clock)
        self.admit(resident)
        self.evaluate(resident, self.scheduler.assign(message, message.id), hops)
        if told and breakage is not None:
            del breakage.hidden[message.id]
            return
        self.dispatch(self.publish(spawned_notice(notice, message.id, parent_id, chain)), hops + 1)

    def _ask_assign(self, wanted: AssignRequest, hops: int) -> None:
        message = self.find_message(wanted.message_id)
        for process in wanted.processes:
            self.counts.assigned += 1
            target = self.names.get(process, process) if self.lenient else process
            if message is None:
                lost = Message(wanted.message_id, "", "", target, None, ())
                self.bury(lost, f"assignment of a message {wanted.message_id!r} that does not exist")
                continue
            self.send_off(message._replace(target=target), Arrival(message, target, hops))

    # Time

    def _tick(self, tick: CronTick) -> None:
        resident = self.residents.get(tick.process_id)
        if resident is None or resident.cron is None:
            return
        now_ms = self.clock.now_ms
        for line in resident.cron.due(now_ms):
            owner, cause = resident.owner, f"cron {line.interval}"
            message = self.publish(signed(owner, owner, resident.id, None, line.flat, cause=cause, number=line.ticks))
            self.counts.cron += 1
            assignment = self.scheduler.outside_log(message, resident.id, cron=True)
            if self.breakage is None or not self.breakage.puts_off(resident, assignment):
                self.evaluate(resident, assignment)
        self.queue.push(resident.cron.next_ms(self.clock), tick)

    def _send_timer(self, tick: TimerTick) -> None:
        message = self.timer_message(tick)
        if message is None:
            return
        self.counts.sent += 1
        self.counts.on_the_way += 1
        now_ms = self.clock.now_ms
        self.queue.push(now_ms, Arrival(message, message.target))
        if self.observers:
            self.show(lambda observer: observer.on_sent(message, (now_ms,)))

    # When things go wrong

    def check_limits(self) -> None:
        """Raise what says that a run goes on without bounds, and without end."""
        if self.counts.on_the_way > self.limits.waiting_max:
            targets = Counter(
                event.message.target for event in self.queue.events() if isinstance(event, Arrival | Birth | Turn)
            )
            raise TooManyWaiting(waiting=self.counts.on_the_way, busiest=self.name_of(targets.most_common(1)[0][0]))
        for began_with, count in self.loops.children.most_common(1):
            if count > self.limits.children_max:
                latest = next(one for one in reversed(self.residents.values()) if one.parent_id is not None)
                first = self.find_message(began_with)
                raise TooManyChildren(
                    children=count,
                    parent=self.name_of(latest.parent_id or ""),
                    began_with=""
                    if first is None
                    else f"Action={first.tag('Action', '')} to {self.name_of(first.target)}",
                )
        longest = self.loops.longest
        if longest is not None and longest.hops >= self.limits.hops_max:
            raise EndlessLoop(
                hops=longest.hops,
                route=self.route_of(longest),
                actions="Action=" + ", ".join(longest.actions),
            )

    def route_of(self, loop: Loop) -> str:
        """The names on a loop, back to the first."""
        return " → ".join(map(self.name_of, (*loop.route[:6], loop.route[0])))


def _nothing() -> None:
    """Nobody wants to know."""
