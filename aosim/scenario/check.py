"""Reading tables of a scenario file key by key, so that each complaint names file, table and key."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from aosim.errors import did_you_mean
from aosim.scenario.model import ScenarioError

_TYPE_NAMES = {str: "a text", int: "a whole number", bool: "true or false", dict: "a table", list: "a list"}


class Table:
    """One table of the file. Whatever is taken from it is of the type asked for, or refused."""

    def __init__(self, where: str, values: dict[str, Any], keys: Collection[str]) -> None:
        self.where = where
        self._values = values
        for key in values:
            if key not in keys:
                raise ScenarioError(f"{where}: no key {key!r}.{did_you_mean(key, keys)} Keys here: {', '.join(keys)}")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def having(self, key: str, value: Any) -> Table:
        """The same table with one more key."""
        return Table(self.where, {**self._values, key: value}, (*self._values, key))

    def at(self, key: str) -> str:
        """How to name the place of a key in a complaint."""
        return f"{self.where}, key {key!r}"

    def raw(self, key: str) -> Any:
        """The value as the file has it, None when it has none."""
        return self._values.get(key)

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        found = self._typed(key, str, default)
        assert isinstance(found, str)
        return found

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        return bool(self._typed(key, bool, default))

    def number(self, key: str, default: int) -> int:
        """A whole number."""
        found = self._typed(key, int, default)
        assert isinstance(found, int)
        return found

    def need(self, key: str) -> str:
        """A text that must be there, and not blank."""
        if key not in self:
            raise ScenarioError(f"{self.where}: the key {key!r} is missing")
        found = self.text(key)
        if not found.strip():
            raise ScenarioError(f"{self.at(key)}: it is blank")
        return found

    def tags(self, key: str) -> tuple[tuple[str, str], ...]:
        """A table of texts, as pairs in the order of the file; a list of texts repeats a name."""
        found = self._typed(key, dict, {})
        return tuple(pair for name, value in found.items() for pair in self._tag(key, name, value))

    def one_of(self, *keys: str) -> str:
        """Which one of some keys is there; exactly one must be."""
        there = [key for key in keys if key in self]
        if len(there) != 1:
            told = " and ".join(map(repr, there)) if there else "none of them"
            raise ScenarioError(f"{self.where}: give one of the keys {', '.join(map(repr, keys))}; there is {told}")
        return there[0]

    def _typed(self, key: str, wanted: type, default: Any) -> Any:
        found = self._values.get(key, default)
        if type(found) is not wanted:
            raise ScenarioError(f"{self.at(key)}: {found!r} is not {_TYPE_NAMES[wanted]}{_quoted(found, wanted)}")
        return found

    def _tag(self, key: str, name: str, value: Any) -> Iterable[tuple[str, str]]:
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, str):
                raise ScenarioError(
                    f"{self.at(key)}: tag {name!r} is {each!r}, and tags are text. Write {name} = {_as_text(each)}"
                )
            yield name, each


def unknown(where: str, name: str, known: Collection[str], kind: str) -> ScenarioError:
    """The complaint about a name that nobody has."""
    shown = ", ".join(known) or "none"
    return ScenarioError(f"{where}: no {kind} {name!r}.{did_you_mean(name, known)} There are: {shown}")


def _quoted(found: Any, wanted: type) -> str:
    return f". Write {_as_text(found)}" if wanted is str and isinstance(found, (int, float)) else ""


def _as_text(value: Any) -> str:
    return f'"{str(value).lower() if isinstance(value, bool) else value}"'
