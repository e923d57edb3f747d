"""A till and a bank between which everything goes wrong, and no coin is lost or counted twice.

The till sends until it has a receipt; the bank knows the orders it has done. Take either out of the
Lua, and the last line says so.

Run: aosim run chaos.py
"""

from pathlib import Path

from aosim import Simulation

HERE = Path(__file__).parent


def scenario(sim: Simulation) -> None:
    bank = sim.spawn(HERE / "bank.lua", name="bank")
    till = sim.spawn(HERE / "till.lua", name="till")
    wire = (till, bank)
    sim.faults.loss(0.2, link=wire)
    sim.faults.duplicate(0.3, within_ms=200, link=wire)
    sim.faults.reorder(0.3, within_ms=200)
    for number in range(1, 7):
        till.send(Action="Sale", Order=f"order-{number}", Quantity="10", Bank=bank.id, after_ms=number * 500)
    again = sim.every(1_000, till, Action="Try-Again")

    sim.run(for_ms=1_200)
    sim.crash(bank, for_ms=700)  # a compute unit that goes down, and catches up from the log
    sim.run(for_ms=1_000)
    line = sim.faults.partition({till}, {bank}, lose=True)
    sim.run(for_ms=1_000)
    line.heal()
    sim.run(until=lambda: sim.now_ms > sim.start_ms + 3_300 and not till.read("Open"), for_ms=60_000)
    again.cancel()
    sim.run()

    counts = sim.counts
    print(f"{counts.dropped} lost, {counts.duplicated} doubled, {len(sim.faults.strikes)} faults by chance")
    print(f"{bank.read('Balance')} in the bank, {len(till.read('Open'))} orders open")
    assert bank.read("Balance") == 60, "every order is done once"
