"""LuaProcess: the door the simulation uses."""

from __future__ import annotations

from itertools import count

import pytest

from aosim import Simulation
from aosim.errors import SourceError
from aosim.luavm.process import LuaProcess
from aosim.luavm.source import check_source
from aosim.message import Assignment, Message, Result
from aosim.process_info import ProcessInfo

OWNER, PROCESS, MODULE, AUTHORITY, BOB = (letter * 43 for letter in "opmab")
_TAGS = ("Data-Protocol", "ao", "Type", "Process", "Module", MODULE, "Authority", AUTHORITY, "Name", "ledger")
INFO = ProcessInfo(PROCESS, OWNER, _TAGS, MODULE)


class Bench:
    """One process and somebody to send it messages."""

    def __init__(self, source: str = "", *, fidelity: str = "docs", file: str = "") -> None:
        self.process = LuaProcess(INFO, fidelity=fidelity)
        self._nonces = count(1)
        boot = Message(PROCESS, OWNER, OWNER, PROCESS, " ", _TAGS)
        assert self.process.handle(Assignment(boot, PROCESS, 0, 0, 1_000, 7)).error is None
        if source:
            result = self.eval(source, file=file)
            assert result.error is None, result.error

    def assignment(
        self,
        *flat: str,
        data: str | None = " ",
        sender: str = BOB,
        owner: str = "",
        module: str = "",
        cron: bool = False,
        dry_run: bool = False,
    ) -> Assignment:
        nonce = next(self._nonces)
        message = Message(
            f"message-{nonce}",
            sender,
            owner or sender,
            PROCESS,
            data,
            flat,
            from_module=module,
            pushed_for="first" if module else "",
        )
        placed = None if cron or dry_run else nonce
        return Assignment(
            message, PROCESS, placed, placed and 0, 1_000 + nonce, 7 + nonce, "chain", cron=cron, dry_run=dry_run
        )

    def send(self, *flat: str, **options: str | None) -> Result:
        return self.process.handle(self.assignment(*flat, **options))  # type: ignore[arg-type]

    def push(self, *flat: str, data: str | None = None) -> Result:
        return self.send(*flat, data=data, sender=BOB, owner=AUTHORITY, module=MODULE)

    def eval(self, text: str, *, file: str = "") -> Result:
        tags = ("Action", "Eval", *(("Source-File", file) if file else ()))
        return self.send(*tags, data=text, sender=OWNER)


def test_a_handler_answers_with_the_tags_every_message_has_and_its_own_in_order_of_names() -> None:
    bench = Bench("Handlers.add('ping', 'Ping', function(m) m.reply({Zeta='1', Action='Pong', Data='hi'}) end)")
    (sent,) = bench.push("Action", "Ping", "Reference", "9").messages
    assert (sent.target, sent.data, sent.anchor, sent.problem) == (BOB, "hi", "1".zfill(32), "")
    assert sent.flat == (
        *("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Message", "Reference", "1"),
        *("Action", "Pong", "X-Reference", "9", "Zeta", "1"),
    )


def test_several_messages_leave_in_the_order_they_were_sent() -> None:
    bench = Bench(
        "Handlers.add('m', 'Many', function() for i = 1, 3 do Send({Target = 't' .. i, N = '' .. i}) end end)"
    )
    sent = bench.push("Action", "Many").messages
    assert [(each.target, each.flat[-1], each.anchor[-1]) for each in sent] == [
        ("t1", "1", "1"),
        ("t2", "2", "2"),
        ("t3", "3", "3"),
    ]


def test_a_failing_message_leaves_nothing_behind_but_its_error() -> None:
    bench = Bench(
        "Count = 0\nHandlers.add('h', 'H', function()\n"
        "  print('so far') Count = Count + 1 Send({Target='x'})\n  error('no more')\nend)",
        file="ledger.lua",
    )
    result = bench.send("Action", "H")
    assert result.error == "ledger.lua:4: no more"
    assert (result.messages, result.verdict) == ((), "failed")
    assert "so far" in result.output
    assert "stack traceback" in result.raw_error
    assert bench.process.read("Count") == 0
    assert bench.eval("ao.reference").output == "0"


def test_a_dry_run_answers_and_changes_nothing() -> None:
    bench = Bench("Count = 1")
    dry = bench.assignment("Action", "Eval", data="Count = 2 return Count", sender=OWNER, dry_run=True)
    assert bench.process.dry_run(dry).output == "2"
    assert bench.process.read("Count") == 1


def test_state_survives_many_failures() -> None:
    bench = Bench("Handlers.add('h', 'H', function(m) N = (N or 0) + 1 if m.Bad then error('bad') end end)")
    for bad in (False, True, False, True, True, False):
        bench.send("Action", "H", *(("Bad", "1") if bad else ()))
    assert bench.process.read("N") == 3


