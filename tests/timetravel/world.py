"""A simulation in which nearly everything is going on that one can fork."""

from __future__ import annotations

from aosim import Context, Faults, Message, Simulation, Uniform

COUNTER = """
Count, Seen = 0, {}
Handlers.add("Add", "Add", function(msg)
  Count = Count + tonumber(msg.Tags.By or "1")
  Seen[#Seen + 1] = msg.From
  if Count % 7 == 0 then error("no sevens") end
  print(Count)
  msg.reply({ Count = tostring(Count), Json = json.encode(Count) })
end)
Handlers.add("Make", "Make", function(msg)
  Spawn({ Name = "child", ["On-Boot"] = "Data", Data = "Made = true", ["Cron-Interval"] = "1-minute" })
end)
Handlers.add("Ask", "Ask", function(msg)
  Answer = Send({ Target = "echo", Action = "Add" }).receive().Data
end)
Handlers.add("Again", "Again", function(msg) Assign({ Processes = { "echo" }, Message = msg.Id }) end)
"""

PUBLISHER = """
Handlers.add("Add", "Add", function(msg)
  Send({ device = "patch@1.0", cache = { count = msg.Tags.By or "1" } })
end)
"""


def echo(me: Context, message: Message) -> None:
    me.state.setdefault("seen", []).append(message.tag("Action"))
    me.state["count"] = me.state.get("count", 0) + me.random.randrange(9)
    if len(me.state["seen"]) % 3 == 0:
        raise ValueError("every third")
    me.reply(message, "echo")


def make(seed: int = 3, *, faults: Faults | None = None, journal: str | None = None) -> Simulation:
    """A simulation with what comes first from outside."""
    sim = Simulation(
        seed, latency=Uniform(1, 50), links={("alice", "counter"): 5, ("late", "*"): 2}, faults=faults, journal=journal
    )
    counter = sim.spawn(COUNTER, name="counter", cron="5-minutes")
    sim.spawn(echo, name="echo")
    sim.spawn(PUBLISHER, name="publisher", module="hyper-aos")
    alice = sim.wallet("alice")
    sim.wallet("late")
    sim.upload("an item", id="item")
    alice.send(counter, Action="Make")
    act(sim, 1)
    return sim


def act(sim: Simulation, number: int) -> None:
    """Something more from outside."""
    alice = sim.wallet("alice")
    timer = sim.every(90_000, "counter", Action="Add", By="2")
    for by in range(4):
        for target in ("counter", "echo", "publisher"):
            alice.send(target, Action="Add", By=str(by + number))
    alice.send("counter", Action="Ask")
    alice.send("counter", Action="Again")
    alice.send("nobody" + "x" * 37, Action="Add")
    late = sim.send("counter", Action="Add", after_ms=10_000)
    sim.run(for_ms=100_000)
    sim.eval("counter", f"Part = {number}")
    sim.send("counter", Action="Add", after_ms=5_000)
    late.cancel()
    sim.run(events_max=3)
    if number % 2:
        timer.cancel()
    alice.send("echo", Action="Add")


def told(sim: Simulation) -> tuple[object, ...]:
    """All that can be seen of a simulation."""
    return (
        sim.fingerprint,
        sim.counts,
        sim.now_ms,
        sim.events,
        sim.findings,
        sim.dead_letters,
        sim.scheduled,
        [(one.name, one.inbox) for one in sim.wallets],
        [(one.name, one.state, one.output, one.errors) for one in sim.processes],
    )
