"""Python scenarios: a file with a function `scenario(sim)`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from inspect import iscoroutinefunction, isfunction, isgeneratorfunction
from linecache import getline
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from aosim.cli.options import Options, repeatable, show
from aosim.cli.paper import Paper
from aosim.cli.summary import print_record, print_summary
from aosim.errors import AosimError, InvariantBroken, UsageError
from aosim.process import PythonHandler
from aosim.simulation import Simulation


def run_python(options: Options) -> int:
    """Call `scenario(sim)`, print what happens, and return the exit code.

    The scenario may run the simulation itself; what is then left on the way waits. If it only sent
    messages they are run until quiet. With --for the run goes on for that long in either case.
    """
    changed = options.changed
    for_ms = changed.pop("for_ms", None)
    path = options.files[0]
    code = compiled(path)
    paper = Paper(as_json=options.as_json)
    sim = Simulation(**changed)
    # In JSON the scenario's own prints would break the lines.
    with redirect_stdout(sys.stderr if options.as_json else sys.stdout):
        problem = _guarded(path, lambda: play_file(path, code, sim, lambda: show(options, paper, sim)))
    if not problem and (for_ms is not None or sim.now_ms == sim.start_ms):
        with repeatable(paper, options.again(sim.seed)):
            try:
                sim.run(for_ms=for_ms)
            except InvariantBroken as broken:
                problem = broken.short
    if problem:
        paper.line(paper.paint(f"not as expected: {problem}", "red"))
    paper.object("expectation", where=path.name, met=not problem, problem=problem)
    print_summary(paper, sim, options.again(sim.seed))
    sim.close()
    print_record(paper, sim, options.journal)
    return 1 if problem or sim.counts.failed else 0


def functions_of(path: Path) -> dict[str, PythonHandler]:
    """The handlers in a file, by the names of their processes.

    They are what its table `handlers` says; without one, its functions by their own names, where a
    dash of the process is an underscore of the function.
    """
    code, found = compiled(path), dict[str, PythonHandler]()

    def look() -> None:
        with _imported(path, code) as module:
            named = getattr(module, "handlers", None)
            own = {name: one for name, one in vars(module).items() if isfunction(one)}
            dashed = {name.replace("_", "-"): one for name, one in own.items()}
            found.update(named if isinstance(named, Mapping) else {**dashed, **own})

    problem = _guarded(path, look)
    if problem:
        raise UsageError(problem)
    return found


def compiled(path: Path) -> CodeType:
    """The code of a Python file. Raises UsageError for what is none."""
    try:
        return compile(path.read_bytes(), str(path), "exec")
    except FileNotFoundError:
        near = sorted(other.name for other in path.parent.glob("*.py")) if path.parent.is_dir() else []
        raise UsageError(f"no file {str(path)!r}. Python files there: {', '.join(near[:8]) or 'none'}") from None
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path}: {problem}") from None
    except SyntaxError as problem:
        raise UsageError(f"{path.name}:{problem.lineno}: {problem.msg}. Mend that line and run it again") from None


def play_file(path: Path, code: CodeType, sim: Simulation, show: Callable[[], None]) -> None:
    """Import the file as Python would, and call its scenario."""
    with _imported(path, code) as module:
        scenario: Any = getattr(module, "scenario", None)
        if not callable(scenario):
            raise UsageError(
                "it has no function scenario(sim). Put what it does into `def scenario(sim: Simulation) -> None:`, "
                f"or run it as a plain program: python {path}"
            )
        if iscoroutinefunction(scenario) or isgeneratorfunction(scenario):
            raise UsageError("scenario(sim) is called, not awaited or iterated. Write it without async and yield")
        show()
        scenario(sim)


@contextmanager
def _imported(path: Path, code: CodeType) -> Iterator[ModuleType]:
    """A file as a module, for as long as it is used."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    before = sys.path[:]
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[module.__name__] = module  # dataclasses and pickling look there
    try:
        exec(code, module.__dict__)
        yield module
    finally:
        sys.path[:] = before
        sys.modules.pop(module.__name__, None)


def _guarded(path: Path, work: Callable[[], None]) -> str:
    """The text of an assertion that failed, "" when all went well. Other exceptions become a UsageError."""
    try:
        work()
    except InvariantBroken as problem:
        return problem.short
    except AssertionError as problem:
        place = _place(path, problem)
        return f"{place}: {problem}" if str(problem) else f"{place}: {_line_of(path, place)}"
    except AosimError as problem:
        raise UsageError(f"{_place(path, problem)}: {problem}") from None
    except Exception as problem:
        raise UsageError(f"{_place(path, problem)}: {type(problem).__name__}: {problem}") from problem
    return ""


def _place(path: Path, problem: BaseException) -> str:
    """The last line of the scenario's own file that the exception went through."""
    place, trace = path.name, problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            place = f"{path.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _line_of(path: Path, place: str) -> str:
    """The text of the line that a place names: for an assertion without words it says what did not hold."""
    name, _, number = place.rpartition(":")
    return getline(str(path), int(number)).strip() if name else "an assertion failed"
