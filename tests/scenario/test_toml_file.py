from __future__ import annotations

import re
from pathlib import Path

import pytest

from aosim import Faults, Rate, read_strikes
from aosim.network import Lognormal, Uniform
from aosim.scenario import Report, Scenario, ScenarioError, load_scenario

BASE = """
[[wallet]]
name = "alice"

[[process]]
name = "echo"
code = '''
Seen = Seen or 0
Handlers.add("Say", "Say", function(msg)
  Seen = Seen + 1
  print("heard " .. msg.Data)
  msg.reply({ Action = "Said", Whom = msg.Tags.Whom, Data = msg.Data })
end)
Handlers.add("Fail", "Fail", function() error("as asked") end)
'''
"""
SAY = '[[message]]\nfrom = "alice"\nto = "echo"\ndata = "hello"\ntags = {Action = "Say", Whom = "$alice"}\n'


def load(folder: Path, text: str) -> Scenario:
    path = folder / "day.toml"
    path.write_text(text)
    return load_scenario(path)


def play(folder: Path, text: str) -> Report:
    return load(folder, text).run()


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(folder, text)
    return str(caught.value)


def test_a_scenario_runs_from_a_test_and_reports(tmp_path: Path) -> None:
    report = play(tmp_path, BASE + SAY)
    assert report.ok, report
    assert report.simulation.process("echo").output[-1] == "heard hello"
    assert (report.counts.sent, report.errors, report.dead_letters, report.findings) == (3, [], [], [])


def test_the_same_scenario_has_the_same_fingerprint_each_time(tmp_path: Path) -> None:
    scenario = load(
        tmp_path, '[simulation]\nlatency = {model = "lognormal", median_ms = 20, sigma = 0.7}\n' + BASE + SAY
    )
    assert scenario.run().fingerprint == scenario.run().fingerprint
    assert scenario.run(seed=1).fingerprint != scenario.run(seed=2).fingerprint


def test_a_dollar_name_is_the_address_of_that_name(tmp_path: Path) -> None:
    report = play(tmp_path, BASE + SAY)
    alice = report.simulation.wallet("alice")
    assert alice.inbox[-1].tag("Whom") == alice.address


def test_two_dollars_are_one_dollar(tmp_path: Path) -> None:
    report = play(tmp_path, BASE + SAY.replace("$alice", "$$5"))
    assert report.simulation.wallet("alice").inbox[-1].tag("Whom") == "$5"


def test_after_counts_from_the_message_before_and_at_from_the_start(tmp_path: Path) -> None:
    scenario = load(tmp_path, BASE + SAY + SAY + 'after = "5s"\n' + SAY + 'after = "1s"\n' + SAY + 'at = "2s"\n')
    assert [message.at_ms for message in scenario.messages] == [(0,), (5_000,), (6_000,), (2_000,)]


def test_every_repeats_by_count_until_or_as_long_as_the_run(tmp_path: Path) -> None:
    text = BASE + SAY + 'every = "1m"\n'
    assert load(tmp_path, text + "count = 3\n").messages[0].at_ms == (0, 60_000, 120_000)
    assert load(tmp_path, text + 'until = "1m"\n').messages[0].at_ms == (0, 60_000)
    assert load(tmp_path, '[simulation]\nfor = "2m"\n' + text).messages[0].at_ms == (0, 60_000, 120_000)
    assert play(tmp_path, text + "count = 3\n").simulation.process("echo").read("Seen") == 3


def test_settings_are_those_of_the_file_unless_the_run_says_otherwise(tmp_path: Path) -> None:
    text = '[simulation]\nseed = 9\nfidelity = "network"\nstart = 2024-02-29\nfor = "5s"\nlatency = "30ms"\n' + BASE
    report = play(tmp_path, text + SAY)
    sim = report.simulation
    assert (sim.seed, sim.fidelity, sim.start_ms, sim.now_ms) == (9, "network", 1_709_164_800_000, 1_709_164_805_000)
    assert load(tmp_path, text).run(fidelity="docs").simulation.fidelity == "docs"


def test_links_and_latency_models_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[simulation]\nlatency = {model = "uniform", low_ms = 5, high_ms = 40}\n'
        + BASE
        + '[[link]]\nfrom = "alice"\nto = "*"\nlatency = {model = "lognormal", median_ms = 20, sigma = 1}\n',
    ).settings
    assert settings.latency == Uniform(5, 40)
    assert settings.links == {("alice", "*"): Lognormal(20, 1)}


