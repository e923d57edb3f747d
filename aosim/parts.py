"""What a simulation consists of, as one thing: made from plain values, and forked."""

from __future__ import annotations

from copy import copy

from aosim.clock import Clock
from aosim.engine import Engine
from aosim.errors import UsageError
from aosim.events import TimerTick
from aosim.ids import is_address
from aosim.inlet import Inlet
from aosim.inputs import Keeper, World, keeper_of
from aosim.journal import Journal
from aosim.message import Message
from aosim.network import CheckedNetwork, LatencyNetwork, Network, fork_network
from aosim.outside import Outside
from aosim.process import Process
from aosim.seeds import Seeds
from aosim.sleeping import Dormitory
from aosim.spawning import Spawner


class Parts:
    """The engine of a simulation and all that feeds it, tied together."""

    def __init__(
        self,
        world: World,
        journal: Journal,
        network: Network | None = None,
        dormitory: Dormitory | None = None,
    ) -> None:
        """`network` is one of the caller's own; without one it is made as the world says."""
        self.world = world
        self.dormitory = dormitory
        self.links = {(sender, target): latency for sender, target, latency in world.links}  # not known to it yet
        self.own_network = None if network is None else _as_it_is(network)
        seeds = Seeds(world.seed)
        if network is None:
            assert world.latency is not None
            network = LatencyNetwork(seeds.stream("network"), world.latency)
        elif not isinstance(network, LatencyNetwork):
            network = CheckedNetwork(network)
        self.engine = Engine(
            clock=Clock(world.start_ms),
            network=network,
            journal=journal,
            limits=world.limits,
            lenient=world.fidelity == "docs",
            make_child=self._make_child,
            timer_message=self._timer_message,
        )
        self.engine.queue = world.order.queue(seeds)
        self.outside = Outside(self.engine)
        self.spawner = Spawner(self.engine, self.outside, world.fidelity, dormitory)
        self.keeper: Keeper | None = keeper_of(journal)
        self.inlet = Inlet(self.engine, self.outside, self.spawner, self.keeper, world.seed)
        self.inlet.begin(world.faults)
        self.engine.named = self._link_up
        self._link_up()

    def fork(self, journal: Journal) -> Parts:
        """Parts in the same state that go on apart from these. `journal` begins as theirs does."""
        other = copy(self)
        other.links = self.links.copy()
        other.engine = self.engine.fork(journal)
        other.outside = self.outside.fork(other.engine)
        other.spawner = self.spawner.fork(other.engine, other.outside)
        other.keeper = keeper_of(journal)
        other.inlet = self.inlet.fork(other.engine, other.outside, other.spawner, other.keeper)
        other.engine.make_child, other.engine.timer_message = other._make_child, other._timer_message
        other.engine.named = other._link_up
        return other

    def anew(self, journal: Journal) -> Parts:
        """Parts as these were made, with nothing done. Raises UsageError when the network cannot be had again."""
        if self.world.latency is None and self.own_network is None:
            raise UsageError(
                f"the run cannot be done again: {self.engine.network!r} could not be copied when it was given. "
                "Give it a method fork() that returns another in the same state"
            )
        network = None if self.own_network is None else fork_network(self.own_network)
        return Parts(self.world, journal, network, self.dormitory)

    # What the engine asks for

    def _make_child(self, message: Message, module_id: str) -> Process:
        return self.spawner.lua_process(message, module_id)

    def _timer_message(self, tick: TimerTick) -> Message | None:
        timer = self.inlet.timers.get(tick.timer_id)
        if timer is None:
            return None
        timer.ticks = tick.number
        self.engine.queue.push(self.engine.clock.now_ms + timer.every_ms, TimerTick(timer.id, tick.number + 1))
        return self.outside.message(timer.sender_id, timer.target_id, timer.data, timer.flat)

    def _link_up(self) -> None:
        """Give the network the links whose two ends are known by now."""
        names, network = self.engine.names, self.engine.network
        if not self.links or not isinstance(network, LatencyNetwork):
            return
        for (sender, target), latency in list(self.links.items()):
            ends = [end if end == "*" or is_address(end) else names.get(end) for end in (sender, target)]
            if ends[0] is not None and ends[1] is not None:
                network.set_link(ends[0], ends[1], latency)
                del self.links[sender, target]


def _as_it_is(network: Network) -> Network | None:
    """A network in its present state, to begin again with; None when it cannot be copied."""
    try:
        return fork_network(network)
    except UsageError:
        return None
