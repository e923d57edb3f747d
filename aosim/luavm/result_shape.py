"""The shape of what a module of one's own answers: a result, or what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator

_LISTS = ("Messages", "Spawns", "Assignments")
_WAY_OUT = (
    "A result is a table { Output, Messages, Spawns, Assignments }, the last three lists of tables: "
    "return ao.result({ Output = ... }) makes one of what ao.send, ao.spawn and ao.assign were given"
)
_SHOWN_MAX = 60  # characters of a value that is told


def malformed(answer: object) -> str | None:
    """What is wrong with a result, as JSON has it, in words for the author of the module; None when nothing is.

    Nothing at all is a result without anything in it. A compute unit would take what it understands and lose
    the rest in silence.
    """
    problem = next(_problems(answer), None)
    return None if problem is None else f"handle returned a malformed result: {problem}. {_WAY_OUT}"


def _problems(answer: object) -> Iterator[str]:
    if answer is None or answer == []:  # an empty table is an empty list in JSON
        return
    if not isinstance(answer, dict):
        yield f"it is {_told(answer)}"
        return
    for name in _LISTS:
        found = answer.get(name)
        if found is None:
            continue
        if not isinstance(found, list):
            yield f"{name} is {_told(found)}, not a list"
            continue
        for number, item in enumerate(found, 1):
            if not isinstance(item, dict):
                yield f"{name}[{number}] is {_told(item)}, not a table with fields"
            elif name == "Assignments":
                yield from _assignment_problems(f"Assignments[{number}]", item)
            else:
                yield from _tag_problems(f"{name}[{number}].Tags", item.get("Tags"))


def _tag_problems(place: str, tags: object) -> Iterator[str]:
    if tags is None:
        return
    if not isinstance(tags, list):
        yield f"{place} is {_told(tags)}, not a list of {{ name = ..., value = ... }}"
        return
    for number, tag in enumerate(tags, 1):
        if not isinstance(tag, dict) or not {"name", "value"} <= tag.keys():
            yield f"{place}[{number}] is {_told(tag)}, not {{ name = ..., value = ... }}"


def _assignment_problems(place: str, wanted: dict[str, object]) -> Iterator[str]:
    if not isinstance(wanted.get("Message"), str):
        yield f"{place}.Message is {_told(wanted.get('Message'))}, not the id of a message"
    processes = wanted.get("Processes")
    if not isinstance(processes, list) or not all(isinstance(one, str) for one in processes):
        yield f"{place}.Processes is {_told(processes)}, not a list of ids"


def _told(value: object) -> str:
    if value is None:
        return "nil"
    if isinstance(value, dict):
        return "a table with fields"
    if value == []:
        return "an empty table"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
