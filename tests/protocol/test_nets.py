"""net.*: some processes, a clock that stands still, one queue."""

from __future__ import annotations

from typing import Any

import pytest

from aosim.messenger import MESSENGER_ID
from protocol.client import Client, tag

PONG = "Handlers.add('p', 'Ping', function(m) m.reply({ Data = 'pong' }) end) return nil"


class Net:
    def __init__(self, **options: Any) -> None:
        self.client = Client()
        answer = self.client.ask("net.open", **options)
        self.name = answer["net"]
        assert answer["authority"] == MESSENGER_ID

    def ask(self, op: str, **fields: Any) -> Any:
        return self.client.ask(f"net.{op}", net=self.name, **fields)

    def error(self, op: str, **fields: Any) -> Any:
        return self.client.error(f"net.{op}", net=self.name, **fields)

    def spawn(self, process: str, code: str = "", **fields: Any) -> None:
        answer = self.ask("spawn", process=process, owner="alice", **fields)
        assert answer["process"] == process
        assert "Error" not in answer["result"]
        if code:
            self.eval(process, code)

    def eval(self, process: str, code: str) -> Any:
        answer = self.ask("eval", process=process, code=code)
        assert "error" not in answer, answer
        return answer.get("output")

    def send(self, sender: str, target: str, action: str, **fields: Any) -> str:
        identity: str = self.ask("send", **{"from": sender}, target=target, tags=[tag("Action", action)], **fields)[
            "message"
        ]
        return identity

    def run(self, **fields: Any) -> Any:
        return self.ask("run", **fields)

    def data_to(self, target: str) -> list[Any]:
        return [item.get("Data") for item in self.ask("messages", target=target)["messages"]]


@pytest.fixture
def net() -> Net:
    return Net()


def test_a_message_is_answered_through_the_queue(net: Net) -> None:
    net.spawn("ping", PONG, tags=[tag("Name", "ping")])
    sent = net.send("bob", "ping", "Ping")
    assert net.data_to("bob") == []
    assert net.ask("queue", process="ping")["messages"] == [sent]
    answer = net.run()
    assert (answer["evaluated"], answer["idle"]) == ([{"message": sent, "process": "ping"}], True)
    assert net.data_to("bob") == ["pong"]
    (item,) = net.ask("messages", target="bob")["messages"]
    assert (item["From"], item["Owner"], item["Forwarded-By"]) == ("ping", MESSENGER_ID, MESSENGER_ID)
    names = [each["name"] for each in item["Tags"]]
    assert names[-5:] == ["Data-Protocol", "Type", "From-Process", "From-Module", "Pushed-For"]
    assert item["Tags"][-1]["value"] == sent


def test_an_eval_is_evaluated_at_once_and_what_it_sends_is_queued(net: Net) -> None:
    net.spawn("a")
    net.spawn("b", PONG)
    answer = net.ask("eval", process="a", code="Send({ Target = 'b', Action = 'Ping' }) return 6 * 7")
    assert answer["output"] == "42"
    assert net.ask("queue", process="b")["messages"] == answer["messages"]
    assert net.run()["idle"]
    assert net.eval("a", "return Inbox[#Inbox].Data") == "pong"


def test_an_eval_that_says_nothing_has_no_output(net: Net) -> None:
    net.spawn("a")
    assert "output" not in net.ask("eval", process="a", code="X = 1 return nil")


def test_an_eval_that_fails_leaves_the_process_as_it_was(net: Net) -> None:
    net.spawn("a")
    answer = net.ask("eval", process="a", code="X = 1 Send({ Target = 'b' }) error('no')")
    assert "no" in answer["error"]
    assert net.eval("a", "return tostring(X)") == "nil"
    assert net.data_to("b") == []


