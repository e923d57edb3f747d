"""The recorded conversations again, by the door the simulation uses: there messages sleep until they are
looked at and most take the short way, and nobody may be able to tell."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aosim.conformance import difference
from aosim.luavm.process import LuaProcess
from aosim.message import Assignment, Message, Outgoing, Result
from aosim.process_info import ProcessInfo

_FOLDER = Path(__file__).parents[1] / "conformance"
_MESSENGER = ["Data-Protocol", "Type", "From-Process", "From-Module", "Pushed-For"]
_KNOWN = {
    *("Id", "From", "Owner", "Forwarded-By", "Target", "Data", "Tags", "Timestamp", "Block-Height", "Nonce"),
    *("Epoch", "Hash-Chain", "Signature", "Anchor", "Cron", "Read-Only"),
}


def _read(name: str) -> list[dict[str, Any]]:
    text = gzip.decompress((_FOLDER / f"{name}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.split("\n") if line]


def _ordinary(message: dict[str, Any]) -> bool:
    """Whether a message has the shape that the network gives its messages."""
    tags = message.get("Tags")
    return (
        _KNOWN.issuperset(message)
        and all(isinstance(message.get(name), str) for name in ("From", "Owner", "Target"))
        and isinstance(message.get("Data"), str | None)
        and isinstance(message.get("Timestamp"), int)
        and isinstance(message.get("Block-Height"), int)
        and isinstance(tags, list)
        and all(isinstance(tag.get("name"), str) and isinstance(tag.get("value"), str) for tag in tags)
    )


_GOLDEN = {golden["name"]: golden["results"] for golden in _read("golden")}
_CASES = [
    case
    for case in _read("cases")
    if not case.get("files")
    and all(map(_ordinary, case["messages"]))
    and all(isinstance(tag.get("value"), str) for tag in case["env"]["Process"]["Tags"])
]


def _flat(tags: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(part for tag in tags for part in (tag["name"], tag["value"]))


def _assignment(message: dict[str, Any], process_id: str, *, dry_run: bool) -> Assignment:
    tags = message["Tags"]
    module = pushed_for = ""
    if [tag["name"] for tag in tags[-5:]] == _MESSENGER and message["Owner"] == message.get("Forwarded-By"):
        module, pushed_for, tags = tags[-2]["value"], tags[-1]["value"], tags[:-5]
    value = Message(
        message.get("Id") or "",
        message["From"],
        message["Owner"],
        message["Target"],
        message.get("Data"),
        _flat(tags),
        message.get("Anchor") or "",
        module,
        pushed_for,
        message.get("Signature") or "",
    )
    return Assignment(
        value,
        process_id,
        message.get("Nonce"),
        message.get("Epoch"),
        message["Timestamp"],
        message["Block-Height"],
        message.get("Hash-Chain") or "",
        cron=bool(message.get("Cron")),
        dry_run=dry_run,
    )


def _request(sent: Outgoing) -> dict[str, Any]:
    pairs = zip(sent.flat[::2], sent.flat[1::2], strict=True)
    tags = [{"name": name, "value": value} for name, value in pairs]
    found: dict[str, Any] = {"Anchor": sent.anchor, "Tags": tags}
    if sent.target is not None:
        found["Target"] = sent.target
    if sent.data is not None:
        found["Data"] = sent.data
    return found


def _answer(result: Result) -> dict[str, Any]:
    if result.error is not None:
        return {"Error": result.raw_error}
    return {
        "Output": {"data": result.output, "prompt": result.prompt},
        "Messages": [_request(sent) for sent in result.messages],
        "Spawns": [_request(sent) for sent in result.spawns],
        "Assignments": [{"Message": each.message_id, "Processes": list(each.processes)} for each in result.assignments],
    }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _wanted(golden: dict[str, Any]) -> dict[str, Any]:
    """What of a recorded answer can be told by this door: texts only, two fields of the output."""
    if golden.get("Error") not in (None, "", 0):
        return {"Error": _as_text(golden["Error"]), "Trap": golden.get("Trap")}
    output = golden.get("Output")
    if not isinstance(output, dict):
        output = {"data": output or ""}
    wanted = {**golden, "Output": {"data": output.get("data") or "", "prompt": output.get("prompt")}}
    for part in ("Messages", "Spawns"):
        wanted[part] = [_texts(request) for request in golden.get(part) or []]
    wanted["Assignments"] = [
        {"Message": each.get("Message"), "Processes": each.get("Processes")} for each in golden.get("Assignments") or []
    ]
    return wanted


def _texts(request: dict[str, Any]) -> dict[str, Any]:
    texts = {name: _as_text(value) for name, value in request.items() if name in ("Target", "Data", "Anchor")}
    return {**texts, "Tags": [{name: _as_text(tag.get(name)) for name in ("name", "value")} for tag in request["Tags"]]}


@pytest.mark.parametrize("theme", sorted({case["theme"] for case in _CASES}))
def test_the_short_way_ends_where_the_long_one_does(theme: str) -> None:
    told = []
    for case in (case for case in _CASES if case["theme"] == theme):
        process, module = case["env"]["Process"], case["env"]["Module"]
        flat, module_flat = _flat(process["Tags"]), _flat(module["Tags"])
        info = ProcessInfo(process["Id"], process["Owner"], flat, module["Id"], module["Owner"], module_flat)
        lua = LuaProcess(info, fidelity="network")
        dry = set(case.get("dry_run") or ())
        for at, (message, golden) in enumerate(zip(case["messages"], _GOLDEN[case["name"]], strict=True)):
            run = lua.dry_run if at in dry else lua.handle
            result = run(_assignment(message, process["Id"], dry_run=bool(message.get("Read-Only"))))
            found = difference(_wanted(golden), _answer(result), unordered=bool(case.get("unordered")))
            if found:
                told.append(f"{case['name']}, message {at}: {found}")
                break
    assert not told, "\n".join(told)
