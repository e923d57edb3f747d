from __future__ import annotations

import pytest

from aosim import Limits, ProcessHandle, Simulation
from aosim.errors import EndlessLoop, TooManyChildren

PING = "Handlers.add('ping', 'Ping', function(m) Send({Target = m.From, Action = 'Ping'}) end)\n"


def _table_tennis(sim: Simulation, balls: int = 1) -> ProcessHandle:
    sim.spawn(PING, name="anna")
    serve = f"for _ = 1, {balls} do Send({{Target = 'anna', Action = 'Ping'}}) end"
    ben = sim.spawn(PING + f"Handlers.add('serve', 'Serve', function(m) {serve} end)", name="ben")
    ben.send(Action="Serve")
    return ben


def _countdown(sim: Simulation, name: str) -> ProcessHandle:
    code = """
      N = 0
      Handlers.add("n", "Next", function(msg)
        N = N - 1
        if N > 0 then Send({ Target = ao.id, Action = "Next" }) end
      end)
    """
    return sim.spawn(code, name=name)


def test_a_run_without_bounds_ends_with_the_route_of_an_endless_loop() -> None:
    sim = Simulation(limits=Limits(hops_max=2_000))
    _table_tennis(sim)
    with pytest.raises(
        EndlessLoop, match=r"hops: (anna → ben → anna|ben → anna → ben) \(Action=Ping\)\. Let a handler"
    ):
        sim.run()


def test_a_run_in_bounds_goes_on_and_names_the_suspect() -> None:
    sim = Simulation(limits=Limits(hops_max=2_000))
    _table_tennis(sim)
    run = sim.run(events_max=3_000)
    assert (run.events, run.stopped_by, run.quiet) == (3_000, "events", False)
    assert len(run.loops) == 1
    assert "anna" in run.loops[0]
    assert "endless loop? " in str(run)


@pytest.mark.parametrize("balls", [2, 3])
def test_a_loop_with_branches_is_suspected_too(balls: int) -> None:
    sim = Simulation()
    _table_tennis(sim, balls)
    assert len(sim.run(events_max=balls * 1_500).loops) == 1


def test_a_chain_that_ended_is_no_suspect_any_more() -> None:
    sim = Simulation()
    counter = _countdown(sim, "counter")
    counter.eval("N = 1200")
    counter.send(Action="Next")
    assert sim.run(events_max=1_100).loops != ()
    assert sim.run().loops == ()


def test_a_long_chain_of_the_past_does_not_stop_a_later_run() -> None:
    sim = Simulation(limits=Limits(hops_max=1_000))
    counter = _countdown(sim, "counter")
    counter.eval("N = 1300")
    counter.send(Action="Next")
    sim.run(for_ms=60_000)
    for _ in range(1_100):
        counter.send(Action="Else")
    assert sim.run().quiet


def test_work_that_differs_from_message_to_message_is_no_suspect() -> None:
    sim = Simulation()
    code = (
        "Handlers.add('n', 'Next', function(m) Send({Target = ao.id, Action = 'Next', Data = tostring(m.Nonce)}) end)"
    )
    sim.spawn(code).send(Action="Next")
    assert sim.run(events_max=2_500).loops == ()


_SPAWNS = """
Handlers.add("Grow", function(msg) return msg.Action == "Grow" or msg.Action == "Spawned" end, function()
  Spawn(ao._module, { Data = "y" })
end)
"""


def test_a_chain_that_spawns_without_end_is_stopped_before_it_has_taken_all_memory() -> None:
    sim = Simulation(limits=Limits(children_max=50))
    sim.spawn(_SPAWNS, name="parent").send(Action="Grow")
    with pytest.raises(
        TooManyChildren, match=r"begun by Action=Grow to parent, has made \d+ processes, .* by parent\."
    ):
        sim.run()
    assert 50 < len(sim.processes) < 50 + 1024
    with pytest.raises(TooManyChildren):
        sim.run()
    assert sim.run(events_max=3).events == 3


def test_chains_that_end_may_make_as_many_processes_together_as_they_like() -> None:
    sim = Simulation(limits=Limits(children_max=20))
    parent = sim.spawn("Handlers.add('Few', 'Few', function() for _ = 1, 15 do Spawn(ao._module, {}) end end)")
    for _ in range(3):
        parent.send(Action="Few")
    sim.run()
    for _ in range(40):
        parent.send(Action="None")
    sim.run()
    assert len(sim.processes) == 46
    assert not sim._engine.loops.children
