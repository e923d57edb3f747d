"""What a simulation hands out: processes, wallets, sent messages and timers, to be used by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from aosim.checks import check_text, check_whole
from aosim.colours import without_colours
from aosim.errors import UnknownName, UsageError
from aosim.fates import Fate
from aosim.luavm.bare import BareProcess
from aosim.luavm.past import UndoCost
from aosim.luavm.process import LuaProcess
from aosim.message import Message, Result
from aosim.patches import look_up
from aosim.process import Process, PythonProcess
from aosim.residents import Resident
from aosim.timers import Repeated
from aosim.wallet import Wallet

if TYPE_CHECKING:
    from aosim.simulation import Simulation

#: Tags beside those given as keywords: for names that are no Python names, or that repeat. None is none.
Tags = Mapping[str, str] | Sequence[tuple[str, str]] | None


class Sent:
    """A message from outside: what became of it, up to where its simulation stands."""

    def __init__(self, simulation: Simulation, message: Message, due_ms: tuple[int, ...], events: int) -> None:
        self._simulation = simulation
        self.message = message
        self.due_ms = due_ms  # when it arrives: no time when the network lost it
        self._sent_at = events  # after how many events
        self._lost = False  # the simulation went back to before it was sent, and on another way
        self._settled: tuple[int, Fate, Result | None] | None = None if due_ms else (events, Fate.DROPPED, None)

    @property
    def id(self) -> str:
        return self.message.id

    @property
    def fate(self) -> Fate:
        """What became of it. Raises UsageError while the simulation stands before the moment it was sent."""
        now = self._simulation.events
        if self._lost or now < self._sent_at:
            raise UsageError(
                f"message {self.id[:8]} was sent after event {self._sent_at:,}, the simulation stands at {now:,}"
                + (" of another branch" if self._lost else "")
            )
        return self._settled[1] if self._settled is not None and self._settled[0] <= now else Fate.ON_THE_WAY

    @property
    def result(self) -> Result | None:
        """The answer of the process that got it, once it has."""
        self.fate  # noqa: B018 (or that it is not sent)
        now = self._simulation.events
        return self._settled[2] if self._settled is not None and self._settled[0] <= now else None

    @property
    def error(self) -> str | None:
        """ "file:line: reason" when its handler failed."""
        return None if self.result is None else self.result.error

    def _settle(self, fate: Fate, result: Result | None) -> None:
        self._settled = (self._simulation.events, fate, result)

    def _waits_at(self, events: int) -> bool:
        """Whether it is on its way after so many events."""
        return not self._lost and self._sent_at <= events and (self._settled is None or self._settled[0] > events)

    def _branch(self, events: int) -> None:
        """From this event on everything comes differently."""
        self._lost = self._lost or self._sent_at > events
        if self._settled is not None and self._settled[0] > events:
            self._settled = None

    def cancel(self) -> bool:
        """Take the message back while it is on the way; False when it has arrived."""
        return self._simulation.cancel(self)

    def __repr__(self) -> str:
        sent = not self._lost and self._sent_at <= self._simulation.events
        return f"<Sent {self.id[:8]} {self.fate if sent else 'at another time'}>"


class Sents:
    """The sent messages that somebody still has a handle of."""

    def __init__(self) -> None:
        self._all: list[ref[Sent]] = []
        self._look_at = 1_024  # how many there may be before those that nobody has are forgotten

    def add(self, sent: Sent) -> None:
        self._all.append(ref(sent))
        if len(self._all) > self._look_at:
            self._all = [one for one in self._all if one() is not None]
            self._look_at = 2 * len(self._all) + 1_024

    def waiting_at(self, events: int) -> dict[str, Callable[[Fate, Result | None], None]]:
        """Whom to tell of the fate of the messages that are on their way after so many events."""
        return {sent.id: sent._settle for one in self._all if (sent := one()) is not None and sent._waits_at(events)}

    def branch(self, events: int) -> None:
        """After so many events everything comes differently from what is known."""
        for one in self._all:
            if (sent := one()) is not None:
                sent._branch(events)


class Timer:
    """A message sent again and again, until `cancel()`."""

    def __init__(self, simulation: Simulation, repeated: Repeated) -> None:
        self._simulation = simulation
        self.id = repeated.id
        self.every_ms = repeated.every_ms
        self.target_id = repeated.target_id

    @property
    def ticks(self) -> int:
        """How often it has sent. Raises UnknownName while the simulation stands before its beginning."""
        inlet = self._simulation._inlet
        repeated = inlet.timers.get(self.id) or inlet.stopped.get(self.id)
        if repeated is None:
            raise UnknownName(self.id, [*inlet.timers, *inlet.stopped], kind="timer")
        return repeated.ticks

    def cancel(self) -> bool:
        """Stop it; False when it had been stopped."""
        return self._simulation.cancel(self)


class Run(NamedTuple):
    """What a `run` did, and what it left."""

    events: int  # that happened
    now_ms: int
    stopped_by: str  # "quiet", "time", "events", "condition" or "invariant" (of a scenario)
    waiting: int  # messages still on the way
    next_ms: int | None  # when the next thing is due
    loops: tuple[str, ...]  # chains that look endless: "ping → pong → ping, 4,159 hops"

    @property
    def quiet(self) -> bool:
        """Whether nothing is on the way any more; timers and cron may still tick."""
        return self.waiting == 0

    def __str__(self) -> str:
        text = f"{self.events:,} event{'s' * (self.events != 1)}, stopped by {self.stopped_by}"
        if self.waiting:
            text += f", {self.waiting:,} message{'s' * (self.waiting > 1)} still on the way"
        if self.next_ms is not None:
            text += f", next at {self.next_ms} ms"
        return text + "".join(f"; endless loop? {loop}" for loop in self.loops)


class Scheduled(NamedTuple):
    """Something that waits for its time."""

    due_ms: int
    kind: str  # "message", "spawn", "cron", "timer" or "crash"
    target: str  # a name where there is one, else an address
    what: str  # its Action, or the interval
    id: str


class ProcessHandle:
    """A process of a simulation, as it is where the simulation stands.

    Where that is before the process was made, whatever looks into it raises UnknownName.
    """

    def __init__(self, simulation: Simulation, resident: Resident) -> None:
        self._simulation = simulation
        self.id = resident.id
        self.name = resident.name
        self.owner = resident.owner  # the address of who signed its Process message
        self.parent_id = resident.parent_id  # the process that spawned it, None for one made from Python

    @property
    def address(self) -> str:
        """Its id; wallets have the same attribute."""
        return self.id

    @property
    def _resident(self) -> Resident:
        residents = self._simulation._engine.residents
        if self.id not in residents:
            raise UnknownName(self.name, [one.name for one in residents.values()], kind="process")
        return residents[self.id]

    def send(
        self,
        data: str | None = None,
        *,
        sender: Address | None = None,
        tags: Tags = (),
        after_ms: int | None = None,
        at_ms: int | None = None,
        **named: str,
    ) -> Sent:
        """Send this process a message, from its owner (a child's is its parent) unless another sender is given."""
        return self._simulation.send(
            self,
            data,
            sender=sender,
            tags=tags,
            after_ms=after_ms,
            at_ms=at_ms,
            **named,
        )

    def eval(self, code: str) -> Any:
        """Evaluate Lua as the owner's Eval message, now, and return the value as a Python value.

        It is a message like any other: it takes a nonce and may change the state. Tables come back
        as lists and dicts; what Python has no value for (functions) comes back as text. Raises
        EvalError when the code fails.
        """
        return self._simulation.eval(self, code)

    def peek(self, code: str) -> Any:
        """The value of Lua evaluated in a copy of the process as it stands: `eval` without a trace.

        Costs what the copy costs, see `Process.clone`. Raises EvalError when the code fails.
        """
        return self._simulation.peek(self, code)

    def query(self, data: str | None = None, *, sender: Address | None = None, tags: Tags = (), **named: str) -> Result:
        """A dry run: the result of a message that leaves no trace, not even in the journal."""
        return self._simulation.query(self, data, sender=sender, tags=tags, **named)

    def read(self, path: str) -> Any:
        """A global by name or dotted path ("Balances.alice"), without running any code of the process.

        Of a process made from "hyper-aos" also what it has published by patch@1.0, by a path with
        slashes: "cache/balances/alice". Raises UnknownName for a place in there that does not exist,
        UsageError for such a path into a process that publishes nothing.
        """
        return read_path(self._resident, path)

    @property
    def state(self) -> dict[str, Any]:
        """The process's own globals as Python values, a copy."""
        process = self._resident.process
        if isinstance(process, PythonProcess):
            return process.state
        lua = _with_globals(self._resident)
        return {name: lua.read(name) for name in lua.global_names()}

    def state_at(self, nonce: int) -> dict[str, Any]:
        """Its globals as they were after its message with this place in its log (0 is its Process message).

        When that message failed they are what they were before it. Nothing is changed, and the cost
        is that of the messages since the nearest image before. Raises UsageError for a place that
        no message has yet.
        """
        count = self._simulation._engine.scheduler.nonce(self.id)
        if not 0 <= check_whole("nonce", nonce, unit="") < count:
            raise UsageError(f"nonce={nonce}: the log of {self.name!r} has nonces from 0 to {count - 1}")
        return _own(self._resident.process).state_at(nonce)

    def fork(self, *, name: str | None = None) -> ProcessHandle:
        """A second process in the same state, at an address of its own, to try things out on.

        What one of them does from here on, the other never notices. The copy has the same owner,
        code, log so far, waiting handlers and cron. Its `ao.id` is its own address, so what it sends
        to itself it gets itself; an id that its code has written down elsewhere is still that of the
        origin. Nobody else has heard of it, and no message on its way to the origin goes to it as well.
        Its name is the origin's with a number unless `name` gives it another.
        """
        simulation = self._simulation
        simulation._check_open()
        name = simulation._spawner.name_of_copy(self._resident, name)
        copy = simulation._inlet.copy_process(self.id, name)
        simulation.flush()
        return simulation.process(copy.id)

    @property
    def undo_cost(self) -> UndoCost:
        """What it takes to make its state again, as after a message that failed: an image and some messages."""
        return _with_globals(self._resident).undo_cost

    @property
    def inbox(self) -> list[dict[str, Any]]:
        """Its Inbox: the messages no handler took, as the process sees them."""
        found = lua_of(self._resident).read("Inbox")
        return list(found) if isinstance(found, list) else []

    @property
    def waiting(self) -> int:
        """How many of its handlers wait for a message (`receive`), each in the middle of an earlier one."""
        return lua_of(self._resident).waiting() if self._resident.has_waited else 0

    @property
    def output(self) -> list[str]:
        """What each of its messages printed, without colours; the last 10 000 are kept."""
        return [without_colours(text) for text in self._resident.output]

    @property
    def errors(self) -> list[str]:
        """ "file:line: reason" of every message that failed, oldest first."""
        return list(self._resident.errors)

    @property
    def prompt(self) -> str:
        """What the aos command line would show in front of the cursor, with its colours."""
        return self._resident.prompt

    def __repr__(self) -> str:
        return f"<Process {self.name} {self.id[:8]}>"


class WalletHandle:
    """A wallet of a simulation: sends, and keeps what it is sent."""

    def __init__(self, simulation: Simulation, name: str, address: str) -> None:
        self._simulation = simulation
        self.name = name
        self.address = address

    @property
    def inbox(self) -> list[Message]:
        """Everything that arrived, oldest first. Raises UnknownName where the wallet is not made yet."""
        return self._wallet.inbox

    @property
    def _wallet(self) -> Wallet:
        wallets = self._simulation._engine.wallets
        if self.address not in wallets:
            raise UnknownName(self.name, [one.name for one in wallets.values()], kind="wallet")
        return wallets[self.address]

    def send(
        self,
        target: Address,
        data: str | None = None,
        *,
        tags: Tags = (),
        after_ms: int | None = None,
        at_ms: int | None = None,
        **named: str,
    ) -> Sent:
        """Send a message; keywords are tags (`Action="Ping"`), `Data=` is the data.

        It arrives after the network's latency, and not before `after_ms` from now or the moment
        `at_ms`. Raises UsageError for tags that are no text and times that are gone, UnknownName
        for a target nobody has.
        """
        return self._simulation.send(
            target, data, sender=self.address, tags=tags, after_ms=after_ms, at_ms=at_ms, **named
        )

    def __repr__(self) -> str:
        return f"<Wallet {self.name} {self.address[:8]}>"


#: Wherever an address is taken: a handle, a name, or the 43 characters themselves.
Address = ProcessHandle | WalletHandle | str


def lua_of(resident: Resident) -> LuaProcess:
    """The aos process of a resident. Raises UsageError for one whose handler is Python, or whose module is no aos."""
    if isinstance(resident.process, LuaProcess):
        return resident.process
    if isinstance(resident.process, BareProcess):
        raise UsageError(f"process {resident.name!r} has a module of its own, without Eval and Inbox: send it messages")
    raise UsageError(f"process {resident.name!r} is no Lua process, it has no globals; use its state")


def read_path(resident: Resident, path: str) -> Any:
    """See `ProcessHandle.read`."""
    check_text(path, f"a path into {resident.name!r}")
    tree = resident.tree
    if tree is not None and ("/" in path or path in tree):
        return look_up(tree, path)
    found = _with_globals(resident).read(path)
    if found is None and tree is None and "/" in path:
        raise UsageError(
            f"process {resident.name!r} publishes no state to read at {path!r}: its module is not hyper-aos. "
            f"Spawn it with module='hyper-aos', or read a global of it by its name, as in read('Balances.alice')"
        )
    return found


def _own(process: Process) -> LuaProcess | BareProcess | PythonProcess:
    assert isinstance(process, LuaProcess | BareProcess | PythonProcess)
    return process


def _with_globals(resident: Resident) -> LuaProcess | BareProcess:
    return resident.process if isinstance(resident.process, BareProcess) else lua_of(resident)
