"""What callers break on purpose: the part of the facade that is about faults."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable

from aosim.checks import check_text, check_whole, text_tags
from aosim.errors import UsageError
from aosim.events import Arrival, Birth
from aosim.faults import CHILD, Fault, Faults, Hold, Partition, Rate, Skew, Slow
from aosim.handles import Address, Sent, Tags
from aosim.looking import Looking
from aosim.message import Message
from aosim.outside import pairs_of

_ALL = 2**31  # messages: more than any process forgets
_ANYBODY = ("*", "*")


class Stopped:
    """Messages that do not arrive until they are released, by `sim.hold` or `sim.faults.partition`."""

    def __init__(self, simulation: Breaking, number: int) -> None:
        self._simulation = simulation
        self._number = number

    @property
    def messages(self) -> list[Message]:
        """Those that wait, the oldest first."""
        breakage = self._simulation._engine.breakage
        return [] if breakage is None else breakage.held(self._number)

    def release(self, count: int | None = None) -> int:
        """Let all arrive, now, and stop no more; or so many, the oldest first. How many they were."""
        return self._simulation.release(self, count)

    def heal(self) -> int:
        """The same as `release()`: what a partition is ended with."""
        return self.release()

    def __repr__(self) -> str:
        return f"<Stopped {len(self.messages)} messages>"


class Breaking(Looking):
    """Calls that make something go wrong. They change a run, and are repeated with it."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise ObserverTouched while nobody may use the simulation."""

    @property
    def faults(self) -> FaultSwitches:
        """What goes wrong by chance or for a time, to be switched on and off, and what has struck."""
        return FaultSwitches(self)

    @property
    def held(self) -> list[Message]:
        """The messages that wait for their release, the oldest first. A run does not wait for them."""
        return [] if self._engine.breakage is None else self._engine.breakage.held()

    def crash(self, process: Address, *, for_ms: int = 1_000, losing: int | str = 0) -> None:
        """A process goes down now and is back after `for_ms`. Messages wait for it meanwhile, in order.

        A compute unit makes the state again from the log, so nothing is lost by itself. `losing=3`
        lets the process forget the last three messages it evaluated, as if they had never been,
        though what they sent has left; `losing="all"` all since its first.
        """
        self._check_open()
        resident = self._resident(process)
        count = _ALL if losing == "all" else check_whole("losing", losing, unit=' of messages, or "all",')
        self._inlet.crash(resident.id, check_whole("for_ms", for_ms), count)
        self.flush()

    def hold(
        self,
        what: Sent | Message | str | Callable[[Message], bool] | None = None,
        *,
        sender: Address = "*",
        target: Address = "*",
        tags: Tags = (),
        **named: str,
    ) -> Stopped:
        """Stop messages as they arrive, until they are released.

        `what` is a message, its id, or a function that says of each message now on the way whether
        it is meant. Without it all messages from now on are meant that go from `sender` to `target`
        and have these tags: `sim.hold(target="ledger", Action="Transfer")`.
        """
        self._check_open()
        flat = text_tags(pairs_of(tags), "hold") + text_tags(named, "hold")
        if what is None:
            ends = [end if end == "*" else self._outside.resolve(end) for end in (sender, target)]
            return Stopped(self, self._inlet.hold(Hold(ends[0], ends[1], flat)))
        if flat or sender != "*" or target != "*":
            raise UsageError("hold(...): give one message or a function, or else a sender, a target and tags")
        return Stopped(self, self._inlet.hold(Hold(ids=self._on_the_way(what))))

    def release(self, what: Stopped, count: int | None = None) -> int:
        """Let messages arrive now that were held; how many they were. See `Stopped.release`."""
        self._check_open()
        if not isinstance(what, Stopped):
            raise UsageError(f"release({what!r}): give what hold(...) or partition(...) returned")
        if count is not None:
            check_whole("count", count, unit=" of messages")
        released = self._inlet.release(what._number, count)
        self.flush()
        return released

    @abstractmethod
    def flush(self) -> None:
        """Have all that has happened so far kept."""

    def _on_the_way(self, what: Sent | Message | str | Callable[[Message], bool]) -> tuple[str, ...]:
        """The ids of the messages that are meant, each once."""
        events = (event for _, event in self._engine.queue if isinstance(event, Arrival | Birth))
        messages = [event.message for event in events]
        if callable(what):
            return tuple(dict.fromkeys(message.id for message in messages if what(message))) or ("",)
        identity = what if isinstance(what, str) else what.id
        if all(message.id != identity for message in messages):
            raise UsageError(f"hold({identity!r}): no such message is on the way")
        return (identity,)


