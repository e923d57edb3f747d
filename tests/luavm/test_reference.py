"""Statements of the reference about what a process sees, one line each, by both doors: the one of a compute unit,
where everything takes the long way, and the one the simulation uses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aosim.luavm.module import ModuleInstance
from aosim.luavm.process import LuaProcess
from aosim.message import Assignment, Message
from aosim.process_info import ProcessInfo

PROCESS, OWNER, BOB, MESSENGER, MODULE = (letter * 43 for letter in "PABMX")
_TAGS = ("Name", "Case", "Authority", MESSENGER, "Type", "Process", "Module", MODULE)
_ENV = {
    "Process": {
        "Id": PROCESS,
        "Owner": OWNER,
        "Tags": [{"name": a, "value": b} for a, b in zip(_TAGS[::2], _TAGS[1::2], strict=True)],
    },
    "Module": {"Id": MODULE, "Owner": OWNER, "Tags": []},
}
_NOISE = re.compile(r"\x1b\[\d+m|\[string \"(?:\.[^\"\n]*|json|ao)\"\]:\d+: |\?:-1: ")

Turn = str | tuple[Any, ...]


def _messages(turns: tuple[Turn, ...]) -> list[Message]:
    """Texts are Evals of the owner; tuples are messages of Bob: data, then names and values of tags."""
    messages = [Message(PROCESS, OWNER, OWNER, PROCESS, " ", _TAGS)]
    for number, turn in enumerate(turns):
        sender, data, tags = (OWNER, turn, ("Action", "Eval")) if isinstance(turn, str) else (BOB, turn[0], turn[1:])
        if "Type" in tags:
            sender = OWNER
        messages.append(Message(f"{number:043}", sender, sender, PROCESS, data, tuple(tags)))
    return messages


def _told(error: Any, data: Any) -> str:
    if error is not None:
        return "error: " + _NOISE.sub("", str(error)).split("error:\n")[-1]
    return _NOISE.sub("", data or "")


def _by_the_module(turns: tuple[Turn, ...]) -> str:
    instance, result = ModuleInstance(), {}
    for nonce, message in enumerate(_messages(turns)):
        fields: dict[str, Any] = {
            "Id": message.id,
            "From": message.sender,
            "Owner": message.owner,
            "Target": PROCESS,
            "Data": message.data,
            "Tags": [{"name": a, "value": b} for a, b in zip(message.flat[::2], message.flat[1::2], strict=True)],
            "Timestamp": 1_700_000_000_000 + nonce,
            "Block-Height": 7,
            "Nonce": nonce,
            "Epoch": 0,
        }
        result = instance.handle(fields, _ENV)
    return _told(result.get("Error"), (result.get("Output") or {}).get("data"))


def _by_the_process(turns: tuple[Turn, ...]) -> str:
    lua = LuaProcess(ProcessInfo(PROCESS, OWNER, _TAGS, MODULE, OWNER, ()), fidelity="network")
    for nonce, message in enumerate(_messages(turns)):
        result = lua.handle(Assignment(message, PROCESS, nonce, 0, 1_700_000_000_000 + nonce, 7, ""))
    return _told(result.raw_error if result.error is not None else None, result.output)


@pytest.mark.parametrize(
    ("section", "turns", "told"),
    [
        ("3.2 a tag Id replaces the field", (("", "Id", PROCESS, "Type", "Process"), "#Inbox"), "1"),
        (
            "8 a malformed pattern is an error",
            ("Handlers.add('h', {X = 'a)'}, print)", ("", "X", "a")),
            "error: invalid pattern capture",
        ),
        ("10 a function as second value is no failure", ("X = 1 return nil, print", "X"), "1"),
        ("11 print returns nil", ('select("#", print("a"))',), "a\n1"),
        ("11 a file is no table", ("io.write('x')",), "file (0x00000001)"),
        ("11 nor for print", ("print(io.stdout)",), "error: invalid value (table) at index 1 in table for 'concat'"),
        ("22 os.getenv always nil", ("tostring(os.getenv('x'))",), "nil"),
        (
            "23 tostring wants a value",
            ("tostring()",),
            "error: [string \"aos\"]:1: bad argument #1 to 'tostring' (value expected)",
        ),
    ],
)
def test_a_process_sees_what_the_reference_says(section: str, turns: tuple[Turn, ...], told: str) -> None:
    assert (_by_the_module(turns), _by_the_process(turns)) == (told, told), section


@pytest.mark.parametrize(("second", "left"), [("0/0", "nil"), ("1/0", "nil"), ("''", "1"), ("0", "1")])
def test_a_second_value_is_a_failure_as_it_is_for_the_network(second: str, left: str) -> None:
    turns = (f"X = 1 return nil, {second}", "tostring(X)")
    assert (_by_the_module(turns), _by_the_process(turns)) == (left, left)


@pytest.mark.parametrize("field", ["From", "Owner", "Tags"])
def test_a_message_without_sender_or_tags_cannot_be_evaluated(field: str) -> None:
    fields = {
        "Id": PROCESS,
        "From": OWNER,
        "Owner": OWNER,
        "Target": PROCESS,
        "Tags": [],
        "Block-Height": 1,
        "Module": "x",
    }
    del fields[field]
    assert "Error" in ModuleInstance().handle(fields, _ENV)


@pytest.mark.parametrize(("height", "fails"), [(7, False), ("7", False), ("abc", True), (7.5, True), (None, True)])
def test_the_first_message_needs_a_whole_block_height(height: Any, fails: bool) -> None:
    fields = {"Id": PROCESS, "From": OWNER, "Owner": OWNER, "Target": PROCESS, "Tags": [], "Module": "x"}
    assert ("Error" in ModuleInstance().handle({**fields, "Block-Height": height}, _ENV)) is fails
