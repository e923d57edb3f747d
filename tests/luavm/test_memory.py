"""What a Lua process takes of memory, and when parts of the runtime come to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lupa.lua53 import LuaRuntime

from aosim import Simulation
from aosim.luavm import source
from aosim.luavm.module import ModuleCode, ModuleRuntime, json_bytes

TOKEN = (Path(source.__file__).parents[1] / "bench" / "workloads" / "token.lua").read_text(encoding="utf-8")


@pytest.fixture
def runtimes(monkeypatch: pytest.MonkeyPatch) -> list[LuaRuntime]:
    """Every Lua made from here on; each counts what it takes."""
    made: list[LuaRuntime] = []

    def counting() -> LuaRuntime:
        made.append(
            LuaRuntime(
                encoding=None,
                unpack_returned_tuples=True,
                register_eval=False,
                register_builtins=False,
                max_memory=10**9,
            )
        )
        return made[-1]

    source.check_source("", "warm")
    monkeypatch.setattr(source, "new_runtime", counting)
    return made


def kilobytes(runtime: LuaRuntime) -> float:
    runtime.gccollect()
    used = int(runtime.get_memory_used())
    return used / 1024 if used < 2**32 else 0.0  # the count of one that has only compiled may fall below nothing


def test_a_process_takes_little_memory_and_its_ordinary_messages_bring_nothing_to_it(
    runtimes: list[LuaRuntime],
) -> None:
    sim = Simulation()
    token = sim.spawn(TOKEN)
    mine = max(runtimes, key=kilobytes)
    fresh = kilobytes(mine)
    assert fresh < 101
    token.send(Action="Mint", Recipient="someone", Quantity="5")
    token.send(Action="Balance", Recipient="someone")
    sim.run()
    assert kilobytes(mine) < fresh + 8


def test_what_a_process_asks_for_comes_to_it_alone(runtimes: list[LuaRuntime]) -> None:
    sim = Simulation()

    def spawned(code: str) -> float:
        runtimes.clear()
        sim.spawn(code)
        return max(map(kilobytes, runtimes))  # the others have only compiled something

    plain = "X = 1\n"
    small = spawned(plain)
    assert spawned("X = os.date('%Y') for k in pairs({a = 1}) do X = k end\n") > small + 10
    assert abs(spawned(plain) - small) < 1


def test_messages_that_fail_leave_nothing_in_a_module_without_undo() -> None:
    runtime = ModuleRuntime(ModuleCode())
    common = {"Owner": "O", "From": "O", "Target": "P", "Module": "M", "Block-Height": "1", "Tags": []}
    env = json_bytes({"Process": {"Id": "P", "Owner": "O", "Tags": []}})
    runtime.answer(json_bytes({**common, "Id": "P"}), env)
    failing = {**common, "Id": "1", "Tags": [{"name": "Action", "value": "Eval"}], "Data": "error('no')"}
    sizes = []
    for _ in range(800):
        runtime.answer(json_bytes(failing), env)
        sizes.append(runtime.size_bytes())
    assert min(sizes[400:]) < min(sizes[100:400]) + 50_000  # four hundred coroutines would take as many kilobytes
