from __future__ import annotations

from aosim import Finding, Simulation
from aosim.findings import ON_THE_NETWORK, Findings


def test_a_finding_is_kept_once() -> None:
    findings = Findings()
    first = Finding("camel-tag", "shop", "shop.lua:3", "RequestId")
    assert [findings.add(first), findings.add(first), findings.add(first._replace(process="bank"))] == [
        True,
        False,
        True,
    ]
    assert [finding.process for finding in findings.all] == ["shop", "bank"]


def test_every_rule_says_what_the_network_would_do() -> None:
    for rule, text in ON_THE_NETWORK.items():
        assert Finding(rule, "p", "f:1", "").on_the_network == text


def test_what_docs_fidelity_forgives_is_found_once_per_place() -> None:
    sim = Simulation()
    code = "Handlers.add('go', 'Go', function(msg)\n  print(msg.Tags.RequestId)\n  print(json.encode({1}))\nend)"
    process = sim.spawn(code, name="shop")
    for _ in range(3):
        process.send(Action="Go", RequestId="7")
    sim.run()
    assert process.output[-1] == "7\n[1]"
    assert sorted((finding.rule, finding.process) for finding in sim.findings) == [
        ("camel-tag", "shop"),
        ("json-global", "shop"),
    ]


def test_network_fidelity_forgives_nothing() -> None:
    sim = Simulation(fidelity="network")
    code = "Handlers.add('go', 'Go', function(msg) print(tostring(msg.Tags.RequestId) .. tostring(json)) end)"
    process = sim.spawn(code)
    process.send(Action="Go", RequestId="7")
    sim.run()
    assert process.output[-1] == "nilnil"
    assert sim.findings == []