@pytest.mark.parametrize(
    ("fidelity", "value", "problem"),
    [("docs", "5", ""), ("network", "5", "tag 'Quantity' is a number, the network takes text only")],
)
def test_a_number_as_tag_is_forgiven_in_docs_only(fidelity: str, value: str, problem: str) -> None:
    bench = Bench(fidelity=fidelity)
    result = bench.eval(f"\nSend({{Target = '{BOB}', Quantity = 5}})", file="shop.lua")
    (sent,) = result.messages
    assert (sent.flat[-1], sent.problem) == (value, problem)
    forgiven = [(each.rule, each.place) for each in result.forgiven]
    assert forgiven == ([("tag-text", "shop.lua:2")] if fidelity == "docs" else [])


def test_a_message_without_a_target_has_none() -> None:
    (sent,) = Bench().eval("ao.send({Data = 'd'})").messages
    assert (sent.target, sent.data) == (None, "d")


def test_camel_case_tags_are_found_under_both_spellings_in_docs() -> None:
    source = "Handlers.add('h', 'H', function(m)\n  print(m.Tags.RequestId .. m.RequestId .. m.Tags.Requestid)\nend)"
    bench = Bench(source, file="shop.lua")
    result = bench.send("Action", "H", "RequestId", "7")
    assert result.output == "777"
    assert {(each.rule, each.place) for each in result.forgiven} == {("camel-tag", "shop.lua:2")}
    assert bench.send("Action", "H", "RequestId", "7").forgiven == ()


def test_camel_case_tags_are_lost_on_the_network() -> None:
    bench = Bench("Handlers.add('h', 'H', function(m) print(m.Tags.RequestId) end)", fidelity="network")
    assert "nil" in bench.send("Action", "H", "RequestId", "7").output


@pytest.mark.parametrize("pattern", ["Handlers.utils.hasMatchingTag('RequestId', '7')", "{RequestId = '7'}"])
def test_patterns_find_camel_case_tags_too(pattern: str) -> None:
    bench = Bench(f"\nHandlers.add('h', {pattern}, function(m) print('found') end)", file="shop.lua")
    result = bench.send("RequestId", "7")
    assert result.output == "found"
    assert {(each.rule, each.place) for each in result.forgiven} == {("camel-tag", "shop.lua:2")}


def test_the_json_global_is_there_in_docs_and_is_a_finding() -> None:
    result = Bench().eval("json.encode({1, 2})")
    assert result.output == "[1,2]"
    assert [each.rule for each in result.forgiven] == ["json-global"]
    assert Bench(fidelity="network").eval("json.encode({})").error is not None


@pytest.mark.parametrize(
    ("sender", "owner", "verdict"),
    [(BOB, BOB, "inbox"), (BOB, AUTHORITY, "inbox"), (BOB, "z" * 43, "untrusted")],
)
def test_who_is_let_in(sender: str, owner: str, verdict: str) -> None:
    assert Bench().send("Action", "Hi", sender=sender, owner=owner).verdict == verdict


def test_a_handler_that_waits_goes_on_with_the_answer() -> None:
    bench = Bench(
        "Handlers.add('h', 'H', function() print('got ' .. Send({Target = 'x'}).receive('" + BOB + "').Data) end)"
    )
    assert bench.send("Action", "H").verdict == "waiting"
    assert bench.push("X-Reference", "1", data="42").output == "got 42"


def test_what_a_message_shows_does_not_depend_on_who_looks_how() -> None:
    look = (
        "Handlers.add('h', function(m) return m.Action == 'H' end, function(m)\n"
        "  local names = {} for name in pairs(m) do names[#names + 1] = name end print(table.concat(names, ' '))\n"
        "  print(m.Tags['From-Process'] .. ' ' .. tostring(m['From-Process']) .. ' ' .. m['Pushed-For'])\n"
        "end)"
    )
    assert Bench(look).push("Action", "H", "custom_tag", "x").output == (
        "Action Block-Height Cron Custom-Tag Data Epoch Forwarded-By From Hash-Chain Id Nonce Owner Pushed-For "
        "Read-Only TagArray Tags Target Timestamp forward reply\n".replace("Data ", "")
        + f"{BOB} nil first"
    )


def test_a_field_taken_from_a_message_stays_away() -> None:
    take = "Handlers.add('h', 'H', function(m) m.Tags.X = 'new' m.From = nil m.X = nil local t = m.Tags m.Tags = nil "
    show = "print(tostring(m.From) .. tostring(m.X) .. tostring(m.Tags) .. t.X .. m.Action) end)"
    assert Bench(take + show).send("Action", "H", "X", "old").output == "nilnilnilnewH"


def test_os_time_stands_still_within_a_message_and_a_kept_one_tells_its_old_time() -> None:
    bench = Bench("Old = os.time First = os.time()")
    assert bench.eval("tostring(os.time() > First) .. tostring(Old() == First) .. tostring(Old == os.time)").output == (
        "truetruefalse"
    )


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    bench = Bench(
        "Handlers.add('echo', 'Echo', function(m) Send({Target = m.From, Data = m.Data .. '\\xff', T = m.T}) end)"
    )
    (sent,) = bench.send("Action", "Echo", "T", "\udc80", data="\udcfe").messages
    assert sent.data == "\udcfe\udcff"
    assert sent.flat[-1] == "\udc80"


