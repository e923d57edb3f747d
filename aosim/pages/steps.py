"""What a block asks for, step by step: Lua to evaluate, and the lines of an aos console understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aosim.colours import without_colours
from aosim.luavm.source import syntax_problem
from aosim.pages.fences import Fence

#: Languages whose blocks are Lua. Without a language the text decides.
LUA = frozenset({"lua", "lua5.3", "aos"})
#: Languages that show text of another kind, prompts and all.
_NEVER = frozenset({"md", "markdown", "mdx", "html"})

_PROMPT = re.compile(r"\s*(?:aos|[^@>]+@(?:hyper-)?aos-[\w.+-]+(?:\[Inbox:\d+\])?)\s?>(?: (.*)|$)")
_COMMAND = re.compile(r"\.(load-blueprint|load|editor|[a-z][a-z-]*)(?:\s+(.*))?")
#: Commands of the console that do nothing to a process.
_NO_EFFECT = frozenset(
    {
        *("help", "exit", "quit", "monitor", "unmonitor", "live", "unlive", "pad", "delete", "update", "dryrun"),
        *("cancel", "clear", "done", "state"),
    }
)
_EDITOR_ENDS = (".done", ".cancel")
_EDITOR_GREETS = "<editor mode>"  # what the console says, no text of the author's


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a block has done: "eval" of a text, "load" of a file, or a "blueprint"."""

    kind: str
    text: str  # the Lua, or the name of the file or blueprint
    line: int  # of the page, where the text begins
    expected: str = ""  # what the page shows as printed


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a block, or why it has none; for a session also what in it is no Lua."""

    steps: tuple[Step, ...] = ()
    not_lua: str = ""


def plan_of(fence: Fence, page: str) -> Plan:
    """What a block asks for. `page` is the name that problems are told with."""
    lines = [without_colours(line) for line in fence.lines]
    if fence.language not in _NEVER and any(_PROMPT.match(line) for line in lines):
        return _Console(lines, fence.line + 1, page).session()
    if fence.language and fence.language not in LUA and not _only_commands(lines):
        return Plan(not_lua=f"its fence says {fence.language}")
    problem = problem_of(fence.text, page, fence.line + 1, statements=fence.language not in LUA)
    if not problem:
        if _blank(fence.text):
            return Plan(not_lua="" if fence.language in LUA else "there is no code in it")
        return Plan((Step("eval", fence.text, fence.line + 1),))
    if any(_is_command(line) for line in lines):
        return _Console(lines, fence.line + 1, page).listing()
    return Plan(not_lua=problem)


def problem_of(text: str, page: str, line: int, *, statements: bool = False) -> str:
    """Why a text that begins on that line is no Lua, as "page:line: what is wrong", or "".

    An expression is Lua, as it is for the console, unless only statements are.
    """
    if not statements and not syntax_problem(f"return {text}", page):
        return ""
    return syntax_problem("\n" * (line - 1) + text, page)


def _blank(text: str) -> bool:
    """Whether a Lua text is nothing but comments and space: then it may stand inside an expression."""
    return not syntax_problem(f"return 1 + {text}\n1", "")


def _is_command(line: str) -> bool:
    found = _COMMAND.fullmatch(line.strip())
    return found is not None and (found[1] in ("load", "load-blueprint", "editor") or found[1] in _NO_EFFECT)


def _only_commands(lines: Sequence[str]) -> bool:
    told = [line for line in lines if line.strip()]
    return bool(told) and all(map(_is_command, told))


class _Console:
    """Reads the lines of a block as an aos console would be given them."""

    def __init__(self, lines: Sequence[str], first: int, page: str) -> None:
        self._lines = lines
        self._first = first  # the number in the page of the first of them
        self._page = page
        self._at = 0
        self._steps: list[Step] = []
        self._problem = ""

    def session(self) -> Plan:
        """Lines behind prompts are given to the console, what stands between is what it prints."""
        while self._at < len(self._lines):
            found = _PROMPT.match(self._lines[self._at])
            self._at += 1
            if found is not None:
                self._typed(found[1] or "")
        return Plan(tuple(self._steps), self._problem)

    def listing(self) -> Plan:
        """Without prompts: commands stand on lines of their own, all else is Lua."""
        start = 0
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if _is_command(line):
                self._lua(self._lines[start : self._at - 1], start)
                self._command(line.strip(), self._at - 1)
                start = self._at
        self._lua(self._lines[start:], start)
        return Plan(tuple(self._steps), self._problem)

    def _typed(self, text: str) -> None:
        at = self._at - 1
        if _is_command(text):
            self._command(text.strip(), at)
            return
        shown = self._printed()
        more = self._missing(text, shown)
        self._lua([text, *shown[:more]], at, "\n".join(shown[more:]))

    def _printed(self) -> list[str]:
        """The lines up to the next prompt."""
        start = self._at
        while self._at < len(self._lines) and not _PROMPT.match(self._lines[self._at]):
            self._at += 1
        return list(self._lines[start : self._at])

    def _missing(self, text: str, below: Sequence[str]) -> int:
        """How many of the lines below belong to a text that does not end on its own line."""
        if not self._open(text):
            return 0
        for count in range(1, len(below) + 1):
            text += f"\n{below[count - 1]}"
            if not self._open(text):
                return 0 if problem_of(text, self._page, 1) else count
        return 0

    def _open(self, text: str) -> bool:
        ends = (syntax_problem(f"return {text}", ""), syntax_problem(text, ""))
        return all(ends) and any(end.rstrip("'").endswith("<eof>") for end in ends)

    def _command(self, text: str, at: int) -> None:
        found = _COMMAND.fullmatch(text)
        assert found is not None
        name, rest = found[1], (found[2] or "").split("--")[0].strip()
        if name == "editor":
            self._editor()
        elif name in ("load", "load-blueprint"):
            kind = "load" if name == "load" else "blueprint"
            self._steps.append(Step(kind, rest.strip("\"'"), self._first + at))

    def _editor(self) -> None:
        start = self._at
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            prompt = _PROMPT.match(line)
            typed = (prompt[1] or "" if prompt else line).strip()
            if typed in _EDITOR_ENDS:
                if typed == ".done":
                    self._lua(self._edited(start, self._at - 1), start)
                return
        self._lua(self._edited(start, self._at), start)

    def _edited(self, start: int, end: int) -> list[str]:
        return ["" if line.lstrip().startswith(_EDITOR_GREETS) else line for line in self._lines[start:end]]

    def _lua(self, lines: Sequence[str], at: int, expected: str = "") -> None:
        text = "\n".join(lines)
        problem = problem_of(text, self._page, self._first + at)
        if problem:
            self._problem = self._problem or problem
        elif not _blank(text):
            self._steps.append(Step("eval", text, self._first + at, expected))
