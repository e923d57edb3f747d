"""Lines in, lines out: requests from JSON, answers to JSON."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from aosim.luavm.border import to_bytes
from aosim.protocol.refusals import bad_request

_DIGITS_MAX = 4_000  # more are no number to anybody
_HALF = re.compile(r"[\ud800-\udfff]")


class Raw(bytes):
    """JSON text that is put into an answer as it is."""


def read_line(line: bytes) -> Any:
    """The JSON value on a line, its numbers as JavaScript reads them: 5.0 is 5.

    Halves of characters, which stand for no text, become U+FFFD. Refuses, as a bad request, what is
    no JSON.
    """
    try:
        value = json.loads(line.decode(), parse_float=_number, parse_int=_number, parse_constant=_no_number)
    except UnicodeDecodeError as problem:
        raise bad_request(f"not UTF-8 at byte {problem.start}") from None
    except RecursionError:
        raise bad_request("nested too deeply") from None
    except ValueError as problem:
        raise bad_request(f"not JSON: {problem}") from None
    return _mended(value) if b"\\ud" in line or b"\\uD" in line else value


def json_text(value: object) -> bytes:
    """A value that was read from a line, as JSON in UTF-8."""
    return to_bytes(_encode(value))


def write_line(fields: dict[str, Any]) -> bytes:
    """An answer as a line, its end included. Raw fields come last."""
    line = json_text({name: value for name, value in fields.items() if not isinstance(value, Raw)})
    for name, value in fields.items():
        if isinstance(value, Raw):
            line = b"%b,%b:%b}" % (line[:-1], json_text(name), value)
    return line + b"\n"


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # made once: it costs more than its use


def _number(text: str) -> int | float | None:
    if text.lstrip("-").isdigit() and len(text) <= _DIGITS_MAX:
        return int(text)
    value = float(text)
    if value - value != 0:
        return None  # as JSON.stringify writes a number that is too large for one
    return int(value) if value.is_integer() and abs(value) < 2**63 else value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value
