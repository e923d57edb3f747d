"""`aosim run`: Lua processes, TOML scenarios and Python scenarios."""

from __future__ import annotations

from pathlib import Path

from aosim.cli.options import Options, repeatable, show
from aosim.cli.paper import Paper
from aosim.cli.run_python import run_python
from aosim.cli.summary import number_of, print_record, print_summary
from aosim.errors import UsageError
from aosim.scenario import Report, Scenario, load_scenario, lua_scenario

_ENDINGS = (".py", ".toml", ".lua")
_KINDS = "a Python scenario (.py), a TOML scenario (.toml) or Lua files (.lua)"


def run_files(options: Options) -> int:
    """Run what was given, print it, and return the exit code: 0 well, 1 a handler or an expectation failed."""
    check_kinds(options)
    if options.files[0].suffix == ".py":
        return run_python(options)
    return _run_scenario(options, scenario_of(options))


def scenario_of(options: Options) -> Scenario:
    """The TOML scenario, or that of the Lua files."""
    if options.files[0].suffix == ".toml":
        return load_scenario(options.files[0])
    module = "aos" if options.module is None else options.module
    return lua_scenario(options.files, options.sends, options.wallets, module=module, items=options.items)


def check_kinds(options: Options) -> None:
    """Raise UsageError for files that are no scenario, and for options that do not go with them."""
    kinds = {path.suffix for path in options.files}
    for path in options.files:
        if path.suffix not in _ENDINGS:
            near = [str(path) + ending for ending in _ENDINGS if Path(str(path) + ending).is_file()]
            meant = f". Did you mean {' or '.join(near)}?" if near else ""
            raise UsageError(f"{str(path)!r}: aosim runs {_KINDS}; the ending tells which{meant}")
    if kinds != {".lua"}:
        if len(options.files) > 1:
            raise UsageError("give one scenario, or any number of Lua files: a scenario names its own files")
        if options.sends or options.wallets or options.items or options.module is not None:
            raise UsageError(
                f"--send, --wallet, --item and --module go with Lua files; {options.files[0].name} has its own. "
                f"Write them there"
            )


def _run_scenario(options: Options, scenario: Scenario) -> int:
    paper = Paper(as_json=options.as_json)
    names = [plan.name for plan in scenario.processes] + [*scenario.wallets]
    seed = options.changed.get("seed", scenario.settings.seed)
    with repeatable(paper, options.again(seed)):
        report = scenario.run(prepare=lambda sim: show(options, paper, sim, names), **options.changed)
    _print_expectations(paper, report)
    print_summary(
        *(paper, report.simulation, options.again(seed)),
        counts=report.counts,
        fingerprint=report.fingerprint,
    )
    sim = report.simulation
    sim.close()
    print_record(paper, sim, options.journal or scenario.settings.journal, shown=report.fingerprint)
    return 0 if report.ok else 1


def _print_expectations(paper: Paper, report: Report) -> None:
    for one in report.judgements:
        paper.object("expectation", where=one.where, met=not one.problem, problem=one.problem)
        if one.problem:
            paper.line(paper.paint(f"not as expected: {one.where}: {one.problem}", "red"))
    if report.judgements and not report.unmet:
        paper.line(f"{number_of(len(report.judgements), 'expectation')} met")
