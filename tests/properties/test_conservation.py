"""What always holds, over random networks of random processes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Assignment, Context, DeadLetter, LatencyNetwork, Limits, Message, Observer, Simulation, Uniform

# Each process picks what to do with a message by its random generator; the budget ends every chain.
ACTOR = """
local peers = { "a", "b", "c", "bob", "nobody", string.rep("x", 43) }
Budget = 40
local function peer() return peers[math.random(1, #peers)] end
local deeds = {
  function(msg) msg.reply({ Action = "Reply" }) end,
  function(msg) msg.forward(peer(), { Action = "Forwarded" }) end,
  function() for i = 1, 3 do Send({ Target = peer(), Action = "Spread", Data = "x" .. i }) end end,
  function() error("as it happens") end,
  function() Send({ Target = "a", Action = "Lost" }) error("with an outbox") end,
  function() ao.spawn(ao._module, { Name = "child-" .. math.random(1, 5), Budget = "1" }) end,
  function() ao.spawn(ao._module, { Authority = "nobody" }) end,
  function() ao.spawn(ao._module, { ["Cron-Interval"] = ({ "30-seconds", "never" })[math.random(1, 2)] }) end,
  function(msg) ao.assign({ Message = msg.Id or "?", Processes = { ao.id, peer() } }) end,
  function() ao.assign({ Message = "nothing", Processes = { "a" } }) end,
  function() Send({ Target = "b", Action = "Late", ["Deliver-After"] = tostring(math.random(0, 5000)) }) end,
  function() Send({ Target = "b", Action = "Never", ["Deliver-At"] = "soon" }) end,
  function() Send({ Target = "c", Number = 5, Table = {} }) end,
  function() Send({ Action = "Nowhere" }) end,
  function() ao.send({ Target = "b", Action = "Ask" }).receive() Send({ Target = "bob", Action = "Got" }) end,
  function() end
}
ao.addAssignable("some", { Action = "Spread" })
Handlers.add("any", function() return Budget > 0 end, function(msg)
  Budget = Budget - 1
  -- A failure gives the generator its state back: the nonce keeps it from failing for ever.
  deeds[(math.random(0, 999) + (msg.Nonce or 0)) % #deeds + 1](msg)
end)
"""


def python_actor(me: Context, message: Message) -> None:
    me.state["seen"] = me.state.get("seen", 0) + 1
    if me.state["seen"] > 40:
        return
    match me.random.randrange(5):
        case 0:
            me.reply(message, "again")
        case 1:
            me.send(me.random.choice(["a", "b", "bob", "nobody"]), Action="Spread")
        case 2:
            raise ValueError("as it happens")


class Rough:
    """Loses some messages, doubles or trebles others, and lets them overtake one another."""

    def __init__(self, seed: int, *, lossy: bool) -> None:
        self._random = Random(seed)
        self._weights = (2, 10, 3, 1) if lossy else (0, 1, 0, 0)

    def plan(self, message: Message, now_ms: int) -> tuple[int, ...]:
        (copies,) = self._random.choices((0, 1, 2, 3), self._weights)
        return tuple(now_ms + self._random.randrange(3_000) for _ in range(copies))


def world(seed: int, *, rough: bool = False, fidelity: str = "docs") -> Simulation:
    """Three Lua processes, one Python process, two wallets, a timer and cron, all a little mad."""
    network = Rough(seed, lossy=rough) if rough else LatencyNetwork(Random(seed), Uniform(0, 2_000))
    sim = Simulation(seed, network=network, fidelity=fidelity, limits=Limits(waiting_max=100_000))
    random = Random(seed)
    alice, _ = sim.wallet("alice"), sim.wallet("bob")
    for name in "ab":
        # The tag makes the process's id, and so its chance, another in each world.
        sim.spawn(ACTOR, name=name, tags={"World": str(seed)}, cron="20-seconds" if random.random() < 0.5 else None)
    sim.spawn(ACTOR, name="c", tags={"World": str(seed), "Authority": "somebody"})
    sim.spawn(python_actor, name="d")
    timer = sim.every(random.randrange(1_000, 9_000), random.choice("abcd"), Action="Tock")
    for number in range(random.randrange(5, 25)):
        alice.send(random.choice("abcd"), str(number), Action="Go", after_ms=random.randrange(20_000))
    taken_back = alice.send("a", Action="Taken back", after_ms=15_000)
    if random.random() < 0.5:
        taken_back.cancel()
    if random.random() < 0.5:
        timer.cancel()
    return sim


def balanced(sim: Simulation) -> None:
    counts = sim.counts
    assert counts.begun == counts.ended, counts
    waiting = [one for one in sim.scheduled if one.kind in ("message", "spawn")]
    assert counts.on_the_way == len(waiting)
    assert counts.dead_letter == len(sim.dead_letters)
    assert min(counts.as_dict().values()) >= 0


seeds = st.integers(0, 10_000)
fidelities = st.sampled_from(["docs", "network"])


@settings(max_examples=25)
@given(seeds, st.booleans(), fidelities)
def test_what_begins_has_one_fate_after_every_step(seed: int, rough: bool, fidelity: str) -> None:
    sim = world(seed, rough=rough, fidelity=fidelity)
    balanced(sim)
    for _ in range(300):
        if not sim.step():
            break
        balanced(sim)


class _Watch(Observer):
    """Checks order while it looks."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.nonces: dict[str, list[int]] = defaultdict(list)
        self.sent_ms: dict[str, int] = {}
        self.moments_ms: list[int] = []
        self.problems: list[str] = []

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        self.sent_ms.setdefault(message.id, self._sim.now_ms)
        if any(due < self._sim.now_ms for due in due_ms):
            self.problems.append(f"{message.id} is due before it was sent")

    def on_assigned(self, assignment: Assignment) -> None:
        self.moments_ms.append(assignment.timestamp_ms)
        if assignment.nonce is not None:
            self.nonces[assignment.process_id].append(assignment.nonce)
        if assignment.timestamp_ms < self.sent_ms.get(assignment.message.id, 0):
            self.problems.append(f"{assignment.message.id} arrived before it was sent")

    def on_delivered(self, message: Message, now_ms: int) -> None:
        self.moments_ms.append(now_ms)

    def on_dead_letter(self, letter: DeadLetter) -> None:
        self.moments_ms.append(letter.at_ms)


@settings(max_examples=15)
@given(seeds, st.booleans())
def test_nonces_have_no_gaps_and_nothing_arrives_before_it_was_sent(seed: int, rough: bool) -> None:
    sim = world(seed, rough=rough)
    watch = _Watch(sim)
    sim.observe(watch)
    sim.run(for_ms=60_000)
    assert watch.problems == []
    assert watch.moments_ms == sorted(watch.moments_ms)
    born = {process.id for process in sim.processes[:4]}
    for process_id, nonces in watch.nonces.items():
        first = 1 if process_id in born else 0
        assert nonces == list(range(first, first + len(nonces)))


def _by_steps(sim: Simulation, end_ms: int) -> None:
    while sim.scheduled and sim.scheduled[0].due_ms <= end_ms:
        sim.step()


def _at_once(sim: Simulation, end_ms: int) -> None:
    sim.run(until=end_ms)


def _in_slices(sim: Simulation, end_ms: int) -> None:
    while sim.now_ms < end_ms:
        sim.run(for_ms=min(777, end_ms - sim.now_ms))


def _by_events(sim: Simulation, end_ms: int) -> None:
    while sim.scheduled and sim.scheduled[0].due_ms <= end_ms:
        sim.run(until=end_ms, events_max=3)


def _watched(sim: Simulation, end_ms: int) -> None:
    sim.observe(_Watch(sim))
    for process in sim.processes:
        process.query(Action="Spread")
    sim.run(until=end_ms)


@settings(max_examples=8)
@given(seeds, st.booleans(), fidelities)
def test_however_it_is_run_one_seed_gives_one_run(seed: int, rough: bool, fidelity: str) -> None:
    ways: list[Callable[[Simulation, int], None]] = [_by_steps, _at_once, _in_slices, _by_events, _watched]
    fingerprints = set()
    for way in ways:
        sim = world(seed, rough=rough, fidelity=fidelity)
        way(sim, sim.start_ms + 40_000)
        fingerprints.add((sim.fingerprint, tuple(sim.counts.as_dict().items())))
    assert len(fingerprints) == 1


def test_these_worlds_see_every_fate() -> None:
    total: Counter[str] = Counter()
    for seed in range(12):
        sim = world(seed, rough=seed % 2 == 0)
        sim.run(for_ms=60_000)
        balanced(sim)
        total.update(sim.counts.as_dict())
        total["children"] += len(sim.processes) - 4
    del total["on_the_way"], total["held"]
    assert {name: number for name, number in total.items() if number == 0} == {}
