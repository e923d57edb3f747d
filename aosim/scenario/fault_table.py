"""The table [faults] of a scenario: rates, rates of single links, and single faults."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from aosim.errors import UsageError
from aosim.faults import Fault, Faults, Rate, read_strikes
from aosim.scenario.check import Table
from aosim.scenario.model import ScenarioError
from aosim.scenario.values import duration_ms

_NUMBERS = {field.name: field.type for field in fields(Faults) if field.type in ("float", "int")}
_RATE_KEYS = ("kind", "rate", "from", "to", "ms", "losing", "since", "until")


def read_faults(file: str, found: Any) -> Faults:
    """The plan that a table describes. Raises ScenarioError for whatever cannot be right."""
    if found is None:
        return Faults()
    if not isinstance(found, dict):
        raise ScenarioError(f"{file}: 'faults' is one table: [faults]")
    table = Table(f"{file}, [faults]", found, (*_NUMBERS, "rate", "strikes"))
    given = {name: _number(table, name, kind) for name, kind in _NUMBERS.items() if name in table}
    try:
        return Faults(**given, rates=_rates(file, table), strikes=_strikes(table))
    except ScenarioError:
        raise
    except UsageError as problem:
        raise ScenarioError(f"{table.where}: {problem}") from None


def _number(table: Table, name: str, kind: Any) -> Any:
    found = table.raw(name)
    if kind == "float":
        return found
    return _ms(table, name) if name.endswith("_ms") else table.number(name, 0)


def _rates(file: str, faults: Table) -> tuple[Rate, ...]:
    found = faults.raw("rate") or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ScenarioError(f"{faults.at('rate')}: it is written as a table of its own: [[faults.rate]]")
    return tuple(
        _rate(Table(f"{file}, [[faults.rate]] {number}", one, _RATE_KEYS)) for number, one in enumerate(found, 1)
    )


def _rate(table: Table) -> Rate:
    if "rate" not in table:
        raise ScenarioError(f"{table.where}: the key 'rate' is missing")
    ends = table.text("from", "*"), table.text("to", "*")
    until_ms = _ms(table, "until") if "until" in table else None
    ms, since_ms = (_ms(table, key) if key in table else 0 for key in ("ms", "since"))
    try:
        return Rate(table.need("kind"), table.raw("rate"), *ends, ms, table.number("losing", 0), since_ms, until_ms)
    except ScenarioError:
        raise
    except UsageError as problem:
        raise ScenarioError(f"{table.where}: {problem}") from None


def _strikes(table: Table) -> tuple[Fault, ...]:
    found = table.raw("strikes") or []
    lines = [found] if isinstance(found, str) else found
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ScenarioError(f'{table.at("strikes")}: a list of texts, as in ["lose alice>ledger#17"]')
    return tuple(fault for line in lines for fault in read_strikes(line, table.at("strikes") + ":"))


def _ms(table: Table, key: str) -> int:
    """Whole milliseconds, or a duration."""
    if isinstance(table.raw(key), str):
        try:
            return duration_ms(table.raw(key), table.at(key))
        except UsageError as problem:
            raise ScenarioError(str(problem)) from None
    return table.number(key, 0)