def test_a_source_is_found_beside_the_scenario_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "clock.lua").write_text("Ticks = 0")
    text = '[[process]]\nname = "clock"\nsource = "clock.lua"\ncron = ["1-minute", "1-hour"]\n'
    assert play(tmp_path, '[simulation]\nfor = "1h"\n' + text).counts.cron == 61


@pytest.mark.parametrize(
    ("expectation", "problem"),
    [
        ('process = "echo"\neval = "Seen + 1"\nequals = 2', ""),
        ('process = "echo"\nread = "Seen"\nequals = 2', "echo: Seen is 1, not 2"),
        ('process = "echo"\nread = "Nothing"\nequals = 2', "echo: Nothing is nil, not 2"),
        ('process = "echo"\neval = "error(1)"\nequals = 2', None),
        ('process = "echo"\noutput = "heard hello"', ""),
        ('process = "echo"\noutput = "hi"', "echo never printed 'hi'"),
        ('process = "echo"\nerrors = 1\ninbox = 1', ""),
        ('process = "echo"\nerror = "as wished"', None),
        ('wallet = "alice"\ninbox = 1\nlast = {Action = "Said", Whom = "$alice"}\ndata = "hello"', ""),
        ('wallet = "alice"\ninbox = 2', "alice: the number of messages in the inbox is 1, not 2"),
        ('wallet = "alice"\ndata = "bye"', 'alice: the data of the last message is "hello", not "bye"'),
        ('message = "bad"\nfate = "failed"\nerror = "as asked"', ""),
        ('message = "bad"\nfate = "handled"', None),
        ("counts = {failed = 1, dead_letter = 0}", ""),
        ("counts = {failed = 0}", "the count failed is 1, not 0"),
        ("findings = 0", ""),
        ("dead_letters = []", ""),
        ('findings = ["camel-tag"]', "'camel-tag' is not among the findings; there are: none"),
    ],
)
def test_an_expectation_is_judged(tmp_path: Path, expectation: str, problem: str | None) -> None:
    bad = '[[message]]\nto = "echo"\ntags = {Action = "Fail"}\nlabel = "bad"\n'
    (judgement,) = play(tmp_path, BASE + SAY + bad + "[[expect]]\n" + expectation).judgements
    if problem is None:
        assert judgement.problem
    else:
        assert judgement.problem == problem


