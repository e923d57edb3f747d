"""The fields of requests: each is what it should be, or the request is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aosim.protocol.refusals import bad_request

Request = Mapping[str, Any]


def text(request: Request, name: str) -> str:
    """A field that is a text."""
    found: str = _of_kind(request, name, str, "a text")
    return found


def text_or_none(request: Request, name: str) -> str | None:
    """A field that is a text, absent or null."""
    return None if request.get(name) is None else text(request, name)


def mapping(request: Request, name: str) -> dict[str, Any]:
    """A field that is an object."""
    found: dict[str, Any] = _of_kind(request, name, dict, "an object")
    return found


def mapping_or_empty(request: Request, name: str) -> dict[str, Any]:
    """A field that is an object, absent or null."""
    return {} if request.get(name) is None else mapping(request, name)


def texts(request: Request, name: str) -> list[str]:
    """A field that is a list of texts."""
    found: list[Any] = _of_kind(request, name, list, "a list")
    if not all(isinstance(item, str) for item in found):
        raise bad_request(f"{name}: every item must be a text")
    return found


def whole(request: Request, name: str, default: int, *, least: int = 0) -> int:
    """A field that is a whole number from `least` up; absent or null it is the default."""
    value = request.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**53:
        raise bad_request(f"{name} must be a whole number from {least:,} up, not {_shown(value)}")
    return value


def whole_given(request: Request, name: str, *, least: int = 0) -> int:
    """A field that is a whole number from `least` up."""
    if request.get(name) is None:
        raise bad_request(f"{name} must be a whole number from {least:,} up, it is missing")
    return whole(request, name, least, least=least)


def flag(request: Request, name: str) -> bool:
    """A field that is true or false; absent or null it is false."""
    return request.get(name) is not None and bool(_of_kind(request, name, bool, "true or false"))


def tags(request: Request, name: str) -> tuple[str, ...]:
    """A field that is a list of {name, value}, both texts, as flat tags; absent or null it is empty."""
    if request.get(name) is None:
        return ()
    flat: list[str] = []
    for tag in _of_kind(request, name, list, "a list"):
        for part in ("name", "value"):
            value = tag.get(part) if isinstance(tag, dict) else None
            if not isinstance(value, str):
                raise bad_request(f"{name}: a tag is an object with the texts name and value, not {_shown(tag)}")
            flat.append(value)
    return tuple(flat)


def _of_kind(request: Request, name: str, kind: type, said: str) -> Any:
    value = request.get(name)
    if not isinstance(value, kind):
        found = f"not {_shown(value)}" if name in request else "it is missing"
        raise bad_request(f"{name} must be {said}, {found}")
    return value


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."
