"""The demo: a market of a dozen processes, played by wallets that draw from the seed."""

from aosim.demo.market import Market, ProcessLine, Totals

__all__ = ["Market", "ProcessLine", "Totals"]
