"""Runs the Lua blocks of a page in a process of their own, as its owner would type them into a console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from aosim.colours import without_colours
from aosim.errors import NameTaken, SourceError, UsageError
from aosim.fates import DeadLetter, Fate
from aosim.findings import Finding
from aosim.handles import ProcessHandle
from aosim.luavm.bundle import load_source
from aosim.message import Assignment, Result
from aosim.observers import Observer
from aosim.pages.blueprints import blueprint
from aosim.pages.fences import Fence, fences
from aosim.pages.files import PageFiles
from aosim.pages.printed import shows
from aosim.pages.steps import LUA, Step, plan_of
from aosim.simulation import Simulation

#: Events that may follow one block. Code of a page that keeps a process busy for longer does not end.
EVENTS_MAX = 10_000


class Status(StrEnum):
    """What became of a block."""

    OK = "ok"
    ERROR = "error"
    NOT_LUA = "not Lua"
    NOT_RUN = "not run"


_PLACE = re.compile(r"[^\n:]+:\d+: ")
_WORST = (Status.OK, Status.NOT_LUA, Status.NOT_RUN, Status.ERROR)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page, and what running it came to. Its text is page:line."""

    page: str  # as it was given
    number: int  # from 1
    line: int  # of its opening fence
    language: str  # as the fence says, in small letters
    status: Status
    reason: str = ""  # with "page.md:line: " where there is a line to look at; also "waits for ..." of one that is ok
    output: str = ""  # what it printed, and what the messages it caused printed, without colours
    findings: tuple[Finding, ...] = ()  # what the network would do differently

    @property
    def failed(self) -> bool:
        return self.status is Status.ERROR

    def as_dict(self) -> dict[str, Any]:
        """The block as JSON has it."""
        return {
            "page": self.page,
            "block": self.number,
            "line": self.line,
            "language": self.language,
            "status": str(self.status),
            "reason": self.reason,
            "output": self.output,
            "findings": [{**one._asdict(), "on_the_network": one.on_the_network} for one in self.findings],
        }

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def run_page(
    page: str | Path,
    *,
    text: str | None = None,
    fidelity: str = "docs",
    module: str = "aos",
    check_output: bool = False,
    strict: bool = False,
) -> list[Block]:
    """Run the Lua of a Markdown page, block by block, in one process; what became of each of its blocks.

    Each block is an Eval by the process's owner, after which messages run until quiet. `text` is the
    page when it comes from no file; `page` then is its name. `fidelity` and `module` are those of
    `Simulation` and its `spawn`. With `check_output` a block is an error
    when it prints something else than a console session in it shows. With `strict` a block that its
    fence calls Lua, and that does not parse, is an error too.

    The same page gives the same blocks. Raises UsageError for a page that cannot be read, UnknownName
    for a module that is not there. A module of one's own is refused: it has no Eval.
    """
    if str(module).endswith(".lua"):
        raise UsageError(
            f"module={str(module)!r}: a module of one's own has no Eval, so it would evaluate no block of a page. "
            f"Name a version of aos, such as 'aos', or leave it out"
        )
    runner = _Runner(Path(page), fidelity, module, check_output, strict)
    return [runner.run(fence) for fence in fences(read_page(page) if text is None else text)]


def read_page(page: str | Path) -> str:
    """The text of a page. Raises UsageError for one that cannot be read."""
    try:
        return Path(page).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as problem:
        raise UsageError(f"{page}: {getattr(problem, 'strerror', None) or 'this is no UTF-8 text'}") from None


