"""A ledger in SQL: entries, a view of balances, a trigger that allows no debts.

Run: aosim run ledger.py
"""

import json
from pathlib import Path

from aosim import Simulation

HERE = Path(__file__).parent


def scenario(sim: Simulation) -> None:
    alice, bob, carol = (sim.wallet(name) for name in ("alice", "bob", "carol"))
    ledger = sim.spawn(HERE / "ledger.lua", name="ledger", owner=alice, module="aos-sqlite")
    alice.send(ledger, Action="Mint", Recipient=alice.address, Quantity="1000")
    for minute, (sender, to, quantity) in enumerate([(alice, bob, 300), (bob, carol, 120), (carol, bob, 500)], start=1):
        sender.send(ledger, Action="Transfer", Recipient=to.address, Quantity=str(quantity), after_ms=minute * 60_000)
    sim.run()

    bob.send(ledger, Action="Statement")
    sim.run()
    for entry in json.loads(bob.inbox[-1].data):
        print(f"{entry['at']}  {entry['amount']:>5}")
    names = {wallet.address: wallet.name for wallet in (alice, bob, carol)}
    for account, amount in ledger.eval(
        "local rows = {} for account, amount in Database:urows('SELECT * FROM balances ORDER BY amount DESC') do "
        "rows[#rows + 1] = { account, amount } end return rows"
    ):
        print(f"{names[account]} holds {amount}")
