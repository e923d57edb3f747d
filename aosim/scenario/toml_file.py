"""Scenarios written in TOML, read and checked whole before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aosim.cron import CronSpec, parse_interval
from aosim.errors import AosimError
from aosim.fates import Counts, Fate
from aosim.ids import is_address
from aosim.limits import Limits
from aosim.luavm.border import to_text
from aosim.luavm.bundle import load_source
from aosim.message import flat_tags
from aosim.network import Constant, Latency, Lognormal, Uniform
from aosim.orders import Order
from aosim.outside import check_size
from aosim.scenario.check import Table, unknown
from aosim.scenario.expect import CHECKS
from aosim.scenario.fault_table import read_faults
from aosim.scenario.model import Expectation, ItemPlan, MessagePlan, ProcessPlan, ScenarioError, Settings
from aosim.scenario.runner import Scenario
from aosim.scenario.values import check_reference, duration_ms
from aosim.simulation import FIDELITIES

T = TypeVar("T")
_TOP = ("simulation", "wallet", "item", "process", "link", "message", "expect", "always", "faults")
_LATENCY_KEYS = {"uniform": ("low_ms", "high_ms"), "lognormal": ("median_ms", "sigma")}
_REPEATS_MAX = 100_000  # sendings of one [[message]]


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises ScenarioError, naming file, table and key, for whatever cannot be right; SourceError for
    its Lua. Nothing is run.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScenarioError(f"no file {str(path)!r}. Scenario files there: {_neighbours(path)}") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"{path}: {problem}") from None
    except tomllib.TOMLDecodeError as problem:
        raise ScenarioError(f"{path}: no TOML: {problem}. Mend that line and load it again") from None
    return _Reader(path, document).scenario()


def _neighbours(path: Path) -> str:
    near = sorted(other.name for other in path.parent.glob("*.toml")) if path.parent.is_dir() else []
    return ", ".join(near[:8]) or "none"


class _Reader:
    """One file. Its tables are read in the order in which they need one another."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self._path = path
        self._top = Table(path.name, document, _TOP)
        self._wallets: list[str] = ["owner"]
        self._processes: list[str] = []
        self._labels: list[str] = []

    def scenario(self) -> Scenario:
        for table in self._tables("wallet", ("name",)):
            self._new_name(table, self._wallets)
        items = tuple(map(self._item, self._tables("item", ("id", "data", "source", "owner", "tags"))))
        plans = self._tables("process", ("name", "source", "code", "owner", "tags", "cron", "module", "on_boot"))
        processes = tuple(map(self._process, plans))
        settings = self._settings()
        keys = ("at", "after", "every", "count", "until", "from", "to", "data", "tags", "label")
        moment_ms, messages = 0, []
        for table in self._tables("message", keys):
            moment_ms, message = self._message(table, moment_ms, settings.for_ms)
            messages.append(message)
        every_check = tuple(dict.fromkeys((*CHECKS, *(key for keys in CHECKS.values() for key in keys))))
        return Scenario(
            title=str(self._path),
            settings=settings,
            wallets=tuple(self._wallets),
            items=items,
            processes=processes,
            messages=tuple(messages),
            expectations=tuple(self._expectation(table) for table in self._tables("expect", every_check)),
            invariants=tuple(map(self._invariant, self._tables("always", every_check))),
        )

    @property
    def _names(self) -> list[str]:
        return [*self._processes, *self._wallets]

    def _tables(self, key: str, keys: Collection[str]) -> list[Table]:
        found = self._top.raw(key)
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ScenarioError(f"{self._path.name}: {key!r} is written as a table of its own: [[{key}]]")
        return [Table(f"{self._path.name}, [[{key}]] {number}", one, keys) for number, one in enumerate(found, 1)]

    def _new_name(self, table: Table, names: list[str]) -> str:
        name = table.need("name")
        if name in self._names and not (name == "owner" and names is self._wallets):
            raise ScenarioError(f"{table.at('name')}: {name!r} is taken, each name may be used once")
        if name not in names:
            names.append(name)
        return name

    # Processes

    def _process(self, table: Table) -> ProcessPlan:
        tags = table.tags("tags")
        self._check_references(table, "tags", tags)
        name = self._new_name(table, self._processes)
        module = self._module(table)
        return ProcessPlan(
            name=name,
            source=self._source(table, module),
            owner=self._owner(table),
            tags=tags,
            cron=self._cron(table),
            module=module,
            on_boot=table.flag("on_boot", True),
        )

    def _source(self, table: Table, module: Path | str) -> Path | str:
        if isinstance(module, Path) and "source" not in table and "code" not in table:
            return ""  # all the code there is, is that of the module
        key = table.one_of("source", "code")
        source: str | Path = self._path.parent / table.need("source") if key == "source" else table.need("code") + "\n"
        _told(table.at(key), partial(load_source, source))
        return source

    def _owner(self, table: Table) -> str:
        owner = table.text("owner", "owner")
        if owner not in self._wallets and not is_address(owner):
            raise unknown(table.at("owner"), owner, self._wallets, "wallet")
        return owner

    def _module(self, table: Table) -> Path | str:
        module = table.text("module", "aos")
        if not module.endswith(".lua"):
            return module
        path = self._path.parent / module
        _told(table.at("module"), partial(load_source, path))
        return path

    def _item(self, table: Table) -> ItemPlan:
        tags = table.tags("tags")
        self._check_references(table, "tags", tags)
        key = table.one_of("data", "source")
        data = table.need("data") if key == "data" else self._text(table, table.need("source"))
        return ItemPlan(data=data, id=table.need("id") if "id" in table else None, owner=self._owner(table), tags=tags)

    def _text(self, table: Table, name: str) -> str:
        try:
            return to_text((self._path.parent / name).read_bytes())
        except OSError as problem:
            raise ScenarioError(f"{table.at('source')}: {name}: {problem.strerror or problem}") from None

    def _cron(self, table: Table) -> CronSpec | None:
        found = table.raw("cron")
        lines = [found] if isinstance(found, str) else found
        if lines is None:
            return None
        if not isinstance(lines, (list, dict)) or not all(isinstance(line, str) for line in lines):
            raise ScenarioError(
                f'{table.at("cron")}: write "5-minutes", a list of these, or {{"5-minutes" = {{Action = "Tick"}}}}'
            )
        for line in lines:
            _told(table.at("cron"), partial(parse_interval, line))
        if isinstance(lines, list):
            return lines
        inner = Table(table.at("cron"), lines, tuple(lines))
        return {line: dict(inner.tags(line)) for line in lines}

    # The world

    def _settings(self) -> Settings:
        found = self._top.raw("simulation") or {}
        if not isinstance(found, dict):
            raise ScenarioError(f"{self._path.name}: 'simulation' is one table: [simulation]")
        keys = ("seed", "fidelity", "latency", "order", "start", "for", "hops_max", "journal")
        table = Table(f"{self._path.name}, [simulation]", found, keys)
        fidelity = table.text("fidelity", "docs")
        if fidelity not in FIDELITIES:
            raise unknown(table.at("fidelity"), fidelity, FIDELITIES, "fidelity")
        standard = Settings()
        return Settings(
            seed=table.number("seed", standard.seed),
            fidelity=fidelity,
            latency=self._latency(table) if "latency" in table else standard.latency,
            links=dict(map(self._link, self._tables("link", ("from", "to", "latency")))),
            start_ms=_start_ms(table) if "start" in table else standard.start_ms,
            for_ms=self._duration(table, "for") if "for" in table else None,
            order=_order(table) if "order" in table else standard.order,
            faults=read_faults(self._path.name, self._top.raw("faults")),
            hops_max=table.number("hops_max", standard.hops_max),
            journal=self._path.parent / table.need("journal") if "journal" in table else None,
        )

    def _link(self, table: Table) -> tuple[tuple[str, str], Latency]:
        ends = table.need("from"), table.need("to")
        for key, end in zip(("from", "to"), ends, strict=True):
            if end != "*":
                self._check_name(table, key, end)
        if "latency" not in table:
            raise ScenarioError(f"{table.where}: the key 'latency' is missing")
        return ends, self._latency(table)

    def _latency(self, table: Table) -> Latency:
        found, where = table.raw("latency"), table.at("latency")
        if isinstance(found, int) and not isinstance(found, bool):
            return _told(where, lambda: Constant(found))
        if isinstance(found, str):
            return Constant(duration_ms(found, where))
        if not isinstance(found, dict):
            raise ScenarioError(f'{where}: milliseconds, "20ms", or {{model = "uniform", low_ms = 5, high_ms = 40}}')
        model = found.get("model")
        if model not in _LATENCY_KEYS:
            raise unknown(where, str(model), tuple(_LATENCY_KEYS), "model")
        inner = Table(where, found, ("model", *_LATENCY_KEYS[model]))
        if model == "uniform":
            return _told(where, lambda: Uniform(inner.number("low_ms", 0), inner.number("high_ms", 0)))
        sigma = found.get("sigma", 0.5)
        if isinstance(sigma, bool) or not isinstance(sigma, (int, float)):
            raise ScenarioError(f"{where}: sigma is {sigma!r}, not a number")
        return _told(where, lambda: Lognormal(inner.number("median_ms", 0), sigma))

    # The timeline

    def _message(self, table: Table, before_ms: int, for_ms: int | None) -> tuple[int, MessagePlan]:
        """The plan of a message, and its moment: `after` of the next one counts from there."""
        if "at" in table and "after" in table:
            raise ScenarioError(
                f"{table.where}: 'at' counts from the start, 'after' from the message before; give one of them"
            )
        at_ms = before_ms
        if "at" in table:
            at_ms = self._duration(table, "at")
        elif "after" in table:
            at_ms = before_ms + self._duration(table, "after")
        sender, target = table.text("from", "owner"), table.need("to")
        if sender not in self._wallets:
            raise unknown(table.at("from"), sender, self._wallets, "wallet")
        self._check_name(table, "to", target)
        data = table.text("data") if "data" in table else None
        tags = table.tags("tags")
        self._check_references(table, "tags", tags)
        self._check_references(table, "data", (("data", data or ""),))
        _told(table.where, lambda: check_size(target, data, flat_tags(tags), Limits()))
        label = table.text("label")
        if label and label in self._labels:
            raise ScenarioError(f"{table.at('label')}: {label!r} is taken, each label may be used once")
        self._labels.append(label)
        times = self._times(table, at_ms, for_ms)
        return at_ms, MessagePlan(sender=sender, target=target, at_ms=times, data=data, tags=tags, label=label)

    def _times(self, table: Table, at_ms: int, for_ms: int | None) -> tuple[int, ...]:
        if "every" not in table:
            for key in ("count", "until"):
                if key in table:
                    raise ScenarioError(f"{table.at(key)}: it bounds 'every', which is missing")
            return (at_ms,)
        every_ms = self._duration(table, "every")
        if every_ms < 1:
            raise ScenarioError(f"{table.at('every')}: an interval is 1ms or more")
        if "count" in table:
            count = table.number("count", 1)
            if count < 1:
                raise ScenarioError(f"{table.at('count')}: {count} is below 1")
        else:
            until_ms = self._duration(table, "until") if "until" in table else for_ms
            if until_ms is None:
                raise ScenarioError(f"{table.at('every')}: say how often with 'count', 'until', or [simulation] for")
            count = max(0, until_ms - at_ms) // every_ms + 1
        if count > _REPEATS_MAX:
            raise ScenarioError(
                f"{table.at('every')}: {count:,} messages, the limit is {_REPEATS_MAX:,}. Let a process with cron "
                f"do it, or choose a longer interval"
            )
        return tuple(at_ms + number * every_ms for number in range(count))

    # Expectations

    def _expectation(self, table: Table) -> Expectation:
        subject = table.one_of(*CHECKS)
        if subject in ("findings", "dead_letters"):
            return self._expect_list(table, subject)
        if subject == "counts":
            return self._expect_counts(table)
        name = table.need(subject)
        known = {"process": self._processes, "wallet": self._wallets, "message": [one for one in self._labels if one]}
        if name not in known[subject]:
            raise unknown(table.at(subject), name, known[subject], "label" if subject == "message" else subject)
        given = {key: table.raw(key) for key in CHECKS[subject] if key in table}
        for key in (key for checks in CHECKS.values() for key in checks):
            if key in table and key not in given:
                raise ScenarioError(f"{table.at(key)}: not for a {subject}; there are {', '.join(CHECKS[subject])}")
        if not given:
            keys = ", ".join(CHECKS[subject])
            raise ScenarioError(f"{table.where}: nothing is expected. Keys for a {subject}: {keys}")
        self._check_expected(table, given)
        return Expectation(where=table.where, subject=subject, name=name, checks=given)

    def _invariant(self, table: Table) -> Expectation:
        """As an expectation; `eval` alone must be true. Of single messages nothing can always be so."""
        if "message" in table:
            raise ScenarioError(f"{table.at('message')}: what must always be so is no single message's. Use [[expect]]")
        if "eval" in table and "equals" not in table:
            table = table.having("equals", True)
        return self._expectation(table)

    def _check_expected(self, table: Table, given: dict[str, Any]) -> None:
        if ("eval" in given or "read" in given) != ("equals" in given):
            raise ScenarioError(f"{table.where}: 'eval' or 'read' says what to look at, 'equals' what it must be")
        for key in ("eval", "read", "output", "error", "fate", "data"):
            if key in given:
                table.need(key)
        for key in ("errors", "inbox"):
            if key in given:
                table.number(key, 0)
        if "last" in given:
            given["last"] = dict(table.tags("last"))
            self._check_references(table, "last", given["last"].items())
        fates = [str(fate) for fate in Fate]
        if given.get("fate", fates[0]) not in fates:
            raise unknown(table.at("fate"), given["fate"], fates, "fate")

    def _expect_list(self, table: Table, subject: str) -> Expectation:
        found = table.raw(subject)
        texts = isinstance(found, list) and all(isinstance(one, str) for one in found)
        if not texts and type(found) is not int:
            raise ScenarioError(f"{table.at(subject)}: {found!r} is neither a number nor a list of texts")
        return Expectation(where=table.where, subject=subject, name="", checks={subject: found})

    def _expect_counts(self, table: Table) -> Expectation:
        found = table.raw("counts")
        if not isinstance(found, dict):
            raise ScenarioError(f"{table.at('counts')}: write a table, as in {{failed = 0}}")
        inner = Table(table.at("counts"), found, tuple(Counts().as_dict()))
        return Expectation(
            where=table.where, subject="counts", name="", checks={key: inner.number(key, 0) for key in found}
        )

    # Helpers

    def _duration(self, table: Table, key: str) -> int:
        return _told("", lambda: duration_ms(table.raw(key), table.at(key)))

    def _check_name(self, table: Table, key: str, name: str) -> None:
        if name not in self._names and not is_address(name):
            raise unknown(table.at(key), name, self._names, "process or wallet")

    def _check_references(self, table: Table, key: str, values: Collection[tuple[str, str]]) -> None:
        for _, value in values:
            _told("", partial(check_reference, value, self._names, table.at(key)))


def _told(where: str, work: Callable[[], T]) -> T:
    """Do it; what goes wrong is told with its place in the file."""
    try:
        return work()
    except ScenarioError:
        raise
    except AosimError as problem:
        raise ScenarioError(f"{where}: {problem}" if where else str(problem)) from None


def _order(table: Table) -> Order:
    found, where = table.raw("order"), table.at("order")
    if isinstance(found, str):
        return _told("", lambda: Order.parse(found, where))
    return _told(where, lambda: Order(drawn=table.number("order", 0)))


def _start_ms(table: Table) -> int:
    found = table.raw("start")
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)
    if isinstance(found, datetime):
        moment = found if found.tzinfo else found.replace(tzinfo=UTC)
        found = round(moment.timestamp() * 1000)
    if type(found) is not int or found < 0:
        raise ScenarioError(f"{table.at('start')}: a date like 2025-01-01T00:00:00Z, or milliseconds since 1970")
    return found