def test_a_failure_that_is_expected_is_well_and_one_that_is_not_is_not(tmp_path: Path) -> None:
    bad = BASE + '[[message]]\nto = "echo"\ntags = {Action = "Fail"}\nlabel = "bad"\n'
    assert not play(tmp_path, bad).ok
    assert play(tmp_path, bad + '[[expect]]\nmessage = "bad"\nfate = "failed"\n').ok
    assert "as asked" in str(play(tmp_path, bad))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[simulaton]\nseed = 1\n", "day.toml: no key 'simulaton'. Did you mean 'simulation'?"),
        ("[simulation]\nsede = 1\n", "day.toml, [simulation]: no key 'sede'. Did you mean 'seed'? Keys here: seed, "),
        ('[simulation]\nseed = "x"\n', "day.toml, [simulation], key 'seed': 'x' is not a whole number"),
        ('[simulation]\nfor = "5"\n', "day.toml, [simulation], key 'for': '5' is no duration."),
        (
            '[simulation]\nfidelity = "doc"\n',
            "day.toml, [simulation], key 'fidelity': no fidelity 'doc'. Did you mean 'docs'?",
        ),
        ("[simulation]\nlatency = -5\n", "day.toml, [simulation], key 'latency': latency_ms=-5: a whole number"),
        ('[simulation]\nlatency = {model = "unifrom"}\n', "day.toml, [simulation], key 'latency': no model 'unifrom'."),
        ('[simulation]\nstart = "today"\n', "day.toml, [simulation], key 'start': a date like 2025-01-01"),
        ("process = 5\n", "day.toml: 'process' is written as a table of its own: [[process]]"),
        (BASE + '[[process]]\ncode = "A = 1"\n', "day.toml, [[process]] 2: the key 'name' is missing"),
        (BASE + '[[process]]\nname = "echo"\ncode = "A = 1"\n', "day.toml, [[process]] 2, key 'name': 'echo' is taken"),
        (
            BASE + '[[process]]\nname = "b"\n',
            "day.toml, [[process]] 2: give one of the keys 'source', 'code'; there is none",
        ),
        (BASE + '[[process]]\nname = "b"\ncode = "a ="\n', "day.toml, [[process]] 2, key 'code': aos:"),
        (BASE + '[[process]]\nname = "b"\nsource = "b.lua"\n', "day.toml, [[process]] 2, key 'source': no file "),
        (BASE + '[[process]]\nname = "b"\ncode = "A=1"\ncron = "5-minuts"\n', "day.toml, [[process]] 2, key 'cron': "),
        (
            BASE + '[[process]]\nname = "b"\ncode = "A=1"\ntags = {Ticker = 5}\n',
            "day.toml, [[process]] 2, key 'tags': tag 'Ticker' is 5, and tags are text. Write Ticker = \"5\"",
        ),
        (
            BASE + SAY.replace('from = "alice"', 'form = "alice"'),
            "day.toml, [[message]] 1: no key 'form'. Did you mean 'from'?",
        ),
        (
            BASE + SAY.replace('"echo"', '"ecko"'),
            "day.toml, [[message]] 1, key 'to': no process or wallet 'ecko'. Did you mean 'echo'?",
        ),
        (BASE + SAY.replace('"alice"', '"bob"'), "day.toml, [[message]] 1, key 'from': no wallet 'bob'."),
        (
            BASE + SAY.replace("$alice", "$bob"),
            "day.toml, [[message]] 1, key 'tags': '$bob' stands for the address of a name",
        ),
        (BASE + SAY + SAY + 'after = "-5s"\n', "day.toml, [[message]] 2, key 'after': '-5s' is negative."),
        (BASE + SAY + "at = 5\n", "day.toml, [[message]] 1, key 'at': 5 is no duration."),
        (BASE + SAY + 'at = "1s"\nafter = "1s"\n', "day.toml, [[message]] 1: 'at' counts from the start"),
        (BASE + SAY + 'every = "1s"\n', "day.toml, [[message]] 1, key 'every': say how often"),
        (BASE + SAY + 'every = "0s"\ncount = 2\n', "day.toml, [[message]] 1, key 'every': an interval is 1ms or more"),
        (BASE + SAY + 'every = "1ms"\nuntil = "1d"\n', "day.toml, [[message]] 1, key 'every': 86,400,001 messages"),
        (BASE + SAY + "count = 2\n", "day.toml, [[message]] 1, key 'count': it bounds 'every', which is missing"),
        (
            BASE + SAY.replace("hello", "x" * (10 * 2**20)),
            "day.toml, [[message]] 1: a message to 'echo' holds 10,4",
        ),
        (BASE + '[[expect]]\nprocess = "echo"\n', "day.toml, [[expect]] 1: nothing is expected."),
        (BASE + '[[expect]]\nread = "A"\n', "day.toml, [[expect]] 1: give one of the keys 'process', 'wallet'"),
        (
            BASE + '[[expect]]\nprocess = "echo"\nread = "A"\n',
            "day.toml, [[expect]] 1: 'eval' or 'read' says what to look at",
        ),
        (
            BASE + '[[expect]]\nmessage = "m"\nfate = "handled"\n',
            "day.toml, [[expect]] 1, key 'message': no label 'm'.",
        ),
        (
            BASE + '[[expect]]\nwallet = "alice"\nfate = "handled"\n',
            "day.toml, [[expect]] 1, key 'fate': not for a wallet",
        ),
        (
            BASE + "[[expect]]\ncounts = {faild = 0}\n",
            "day.toml, [[expect]] 1, key 'counts': no key 'faild'. Did you mean 'failed'?",
        ),
    ],
)
def test_what_cannot_be_right_is_told_with_file_table_and_key(tmp_path: Path, text: str, told: str) -> None:
    assert complaint(tmp_path, text).startswith(told)


MODULE = "return { handle = function(msg, ao) return ao.result({ Output = 'mine' }) end }"


