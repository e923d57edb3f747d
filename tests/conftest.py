"""What all tests share: the settings of hypothesis, and a few processes everybody needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from aosim import ProcessHandle, Simulation

# The same examples on every machine: a failing one is found again by running the test again.
settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("repeatable")

PONG = """
Handlers.add("pong", "Ping", function(msg) msg.reply({ Action = "Pong", Data = msg.Data }) end)
"""

# Does with a message what its Data, a piece of Lua, says; `msg` is the message.
PUPPET = """
Handlers.add("do", "Do", function(msg)
  local run = assert(load("local msg = ... " .. msg.Data, "=puppet"))
  run(msg)
end)
"""


@pytest.fixture
def sim() -> Simulation:
    return Simulation(seed=1)


@pytest.fixture
def pong(sim: Simulation) -> ProcessHandle:
    """Answers Ping with Pong and the same data."""
    return sim.spawn(PONG, name="pong")


@pytest.fixture
def puppet(sim: Simulation) -> ProcessHandle:
    """Runs the Lua it is sent with Action=Do."""
    return sim.spawn(PUPPET, name="puppet")


@pytest.fixture
def puppet_code() -> str:
    return PUPPET


@pytest.fixture
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]
