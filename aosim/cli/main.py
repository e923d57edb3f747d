"""The `aosim` command: one function per word, each reads its options and calls a room."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Same seed, same run.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No live log, only what came of it.")]
Handlers = Annotated[
    Path | None, typer.Option("--handlers", metavar="FILE.py", help="Functions of its processes in Python.")
]
Quick = Annotated[bool, typer.Option("--quick", help="A smaller run.")]


@contextmanager
def told() -> Iterator[None]:
    """What a user can cause is one message on stderr and exit code 2, never a traceback."""
    from aosim.errors import AosimError

    try:
        yield
    except AosimError as problem:
        typer.echo(f"aosim: {problem}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("aosim: stopped before its end", err=True)
        raise typer.Exit(130) from None


def _version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """A deterministic AO network on your own machine."""


@app.command("run")
def run_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="A .py or .toml scenario, or .lua files.")],
    send: Annotated[
        list[str] | None,
        typer.Option("--send", metavar="TEXT", help="\"alice>ledger Action=Balance Data='...'\"; may be repeated."),
    ] = None,
    wallet: Annotated[
        list[str] | None, typer.Option("--wallet", metavar="NAME", help="A wallet beside the senders; may be repeated.")
    ] = None,
    module: Annotated[
        str | None,
        typer.Option("--module", metavar="NAME|FILE", help="What processes are made from: aos-2.0.3, my.lua."),
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", metavar="ID=FILE", help="Data on Arweave; may be repeated.")
    ] = None,
    seed: Seed = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Virtual time to run: 500ms, 60s, 5m, 2h, 1d.")
    ] = None,
    fidelity: Annotated[str | None, typer.Option(metavar="docs|network", help="What processes are forgiven.")] = None,
    latency: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long a message takes: 20ms, or 5ms..40ms.")
    ] = None,
    order: Annotated[
        str | None, typer.Option("--order", metavar="N|SWAPS", help="Events of one instant: drawn, or '12+1, 40+2'.")
    ] = None,
    faults: Annotated[
        str | None, typer.Option("--faults", metavar="RATES", help="What goes wrong by chance: loss=0.01,dup=0.02.")
    ] = None,
    strikes: Annotated[
        str | None, typer.Option("--strikes", metavar="FAULTS", help="Exactly these: 'lose alice>ledger#17, ...'.")
    ] = None,
    journal: Annotated[Path | None, typer.Option("--journal", metavar="FILE", help="Record the run there.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario, or Lua processes, and show every message."""
    from aosim.cli.options import Options
    from aosim.cli.run_files import run_files

    with told():
        options = Options(
            files=tuple(files),
            sends=tuple(send or ()),
            wallets=tuple(wallet or ()),
            items=tuple(item or ()),
            module=module,
            seed=seed,
            duration=duration,
            fidelity=fidelity,
            latency=latency,
            order=order,
            faults=faults,
            strikes=strikes,
            journal=journal,
            as_json=as_json,
            quiet=quiet,
        )
        raise typer.Exit(run_files(options))


@app.command()
def resume(
    file: Annotated[Path, typer.Argument(metavar="RUN", help="A recorded run.")],
    duration: Annotated[str | None, typer.Option("--for", metavar="TIME", help="Virtual time to run.")] = None,
    handlers: Handlers = None,
    latency: Annotated[str | None, typer.Option(metavar="TIME", help="When the run had a model of its own.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a recorded run, where its program left it or was killed."""
    from aosim.cli.replay import Given, resume

    with told():
        given = Given(handlers=handlers, latency=latency, as_json=as_json)
        raise typer.Exit(resume(file, given, duration=duration, quiet=quiet))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(metavar="RUN", help="A recorded run.")],
    process: Annotated[str | None, typer.Option("--process", metavar="NAME", help="Only this process.")] = None,
    changed: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=FILE", help="Rehearse other code of a process; may be repeated."),
    ] = None,
    handlers: Handlers = None,
    latency: Annotated[str | None, typer.Option(metavar="TIME", help="When the run had a model of its own.")] = None,
    as_json: Json = False,
) -> None:
    """Do a recorded run again and compare every entry; or rehearse changed code on its messages."""
    from aosim.cli.replay import Given, show_replay

    with told():
        given = Given(handlers=handlers, latency=latency, as_json=as_json)
        if changed:
            from aosim.cli.rehearse import show_rehearsal

            raise typer.Exit(show_rehearsal(file, given, changed))
        raise typer.Exit(show_replay(file, given, process=process))