def test_a_process_may_be_made_from_a_version_of_aos_or_a_module_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.lua").write_text(MODULE)
    plans = '[[process]]\nname = "old"\ncode = "x = 1"\nmodule = "aos-2.0.3"\n'
    plans += '[[process]]\nname = "own"\nmodule = "mine.lua"\n[[message]]\nto = "own"\n'
    report = play(tmp_path, plans)
    assert report.ok, report
    assert report.simulation.process("old").eval("require('.process')._version") == "2.0.3"
    assert report.simulation.process("own").output == ["mine", "mine"]
    assert "no file" in complaint(tmp_path, plans.replace("mine.lua", "mein.lua"))


def test_items_lie_on_arweave_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "essay.txt").write_bytes(b"an essay\xff")
    items = '[[wallet]]\nname = "alice"\n[[item]]\nid = "essay"\nsource = "essay.txt"\nowner = "alice"\n'
    items += 'tags = {Kind = "Essay"}\n[[item]]\ndata = "anything"\n'
    code = "[[process]]\nname = \"reader\"\ncode = \"Text = io.open('/data/essay'):read('a')\"\n"
    report = play(tmp_path, items + code)
    assert report.simulation.process("reader").read("Text") == "an essay\udcff"
    essay = report.simulation.message("essay")
    assert essay is not None
    assert (essay.owner, essay.tag("Kind")) == (report.simulation.address_of("alice"), "Essay")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[item]]\nid = "x"\n', "day.toml, [[item]] 1: give one of the keys 'data', 'source'; there is none of them"),
        ('[[item]]\nsource = "nowhere.txt"\n', "day.toml, [[item]] 1, key 'source': nowhere.txt: No such file"),
        ('[[item]]\ndata = "x"\nowner = "bob"\n', "no wallet 'bob'"),
    ],
)
def test_an_item_that_cannot_be_right_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert told in complaint(tmp_path, text)


def test_a_table_says_what_goes_wrong(tmp_path: Path) -> None:
    table = """
[faults]
loss = 0.25
spike_ms = "2s"
crash_ms = 70
losing = 2
strikes = ["delay alice>echo#1 40ms", "slow echo 5ms, crash echo at 9ms for 1ms"]
[[faults.rate]]
kind = "duplicate"
rate = 1
from = "alice"
ms = "3ms"
since = "20ms"
until = 50
"""
    scenario = load(tmp_path, BASE + SAY + table)
    assert scenario.settings.faults == Faults(
        loss=0.25,
        spike_ms=2_000,
        crash_ms=70,
        losing=2,
        rates=(Rate("duplicate", 1, "alice", ms=3, from_ms=20, until_ms=50),),
        strikes=read_strikes("delay alice>echo#1 40ms, slow echo 5ms, crash echo at 9ms for 1ms"),
    )
    again = scenario.run(faults=scenario.run().simulation.faults.schedule)
    assert again.fingerprint == scenario.run().fingerprint


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("faults = 1", "day.toml: 'faults' is one table"),
        ("[faults]\nlos = 1", r"\[faults\]: no key 'los'. Did you mean 'loss'"),
        ("[faults]\nloss = 2", r"\[faults\]: loss=2: a probability"),
        ("[faults]\nloss = 'often'", "loss='often': a probability"),
        ("[faults]\nspike_ms = 'long'", "key 'spike_ms': 'long' is no duration"),
        ("[faults]\nspike_ms = 1.5", "key 'spike_ms': 1.5 is not a whole number"),
        ("[faults]\nstrikes = [1]", "key 'strikes': a list of texts"),
        ("[faults]\nstrikes = ['lose']", "key 'strikes': 'lose': write"),
        ("[faults]\nrate = 1", r"key 'rate': it is written as a table of its own: \[\[faults.rate"),
        ("[[faults.rate]]\nkind = 'lose'", r"\[\[faults.rate\]\] 1: the key 'rate' is missing"),
        ("[[faults.rate]]\nkind = 'los'\nrate = 1", r"\[\[faults.rate\]\] 1: Rate 'los': no such kind"),
        ("[[faults.rate]]\nrate = 1", r"\[\[faults.rate\]\] 1: the key 'kind' is missing"),
    ],
)
def test_a_table_of_faults_that_cannot_be_right_is_refused(tmp_path: Path, table: str, problem: str) -> None:
    assert re.search(problem, complaint(tmp_path, table + "\n" + BASE))
