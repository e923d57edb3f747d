"""The facade: one simulated world, and the names people type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from aosim.breaking import Breaking
from aosim.checks import check_text, check_whole
from aosim.clock import START_MS
from aosim.cron import CronSpec
from aosim.errors import EvalError, ObserverTouched, UnknownName, UsageError
from aosim.events import Arrival, Birth, Turn
from aosim.faults import Faults, as_faults
from aosim.handles import Address, ProcessHandle, Run, Sent, Sents, Tags, Timer, WalletHandle, lua_of
from aosim.ids import is_address
from aosim.inputs import World
from aosim.invariants import Invariants
from aosim.journal import Journal, MemoryJournal
from aosim.limits import Limits
from aosim.message import Message, Result
from aosim.messenger import signed
from aosim.network import Latency, Network, as_latency, as_link
from aosim.observers import Observer
from aosim.orders import Order, as_order
from aosim.outside import check_moment
from aosim.parts import Parts
from aosim.process import PythonHandler
from aosim.seeds import Seeds
from aosim.sleeping import Dormitory
from aosim.timeline import Timeline
from aosim.timetravel import TimeTravel
from aosim.verified import VerifiedJournal

FIDELITIES = ("docs", "network")
AlwaysT = TypeVar("AlwaysT", bound=Callable[..., object])


class Simulation(Breaking, TimeTravel):
    """A network of processes and wallets on one virtual clock.

    The same seed and the same calls give the same run and the same `fingerprint`, on any machine.
    Sending never runs a handler: that happens in `run`, `step`, `eval` and `query`, and the boot
    script of a process in `spawn`.

    `fidelity` is "docs" (code runs as the documentation prints it, see `findings`) or "network"
    (the reference module to the letter). `latency` is whole milliseconds or a latency model, and
    `links` gives single links another: {("alice", "ledger"): 5, ("alice", "*"): Uniform(1, 9)}.
    `order` says which of the events due at one instant happens first: as they came unless it is a
    number, for an order drawn from the seed, or an `Order`. `faults` is what goes wrong on purpose.
    Of its Lua processes `resident_max` at most are awake at a time, forks included; the others sleep
    outside of memory until they are needed. That changes nothing but what a run costs.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        fidelity: str = "docs",
        latency: Latency | int = 10,
        links: Mapping[tuple[str, str], Latency | int] | None = None,
        network: Network | None = None,
        start_ms: int = START_MS,
        limits: Limits | None = None,
        journal: Journal | str | Path | None = None,
        order: Order | int | None = None,
        faults: Faults | None = None,
        resident_max: int | None = None,
    ) -> None:
        if fidelity not in FIDELITIES:
            raise UsageError(f"fidelity={fidelity!r}: there are {' and '.join(map(repr, FIDELITIES))}")
        if not isinstance(seed, int):
            raise UsageError(f"seed={seed!r}: any whole number")
        check_moment(check_whole("start_ms", start_ms))
        if not isinstance(limits, Limits | None):
            raise UsageError(f"limits={limits!r}: a Limits(...), as in Limits(hops_max=1_000)")
        for name, door, method in (("network", network, "plan"), ("journal", journal, "append")):
            if door is not None and not isinstance(door, str | Path) and not callable(getattr(door, method, None)):
                raise UsageError(f"{name}={door!r}: it has no method {method}(...)")
        self.seed = seed
        self.fidelity = fidelity
        self.seeds = Seeds(seed)
        self._handles: dict[str, ProcessHandle] = {}
        self._wallets: dict[str, WalletHandle] = {}
        self._sents = Sents()
        self._timeline: Timeline | None = None  # once it has gone back
        world = World(
            *(seed, fidelity, as_latency(latency) if network is None else None),
            tuple((*as_link(ends), as_latency(link)) for ends, link in (links or {}).items()),
            *(start_ms, limits or Limits()),
            order=as_order(order),
            faults=as_faults(faults),
        )
        if world.links and network is not None:
            raise UsageError("links= shapes the network that aosim makes; a network= of your own has its own links")
        dormitory = None if resident_max is None else Dormitory(resident_max)
        parts = Parts(world, _journal(journal, world), network, dormitory)
        self._invariants = Invariants(parts.engine, f"Simulation(seed={seed}{world.order.told}{world.faults.told})")
        self._take(parts)

    @classmethod
    def resume(
        cls,
        path: str | Path,
        *,
        handlers: Mapping[str, PythonHandler] | None = None,
        latency: Latency | int | None = None,
        network: Network | None = None,
        resident_max: int | None = None,
    ) -> Simulation:
        """Go on with the run that a file has recorded, where its last flush left it.

        The run is done again from what came from outside, and compared with the record entry by
        entry. `handlers` are the functions of its processes in Python, by name; `latency` and
        `network` are needed when the run had ones of its own making.

        Raises JournalError for a file that is torn, foreign, newer or in use, and leaves it
        untouched; Diverged when the run comes out differently; UsageError when something is missing.
        """
        from aosim.disk_journal import DiskJournal

        journal = DiskJournal.open(path)
        try:
            verified = VerifiedJournal(journal)
            sim = as_recorded(cls, journal.world(), verified, latency, network, resident_max)
            verified.name_of = sim.name_of
            sim._inlet.redo(list(journal.inputs()), handlers or {}, journal.events)
            verified.finish()
        except BaseException:
            journal.close()
            raise
        return sim

    def flush(self) -> None:
        """Have all that has happened, and all that was sent, kept by the journal, come what may.

        `run`, `step`, `eval` and `spawn` do so themselves before they return.
        """
        if self._keeper is not None:
            self._keeper.flush(self._engine.events)

    def close(self) -> None:
        """Keep all that has happened so far, and let go of the file of the journal, if there is one."""
        if self._keeper is not None:
            self.flush()
            self._keeper.close()

    def __repr__(self) -> str:
        return f"<Simulation seed={self.seed} {self.fidelity}, {len(self.processes)} processes, {self.now_ms} ms>"

    # Making

    def wallet(self, name: str) -> WalletHandle:
        """The wallet of that name; it is made when there is none. Its address depends on the name alone."""
        wallet = self._engine.wallets.get(self._engine.names.get(name, ""))
        if wallet is None:
            self._check_open()
            self._spawner.check_name(name)
            self._inlet.wallet(name)
            wallet = self._engine.wallets[self._engine.names[name]]
        if name not in self._wallets:
            self._wallets[name] = WalletHandle(self, wallet.name, wallet.address)
        return self._wallets[name]

    def spawn(
        self,
        source: str | Path | PythonHandler = "",
        *,
        name: str | None = None,
        owner: Address | None = None,
        tags: Tags = (),
        module: str | Path = "aos",
        cron: CronSpec | None = None,
        on_boot: bool = True,
        file: str | None = None,
    ) -> ProcessHandle:
        """Make a process, run its code once, and return its handle.

        `source` is the path of a Lua file (what it requires from its own folder comes along), Lua
        text, or a Python function (context, message). Its owner is the wallet "owner" unless another is given.
        `file` is the name that errors and findings give to Lua text. With `on_boot` the code runs in
        the Process message; without, in an Eval right after it, as `.load` does. `cron` is
        "5-minutes", several of these, or {"5-minutes": {"Action": "Tick"}}.
        A process gets the messenger of the network as its Authority unless `tags` name one.

        Raises SourceError for code that is missing or does not parse, BootError for code that fails,
        NameTaken, UnknownName, UsageError. A refused spawn leaves no trace.
        """
        self._check_open()
        plan = self._spawner.plan(
            source, name=name, owner=owner, tags=tags, module=module, cron=cron, on_boot=on_boot, file=file
        )
        if callable(source):
            self._inlet.handlers[plan.name] = source
        resident = self._inlet.spawn(plan)
        self.flush()
        return self.process(resident.id)

    def process(self, which: Address) -> ProcessHandle:
        """The handle of a process, by name or id. Raises UnknownName."""
        resident = self._resident(which)
        if resident.id not in self._handles:
            self._handles[resident.id] = ProcessHandle(self, resident)
        return self._handles[resident.id]

    def every(
        self,
        every_ms: int,
        target: Address,
        data: str | None = None,
        *,
        sender: Address | None = None,
        tags: Tags = (),
        **named: str,
    ) -> Timer:
        """Send a message again and again: it arrives at every multiple of the interval from now on.

        The sender is the target's owner, or the wallet "owner", unless another is given.
        """
        self._check_open()
        check_whole("every_ms", every_ms, least=1)
        target_id = self._outside.resolve(target)
        sender_id = self._outside.sender(sender, target_id)
        flat, text = self._outside.client_tags(target_id, data, tags, named)
        return Timer(self, self._inlet.every(every_ms, sender_id, target_id, text, flat))

    def upload(
        self,
        data: str,
        *,
        id: str | None = None,  # noqa: A002 (what AO calls it)
        owner: Address | None = None,
        tags: Tags = (),
        **named: str,
    ) -> Message:
        """Put an item on Arweave, as a fixture: from now on processes can read it and have it assigned.

        A process reads its data as the file `/data/<id>` (`io.open`, `On-Boot = <id>`), as WeaveDrive
        offers it, and gets all of it by `Assign({ Processes = { ao.id }, Message = <id> })`. The id is
        made from owner, data and tags unless one is given. Raises UsageError when there is one already.
        """
        self._check_open()
        owner_id = self._outside.resolve(owner if owner is not None else "owner")
        return self._inlet.item(id, owner_id, *self._outside.item_content(data, tags, named))

    def observe(self, observer: Observer) -> None:
        """Let an observer see every step from now on. Raises UsageError for what is no Observer."""
        self._check_open()
        if not isinstance(observer, Observer):
            raise UsageError(f"observe({observer!r}): give an object whose class is derived from aosim.Observer")
        self._engine.observers.append(observer)

    def always(self, check: AlwaysT, *, name: str | None = None, of: Address | None = None) -> AlwaysT:
        """Ask after every message from now on whether something holds; also as a decorator.

        `of` a process: only after messages of its own.
        `check` is called with the simulation, or with nothing if it takes nothing. It says True, or
        None, while all is well; False, or an AssertionError, is raised as InvariantBroken when the
        event is over, naming the message. It may look at everything and change nothing.
        """
        self._check_open()
        self._invariants.add(check, self, name, None if of is None else self._resident(of).id)
        return check

    # Sending

    def send(
        self,
        target: Address,
        data: str | None = None,
        *,
        sender: Address | None = None,
        tags: Tags = (),
        after_ms: int | None = None,
        at_ms: int | None = None,
        **named: str,
    ) -> Sent:
        """Send a message, from the target's owner, or the wallet "owner", unless another sender is given.

        See `WalletHandle.send` for the rest.
        """
        self._check_open()
        target_id = self._outside.resolve(target)
        sender_id = self._outside.sender(sender, target_id)
        flat, data = self._outside.client_tags(target_id, data, tags, named)
        not_before_ms = self._outside.not_before_ms(after_ms, at_ms)
        message, due_ms = self._inlet.send(sender_id, target_id, data, flat, not_before_ms)
        self._complain()
        sent = Sent(self, message, due_ms, self._engine.events)
        self._sents.add(sent)
        if due_ms:
            self._engine.watched[message.id] = sent._settle
        return sent

    # Running

    def step(self) -> bool:
        """Let the next event happen; False when nothing is waiting."""
        self._leave()
        happened = self._step()
        self.flush()
        self._complain()
        return happened

    def run(
        self,
        *,
        for_ms: int | None = None,
        until: int | Callable[[], bool] | None = None,
        events_max: int | None = None,
    ) -> Run:
        """Let events happen: until no message is on the way, or within bounds.

        `for_ms` and `until` (a time in milliseconds) run everything that is due up to that moment,
        timers and cron included, and leave the clock there. `until` may also be a function that is
        asked after every event; `for_ms` then is the longest that it may take. `events_max` stops
        after so many events. Without bounds, timers and cron tick only while messages are on the
        way; a chain that does not end raises EndlessLoop, one that makes ever more processes
        TooManyChildren, ever more messages TooManyWaiting.
        """
        engine = self._engine
        self._check_open()
        self._leave()
        self._forget_ended_chains()
        stop_ms, condition = self._bounds(for_ms, until)
        if events_max is not None:
            check_whole("events_max", events_max, unit="")
        bounded = stop_ms is not None or condition is not None or events_max is not None
        step, counts, queue = self._step, engine.counts, engine.queue
        events, stopped_by = 0, "quiet"
        self.flush()  # what was sent is safe before anything comes of it
        while True:
            if stop_ms is not None:
                due_ms = queue.peek_ms()
                if due_ms is None or due_ms > stop_ms:
                    stopped_by = "time"
                    break
            elif not counts.on_the_way and (condition is None or not len(queue)):
                break
            if events == events_max:
                stopped_by = "events"
                break
            step()
            events += 1
            if condition is not None and condition():
                stopped_by = "condition"
                break
            if not events & 1023:
                self.flush()
                if not bounded:
                    engine.check_limits()
        if stopped_by == "time" and stop_ms is not None:
            self._inlet.advance(stop_ms)
        self.flush()
        self._forget_ended_chains()
        self._complain()
        loops = tuple(f"{engine.route_of(loop)}, {loop.hops:,} hops" for loop in engine.loops.suspects.values())
        return Run(events, self.now_ms, stopped_by, counts.on_the_way, queue.peek_ms(), loops)

    # Asking

    def eval(self, process: Address, code: str) -> Any:
        """Evaluate Lua in a process, now. See `ProcessHandle.eval`."""
        self._check_open()
        resident = self._resident(process)
        lua = lua_of(resident)
        entries = len(self._engine.journal)
        result = self._inlet.eval(resident.id, check_text(code, f"Lua for {resident.name!r}"))
        self.flush()
        if self._invariants:
            self._invariants.ask(entries)
        if result.error is not None:
            raise EvalError(resident.name, result.error)
        if result.verdict not in ("handled", "waiting"):
            raise EvalError(resident.name, f"the Eval ended as {result.verdict}: the process has another Owner by now")
        return lua.last_value() if result.verdict == "handled" else None

    def query(
        self,
        process: Address,
        data: str | None = None,
        *,
        sender: Address | None = None,
        tags: Tags = (),
        **named: str,
    ) -> Result:
        """A dry run: the result of a message that leaves no trace. See `ProcessHandle.query`."""
        self._check_open()
        resident = self._resident(process)
        flat, text = self._outside.client_tags(resident.id, data, tags, named)
        sender_id = self._outside.sender(sender, resident.id)
        message, _ = signed(sender_id, sender_id, resident.id, text, flat, cause="query")
        return resident.process.dry_run(self._engine.scheduler.outside_log(message, resident.id))

    def cancel(self, what: Sent | Timer) -> bool:
        """Take a message back, or stop a timer; False when it has arrived, or was stopped, before."""
        self._check_open()
        return self._inlet.stop(what.id) if isinstance(what, Timer) else self._inlet.cancel(what.id)

    # Helpers, in the order in which they are called

    def _take(self, parts: Parts) -> None:
        """Consist of these parts from now on."""
        self._parts = parts
        self._engine, self._outside, self._spawner = parts.engine, parts.outside, parts.spawner
        self._inlet, self._keeper = parts.inlet, parts.keeper
        self._invariants.look_at(parts.engine)

    @property
    def _step(self) -> Callable[[], bool]:
        return self._invariants.step if self._invariants else self._engine.step

    def _leave(self) -> None:
        """Begin a branch where what happens now is not what happened before, see `goto`."""
        if self._timeline is not None:
            self._timeline.moved()

    def _check_open(self) -> None:
        if self._engine.closed:
            raise ObserverTouched

    def _bounds(
        self, for_ms: int | None, until: int | Callable[[], bool] | None
    ) -> tuple[int | None, Callable[[], bool] | None]:
        if links := self._parts.links:
            ends = [end for link in links for end in link if end != "*"]
            missing = next(end for end in ends if end not in self._engine.names and not is_address(end))
            raise UnknownName(missing, self._engine.names, kind="process or wallet in links=")
        condition = until if callable(until) else None
        if for_ms is not None:
            if until is not None and condition is None:
                raise UsageError("for_ms= and until=: give one of them, or a function as until=")
            return check_moment(self.now_ms + check_whole("for_ms", for_ms)), condition
        if until is None or callable(until):
            return None, condition
        if check_whole("until", until) < self.now_ms:
            raise UsageError(
                f"until={until!r} lies in the past: the clock stands at {self.now_ms:_} ms. Use run(for_ms={until!r})?"
            )
        return check_moment(until), None

    def _complain(self) -> None:
        """Raise what went wrong outside any process, now that nothing is half done."""
        complaint, self._engine.complaint = self._engine.complaint, None
        if complaint is not None:
            raise complaint

    def _forget_ended_chains(self) -> None:
        """Suspect no chain any more of which nothing is on the way."""
        loops = self._engine.loops
        if loops.longest is not None or loops.children:
            waiting = (event for event in self._engine.queue.events() if isinstance(event, Arrival | Birth | Turn))
            loops.keep({event.message.pushed_for for event in waiting})


def _journal(journal: Journal | str | Path | None, world: World) -> Journal:
    if isinstance(journal, str | Path):
        if not str(journal).strip() or Path(journal).is_dir():
            raise UsageError(f"journal={str(journal)!r}: give the name of a file to record the run in")
        from aosim.disk_journal import DiskJournal

        return DiskJournal.create(journal, world)
    return journal if journal is not None else MemoryJournal()


def as_recorded(
    kind: type[Simulation],
    world: World,
    journal: Journal,
    latency: Latency | int | None,
    network: Network | None,
    resident_max: int | None = None,
) -> Simulation:
    """A simulation made as a recorded one was."""
    latency = latency if latency is not None else world.latency
    if latency is None and network is None:
        raise UsageError("the run had a latency model, or a network, of its own: give it as latency= or network=")
    return kind(
        world.seed,
        fidelity=world.fidelity,
        latency=latency if latency is not None else 0,
        links={(sender, target): link for sender, target, link in world.links},
        network=network,
        start_ms=world.start_ms,
        limits=world.limits,
        journal=journal,
        order=world.order,
        faults=world.faults,
        resident_max=resident_max,
    )