def test_a_failed_evaluation_leaves_the_process_as_it_was_and_sends_nothing(net: Net) -> None:
    net.spawn("a", "Handlers.add('f', 'Fail', function(m) X = 1 m.reply({ Data = 'x' }) error('no') end)")
    net.send("bob", "a", "Fail")
    (told,) = net.run()["evaluated"]
    assert "no" in told["error"]
    assert net.data_to("bob") == []
    assert net.eval("a", "return tostring(X)") == "nil"


def test_messages_are_evaluated_first_in_first_out_and_results_after_what_waits(net: Net) -> None:
    for name in "ab":
        net.spawn(name, "Handlers.add('x', 'X', function(m) Send({ Target = 'c', Data = ao.id .. m.Data }) end)")
    net.spawn("c", "Seen = '' Handlers.add('all', function() return true end, function(m) Seen = Seen .. m.Data end)")
    for number, target in enumerate("abba"):
        net.send("bob", target, "X", data=str(number))
    assert [told["process"] for told in net.run()["evaluated"]] == [*"abba", *"cccc"]
    assert net.eval("c", "return Seen") == "a0b1b2a3"


def test_a_run_can_be_cut_short(net: Net) -> None:
    net.spawn("a", "Handlers.add('x', 'X', function(m) Send({ Target = ao.id, Action = 'X' }) end)")
    net.send("bob", "a", "X")
    answer = net.run(max=5)
    assert len(answer["evaluated"]) == 5
    assert answer["idle"] is False


def test_what_waits_for_a_process_can_be_put_into_another_order(net: Net) -> None:
    for name in "ab":
        net.spawn(name, "Seen = '' Handlers.add('x', 'X', function(m) Seen = Seen .. m.Data end)")
    ids = [net.send("bob", target, "X", data=str(number)) for number, target in enumerate("abaa")]
    net.ask("reorder", process="a", messages=[ids[3], ids[0], ids[2]])
    assert net.ask("queue", process="a")["messages"] == [ids[3], ids[0], ids[2]]
    assert net.error("reorder", process="a", messages=[ids[3], ids[0]])["kind"] == "bad-request"
    assert net.error("reorder", process="a", messages=[ids[1], ids[0], ids[2]])["kind"] == "bad-request"
    assert [told["message"] for told in net.run()["evaluated"]] == [ids[3], ids[1], ids[0], ids[2]]
    assert net.eval("a", "return Seen") == "302"


def test_time_stands_still_until_it_is_advanced() -> None:
    net = Net(clock={"start": 1_000, "height": 7, "blockMs": 500})
    net.spawn("a")
    clock = "return os.time() .. ' ' .. ao.env.Process.Id"
    assert net.eval("a", clock) == net.eval("a", clock) == "1000 a"
    answer = net.ask("advance", ms=1_600)
    assert (answer["time"], answer["height"]) == (2_600, 10)
    assert net.eval("a", clock) == "2600 a"


CHILD = """
Handlers.add('new', { Action = 'Spawned' }, function(m) Child, Wish, From = m.Process, m.Tags.Wish, m.From end)
Spawn(ao.env.Module.Id, { Wish = 'peace', Data = 'hello', %s })
Send({ Target = 'bob', Data = 'after' })
"""


def test_a_spawned_child_belongs_to_its_parent_and_the_parent_is_told(net: Net) -> None:
    net.spawn("a", CHILD % f"Authority = '{MESSENGER_ID}'")
    waits = net.ask("queue", process="a")["messages"]
    evaluated = net.run()["evaluated"]
    child = net.eval("a", "return Child")
    assert [told["process"] for told in evaluated] == [child, "a"]  # bob is no process
    assert evaluated[1]["message"] in waits
    assert net.eval("a", "return Wish .. From") == "peacea"
    (first,) = net.ask("inbox", process=child)["messages"]
    assert (first["Id"], first["From"], first["Owner"], first["evaluated"]) == (child, "a", MESSENGER_ID, True)
    assert net.eval(child, "return Owner .. #Inbox .. Inbox[1].Data") == "a1hello"


