"""What must hold of every exploration: the same finding each time, and a small one that breaks the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import Faults, InvariantBroken, Order, Simulation, read_strikes
from aosim.explore import Exploration, explore

LEDGER = """
Total, Steps = Total or 0, Steps or {}
Handlers.add("Add", "Add", function(msg)
  Total = Total + tonumber(msg.Quantity)
  table.insert(Steps, msg.Quantity)
  if Total % 3 == 0 then
    ao.send({ Target = ao.id, Action = "Add", Quantity = "1" })
  end
end)
"""
rates = st.sampled_from([0.0, 0.1, 0.4])
plans = st.builds(Faults, loss=rates, dup=rates, reorder=rates, spike=rates, crash=st.sampled_from([0.0, 0.1]))


@dataclass(frozen=True)
class Shifts:
    """Some messages to a ledger at the same and at different times, and a limit on what it may hold."""

    quantities: tuple[int, ...]
    limit: int
    every: bool

    def __call__(self, sim: Simulation) -> None:
        ledger = sim.spawn(LEDGER, name="ledger")
        for number, quantity in enumerate(self.quantities):
            name = f"w{number % 3}"
            sim.wallet(name).send(ledger, Action="Add", Quantity=str(quantity), after_ms=20 * (number // 3))
        if self.every:
            sim.always(lambda: ",".join(ledger.read("Steps")).find("3,1") < 0, name="three before one")

    def check(self, sim: Simulation) -> None:
        assert sim.process("ledger").read("Total") < self.limit, "too much"


worlds = st.builds(
    Shifts, st.lists(st.integers(1, 4), min_size=2, max_size=8).map(tuple), st.integers(5, 30), st.booleans()
)


def explored(world: Shifts, faults: Faults, **options: Any) -> Exploration:
    return explore(world, check=world.check, seeds=range(6), orders=True, faults=faults, **options)


def what_breaks(world: Shifts, sim: Simulation) -> str:
    try:
        world(sim)
        sim.run()
        world.check(sim)
    except (AssertionError, InvariantBroken) as problem:
        return str(problem)
    return ""


@settings(max_examples=25)
@given(worlds, plans)
def test_what_is_found_is_found_again_and_its_line_repeats_it(world: Shifts, faults: Faults) -> None:
    report = explored(world, faults)
    assert explored(world, faults) == report
    found = report.found
    if found is None:
        return
    again = eval(
        found.simulation, {"Simulation": Simulation, "Order": Order, "Faults": Faults, "read_strikes": read_strikes}
    )
    assert found.problem.split(",")[0] in what_breaks(world, again)
    assert again.fingerprint == found.fingerprint


@settings(max_examples=25)
@given(worlds, plans)
def test_of_what_is_left_nothing_can_be_left_out(world: Shifts, faults: Faults) -> None:
    found = explored(world, faults).found
    if found is None:
        return
    strikes = found.trial.faults.strikes if found.trial.faults is not None else ()
    swaps = found.trial.order.swaps
    assert len(strikes) <= found.strikes_found
    fewer = [(strikes[:at] + strikes[at + 1 :], swaps) for at in range(len(strikes))]
    fewer += [(strikes, swaps[:at] + swaps[at + 1 :]) for at in range(len(swaps))]
    for some_strikes, some_swaps in fewer:
        exact = Faults(strikes=some_strikes, exact=True)
        sim = Simulation(found.trial.seed, order=Order(swaps=some_swaps), faults=exact)
        assert found.problem.split(",")[0] not in what_breaks(world, sim)
