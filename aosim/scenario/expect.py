"""Judging expectations: what must be so in the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aosim.errors import AosimError
from aosim.handles import Sent
from aosim.scenario.model import Expectation
from aosim.scenario.values import with_addresses
from aosim.simulation import Simulation

#: The keys each subject can be asked about.
CHECKS = {
    "process": ("eval", "read", "equals", "output", "errors", "error", "inbox"),
    "wallet": ("inbox", "last", "data"),
    "message": ("fate", "error"),
    "counts": (),
    "findings": (),
    "dead_letters": (),
}


def judge(expectation: Expectation, sim: Simulation, labelled: Mapping[str, list[Sent]], *, now: bool = False) -> str:
    """Why an expectation is not met, "" when it is. In the middle of a run (`now`) nothing is evaluated for good."""
    checks, name = expectation.checks, expectation.name
    match expectation.subject:
        case "process":
            problems = _process(sim, name, checks, now)
        case "wallet":
            problems = _wallet(sim, name, checks)
        case "message":
            problems = [problem for sent in labelled[name] for problem in _message(name, sent, checks)]
        case "counts":
            found = sim.counts.as_dict()
            problems = [_differs(f"the count {key}", want, found[key]) for key, want in checks.items()]
        case "findings":
            rules = [finding.rule for finding in sim.findings]
            problems = _number_or_names("findings", checks["findings"], rules)
        case _:
            reasons = [letter.reason for letter in sim.dead_letters]
            problems = _number_or_names("dead letters", checks["dead_letters"], reasons)
    return "; ".join(problem for problem in problems if problem)


def _process(sim: Simulation, name: str, checks: Mapping[str, Any], now: bool) -> list[str]:
    process = sim.process(name)
    problems = []
    for how in ("eval", "read"):
        if how in checks:
            code = checks[how]
            try:
                evaluate = process.peek if now else process.eval
                found = evaluate(code) if how == "eval" else process.read(code)
            except AosimError as problem:
                problems.append(str(problem))
            else:
                problems.append(_differs(f"{name}: {code}", checks["equals"], found))
    if "output" in checks and not any(checks["output"] in text for text in process.output):
        problems.append(f"{name} never printed {checks['output']!r}")
    if "error" in checks and not any(checks["error"] in text for text in process.errors):
        problems.append(f"{name} never failed with {checks['error']!r}; its errors: {process.errors or 'none'}")
    if "errors" in checks:
        problems.append(_differs(f"{name}: the number of errors", checks["errors"], len(process.errors)))
    if "inbox" in checks:
        problems.append(_differs(f"{name}: the number of messages in the Inbox", checks["inbox"], len(process.inbox)))
    return problems


def _wallet(sim: Simulation, name: str, checks: Mapping[str, Any]) -> list[str]:
    inbox = sim.wallet(name).inbox
    problems = []
    if "inbox" in checks:
        problems.append(_differs(f"{name}: the number of messages in the inbox", checks["inbox"], len(inbox)))
    if ("last" in checks or "data" in checks) and not inbox:
        return [*problems, f"{name} has received nothing"]
    for tag, want in checks.get("last", {}).items():
        wanted = with_addresses(want, sim.address_of)
        problems.append(_differs(f"{name}: the tag {tag} of the last message", wanted, inbox[-1].tag(tag)))
    if "data" in checks:
        problems.append(_differs(f"{name}: the data of the last message", checks["data"], inbox[-1].data))
    return problems


def _message(label: str, sent: Sent, checks: Mapping[str, Any]) -> list[str]:
    problems = []
    if "fate" in checks:
        told = f" ({sent.error})" if sent.error else ""
        problem = _differs(f"{label}: the fate", checks["fate"], str(sent.fate))
        problems.append(problem and problem + told)
    if "error" in checks and checks["error"] not in (sent.error or ""):
        problems.append(f"{label} did not fail with {checks['error']!r}; its error: {sent.error or 'none'}")
    return problems


def _number_or_names(what: str, wanted: int | list[str], found: list[str]) -> list[str]:
    there = f"; there are: {', '.join(found) or 'none'}"
    if isinstance(wanted, int):
        problem = _differs(f"the number of {what}", wanted, len(found))
        return [problem and problem + there]
    return [f"{name!r} is not among the {what}{there}" for name in wanted if name not in found]


def _differs(what: str, wanted: Any, found: Any) -> str:
    return "" if _same(wanted, found) else f"{what} is {_shown(found)}, not {_shown(wanted)}"


def _same(wanted: Any, found: Any) -> bool:
    """Equal as values of Lua: 5 and 5.0 are, 1 and true are not; an empty table is list and map."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, (list, dict)) and not wanted and isinstance(found, (list, dict)):
        return not found
    return bool(wanted == found)


def _shown(value: Any) -> str:
    if value is None:
        return "nil"
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
