"""Scenarios: processes, wallets, a timeline of messages and expectations, planned before anything runs.

from aosim.scenario import load_scenario

report = load_scenario("market.toml").run()
assert report.ok, report
"""

from aosim.scenario.model import (
    Expectation,
    ItemPlan,
    MessagePlan,
    ProcessPlan,
    ScenarioError,
    Settings,
)
from aosim.scenario.runner import Judgement, Report, Scenario
from aosim.scenario.sends import lua_scenario
from aosim.scenario.toml_file import load_scenario

__all__ = [
    "Expectation",
    "ItemPlan",
    "Judgement",
    "MessagePlan",
    "ProcessPlan",
    "Report",
    "Scenario",
    "ScenarioError",
    "Settings",
    "load_scenario",
    "lua_scenario",
]