def test_values_become_python_values() -> None:
    bench = Bench("T = {list = {1, 2.5, 'x'}, map = {a = true, [10] = {}}} T.self = T")
    assert bench.process.read("T.list") == [1, 2.5, "x"]
    assert bench.process.read("T.map") == {10: [], "a": True}
    assert bench.process.read("T.self.self.list.2") == 2.5
    assert bench.process.read("Nothing.at.all") is None
    assert bench.eval("{T.list, print}").error is None
    assert bench.process.last_value() == [[1, 2.5, "x"], "function: 0x00000001"]
    assert bench.process.global_names() == ["T"]


def test_reading_runs_no_code_of_the_author() -> None:
    bench = Bench("T = setmetatable({}, {__index = function() Ran = true return 1 end})")
    assert bench.process.read("T.anything") is None
    assert bench.process.read("Ran") is None


@pytest.mark.parametrize("library", [".bint", ".base64", ".pretty", ".utils", "json", ".chance"])
def test_libraries_are_there_when_required_even_from_deep_within(library: str) -> None:
    name = library
    text = f"local out = ('x'):gsub('x', function() return type(require('{name}')) end) return out"
    assert Bench().eval(text).output in ("table", "function")
    assert Bench(f"N = '{name}'").eval("type(coroutine.wrap(function() return require(N) end)())").output in (
        "table",
        "function",
    )


def test_rare_functions_work_within_a_coroutine_of_the_author() -> None:
    bench = Bench("Handlers.add('h', 'H', function() coroutine.wrap(function() ao.spawn('mod', {}) end)() end)")
    for reference in ("1", "2"):
        (spawn,) = bench.send("Action", "H").spawns
        assert spawn.anchor == reference.zfill(32)


def test_a_process_that_replaced_parts_of_the_runtime_is_served_by_them() -> None:
    bench = Bench(
        "local old = Handlers.add Seen = {} Handlers.add = function(n, ...) Seen[#Seen + 1] = n return old(n, ...) end"
    )
    bench.send("Action", "X")
    assert bench.process.read("Seen") == ["_eval"]
    bench = Bench("function Prompt() return 'mine' end")
    assert bench.send("Action", "X").prompt == "mine"
    bench = Bench("function ao.isTrusted() return true end")
    assert bench.send("Action", "X", sender=BOB, owner="z" * 43).verdict == "inbox"
    bench = Bench("setmetatable(_G, {__index = function(_, name) return 'no ' .. name end})")
    assert bench.eval("Undefined").output == "no Undefined"
    assert bench.send("Action", "X").verdict == "inbox"


def test_cron_messages_have_no_id_and_no_nonce() -> None:
    look = Bench(
        "Handlers.add('c', 'Tick', function(m) print(tostring(m.Id) .. tostring(m.Nonce) .. tostring(m.Cron)) end)"
    )
    tick = look.assignment("Action", "Tick", data=None, sender=OWNER, cron=True)
    assert look.process.handle(tick).output == "nilniltrue"


def test_source_that_does_not_parse_is_named_with_its_line() -> None:
    check_source("return 1", "ledger.lua")
    with pytest.raises(SourceError, match=r"ledger\.lua:2: "):
        check_source("x = 1\nend", "ledger.lua")


def test_assignments_and_spawns_are_handed_out() -> None:
    result = Bench().eval("ao.assign({Processes = {'p', 'q'}, Message = 'm'}) ao.spawn('mod', {Data = 'd', X = '1'})")
    (assign,) = result.assignments
    assert (assign.message_id, assign.processes) == ("m", ("p", "q"))
    (spawn,) = result.spawns
    assert (spawn.target, spawn.data) == (None, "d")
    assert spawn.flat == (
        *("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Process", "From-Process", PROCESS),
        *("From-Module", MODULE, "Module", "mod", "Reference", "1", "X", "1"),
    )


def test_the_inbox_keeps_the_newest_ten_thousand() -> None:
    bench = Bench("for i = #Inbox + 1, 10000 do Inbox[i] = {n = i} end")
    bench.send("Action", "One")
    bench.send("Action", "Two")
    assert bench.eval("#Inbox .. Inbox[1].n .. Inbox[9999].Action .. Inbox[10000].Action").output == "100003OneTwo"


@pytest.mark.parametrize("fidelity", ["docs", "network"])
def test_tags_in_the_place_of_timestamp_and_nonce_are_believed(fidelity: str) -> None:
    sim = Simulation(fidelity=fidelity)
    code = """
    Handlers.add("T", "T", function(m)
      print(type(os.time()) .. os.time() .. " " .. m.Timestamp .. " " .. m.Tags.Nonce .. " " .. os.date("%Y"))
    end)
    """
    process = sim.spawn(code)
    process.send(Action="T", Timestamp="86400000", Nonce="n")
    process.send(Action="N")
    sim.run(events_max=1)
    assert process.output[-1] == "string86400000 86400000 n 1970"
    assert process.read("ao.Nonce") == "n"
    sim.run()
    assert process.read("ao.Nonce") == 2
