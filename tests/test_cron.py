from __future__ import annotations

from time import process_time

import pytest

from aosim import ProcessHandle, Simulation
from aosim.clock import BLOCK_MS
from aosim.cron import CronSpec
from aosim.errors import UsageError

COUNTER = """
Ticks = {}
Handlers.add("tick", function(msg) return msg.Cron end, function(msg)
  Ticks[#Ticks + 1] = { msg.Action, msg.Timestamp }
end)
"""


def _ticks(process: ProcessHandle, start_ms: int) -> list[tuple[str, int]]:
    return [(action, moment_ms - start_ms) for action, moment_ms in process.read("Ticks")]


@pytest.mark.parametrize(
    ("interval", "every_ms"),
    [
        ("250-milliseconds", 250),
        ("1-second", 1_000),
        ("10-seconds", 10_000),
        ("5-minutes", 300_000),
        ("1-hour", 3_600_000),
        ("2-days", 172_800_000),
        ("1-week", 604_800_000),
        ("1-month", 2_592_000_000),
        ("1-year", 31_536_000_000),
        ("10-blocks", 10 * BLOCK_MS),
        ("1-Minute", 60_000),
        ("3_minutes", 180_000),
    ],
)
def test_ticks_fall_on_the_multiples_of_the_interval(interval: str, every_ms: int) -> None:
    sim = Simulation()
    process = sim.spawn(COUNTER, cron={interval: {"Action": "Tick"}})
    sim.run(for_ms=3 * every_ms + every_ms // 2)
    assert _ticks(process, sim.start_ms) == [("Tick", every_ms), ("Tick", 2 * every_ms), ("Tick", 3 * every_ms)]
    assert sim.counts.cron == 3


def test_intervals_count_from_the_second_the_process_began_in() -> None:
    sim = Simulation(start_ms=1_700)
    process = sim.spawn(COUNTER, cron="2-seconds")
    sim.run(until=6_000)
    assert [moment_ms for _, moment_ms in process.read("Ticks")] == [3_000, 5_000]


def test_without_tags_of_its_own_a_tick_says_action_cron(sim: Simulation) -> None:
    process = sim.spawn(COUNTER, cron="1-minute")
    sim.run(for_ms=60_000)
    assert _ticks(process, sim.start_ms) == [("Cron", 60_000)]


def test_at_one_moment_blocks_come_first_then_the_shorter_intervals(sim: Simulation) -> None:
    spec = {f"{number}": {"Action": number} for number in ("4-minutes", "2-blocks", "2-minutes", "60-seconds")}
    process = sim.spawn(COUNTER, cron=spec)
    sim.run(for_ms=240_000)
    at_four = [action for action, moment_ms in _ticks(process, sim.start_ms) if moment_ms == 240_000]
    assert at_four == ["2-blocks", "60-seconds", "2-minutes", "4-minutes"]


def test_tags_that_follow_an_interval_belong_to_it(sim: Simulation) -> None:
    tags = [
        ("Cron-Interval", "1-minute"),
        ("Cron-Tag-Action", "One"),
        ("Cron-Tag-Level", "9"),
        ("Cron-Interval", "2-minutes"),
        ("Cron-Tag-Action", "Two"),
    ]
    process = sim.spawn(
        "Seen = {} Handlers.add('c', {Cron = function(c) return c end}, print)\n"
        "Handlers.prepend('t', function(m) return m.Cron end, function(m)\n"
        "Seen[#Seen + 1] = m.Action .. (m.Tags.Level or '') end)",
        tags=tags,
    )
    sim.run(for_ms=120_000)
    assert process.read("Seen") == ["One9", "One9", "Two"]


def test_a_cron_message_has_the_shape_the_network_gives_it(sim: Simulation) -> None:
    process = sim.spawn("", cron={"1-minute": {"Action": "Tick", "my-tag": "x"}}, owner=sim.wallet("alice"))
    sim.run(for_ms=60_000)
    message = process.inbox[-1]
    owner = sim.wallet("alice").address
    assert (message["From"], message["Owner"], message["Target"]) == (owner, owner, process.id)
    assert (message["Cron"], message["Read-Only"]) == (True, False)
    assert message["Tags"] == {"Action": "Tick", "My-Tag": "x"}
    assert not {"Id", "Data", "Nonce", "Epoch", "Hash-Chain", "Anchor"} & set(message)


def test_ticks_take_no_nonce(sim: Simulation) -> None:
    process = sim.spawn(COUNTER, cron="1-minute")
    sim.run(for_ms=600_000)
    assert process.eval("ao.Nonce") is None
    process.send(Action="X")
    sim.run(for_ms=10)
    assert process.inbox[-1]["Nonce"] == 2


def test_a_child_spawned_from_lua_ticks_from_its_birth(sim: Simulation, puppet: ProcessHandle) -> None:
    spawn = (
        "ao.spawn(ao._module, {Name = 'child', ['Cron-Interval'] = '1-minute', ['Cron-Tag-Action'] = 'Tick',"
        f" ['On-Boot'] = 'Data', Data = [==[{COUNTER}]==]}})"
    )
    sim.run(for_ms=30_000)
    puppet.send(spawn, Action="Do")
    sim.run(for_ms=200_000)
    start_ms = sim.start_ms + 30_000
    assert _ticks(sim.process("child"), start_ms) == [("Tick", 60_000), ("Tick", 120_000), ("Tick", 180_000)]


def test_a_child_with_an_interval_nobody_can_read_is_a_dead_letter(sim: Simulation, puppet: ProcessHandle) -> None:
    puppet.eval("ao.spawn(ao._module, {['Cron-Interval'] = 'often'})")
    puppet.eval("ao.spawn(ao._module, {['Cron-Interval'] = string.rep('9', 5000) .. '-days'})")
    sim.run()
    assert len(sim.processes) == 1
    assert [letter.reason[:22] for letter in sim.dead_letters] == ["Cron-Interval 'often':", "Cron-Interval '9999999"]


def test_what_a_tick_sends_goes_out_with_nobody_pushed_for(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    code = f"Handlers.add('t', 'Tick', function() Send({{Target = '{bob.address}', Action = 'Hi'}}) end)"
    sim.spawn(code, cron={"1-minute": {"Action": "Tick"}})
    sim.run(for_ms=130_000)
    first, second = bob.inbox
    assert first.pushed_for == second.pushed_for == ""
    assert first.id != second.id


def test_cron_ticks_only_while_messages_are_on_the_way_in_a_run_without_bounds(sim: Simulation) -> None:
    process = sim.spawn(COUNTER, cron="1-minute")
    assert sim.run().events == 0
    process.send(Action="X", after_ms=150_000)
    sim.run()
    assert [moment_ms for _, moment_ms in _ticks(process, sim.start_ms)] == [60_000, 120_000]


def test_a_failing_tick_is_told_and_the_next_one_comes(sim: Simulation) -> None:
    process = sim.spawn("Handlers.add('t', 'Cron', function() error('no') end)", cron="1-minute")
    sim.run(for_ms=180_000)
    assert len(process.errors) == 3
    assert sim.counts.failed == 3


def test_a_year_of_ticks_every_five_minutes_takes_seconds() -> None:
    sim = Simulation()
    process = sim.spawn("N = 0 Handlers.add('t', 'Cron', function() N = N + 1 end)", cron="5-minutes")
    began = process_time()
    sim.run(for_ms=365 * 86_400_000)
    assert process.read("N") == 365 * 288
    assert process_time() - began < 30


@pytest.mark.parametrize(
    "spec", ["5 fortnights", "0-minutes", "-1-minutes", "1.5-hours", "minutes", "", "9" * 13 + "-days"]
)
def test_an_interval_that_cannot_be_read_is_refused(sim: Simulation, spec: str) -> None:
    before = sim.fingerprint
    with pytest.raises(UsageError, match=r"write a whole number and a unit, as in 5-minutes \(milliseconds, seconds"):
        sim.spawn("", name="shop", cron=spec)
    assert sim.fingerprint == before
    assert sim.spawn("", name="shop").name == "shop"


@pytest.mark.parametrize(
    ("spec", "count"),
    [("1-minute", 2), (["1-minute", "2-minutes"], 3), ({"1-minute": {"Action": "A"}, "2-minutes": {}}, 3)],
)
def test_cron_is_given_as_text_list_or_mapping(sim: Simulation, spec: CronSpec, count: int) -> None:
    sim.spawn("", cron=spec)
    sim.run(for_ms=120_000)
    assert sim.counts.cron == count


@pytest.mark.parametrize("cron", [5, {"5-minutes": 3}, {"5-minutes": {"Action": 3}}, [7]])
def test_a_cron_that_cannot_be_is_refused_and_makes_no_process(cron: object) -> None:
    sim = Simulation()
    with pytest.raises(UsageError, match="cron"):
        sim.spawn("", cron=cron)  # type: ignore[arg-type]
    assert sim.processes == []
