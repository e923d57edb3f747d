from __future__ import annotations

from pathlib import Path

import pytest

from aosim import Simulation
from aosim.errors import AosimError, BootError, EvalError, NameTaken, SourceError, UnknownName, UsageError
from aosim.ids import address, is_address
from aosim.messenger import MESSENGER_ID
from aosim.profiles import AOS_MODULE_ID, PROFILES


def test_a_process_is_made_from_lua_text(sim: Simulation) -> None:
    process = sim.spawn("x = 1", name="first")
    assert (process.name, process.read("x"), process.read("Owner")) == ("first", 1, sim.wallet("owner").address)
    assert is_address(process.id)
    assert process.parent_id is None


def test_a_process_is_made_from_a_file_with_what_it_requires(sim: Simulation, tmp_path: Path) -> None:
    (tmp_path / "shop.lua").write_text('local price = require("lib.price")\nPrice = price.of(2)\n')
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "price.lua").write_text("return { of = function(n) return n * 10 end }\n")
    for source in (tmp_path / "shop.lua", str(tmp_path / "shop.lua")):
        assert sim.spawn(source).read("Price") == 20
    assert [process.name for process in sim.processes] == ["shop", "shop-2"]


def test_errors_name_the_line_in_the_file(sim: Simulation, tmp_path: Path) -> None:
    file = tmp_path / "shop.lua"
    file.write_text("Handlers.add('buy', 'Buy', function(msg)\n  error('sold out')\nend)\n")
    for on_boot in (True, False):
        process = sim.spawn(file, on_boot=on_boot)
        sent = process.send(Action="Buy")
        sim.run()
        assert sent.error == "shop.lua:2: sold out"


def test_code_runs_in_the_process_message_or_in_an_eval_after_it(sim: Simulation) -> None:
    code = "When = ao.env.Process.Id == (Inbox[1] and Inbox[1].Id) At = ao.Nonce"
    assert len(sim.spawn(code, on_boot=True).inbox) == 1
    before = sim.counts.sent
    late = sim.spawn(code, on_boot=False)
    assert sim.counts.sent == before + 2
    assert late.read("When") is True
    assert late.eval("ao.Nonce") == 1


def test_what_a_boot_script_sends_leaves(sim: Simulation) -> None:
    bob = sim.wallet("bob")
    process = sim.spawn("Send({Target = 'bob', Action = 'Born'})", name="child")
    sim.run()
    assert [(message.tag("Action"), message.sender) for message in bob.inbox] == [("Born", process.id)]


def test_a_process_has_the_tags_an_aos_client_writes(sim: Simulation) -> None:
    process = sim.spawn("", name="p", tags={"My-Tag": "x"})
    tags = process.eval("ao.env.Process.Tags")
    for name, value in {
        "Name": "p",
        "My-Tag": "x",
        "Authority": MESSENGER_ID,
        "Module": AOS_MODULE_ID,
        "Type": "Process",
        "Data-Protocol": "ao",
        "Variant": "ao.TN.1",
        "SDK": "aoconnect",
    }.items():
        assert (name, tags[name]) == (name, value)
    assert process.eval("ao.authorities") == [MESSENGER_ID]


def test_an_authority_of_ones_own_replaces_the_networks(sim: Simulation) -> None:
    process = sim.spawn("", tags=[("Authority", "one"), ("Authority", "two,three")])
    assert process.eval("ao.authorities") == ["one", "two", "three"]


def test_processes_without_a_name_get_one(sim: Simulation) -> None:
    assert [sim.spawn("").name for _ in range(3)] == ["process", "process-2", "process-3"]


def test_two_processes_made_alike_have_two_ids(sim: Simulation) -> None:
    first, second = sim.spawn("x = 1"), sim.spawn("x = 1")
    assert first.id != second.id


def test_the_module_is_aos_or_an_address(sim: Simulation) -> None:
    module = address(b"module")
    assert sim.spawn("", module=module).eval("ao._module") == module
    assert sim.spawn("", module="aos-2.0.6").eval("ao._module") == AOS_MODULE_ID
    with pytest.raises(UnknownName, match=r"no module 'aos-2\.0\.5'\. Did you mean 'aos-2\.0\.\d'\?"):
        sim.spawn("", module="aos-2.0.5")
    with pytest.raises(UnknownName, match=r"Did you mean 'aos'\? Known: aos, aos-2.*an id of 43 characters.*\.lua"):
        sim.spawn("", module="AOS")
    with pytest.raises(UsageError, match="module=None: a module is a name such as 'aos'"):
        sim.spawn("", module=None)  # type: ignore[arg-type]


def test_an_item_to_boot_with_that_is_not_there_is_told_by_name(sim: Simulation) -> None:
    with pytest.raises(
        BootError, match=r"On-Boot names the item 'nope'.*sim\.upload\(\.\.\., id='nope'\).*--item nope="
    ):
        sim.spawn(tags={"On-Boot": "nope"})
    with pytest.raises(BootError) as told:
        sim.spawn(tags={"On-Boot": "nope"}, name="docs")
    assert "attempt to concatenate a nil value (local 'expr')" in told.value.raw_error
    with pytest.raises(BootError, match="attempt to concatenate a nil value") as told:
        Simulation(fidelity="network").spawn(tags={"On-Boot": "nope"})
    assert told.value.error in told.value.raw_error
    sim.upload("error('no')", id="bad")
    with pytest.raises(BootError, match=r"failed while loading: .*no"):
        sim.spawn(tags={"On-Boot": "bad"})


