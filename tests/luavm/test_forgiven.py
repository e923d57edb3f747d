"""What docs fidelity forgives is found, once per place, with the author's file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aosim import Simulation
from aosim.findings import ON_THE_NETWORK

SOURCE = """local function send(t)
  ao.send(t)
end
Handlers.add("All", "All", function(msg)
  print(tostring(msg.Tags.RequestId))
  print(type(json))
  ao.send({ Target = msg.From, Count = 5 })
  Spawn({ Name = "child" })
  ao.send({ Target = msg.From, ["Deliver-After"] = "10" })
  ao.send({ Target = msg.From, Tags = { ["Deliver-At"] = "10" } })
  for _ = 1, 3 do
    ao.send({ Target = "alice" })
  end
  send({ Target = msg.From, A = "1", B = "2", C = "3" })
  pcall(require, "lsqlite3")
  Spawn("hyper-aos", { Authority = ao.authorities[1] })
end)
Handlers.add("None", "None", function(msg)
  Spawn({ Name = "other", Authority = ao.authorities[1] })
  ao.send({ Target = msg.From, Deliver = "10" })
  ao.send({ Data = "no target" })
end)
"""


def run(folder: Path, action: str, fidelity: str = "docs", times: int = 1) -> list[tuple[str, str]]:
    path = folder / "desk.lua"
    path.write_text(SOURCE, encoding="utf-8")
    sim = Simulation(fidelity=fidelity)
    alice = sim.wallet("alice")
    desk = sim.spawn(path, name="desk")
    for _ in range(times):
        alice.send(desk, Action=action, tags={"RequestId": "7"})
    sim.run()
    return [(finding.rule, finding.place) for finding in sim.findings]


@pytest.mark.parametrize("times", [1, 3])
def test_every_rule_is_found_at_its_line(tmp_path: Path, times: int) -> None:
    found = run(tmp_path, "All", times=times)
    assert sorted(found) == [
        ("camel-tag", "desk.lua:5"),
        ("child-authority", "desk.lua:8"),
        ("deliver-later", "desk.lua:10"),
        ("deliver-later", "desk.lua:9"),
        ("json-global", "desk.lua:6"),
        ("module-name", "desk.lua:16"),
        ("name-target", "desk.lua:12"),
        ("sqlite-module", "desk.lua:15"),
        ("tag-text", "desk.lua:7"),
    ]
    assert {rule for rule, _ in found} == set(ON_THE_NETWORK)


def test_what_the_network_does_as_well_is_not_found(tmp_path: Path) -> None:
    assert run(tmp_path, "None") == []


def test_network_fidelity_forgives_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "None", "network") == []
    assert run(tmp_path, "All", "network") == []
