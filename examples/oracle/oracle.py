"""A Python process and a Lua process in one network: an oracle whose prices wander, and a trader.

Run: aosim run oracle.py
"""

from pathlib import Path

from aosim import Context, Message, Simulation

HERE = Path(__file__).parent


def oracle(me: Context, message: Message) -> None:
    """Answer Action=Price; `me.random` is seeded, so every run sees the same prices."""
    if message.tag("Action") != "Price":
        return
    price = me.state.get("price", 20) + me.random.randint(-3, 3)
    me.state["price"] = price
    me.reply(message, Action="Price-Is", Symbol=message.tag("Symbol") or "", Price=str(price))


def scenario(sim: Simulation) -> None:
    source = sim.spawn(oracle, name="oracle")
    trader = sim.spawn(HERE / "trader.lua", name="trader")
    for minute in range(5):
        trader.send(Action="Consider", Oracle=source.id, Limit="18", after_ms=minute * 60_000)
    sim.run()
    for line in trader.output:
        print(line)
    print(f"{trader.read('Bought')} bought; the oracle ends at {source.state['price']}")
