"""`aosim demo`: the market as it runs, then what became of it."""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING

from aosim.cli.live import clock_text
from aosim.cli.paper import Paper, table
from aosim.cli.summary import number_of
from aosim.demo import Market, Totals

if TYPE_CHECKING:
    from rich.table import Table

_ROUND_SECONDS = 0.06  # how long each round of the live table stands, so that one can follow it


def show_demo(*, seed: int, as_json: bool = False, quick: bool = False) -> int:
    """Play the market and print it; always 0, for the one handler that fails is part of the show."""
    paper = Paper(as_json=as_json)
    market = Market(seed, quick=quick)
    if sys.stdout.isatty() and not as_json:
        _play_live(market)
    else:
        for _ in market.play():
            pass
        _print_lines(paper, market)
    totals = market.totals()
    _print_totals(paper, totals)
    _print_troubles(paper, totals)
    again = shlex.join(["aosim", "demo", "--seed", str(seed), *(["--quick"] if quick else [])])
    paper.line(f"fingerprint {totals.fingerprint[:8]}")
    paper.line(f"again: {again}")
    paper.object(
        "summary",
        begun=totals.begun,
        fates=totals.fates,
        trades=totals.trades,
        errors=list(totals.errors),
        dead_letters=[letter.reason for letter in totals.dead_letters],
        now_ms=totals.now_ms,
        fingerprint=totals.fingerprint,
        again=again,
    )
    return 0


def _play_live(market: Market) -> None:
    from rich.console import Console
    from rich.live import Live

    with Live(_live_table(market), console=Console(), auto_refresh=False) as live:
        for _ in market.play():
            live.update(_live_table(market), refresh=True)
            time.sleep(_ROUND_SECONDS)
        live.update(_live_table(market), refresh=True)


def _live_table(market: Market) -> Table:
    from rich.table import Table

    sim = market.sim
    view = Table(title=f"a market on AO, {clock_text(sim.now_ms - sim.start_ms)}, {sim.counts.begun:,} messages")
    view.add_column("process", style="cyan")
    for name in ("messages", "inbox", "failed"):
        view.add_column(name, justify="right")
    view.add_column("last action")
    for line in market.lines():
        failed = f"[red]{line.failed}[/red]" if line.failed else ""
        view.add_row(line.name, f"{line.messages:,}", f"{line.inbox or ''}", failed, line.last)
    return view


def _print_lines(paper: Paper, market: Market) -> None:
    rows = [("process", "messages", "inbox", "failed", "last action")]
    for line in market.lines():
        rows.append((line.name, f"{line.messages:8,}", f"{line.inbox:5}", f"{line.failed:6}", line.last))
        paper.object("process", **line._asdict())
    for text in table(rows):
        paper.line(text)
    paper.line()


def _print_totals(paper: Paper, totals: Totals) -> None:
    tickets = ", ".join(f"{count} {state}" for state, count in totals.tickets.items()) or "none"
    price = "no price yet" if totals.last_price is None else f"the last at {totals.last_price} credits"
    paper.line(
        f"{clock_text(totals.now_ms)} of market time: {number_of(totals.trades, 'trade')}, {price}, "
        f"{number_of(totals.candles, 'candle')}"
    )
    paper.line(f"gold: {totals.gold_supply:,} in supply, {totals.gold_held:,} in all balances; redemptions: {tickets}")
    fates = " + ".join(f"{count:,} {fate}" for fate, count in totals.fates.items() if count)
    paper.line(f"{totals.begun:,} messages = {fates}")


def _print_troubles(paper: Paper, totals: Totals) -> None:
    for error in totals.errors:
        paper.line(paper.paint(f"failed       {error}", "red"))
    if totals.errors:
        done = totals.tickets.get("done", 0)
        paper.line(
            f"             the failed message changed nothing: the courier counts {totals.rounds} rounds, as many as "
            f"arrived ({done})"
        )
    for letter in totals.dead_letters:
        action = letter.message.tag("Action")
        paper.line(paper.paint(f"dead letter  {action}: {letter.reason}", "yellow"))
    for finding in totals.findings:
        paper.line(paper.paint(f"finding      {finding.process}, {finding.place}: {finding.detail}", "yellow"))
        paper.object("finding", **finding._asdict(), on_the_network=finding.on_the_network)