@app.command("explore")
def explore_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="A .py or .toml scenario, or .lua files.")],
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", help="How many seeds to run; the first is --seed.")] = (
        100
    ),
    orders: Annotated[bool, typer.Option("--orders", help="Draw the order of events that are due at once.")] = False,
    faults: Annotated[
        str | None, typer.Option("--faults", metavar="RATES", help="What strikes at random: loss=0.01,dup=0.02.")
    ] = None,
    failing: Annotated[bool, typer.Option("--failing", help="A handler that fails is a discovery too.")] = False,
    workers: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many runs at once; the same is found.")
    ] = None,
    send: Annotated[
        list[str] | None, typer.Option("--send", metavar="TEXT", help="As for aosim run; may be repeated.")
    ] = None,
    wallet: Annotated[list[str] | None, typer.Option("--wallet", metavar="NAME", help="As for aosim run.")] = None,
    module: Annotated[str | None, typer.Option("--module", metavar="NAME|FILE", help="As for aosim run.")] = None,
    item: Annotated[list[str] | None, typer.Option("--item", metavar="ID=FILE", help="As for aosim run.")] = None,
    seed: Seed = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Virtual time of each run: 500ms, 60s, 5m, 2h, 1d.")
    ] = None,
    fidelity: Annotated[str | None, typer.Option(metavar="docs|network", help="What processes are forgiven.")] = None,
    latency: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long a message takes: 20ms, or 5ms..40ms.")
    ] = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Run a scenario with many seeds, orders and faults, until something breaks; then tell the least that does it."""
    from aosim.cli.explore import Search, show_exploration
    from aosim.cli.options import Options

    with told():
        options = Options(
            files=tuple(files),
            sends=tuple(send or ()),
            wallets=tuple(wallet or ()),
            items=tuple(item or ()),
            module=module,
            seed=seed,
            duration=duration,
            fidelity=fidelity,
            latency=latency,
            faults=faults,
            as_json=as_json,
            quiet=quiet,
        )
        search = Search(seeds=seeds, orders=orders, failing=failing, workers=workers)
        raise typer.Exit(show_exploration(options, search))


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A recorded run.")],
    second: Annotated[Path, typer.Argument(metavar="OTHER", help="Another one.")],
    handlers: Handlers = None,
    as_json: Json = False,
) -> None:
    """Tell where two recorded runs first went different ways."""
    from aosim.cli.diff import show_diff
    from aosim.cli.replay import Given

    with told():
        raise typer.Exit(show_diff(first, second, Given(handlers=handlers, as_json=as_json)))


@app.command()
def fork(
    file: Annotated[Path, typer.Argument(metavar="RUN", help="A recorded run. It is not changed.")],
    journal: Annotated[Path, typer.Option("--journal", metavar="FILE", help="Record the branch there.")],
    at: Annotated[int | None, typer.Option("--at", metavar="N", help="After this event; the last by default.")] = None,
    handlers: Handlers = None,
    latency: Annotated[str | None, typer.Option(metavar="TIME", help="When the run had a model of its own.")] = None,
    as_json: Json = False,
) -> None:
    """Begin a branch of a recorded run, from an event on, in a file of its own."""
    from aosim.cli.fork import show_fork
    from aosim.cli.replay import Given

    with told():
        given = Given(handlers=handlers, latency=latency, as_json=as_json)
        raise typer.Exit(show_fork(file, journal, given, at=at))


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="TRAFFIC", help="JSON: a list of messages, or a gateway's answer.")],
    processes: Annotated[
        list[str],
        typer.Option("--process", metavar="NAME[@ADDRESS]=FILE", help="Who gets them, and its code; may be repeated."),
    ],
    journal: Annotated[Path | None, typer.Option("--journal", metavar="FILE", help="Record the run there.")] = None,
    seed: Seed = None,
    fidelity: Annotated[str, typer.Option(metavar="docs|network", help="What processes are forgiven.")] = "docs",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a run of messages that were recorded on another network."""
    from aosim.cli.importing import show_import

    with told():
        code = show_import(
            file, processes, journal=journal, seed=seed or 0, fidelity=fidelity, as_json=as_json, quiet=quiet
        )
        raise typer.Exit(code)


