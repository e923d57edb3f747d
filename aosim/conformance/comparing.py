"""When two answers to one message count as equal, and when as strictly equal.

Strictly: everything agrees, down to colours, prompts and error texts, but for addresses, the order of
object keys, and the order of tags of different names. Texts that hold JSON are compared as JSON.

Equal: the same without colours, without prompts and `Output.test`, and without the positions that the
runtime's own files put into error texts. Where Lua itself stumbled in one of those files, what it then
says depends on how that file is written: any error of ours is equal to it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

from aosim.colours import without_colours

_ADDRESS = re.compile(r"\b(function|table|thread|userdata|file)(: | \()(?:builtin: )?(?:0x)?[0-9a-fA-F]{1,16}\b(\)?)")
_OWN_PLACE = re.compile(r'\[string "(?:\.[^"\n]*|json|ao|__[^"\n]*)"\]:\d+: ')
_STUMBLED = re.compile(r"attempt to |bad argument #|invalid value \(")
_TRACEBACK = re.compile(r"\s*stack traceback:\n(?:[ \t]+[^\n]*(?:\n|$))*")
_SEEN_OTHERWISE = ("prompt", "test", "print")  # fields of an Output that only strict equality takes as they are


def difference(wanted: dict[str, Any], got: dict[str, Any], *, unordered: bool, strict: bool = True) -> str:
    """What differs, the part first ("Messages: wanted ..., got ..."), or "" when the answers are equal.

    `unordered` compares texts as bags of lines: the case prints tables whose order is not defined.
    """
    if ("Error" in wanted) != ("Error" in got):
        return f"error: wanted {wanted.get('Error')!r}, got {got.get('Error')!r}"
    if "Error" in wanted:
        return _error_difference(wanted, got, unordered, strict)
    for part in ("Output", "Messages", "Spawns", "Assignments"):
        one, other = wanted.get(part), got.get(part)
        if part == "Output" and not strict:
            one, other = _shown(one), _shown(other)
        if _key(one, unordered) != _key(other, unordered):
            return f"{part}: wanted {one!r}, got {other!r}"
    return ""


def _error_difference(wanted: dict[str, Any], got: dict[str, Any], unordered: bool, strict: bool) -> str:
    one, other = wanted["Error"], got["Error"]
    if wanted.get("Trap"):
        return ""  # it could not encode its answer
    if not strict:
        if isinstance(one, str) and _stumbled_inside(one):
            return ""
        one, other = _said(one), _said(other)
    if _key(one, unordered) == _key(other, unordered):
        return ""
    return f"error text: wanted {one!r}, got {other!r}"


def _stumbled_inside(error: str) -> bool:
    text = without_colours(error)
    places = list(_OWN_PLACE.finditer(text))
    return bool(places) and _STUMBLED.match(text, places[-1].end()) is not None


def _said(error: Any) -> Any:
    """An error as its author would read it."""
    if not isinstance(error, str):
        return error
    return " ".join(_OWN_PLACE.sub("", _TRACEBACK.sub("\n", without_colours(error))).split())


def _shown(output: Any) -> Any:
    """An Output as it reads without colours, and without what only a terminal would show."""
    if not isinstance(output, dict):
        return output
    data = output.get("data")
    plain = {name: value for name, value in output.items() if name not in _SEEN_OTHERWISE}
    plain["data"] = without_colours(data) if isinstance(data, str) else data
    plain["print"] = bool(output.get("print"))
    return plain


def _key(value: Any, unordered: bool) -> Any:
    if value is None or value == [] or value == {}:
        return ("nothing",)
    if isinstance(value, str):
        return _text_key(value, unordered)
    if isinstance(value, list):
        return tuple(_key(item, unordered) for item in value)
    if isinstance(value, dict):
        return tuple(sorted((name, _field_key(name, item, unordered)) for name, item in value.items()))
    return (type(value) is bool, value)


def _field_key(name: str, value: Any, unordered: bool) -> Any:
    if name == "Tags" and isinstance(value, list):
        return _tags_key(value, unordered)
    if name == "test" and unordered:
        return ()
    return _key(value, unordered)


def _tags_key(tags: list[Any], unordered: bool) -> Any:
    by_name = defaultdict(list)
    for tag in tags:
        name = json.dumps(tag.get("name")) if isinstance(tag, dict) else "?"
        by_name[name].append(_key(tag, unordered))
    return tuple(sorted((name, tuple(values)) for name, values in by_name.items()))


def _text_key(text: str, unordered: bool) -> Any:
    if text[:1] in ("[", "{"):
        try:
            return ("json", json.dumps(json.loads(text), sort_keys=True))
        except ValueError:
            pass
    text = _ADDRESS.sub(lambda found: found[1] + found[2] + "0x" + found[3], text)
    if unordered:
        return ("lines", tuple(sorted(line.strip().rstrip(",") for line in text.split("\n"))))
    return ("text", text)
