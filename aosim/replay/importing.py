"""Recorded traffic of another network, as JSON, as a run of this one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from aosim.clock import START_MS
from aosim.errors import UsageError
from aosim.ids import is_address
from aosim.luavm.bundle import load_source
from aosim.replay.letters import Letter, letters_of
from aosim.simulation import Simulation

#: Tags of a Process message that a spawn writes by itself, or that say what is given otherwise.
_OWN_TAGS = frozenset(
    [
        *("App-Name", "Name", "aos-Version", "On-Boot", "Source-File", "Data-Protocol", "Variant", "Type", "Module"),
        *("Content-Type", "SDK"),
    ]
)


class Place(NamedTuple):
    """A process that traffic is imported for: the code it runs, and which process it was on its network."""

    source: str | Path
    address: str = ""  # "" for the one that the traffic is for


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """The run that traffic has become, and what could not be kept of it."""

    simulation: Simulation
    messages: int  # that arrived
    elsewhere: Mapping[str, int]  # how many were to others, by address: they were left out
    remarks: tuple[str, ...]  # what could not be kept

    def __str__(self) -> str:
        lines = [f"{self.messages:,} messages imported, fingerprint {self.simulation.fingerprint[:8]}"]
        if self.elsewhere:
            lines.append(f"{sum(self.elsewhere.values()):,} messages to {len(self.elsewhere):,} others left out")
        return "\n".join([*lines, *self.remarks])


def import_traffic(
    traffic: str | Path | Sequence[Any] | Mapping[str, Any],
    processes: Mapping[str, str | Path | Place],
    *,
    journal: str | Path | None = None,
    seed: int = 0,
    fidelity: str = "docs",
    prepare: Callable[[Simulation], None] | None = None,
) -> Imported:
    """Let processes have the messages that others got on another network, in order, at their times.

    `traffic` is a file of JSON, or what it holds: a list of messages, the answer of a gateway
    (`data.transactions.edges`), of a scheduler or of a compute unit (edges with `message` and
    `assignment`). `processes` says what code runs, by name: {"ledger": "ledger.lua"}; with several of
    them each is a `Place(source, address)`. A process keeps the address it had, its messages their
    ids, senders, tags and times; nonces and block heights are those of this simulation, see
    `remarks`. What a process sends to the imported ones is lost, for the traffic holds what they
    got; all else is delivered.

    `prepare` is given the simulation while it is empty, to observe it. Raises UsageError for JSON
    that is no traffic, and what `Simulation.spawn` raises.
    """
    letters = _in_order(letters_of(_read(traffic)))
    places = {name: one if isinstance(one, Place) else Place(one) for name, one in processes.items()}
    addresses = _addresses(places, letters)
    births = {one.id: one for one in letters if one.is_process}
    known = frozenset(addresses.values())
    mine = [one for one in letters if one.target in known and not one.is_process]
    times = [one.timestamp_ms for one in mine if one.timestamp_ms is not None]
    for place in places.values():
        load_source(place.source)  # so that nothing of a run is there yet when it is refused
    sim = Simulation(seed, fidelity=fidelity, start_ms=min(times, default=START_MS), journal=journal)
    if prepare is not None:
        prepare(sim)
    due_ms = sim.start_ms
    try:
        for name, place in places.items():
            _spawn(sim, name, place, addresses[name], births.get(addresses[name]))
        for name in places:
            sim.faults.loss(1.0, link=("*", name))
        for letter in mine:
            due_ms = max(due_ms, letter.timestamp_ms or 0)
            sim._inlet.receive(tuple(letter.message()), due_ms)
        sim.flush()
        sim.run(until=max(sim.now_ms, due_ms))
        sim.run()
    except BaseException:
        sim.close()
        if journal is not None and not sim._engine.events:
            Path(journal).unlink(missing_ok=True)  # a process that could not be made: nothing has happened
        raise
    return Imported(
        simulation=sim,
        messages=len(mine),
        elsewhere=Counter(one.target for one in letters if one.target not in known and not one.is_process),
        remarks=tuple(_remarks(sim, mine)),
    )


def _read(traffic: str | Path | Sequence[Any] | Mapping[str, Any]) -> Any:
    if not isinstance(traffic, str | Path):
        return traffic
    path = Path(traffic)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror or problem}") from None
    except UnicodeError:
        raise UsageError(f"{path}: it is no text, so no JSON") from None
    try:
        return json.loads(text)
    except ValueError as whole:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line) for line in lines]  # one object per line
        except ValueError:
            raise UsageError(f"{path}: it is no JSON: {whole}") from None


def _in_order(letters: list[Letter]) -> list[Letter]:
    """By nonce where all of a process have one, else by time where all have one, else as they came."""
    if all(one.nonce is not None for one in letters) and len({one.target for one in letters}) == 1:
        return sorted(letters, key=lambda one: one.nonce or 0)
    if all(one.timestamp_ms is not None for one in letters):
        return sorted(letters, key=lambda one: (one.timestamp_ms or 0, one.nonce or 0))
    return letters


def _addresses(places: Mapping[str, Place], letters: list[Letter]) -> dict[str, str]:
    """The address of each process on its network."""
    if not places:
        raise UsageError("no process is named that gets the messages: give one, as in {'ledger': 'ledger.lua'}")
    targets = Counter(one.target for one in letters if not one.is_process) or Counter(one.id for one in letters)
    if not targets:
        raise UsageError("the traffic holds no message")
    found = {}
    for name, place in places.items():
        if place.address:
            if place.address not in targets:
                raise UsageError(f"{name}: nothing in the traffic is to {place.address}. {_told(targets)}")
            found[name] = place.address
        elif name in targets:
            found[name] = name
        elif len(places) == 1 and len(targets) == 1:
            (found[name],) = targets
        else:
            raise UsageError(f"{name}: the traffic is for several processes, say which one it was. {_told(targets)}")
    return found


def _told(targets: Counter[str]) -> str:
    shown = ", ".join(f"{target or 'nobody'} ({count:,})" for target, count in targets.most_common(6))
    return f"Messages are to {shown}{' and others' if len(targets) > 6 else ''}"


def _spawn(sim: Simulation, name: str, place: Place, address: str, birth: Letter | None) -> None:
    """Make a process at the address it had, by its owner and with its tags when the traffic tells them."""
    tags: list[tuple[str, str]] = []
    if birth is not None:
        pairs = zip(birth.flat[::2], birth.flat[1::2], strict=True)
        tags = [(key, value) for key, value in pairs if key not in _OWN_TAGS]
    plan = sim._spawner.plan(
        place.source,
        name=name,
        owner=birth.owner if birth is not None and is_address(birth.owner) else None,
        tags=tags,
        module="aos",
        cron=None,
        on_boot=True,
        file=None,
    )
    sim._inlet.spawn(plan._replace(identity=address if is_address(address) else ""))


def _remarks(sim: Simulation, letters: list[Letter]) -> list[str]:
    """What is not as it was there."""
    remarks = []
    without = {
        "no time: arrived right after the one before": sum(one.timestamp_ms is None for one in letters),
        "no data, of which a gateway only tells the size": sum(one.data is None for one in letters),
        "an id that is none: got one made from the content": sum(one.made_id for one in letters),
    }
    remarks += [
        f"{_messages(count)} {'have' if count > 1 else 'has'} {what}" for what, count in without.items() if count
    ]
    times = [one.timestamp_ms for one in letters if one.timestamp_ms is not None]
    late = sum(after < before for before, after in pairwise(times))
    if late:
        remarks.append(f"{_messages(late)} older than the one before: arrived with it, as time has gone on")
    return remarks


def _messages(count: int) -> str:
    return f"{count:,} message{'s' * (count != 1)}"