class FaultSwitches:
    """What goes wrong in a simulation by chance or for a time.

    A rate is a probability for each message; setting it again for the same link replaces it, and 0
    ends it. A link is (sender, target), "*" is anybody. With `for_ms` something ends by itself.
    """

    def __init__(self, simulation: Breaking) -> None:
        self._simulation = simulation

    def loss(self, rate: float, *, link: tuple[Address, Address] = _ANYBODY, for_ms: int | None = None) -> None:
        """Messages are lost."""
        self._set("lose", rate, link, 0, for_ms)

    def duplicate(
        self,
        rate: float,
        *,
        within_ms: int = 100,
        link: tuple[Address, Address] = _ANYBODY,
        for_ms: int | None = None,
    ) -> None:
        """Messages arrive twice, the copy 0 to `within_ms` later."""
        self._set("duplicate", rate, link, within_ms, for_ms)

    def reorder(
        self,
        rate: float,
        *,
        within_ms: int = 100,
        link: tuple[Address, Address] = _ANYBODY,
        for_ms: int | None = None,
    ) -> None:
        """Messages take 1 to `within_ms` longer, so that others overtake them."""
        self._set("reorder", rate, link, within_ms, for_ms)

    def spike(
        self, rate: float, ms: int = 1_000, *, link: tuple[Address, Address] = _ANYBODY, for_ms: int | None = None
    ) -> None:
        """Messages take `ms` longer."""
        self._set("delay", rate, link, ms, for_ms)

    def crashes(
        self, rate: float, *, down_ms: int = 1_000, losing: int = 0, process: Address = "*", for_ms: int | None = None
    ) -> None:
        """A process goes down as a message reaches it, and is back after `down_ms`. See `Simulation.crash`."""
        self._set("crash", rate, ("*", process), down_ms, for_ms, losing)

    def late_births(self, ms: int, *, rate: float = 1.0, parent: Address = "*", for_ms: int | None = None) -> None:
        """Children are visible `ms` later than their parents are told. What reaches them before is a dead letter."""
        self._set("late", rate, (parent, "*"), ms, for_ms)

    def jitter(self, ms: int, *, rate: float = 1.0, process: Address = "*", for_ms: int | None = None) -> None:
        """The timestamps of messages are wrong, by -ms to ms."""
        self._set("skew", rate, ("*", process), ms, for_ms)

    def slow(self, process: Address, per_message_ms: int, *, for_ms: int | None = None) -> None:
        """A process takes so long over each message, and others wait in line; 0 ends it. "*" is every process."""
        now_ms, until_ms = self._window(for_ms)
        self._add(Slow(self._name(process), per_message_ms, now_ms, until_ms))

    def skew(self, process: Address, ms: int, *, for_ms: int | None = None) -> None:
        """The messages of a process are stamped `ms` late (early when negative); 0 ends it. "*" is every process."""
        now_ms, until_ms = self._window(for_ms)
        self._add(Skew(self._name(process), ms, now_ms, until_ms))

    def partition(self, *groups: Iterable[Address], lose: bool = False, for_ms: int | None = None) -> Stopped:
        """Messages between these groups do not arrive until `heal()` of what is returned, or for `for_ms`.

        They wait, or with `lose=True` are lost. One group alone is parted from everybody else. It
        stops what would arrive while it lasts, whenever that was sent.
        """
        if any(isinstance(group, str) for group in groups):
            raise UsageError('partition(...): groups of names, as in partition({"alice", "bob"}, {"ledger"})')
        named = [tuple(sorted(self._name(one) for one in group)) for group in groups]
        now_ms, until_ms = self._window(for_ms)
        named += [("*",)] * (len(named) == 1)
        return Stopped(self._simulation, self._add(Partition(tuple(named), now_ms, until_ms, lose)))

    def end(self) -> None:
        """Let nothing strike any more, what was planned included; partitions heal. Holds stay, and who is down."""
        self._simulation._check_open()
        self._simulation._inlet.end_faults()

    @property
    def strikes(self) -> tuple[Fault, ...]:
        """What has struck by chance or as the simulation's plan says, in order."""
        breakage = self._simulation._engine.breakage
        return () if breakage is None else tuple(breakage.strikes)

    @property
    def unmet(self) -> tuple[Fault | Rate, ...]:
        """What was planned and has not struck; of what lasts, that which names somebody whom nobody is."""
        breakage = self._simulation._engine.breakage
        return () if breakage is None else tuple(breakage.unmet())

    @property
    def schedule(self) -> Faults:
        """The plan by which exactly these strikes happen again, and no others."""
        return Faults(strikes=self.strikes, exact=True)

    @property
    def down(self) -> dict[str, int]:
        """The processes that are down, by name, and when each will be back (ms)."""
        sim = self._simulation
        breakage = sim._engine.breakage
        found = {} if breakage is None else {one.id: breakage.down_until_ms(one.id) for one in sim.processes}
        return {sim.name_of(identity): until_ms for identity, until_ms in found.items() if until_ms is not None}

    def __repr__(self) -> str:
        return f"<Faults, {len(self.strikes)} have struck>"

    # Helpers

    def _set(
        self, kind: str, rate: float, link: tuple[Address, Address], ms: int, for_ms: int | None, losing: int = 0
    ) -> None:
        self._simulation._check_open()
        if not isinstance(link, tuple) or len(link) != 2:
            raise UsageError(f"link={link!r}: two names or addresses, or '*', as in ('alice', 'ledger')")
        sender, target = map(self._name, link)
        now_ms, until_ms = self._window(for_ms)
        self._simulation._inlet.set_rate(Rate(kind, rate, sender, target, ms, losing, now_ms, until_ms))

    def _add(self, fault: Slow | Skew | Partition) -> int:
        self._simulation._check_open()
        return self._simulation._inlet.add_fault(fault)

    def _name(self, address: Address) -> str:
        if address in ("*", CHILD):
            return check_text(address, "a name")
        return self._simulation.name_of(self._simulation.address_of(address))

    def _window(self, for_ms: int | None) -> tuple[int, int | None]:
        since_ms = self._simulation.now_ms - self._simulation.start_ms
        return since_ms, None if for_ms is None else since_ms + check_whole("for_ms", for_ms)