class _Listener(Observer):
    """What happens while a block runs."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.output: list[str] = []
        self.errors: list[tuple[str, str]] = []  # of which process, and the error
        self.lost: list[str] = []

    def on_result(self, assignment: Assignment, result: Result) -> None:
        if result.output:
            self.output.append(without_colours(result.output))
        if result.error is not None:
            self.errors.append((assignment.process_id, result.error))

    def on_dead_letter(self, letter: DeadLetter) -> None:
        self.lost.append(letter.reason)


@dataclass
class _Outcome:
    """What became of a block so far: the worst of its steps, and all the reasons of that kind."""

    status: Status = Status.OK
    reasons: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)

    def note(self, status: Status, reason: str) -> None:
        if _WORST.index(status) > _WORST.index(self.status):
            self.status, self.reasons = status, []
        if status is self.status and reason and reason not in self.reasons:
            self.reasons.append(reason)


class _Runner:
    """One page, its process, and the files it has told of so far."""

    def __init__(self, path: Path, fidelity: str, module: str, check_output: bool, strict: bool) -> None:
        self._path = path
        self._check_output = check_output
        self._strict = strict
        self._files = PageFiles()
        self._busy = ""  # the block that left messages without end
        self._waiting: set[str] = set()
        self._sim = Simulation(fidelity=fidelity)
        self._process = self._spawn(path.stem, module)
        self._heard = _Listener(self._sim)
        self._sim.observe(self._heard)

    def run(self, fence: Fence) -> Block:
        """Do what a block asks for."""
        known = len(self._sim.findings)
        plan = plan_of(fence, self._path.name)
        outcome = _Outcome()
        if fence.note[0] == "not run" and (plan.steps or fence.language in LUA):
            outcome.note(Status.NOT_RUN, fence.note[1])
        elif self._busy and plan.steps:
            outcome.note(Status.NOT_RUN, f"messages of the block at {self._busy} do not end")
        else:
            for step in plan.steps:
                self._do(step, outcome)
            if len(plan.steps) == 1 and plan.steps[0].text == fence.text:
                self._files.add(fence)
        if plan.not_lua and outcome.status is not Status.NOT_RUN:
            strictly = self._strict and fence.language in LUA
            outcome.note(Status.ERROR if strictly else Status.NOT_LUA, plan.not_lua)
        return Block(
            page=str(self._path),
            number=fence.number,
            line=fence.line,
            language=fence.language,
            status=outcome.status,
            reason="; ".join(outcome.reasons),
            output="\n".join(outcome.output),
            findings=tuple(self._sim.findings[known:]),
        )

    def _spawn(self, name: str, module: str) -> ProcessHandle:
        try:
            return self._sim.spawn("", name=name, module=module)
        except (NameTaken, UsageError):  # a page called owner.md, or like an address
            return self._sim.spawn("", name="page", module=module)

    def _do(self, step: Step, outcome: _Outcome) -> None:
        place = f"{self._path.name}:{step.line}"
        match step.kind:
            case "eval":
                self._evaluate(step.text, step, outcome)
            case "load":
                self._load(step, outcome)
            case _:
                text = blueprint(step.text)
                if text is None:
                    outcome.note(Status.NOT_RUN, f"{place}: blueprint {step.text} is not there")
                else:
                    self._send(text, f"{step.text}.lua", place, outcome)

    def _load(self, step: Step, outcome: _Outcome) -> None:
        place = f"{self._path.name}:{step.line}"
        text = self._files.text(step.text)
        if text is not None:
            self._send(text, self._path.name, place, outcome)
            return
        path = self._path.parent / step.text
        if not path.is_file():
            told = "beside the page, nor a block before that is said to be it"
            outcome.note(Status.ERROR, f"{place}: there is no file {step.text!r} {told}")
            return
        try:
            source = load_source(path)
        except SourceError as problem:
            outcome.note(Status.ERROR, f"{place}: {problem}")
        else:
            self._send(source.text, source.chunk, place, outcome)

    def _evaluate(self, text: str, step: Step, outcome: _Outcome) -> None:
        place = f"{self._path.name}:{step.line}"
        printed = self._send("\n" * (step.line - 1) + text, self._path.name, place, outcome)
        if self._check_output and step.expected.strip() and not shows(step.expected, printed):
            outcome.note(Status.ERROR, f"{place}: it prints {printed!r}, the page shows {step.expected!r}")

    def _send(self, code: str, chunk: str, place: str, outcome: _Outcome) -> str:
        """Evaluate, run until quiet, and note what became of it; returns what was printed."""
        heard = self._heard
        heard.output, heard.errors, heard.lost = [], [], []
        preloads = self._files.preloads(code, self._path.name)
        if preloads:
            self._sim.send(self._process, preloads, Action="Eval")
        sent = self._sim.send(self._process, code, Action="Eval", tags={"Source-File": chunk})
        ran = self._sim.run(events_max=EVENTS_MAX)
        for process_id, error in heard.errors:
            outcome.note(Status.ERROR, self._placed(process_id, error, place))
        if not ran.quiet:
            self._busy = place
            outcome.note(Status.ERROR, f"{place}: after {EVENTS_MAX:,} events there are still messages on the way")
        if sent.fate not in (Fate.HANDLED, Fate.FAILED):
            why = f"it ended as {sent.fate}: the process has another Owner by now, or no handler for Eval"
            outcome.note(Status.ERROR, f"{place}: nothing was evaluated, {why}")
        for reason in self._waits():
            outcome.note(Status.OK, reason)
        for reason in heard.lost:
            outcome.note(Status.OK, f"dead letter: {reason}")
        outcome.output += heard.output
        return "\n".join(heard.output)

    def _placed(self, process_id: str, error: str, place: str) -> str:
        """An error with the place to look at: its own, or else the block's; of another process with its name."""
        if process_id != self._process.id:
            return f"{place}: {self._sim.name_of(process_id)}: {error}"
        return error if _PLACE.match(error) else f"{place}: {error}"

    def _waits(self) -> Iterator[str]:
        """What handlers wait for that did not wait before."""
        before, self._waiting = self._waiting, set()
        if not self._process.waiting:
            return
        handlers = self._process.read("Handlers.list")
        for handler in handlers if isinstance(handlers, list) else []:
            name = str(handler.get("name", "")) if isinstance(handler, dict) else ""
            if name.startswith("_once_"):
                self._waiting.add(name)
                if name not in before:
                    yield f"waits for {_described(handler.get('pattern'))}"


def _described(pattern: object) -> str:
    """A pattern in words."""
    if isinstance(pattern, str) and not pattern.startswith("function: "):
        return f"Action = {pattern!r}"
    if isinstance(pattern, dict):
        if "X-Reference" in pattern:
            return "an answer"
        return "a message with " + ", ".join(f"{name} = {_wanted(value)}" for name, value in pattern.items())
    return "a message that its pattern takes"


def _wanted(value: object) -> str:
    return "what its function takes" if str(value).startswith("function: ") else repr(value)