def test_a_child_trusts_the_authority_only_when_its_parent_says_so(net: Net) -> None:
    net.spawn("a", CHILD % "X = '1'")
    net.run()
    child = net.eval("a", "return Child")
    assert net.eval(child, "return #Inbox .. Owner") == "0a"  # its own first message was refused
    net.eval("a", "Send({ Target = Child, Data = 'hi' })")
    net.run()
    assert net.eval(child, "return #Inbox") == "0"


def test_an_assigned_message_keeps_what_it_was(net: Net) -> None:
    net.spawn("a", "Handlers.add('p', 'Pass', function(m) Assign({ Processes = { 'b' }, Message = m.Id }) end)")
    net.spawn("b", "ao.addAssignable(function() return true end)")
    sent = net.send("bob", "a", "Pass", data="x")
    assert [told["process"] for told in net.run()["evaluated"]] == ["a", "b"]
    got = net.eval("b", "local m = Inbox[#Inbox] return m.Id .. ' ' .. m.From .. ' ' .. m.Target .. ' ' .. m.Action")
    assert got == f"{sent} bob a Pass"
    assert [item["Id"] for item in net.ask("inbox", process="b")["messages"]] == ["b", sent]


def test_a_message_to_nobody_is_kept_and_not_evaluated(net: Net) -> None:
    sent = net.send("bob", "carol", "Hello", data="x")
    answer = net.run()
    assert (answer["evaluated"], answer["idle"]) == ([], True)
    assert net.ask("message", message=sent)["message"]["Data"] == "x"
    assert net.ask("message", message="unheard of")["message"] is None


TRUST = "Handlers.add('t', 'T', function(m) Got = (Got or '') .. m.From .. '<' .. m.Owner .. ' ' end)"


def test_what_is_sent_for_a_process_is_trusted_unless_it_is_forged(net: Net) -> None:
    net.spawn("a", TRUST)
    net.send("mallory", "a", "T", **{"as": "bank"}, forged=True)
    net.send("mallory", "a", "T", forged=True)
    net.send("bob", "a", "T", **{"as": "bank"})
    net.send("bob", "a", "T")
    net.run()
    assert net.eval("a", "return Got") == f"bank<{MESSENGER_ID} bob<bob "


def test_a_process_is_forged_by_a_stranger_even_where_it_is_said_to_sign_itself(net: Net) -> None:
    net.spawn("a", TRUST)
    for sender in ("bank", MESSENGER_ID):
        net.send(sender, "a", "T", **{"as": "bank"}, forged=True)
    told = [message for message in net.ask("messages", target="a")["messages"] if message["Owner"] != "alice"]
    assert len(told) == 2
    assert all(message["Owner"] not in ("bank", MESSENGER_ID) for message in told)
    net.run()
    assert net.eval("a", "return tostring(Got)") == "nil"


def test_a_cron_message_is_from_the_owner_and_has_no_id(net: Net) -> None:
    net.spawn("a", "Handlers.add('t', 'Tick', function(m) Got = tostring(m.Cron) .. tostring(m.Id) .. m.From end)")
    identity = net.ask("cron", target="a", tags=[tag("Action", "Tick")])["message"]
    assert net.run()["evaluated"] == [{"message": identity, "process": "a"}]
    assert net.eval("a", "return Got") == "truenilalice"


DEEP = """
Handlers.add('d', 'D', function()
  local t = {}
  for i = 1, 5000 do t = { t } end
  Send({ Target = 'b', X = t })
end)
"""


def test_a_result_that_is_nested_too_deeply_is_a_failure(net: Net) -> None:
    net.spawn("a", DEEP)
    net.send("bob", "a", "D")
    (told,) = net.run()["evaluated"]
    assert "deep" in told["error"]
    assert net.eval("a", "return 'here'") == "here"