def test_lsqlite3_that_is_not_there_is_told_with_the_module_that_has_it() -> None:
    sim = Simulation(fidelity="network")
    with pytest.raises(BootError, match="in the module aos-sqlite alone: module='aos-sqlite', --module aos-sqlite"):
        sim.spawn("require('lsqlite3')")
    with pytest.raises(EvalError, match="--module aos-sqlite") as told:
        sim.spawn("").eval("require('lsqlite3')")
    assert "aos-sqlite" not in told.value.error


@pytest.mark.parametrize("own", [False, True])
def test_the_name_of_a_module_in_a_spawn_is_its_id_in_docs_fidelity(own: bool, tmp_path: Path) -> None:
    (tmp_path / "own.lua").write_text(
        "return { handle = function(msg, ao) N = (N or 0) + 1 "
        "if N == 2 then ao.spawn('hyper-aos', { Name = 'child' }) end return ao.result({}) end }"
    )
    for fidelity in ("docs", "network"):
        sim = Simulation(fidelity=fidelity)
        if own:
            sim.spawn(module=tmp_path / "own.lua", name="parent").send(Action="Any")
        else:
            sim.spawn("", name="parent").eval("Spawn('hyper-aos', { Name = 'child', Authority = ao.authorities[1] })")
        sim.run()
        if fidelity == "docs":
            child = sim.process("child")
            assert child.read("ao._module") == PROFILES["hyper-aos"].module_id
            child.eval("Send({ device = 'patch@1.0', cache = { a = 'x' } })")
            assert child.read("cache/a") == "x"
            assert [finding.rule for finding in sim.findings] == ["module-name"]
            assert sim.findings[0].detail == "module 'hyper-aos' is a name, not an id"
        else:
            assert len(sim.processes) == 1
            (letter,) = sim.dead_letters
            assert "no module 'hyper-aos': on the network a module is known by its id" in letter.reason


def test_any_other_text_for_a_module_in_a_spawn_is_aos_in_docs_fidelity(sim: Simulation) -> None:
    sim.spawn("").eval("Spawn('MODULE', { Name = 'child', Authority = ao.authorities[1] })")
    sim.run()
    assert sim.process("child").read("ao._module") == "MODULE"
    assert [finding.rule for finding in sim.findings] == ["module-name"]


def _refusals(tmp_path: Path) -> list[tuple[dict[str, object], type[AosimError], str]]:
    (tmp_path / "broken.lua").write_text("x = 1\ny = = 2\n")
    return [
        ({"source": "error('no')"}, BootError, "process 'shop' was not made, its code failed while loading: .*no"),
        ({"source": "error('no')", "on_boot": False}, BootError, "process 'shop' was not made"),
        ({"source": "Send({Target = 'bob'}) ao.spawn(ao._module, {}) nothing()"}, BootError, "'shop' was not made"),
        ({"source": "x = = 1"}, SourceError, "1: unexpected symbol"),
        ({"source": tmp_path / "broken.lua"}, SourceError, "broken.lua:2: unexpected symbol"),
        ({"source": tmp_path / "missing.lua"}, SourceError, "no file '.*missing.lua'. Lua files there: broken.lua"),
        ({"source": 5}, SourceError, "5 is no Lua source"),
        ({"tags": {"A": 5}}, UsageError, "spawn of shop: tag 'A' is int 5"),
        ({"cron": "often"}, UsageError, "Cron-Interval 'often'"),
        ({"owner": "nobody"}, UnknownName, "no process or wallet 'nobody'"),
        ({"module": "x"}, UnknownName, "no module 'x'"),
        ({"module": 5}, UsageError, "module=5: a module is a name such as 'aos', an id"),
        ({"name": "taken"}, NameTaken, "the name 'taken' is taken in this simulation"),
        ({"name": "bob"}, NameTaken, "the name 'bob' is taken"),
        ({"name": "owner"}, NameTaken, "the name 'owner' is taken"),
        ({"name": " "}, UsageError, "name=' ': a name is a text that is not blank"),
        ({"name": "\ud800"}, UsageError, "half a character"),
        ({"name": address(b"x")}, UsageError, "are an address, a name must not look like one"),
    ]


@pytest.mark.parametrize("number", range(18))
def test_a_refused_spawn_leaves_no_trace(number: int, tmp_path: Path) -> None:
    options, kind, text = _refusals(tmp_path)[number]

    def run(*, refused: bool) -> tuple[object, ...]:
        sim = Simulation()
        sim.wallet("bob")
        sim.spawn("", name="taken")
        if refused:
            with pytest.raises(kind, match=text):
                sim.spawn(**{"source": "", "name": "shop", **options})  # type: ignore[arg-type]
        names = [wallet.name for wallet in sim.wallets], [process.name for process in sim.processes]
        shop = sim.spawn("x = 1", name="shop")
        shop.send(Action="X")
        sim.run()
        return (shop.id, names, sim.fingerprint, sim.counts.as_dict(), sim.scheduled, sim.findings)

    assert run(refused=True) == run(refused=False)
