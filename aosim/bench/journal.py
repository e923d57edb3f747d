"""What it costs to record a run in a file, and to do it again."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from aosim.bench import plans
from aosim.bench.main import WORKLOADS, Row
from aosim.errors import UnknownName
from aosim.simulation import Simulation

#: How a plan is made, and how much of it for a quick and for a full measurement.
_PLANS: dict[str, tuple[Callable[[int], plans.Plan], int, int]] = {
    "W1": (plans.ping_pong, 5_000, 100_000),
    "W2": (plans.token, 1_000, 20_000),
}


def bench_journal(names: Iterable[str] = (), *, quick: bool = False) -> Iterator[Row]:
    """Measure some workloads (W1 and W2 when none is named), in microseconds of processor time per message.

    Two rows for each: the run with its journal in a file, whose `floor` is the run without, and the
    run done again and compared, as `Simulation.resume` and `aosim replay` do it, whose `floor` is the
    run with the file. They take turns; a figure is the median of its rounds. Raises UnknownName for a
    workload that is not measured so.
    """
    wanted = list(names) or list(_PLANS)
    for name in wanted:
        if name not in _PLANS:
            raise UnknownName(name, _PLANS, kind="workload of the journal")
    return (row for name in wanted for row in _measured(name, quick))


def _measured(name: str, quick: bool) -> Iterator[Row]:
    make, less, more = _PLANS[name]
    plan = make(less if quick else more)
    count = plan.phases[WORKLOADS[name].phase]["messages"]
    costs: dict[str, list[float]] = {"memory": [], "file": [], "again": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1 if quick else 5):
            path = Path(folder) / f"{number}.db"
            costs["memory"].append(_play(plan, None))
            costs["file"].append(_play(plan, path))
            costs["again"].append(_again(path))
            path.unlink()
    memory, file, again = (1e6 * statistics.median(each) / count for each in costs.values())
    yield Row(name, "recorded in a file", "us per message", file, memory, 1.25)
    yield Row(name, "replayed and compared", "us per message", again, file, 1)


def _play(plan: plans.Plan, journal: Path | None) -> float:
    """Seconds for the whole plan, from an empty simulation to its file closed."""
    gc.collect()
    began = time.process_time()
    sim, ids = Simulation(journal=journal), dict[str, str]()
    outside = sim.wallet("outside")
    for kind, *rest in plan.steps:
        if kind == "spawn":
            ids[rest[0]] = sim.spawn(Path(rest[1])).id
        elif kind == "send":
            name, action, *pairs = rest
            tags = dict(pair.split("=", 1) for pair in pairs)
            tags = {key: ids[value[1:]] if value.startswith("@") else value for key, value in tags.items()}
            outside.send(ids[name], tags={"Action": action, **tags})
        elif kind == "run":
            sim.run()
        elif kind == "check":
            assert str(sim.process(ids[rest[0]]).read(rest[1])) == rest[2]
    sim.close()
    return time.process_time() - began


def _again(path: Path) -> float:
    gc.collect()
    began = time.process_time()
    Simulation.resume(path).close()
    return time.process_time() - began