def test_what_the_network_cannot_sign_is_not_on_its_way_and_the_reason_is_told(net: Net) -> None:
    net.spawn("a", "Handlers.add('n', 'N', function() Send({ Target = 'bob', Count = 5 }) Send({ Data = 'x' }) end)")
    net.send("bob", "a", "N")
    (told,) = net.run()["evaluated"]
    assert told["undelivered"] == ["message 1: its tag 'Count' is no text: 5", "message 2: it has no Target"]
    assert net.data_to("bob") == []


def test_handlers_wait_for_answers(net: Net) -> None:
    net.spawn("ping", PONG)
    net.spawn("a")
    net.eval("a", "Got = Send({ Target = 'ping', Action = 'Ping' }).receive().Data")
    net.run()
    assert net.eval("a", "return Got") == "pong"


def test_a_process_of_a_net_can_be_of_any_module(net: Net) -> None:
    net.spawn("old", module="aos-2.0.1")
    net.spawn("own", module={"boot": [{"name": ".x", "source": "X = 'built in'"}]})
    lua = "return { handle = function(msg, ao) ao.send({ Target = 'own', Data = msg.Id }) return ao.result({}) end }"
    net.ask("spawn", process="bare", owner="alice", module={"lua": lua})
    net.run()
    assert net.eval("own", "return X .. ' ' .. Inbox[#Inbox].Data") == "built in bare"


def test_whatever_a_bare_module_returns_is_the_result_of_its_first_message(net: Net) -> None:
    module = {"lua": "return { handle = function(msg) return msg.Data == 'throw' and error('no', 0) or 5 end }"}
    answer = net.ask("spawn", process="bare", owner="alice", module=module)
    assert answer["result"] == {"Output": 5}
    assert net.ask("eval", process="bare", code="x")["output"] == 5
    assert net.ask("eval", process="bare", code="throw")["error"] == "no"


def test_a_spawn_or_an_assignment_that_cannot_be_done_is_told(net: Net) -> None:
    net.spawn("a")
    code = "Spawn(ao.env.Module.Id, { N = 5 }) Assign({ Processes = { 'a' }, Message = 'unheard of' }) return nil"
    told = net.ask("eval", process="a", code=code)
    assert told["undelivered"] == ["spawn 1: its tag 'N' is no text: 5", "no message 'unheard of' to assign"]
    assert net.run()["evaluated"] == []


def test_an_id_is_taken_once_and_ids_are_made_where_none_is_given(net: Net) -> None:
    net.spawn("a")
    assert net.error("spawn", process="a", owner="alice")["kind"] == "bad-request"
    one, other = (net.ask("spawn", owner="alice")["process"] for _ in range(2))
    assert len(one) == len(other) == 43
    assert one != other


def test_a_failing_boot_is_told_and_leaves_the_process_unborn(net: Net) -> None:
    answer = net.ask("spawn", process="a", owner="alice", tags=[tag("On-Boot", "Data")], data="error('no')")
    assert "no" in answer["result"]["Error"]
    assert "error" in net.ask("eval", process="a", code="return 1")


@pytest.mark.parametrize("seed", [7, "seven"])
def test_the_same_seed_gives_the_same_ids_and_another_one_others(seed: object) -> None:
    def ids(**options: Any) -> list[str]:
        net = Net(**options)
        net.spawn("a", PONG)
        net.send("bob", "a", "Ping")
        net.run()
        return [item["Id"] for item in net.ask("messages")["messages"]]

    assert ids(seed=seed) == ids(seed=seed)
    assert not set(ids(seed=seed)[1:]) & set(ids()[1:])


def test_nets_share_nothing_and_can_be_closed() -> None:
    one = Net()
    one.spawn("a", "X = 1")
    other = Net()
    other.client = one.client
    other.name = one.client.ask("net.open")["net"]
    other.spawn("a")
    assert other.eval("a", "return tostring(X)") == "nil"
    one.ask("close")
    assert one.error("run")["kind"] == "unknown-net"
    assert other.eval("a", "return 'here'") == "here"
