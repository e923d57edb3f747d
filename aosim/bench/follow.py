"""Follows a plan with the floor or with aosim: `python -m aosim.bench.follow floor|aosim PLAN`."""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

from lupa.lua53 import LuaRuntime

HERE = Path(__file__).resolve().parent


class Simulator(Protocol):
    """What a plan is followed with."""

    def spawn(self, source: str) -> str:
        """Make a process that runs this Lua source; return its id."""

    def send(self, target: str, action: str, data: str, tags: dict[str, str]) -> None:
        """Queue a message from outside."""

    def run_until_idle(self) -> None:
        """Deliver and handle messages until none is left."""

    def read(self, process: str, name: str) -> object:
        """The value of a global variable of a process."""


class Floor:
    """Python hosts Lua through lupa and does nothing else: no ids, no log, no clock, no checks."""

    def __init__(self) -> None:
        self.prelude = (HERE / "floor_prelude.lua").read_bytes()
        self.runtimes: dict[bytes, Any] = {}
        self.handles: dict[bytes, Any] = {}
        self.queue: deque[tuple[bytes, bytes, bytes, bytes, tuple[bytes, ...]]] = deque()

    def spawn(self, source: str) -> str:
        name = f"process-{len(self.handles):035d}"
        runtime = LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False, register_builtins=False)
        runtime.globals()[b"PROCESS_ID"] = name.encode()
        self.handles[name.encode()] = runtime.execute(self.prelude)
        runtime.execute(source.encode())
        self.runtimes[name.encode()] = runtime
        return name

    def send(self, target: str, action: str, data: str, tags: dict[str, str]) -> None:
        flat = [b"Action", action.encode()]
        for key, value in tags.items():
            flat += (key.encode(), value.encode())
        self.queue.append((target.encode(), b"outside", b"0", data.encode(), tuple(flat)))

    def run_until_idle(self) -> None:
        queue, handles = self.queue, self.handles
        pop, push = queue.popleft, queue.append
        while queue:
            target, sender, reference, data, tags = pop()
            out = handles[target](sender, reference, data, *tags)
            if out is None:
                continue
            at, size = 0, len(out)
            while at < size:
                after = at + 4 + 2 * int(out[at + 3])
                push((out[at], target, out[at + 1], out[at + 2], out[at + 4 : after]))
                at = after

    def read(self, process: str, name: str) -> object:
        return self.runtimes[process.encode()].globals()[name.encode()]


class Aosim:
    """The simulator itself, as its users have it."""

    def __init__(self) -> None:
        from aosim import Simulation

        self.simulation = Simulation()
        self.outside = self.simulation.wallet("outside")

    def spawn(self, source: str) -> str:
        return self.simulation.spawn(source).id

    def send(self, target: str, action: str, data: str, tags: dict[str, str]) -> None:
        self.outside.send(target, data or None, tags={"Action": action, **tags})

    def run_until_idle(self) -> None:
        self.simulation.run()

    def read(self, process: str, name: str) -> object:
        return self.simulation.process(process).read(name)


def resident_kb() -> int:
    """Resident memory of this program, in KB."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def say(*fields: object) -> None:
    print("@" + "\t".join(map(str, fields)), flush=True)  # noqa: T201


def follow(path: Path, sim: Simulator) -> None:
    """Carry out the steps of a plan; print a line with time and memory for each measured phase."""
    ids: dict[str, str] = {}
    sources: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, *rest = line.split("\t")
        if kind == "spawn":
            name, file = rest
            if file not in sources:
                sources[file] = Path(file).read_text(encoding="utf-8")
            ids[name] = sim.spawn(sources[file])
        elif kind == "send":
            name, action, *pairs = rest
            tags = dict(pair.split("=", 1) for pair in pairs)
            tags = {key: ids[value[1:]] if value.startswith("@") else value for key, value in tags.items()}
            sim.send(ids[name], action, tags.pop("Data", ""), tags)
        elif kind == "run":
            sim.run_until_idle()
        elif kind == "mem":
            gc.collect()
            say("mem", rest[0], resident_kb())
        elif kind == "check":
            name, variable, wanted = rest
            found = str(sim.read(ids[name], variable))
            if found != wanted:
                sys.exit(f"{name}.{variable} is {found}, it should be {wanted}: messages were lost or doubled")
        else:
            say(kind, rest[0], time.process_time())


if __name__ == "__main__":
    follow(Path(sys.argv[2]), Floor() if sys.argv[1] == "floor" else Aosim())
