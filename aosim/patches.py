"""The state tree that a process of the module hyper-aos publishes by messages to patch@1.0.

Each such message is merged into the tree when the evaluation that sent it is committed: tables into
tables, anything else takes the place of what was there. Nobody receives it.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from aosim.errors import UnknownName, UsageError
from aosim.message import Outgoing, find_tag

DEVICE = "patch@1.0"
_VIEWS = ("now", "compute")  # how the network's paths to a state begin


def patch_of(asked: Outgoing) -> str | None:
    """The patch that a message of a process is, as JSON; None when it is an ordinary message."""
    return asked.data if not asked.target and find_tag(asked.flat, "device") == DEVICE else None


def apply_patch(tree: dict[str, Any], patch: str) -> None:
    """Merge a patch into a tree."""
    change = json.loads(patch)
    if isinstance(change, dict):
        _merge(tree, change)


def _merge(tree: dict[str, Any], change: dict[str, Any]) -> None:
    for name, value in change.items():
        present = tree.get(name)
        if isinstance(value, dict) and isinstance(present, dict):
            _merge(present, value)
        else:
            tree[name] = value


def look_up(tree: dict[str, Any], path: str) -> Any:
    """What stands at a path such as "cache/balances/alice": a copy. Lists count from 1, as in Lua.

    A name is found in any case when none is spelled exactly so. "now/" and "compute/" in front are
    left out. Raises UnknownName, with what there is, and UsageError for a path through what is no table.
    """
    names = [name for name in path.split("/") if name]
    if names and names[0] in _VIEWS and names[0] not in tree:
        names = names[1:]
    place: Any = tree
    for number, name in enumerate(names):
        if not isinstance(place, dict | list):
            so_far = "/".join(names[:number])
            raise UsageError(f"{path!r}: {so_far!r} is {_kind_of(place)} in this state, there is nothing below it")
        inner = _children(place)
        if name not in inner:
            alike = [other for other in inner if other.lower() == name.lower()]
            if len(alike) != 1:
                raise UnknownName(name, inner, kind=f"state at {path!r}:")
            name = alike[0]
        place = inner[name]
    return deepcopy(place)


def _kind_of(value: object) -> str:
    if value is None:
        return "nothing"
    return "a text" if isinstance(value, str) else "true or false" if isinstance(value, bool) else "a number"


def _children(place: Any) -> dict[str, Any]:
    if isinstance(place, list):
        return {str(number): item for number, item in enumerate(place, 1)}
    return place if isinstance(place, dict) else {}
