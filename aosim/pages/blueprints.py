"""The blueprints that `.load-blueprint NAME` finds."""

from __future__ import annotations

#: Lua texts by name. There are none so far: a page that asks for one is told so.
_BLUEPRINTS: dict[str, str] = {}


def blueprint(name: str) -> str | None:
    """The Lua text of a blueprint, or None when there is none of that name."""
    return _BLUEPRINTS.get(name)
