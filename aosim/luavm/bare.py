"""BareProcess: a process made from a module of one's own, a Lua file with handle(msg, ao)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Self

from aosim.ids import is_address
from aosim.luavm.bundle import Source
from aosim.luavm.module import ModuleCode, ModuleInstance, is_failure
from aosim.luavm.past import Past, UndoCost
from aosim.luavm.process import plain_error
from aosim.message import Assignment, AssignRequest, Forgiven, Outgoing, Result, find_tag
from aosim.process import Host
from aosim.process_info import ProcessInfo
from aosim.sleeping import Attic, Dormitory


class BareProcess:
    """A process whose module is Lua text: a chunk that returns a table with `handle(msg, ao)`.

    `msg` is what a compute unit hands to a module (fields, and Tags as a list of names and values),
    `ao` the library of the network's modules, ready for the message. What `handle` returns is the
    result: {Output, Messages, Spawns, Assignments}, as `ao.result` makes it, or {Error}. Nothing of
    aos is around it: no handlers, no Eval, no Inbox. A failing message, and a dry run, leave no trace;
    one with a malformed result has failed.
    """

    def __init__(self, info: ProcessInfo, module: Source, *, lenient: bool, dormitory: Dormitory | None = None) -> None:
        self.info = info
        self._dormitory = dormitory  # where it sleeps, if it does
        self._lenient = lenient
        self._first = Past()  # of the state in which it came by its name
        self._instance = ModuleInstance(code=ModuleCode(lua=module.text, chunk=f"@{module.chunk}"))
        self._env = {
            "Process": {"Id": info.id, "Owner": info.owner, "Tags": _named(info.flat)},
            "Module": {"Id": info.module_id, "Owner": info.module_owner, "Tags": _named(info.module_flat)},
        }

    def handle(self, assignment: Assignment) -> Result:
        """Evaluate one assignment and keep what it changed, unless it failed."""
        answer = self._awake().handle(message_as_json(assignment), self._env, nonce=assignment.nonce)
        return self._result(answer)

    def dry_run(self, assignment: Assignment) -> Result:
        """Evaluate one assignment and drop what it changed."""
        return self._result(self._awake().handle(message_as_json(assignment), self._env, dry_run=True))

    def clone(self, host: Host | None = None) -> Self:
        """See `Process.clone`."""
        self._instance.shorten_past()
        return self._at(self._instance.past.copy())

    def state_at(self, nonce: int) -> dict[str, object]:
        """Its globals after the message with that place in its log, or after the last before it that did not fail."""
        then = self._at(self._instance.past.until(nonce))
        return {name: then.read(name) for name in then.global_names()}

    def renamed(self, process_id: str) -> Self:
        """A clone that lives at another address. What its code has noted of the old one stays."""
        other = self.clone()
        other.info = self.info._replace(id=process_id)
        other._env = {**self._env, "Process": {**self._env["Process"], "Id": process_id}}
        other._first = other._instance.past.copy()
        return other

    def fresh(self) -> Self:
        """The same process as it was before its first message, or as it came by `renamed`."""
        return self._at(self._first.copy())

    @property
    def undo_cost(self) -> UndoCost:
        """What it takes to make its state again, as it must be after a message that failed."""
        return self._instance.past.undo_cost

    def sleep(self, attic: Attic) -> None:
        """Let go of its Lua. What it is made from again stays in memory: its messages, and perhaps an image."""
        self._instance.sleep()

    def _at(self, past: Past) -> Self:
        other = copy(self)
        other._instance = self._instance.at(past)
        return other

    def read(self, name: str) -> object:
        """A global of the module, or a field by a dotted path, read without running any of its code."""
        return self._awake().read(name)

    def global_names(self) -> list[str]:
        """The globals the module has made, in order of their names."""
        return self._awake().global_names()

    def _awake(self) -> ModuleInstance:
        if self._dormitory is not None:
            self._dormitory.use(self)
        return self._instance

    def _result(self, answer: dict[str, Any]) -> Result:
        error = answer.get("Error")
        if is_failure(error):
            text = error if isinstance(error, str) else json.dumps(error)
            return Result(error=plain_error(text), raw_error=text, verdict="failed")
        forgiven: list[Forgiven] = []
        output = answer.get("Output")
        shown = output.get("data", "") if isinstance(output, dict) else output
        prompt = output.get("prompt") if isinstance(output, dict) else None
        return Result(
            messages=tuple(self._request(asked, forgiven) for asked in _tables(answer.get("Messages"))),
            spawns=tuple(self._spawn(asked, forgiven) for asked in _tables(answer.get("Spawns"))),
            assignments=tuple(map(_assignment, _tables(answer.get("Assignments")))),
            output=_shown(shown),
            prompt=prompt if isinstance(prompt, str) else "",
            verdict="handled",
            forgiven=tuple(forgiven),
        )

    def _request(self, asked: dict[str, Any], forgiven: list[Forgiven]) -> Outgoing:
        problems: list[str] = []
        texts = [
            self._text(part, f"tag {str(tag.get('name'))!r}", problems, forgiven)
            for tag in _tables(asked.get("Tags"))
            for part in (tag.get("name"), tag.get("value"))
        ]
        target = asked.get("Target")
        data = asked.get("Data")
        return Outgoing(
            None if target is None else self._text(target, "Target", problems, forgiven),
            None if data is None else _shown(data),
            _shown(asked.get("Anchor")),
            tuple(texts),
            problems[0] if problems else "",
        )

    def _spawn(self, asked: dict[str, Any], forgiven: list[Forgiven]) -> Outgoing:
        request = self._request(asked, forgiven)
        module = find_tag(request.flat, "Module", "") or ""
        if self._lenient and not is_address(module):
            forgiven.append(Forgiven("module-name", "", f"module {module!r} is a name, not an id"))
        return request

    def _text(self, value: object, what: str, problems: list[str], forgiven: list[Forgiven]) -> str:
        if isinstance(value, str):
            return value
        problem = f"{what} is no text, the network takes text only"
        if self._lenient and isinstance(value, bool | int | float):
            forgiven.append(Forgiven("tag-text", "", problem))
        else:
            problems.append(problem)
        return _shown(value)


def message_as_json(assignment: Assignment) -> dict[str, Any]:
    """A message in the shape in which a compute unit hands it to a module: section 2 of the reference."""
    message = assignment.message
    pushed = bool(message.from_module)
    fields: dict[str, Any] = {
        "Id": None if assignment.cron else message.id,
        "From": message.sender,
        "Owner": message.owner,
        "Forwarded-By": message.owner if pushed else None,
        "Target": message.target,
        "Data": message.data,
        "Tags": _named(message.flat + message.messenger_tags),
        "Timestamp": assignment.timestamp_ms,
        "Block-Height": assignment.block_height,
        "Nonce": assignment.nonce,
        "Epoch": assignment.epoch,
        "Hash-Chain": assignment.hash_chain or None,
        "Signature": message.signature or None,
        "Anchor": message.anchor or None,
        "Cron": assignment.cron,
        "Read-Only": assignment.dry_run,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _named(flat: Sequence[str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in zip(flat[::2], flat[1::2], strict=True)]


def _tables(value: object) -> Iterable[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _shown(value: object) -> str:
    if value is None or value == []:  # an empty table is an empty list in JSON
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _assignment(wanted: dict[str, Any]) -> AssignRequest:
    processes = wanted.get("Processes")
    return AssignRequest(
        _shown(wanted.get("Message")), tuple(map(_shown, processes)) if isinstance(processes, list) else ()
    )
