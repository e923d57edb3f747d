"""What a caller gives, looked at before anything is changed: each check returns what it let pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aosim.errors import UsageError


def check_whole(name: str, value: object, *, least: int = 0, unit: str = " of milliseconds") -> int:
    """The whole number itself. Raises UsageError for what is none (True and 1.0 are none) or too small."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"{name}={value!r}: a whole number{unit} from {least} up")
    return value


def check_text(text: object, what: str) -> str:
    """The text itself. Raises UsageError for what is no text, or stands for no bytes."""
    if not isinstance(text, str):
        raise UsageError(f"{what} is {type(text).__name__}, it must be text. Use json.dumps(...)?")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as problem:
        raise UsageError(
            f"{what} holds {text[problem.start]!r}, half a character that stands for no bytes. "
            f"Clean it with text.encode('utf-8', 'replace').decode()."
        ) from None
    return text


def text_tags(tags: Mapping[str, object] | Iterable[tuple[str, object]], where: str) -> tuple[str, ...]:
    """Tags as a flat tuple, in the order given. Raises UsageError for what is not text."""
    flat: list[str] = []
    for name, value in tags.items() if isinstance(tags, Mapping) else tags:
        if not isinstance(name, str) or not isinstance(value, str):
            raise UsageError(
                f"{where}: tag {name!r} is {type(value).__name__} {value!r}; tags are text. {_as_text(name, value)}"
            )
        flat += (check_text(name, f"{where}: a tag name"), check_text(value, f"{where}: tag {name!r}"))
    return tuple(flat)


def _as_text(name: object, value: object) -> str:
    if value is None:
        return "Leave it out when there is nothing to say."
    if isinstance(value, (int, float)):
        return f"Write {name}={str(value)!r}, or put structured values into data as JSON."
    return "Put structured values into data as JSON: json.dumps(...)."


def text_data(data: str | None, named: dict[str, str], where: str) -> str | None:
    """The data of a message, given as `data=` or as `Data=`, which is taken out of the named tags."""
    if "Data" in named:
        if data is not None:
            raise UsageError(f"{where} has data= and Data=: give one of them")
        data = named.pop("Data")
    return None if data is None else check_text(data, f"{where}: data")