@app.command()
def demo(seed: Seed = 7, as_json: Json = False, quick: Quick = False) -> None:
    """A market of a dozen processes, shown live, in seconds."""
    from aosim.cli.show_demo import show_demo

    with told():
        raise typer.Exit(show_demo(seed=7 if seed is None else seed, as_json=as_json, quick=quick))


@app.command()
def bench(
    workloads: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKLOAD", help="All by default; or 'library', 'module', 'journal', 'undo'."),
    ] = None,
    quick: Quick = False,
    as_json: Json = False,
) -> None:
    """Measure what messages cost on this machine."""
    from aosim.cli.show_bench import show_bench

    with told():
        raise typer.Exit(show_bench(workloads or [], quick=quick, as_json=as_json))


@app.command()
def conformance() -> None:
    """Answer conformance cases, JSON lines in and out."""
    from aosim.cli.conformance import main

    with told():
        main()


@app.command()
def docs(
    pages: Annotated[list[str], typer.Argument(metavar="PAGE", help="Markdown pages, folders of them, - for stdin.")],
    check_output: Annotated[
        bool, typer.Option("--check-output", help="What console sessions show must be what they print.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A block that its fence calls Lua must be Lua.")] = False,
    fidelity: Annotated[str, typer.Option(metavar="docs|network", help="What processes are forgiven.")] = "docs",
    module: Annotated[str, typer.Option(metavar="NAME", help="What the process of a page is made from.")] = "aos",
    as_json: Json = False,
) -> None:
    """Run the Lua of Markdown pages, and tell what becomes of each block."""
    from aosim.cli.show_docs import show_docs

    with told():
        code = show_docs(
            pages, check_output=check_output, strict=strict, fidelity=fidelity, module=module, as_json=as_json
        )
        raise typer.Exit(code)


@app.command()
def fidelity(
    themes: Annotated[
        list[str] | None, typer.Option("--theme", metavar="NAME", help="Only this theme; may be repeated.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="PLACE", help="Other conversations: a file of JSON lines, or a folder.")
    ] = None,
    golden: Annotated[Path | None, typer.Option(metavar="PLACE", help="The answers of the reference to them.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Another page to put the figures into.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change no page: fail when its figures are others.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how close this is to the reference module, and put the figures into docs/fidelity.md."""
    from aosim.cli.show_fidelity import show_fidelity

    with told():
        code = show_fidelity(cases=cases, golden=golden, themes=themes or (), page=page, check=check, as_json=as_json)
        raise typer.Exit(code)


@app.command()
def module() -> None:
    """Speak the module protocol, JSON lines in and out, for test-suites written for the ao loader."""
    from aosim.cli.module import main

    with told():
        main()


@app.command()
def version() -> None:
    """Print the version."""
    from aosim.version import __version__

    typer.echo(f"aosim {__version__}")


def run() -> None:
    """What the installed command calls."""
    try:
        app(prog_name="aosim")
    finally:
        _write_out()


def _write_out() -> None:
    from aosim.cli.paper import unwritten

    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        raise SystemExit(unwritten(sys.stdout, problem)) from None


if __name__ == "__main__":
    run()
