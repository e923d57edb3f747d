"""Worlds to explore, at the top level of a module so that other Pythons can make them too."""

from __future__ import annotations

import os

from aosim import Simulation
from aosim.explore import Outcome, Trial

SEEN = "Seen = Seen or ''; Handlers.add('N', 'N', function(m) Seen = Seen .. m.Who end)"


def crowd(sim: Simulation) -> None:
    """Six messages that arrive at one instant."""
    sim.spawn(SEEN, name="door")
    for name in "abcdef":
        sim.wallet(name).send("door", Action="N", Who=name)


def f_before_b(sim: Simulation) -> bool:
    """Does not hold in about half of all orders."""
    seen = str(sim.process("door").read("Seen"))
    return not ("f" in seen and "b" in seen) or seen.index("b") < seen.index("f")


def guarded_crowd(sim: Simulation) -> None:
    """The same with an invariant."""
    crowd(sim)

    @sim.always
    def b_comes_before_f() -> bool:
        return "f" not in str(sim.process("door").read("Seen")) or f_before_b(sim)


def checking_crowd(sim: Simulation) -> None:
    """The same with an assertion of its own."""
    crowd(sim)
    sim.run()
    assert f_before_b(sim), "f was there before b"


def careless(sim: Simulation) -> None:
    """Looks for what need not be there."""
    crowd(sim)
    sim.run()
    if sim.process("door").read("Seen") != "abcdef":
        _ = sim.wallet("a").inbox[-1]


def failing(sim: Simulation) -> None:
    """A handler that fails for most seeds."""
    sim.spawn("Handlers.add('N', 'N', function(m) assert(tonumber(m.Seed) < 3, 'too large') end)", name="picky")
    sim.send("picky", Action="N", Seed=str(sim.seed))


def endless(sim: Simulation) -> None:
    """Two that answer each other for ever."""
    for name, other in (("ping", "pong"), ("pong", "ping")):
        code = f"Handlers.add('N', 'N', function() ao.send({{ Target = '{other}', Action = 'N' }}) end)"
        sim.spawn(code, name=name)
    sim.send("ping", Action="N")


def impossible(sim: Simulation) -> None:
    """Cannot be made."""
    sim.spawn("this is no Lua", name="broken")


class Deadly:
    """Ends the Python that plays it."""

    def play(self, trial: Trial) -> Outcome:
        os._exit(3)
