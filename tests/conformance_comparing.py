"""When two answers to one message count as equal.

Strictly: everything agrees, down to colours and error texts, but for addresses, the order of object
keys, and the order of tags of different names. Texts that hold JSON are compared as JSON.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

_ADDRESS = re.compile(r"\b(function|table|thread|userdata|file)(: | \()(?:builtin: )?(?:0x)?[0-9a-fA-F]{1,16}\b(\)?)")


def difference(wanted: dict[str, Any], got: dict[str, Any], *, unordered: bool) -> str:
    """What differs, or "" when the answers are equal."""
    if ("Error" in wanted) != ("Error" in got):
        return f"error: wanted {wanted.get('Error')!r}, got {got.get('Error')!r}"
    if "Error" in wanted:
        if wanted.get("Trap") or _key(wanted["Error"], unordered) == _key(got["Error"], unordered):
            return ""
        return f"error text: wanted {wanted['Error']!r}, got {got['Error']!r}"
    for part in ("Output", "Messages", "Spawns", "Assignments"):
        if _key(wanted.get(part), unordered) != _key(got.get(part), unordered):
            return f"{part}: wanted {wanted.get(part)!r}, got {got.get(part)!r}"
    return ""


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
