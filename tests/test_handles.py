from __future__ import annotations

import pytest

from aosim import Context, Message, ProcessHandle, Simulation
from aosim.errors import EvalError, UsageError


def test_eval_gives_lua_values_as_python_values(sim: Simulation, puppet: ProcessHandle) -> None:
    for code, value in {
        "1 + 1": 2,
        "1 / 2": 0.5,
        "'text'": "text",
        "'\\255'": "\udcff",
        "true": True,
        "false": False,
        "nil": None,
        "{1, 2, {a = 'b'}}": [1, 2, {"a": "b"}],
        "{}": [],
        "{[0] = 'zero', x = {}}": {0: "zero", "x": []},
        "math.mininteger": -(2**63),
        "local x = 5": None,
    }.items():
        assert (code, puppet.eval(code)) == (code, value)


def test_eval_of_a_function_or_a_cycle_gives_text(puppet: ProcessHandle) -> None:
    assert str(puppet.eval("print")).startswith("function: ")
    assert puppet.eval("(function() local t = {} t.me = t return t end)()") == {"me": "<cycle>"}


def test_eval_is_a_message_that_takes_a_nonce_and_may_change_the_state(sim: Simulation, puppet: ProcessHandle) -> None:
    before = sim.fingerprint
    puppet.eval("x = 5")
    assert puppet.eval("ao.Nonce") == 1
    assert puppet.eval("x") == 5
    assert sim.fingerprint != before
    assert sim.counts.begun == sim.counts.ended


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("error('no')", "puppet: "),
        ("x = = 1", "unexpected symbol"),
        ("return nil, 'reason'", "reason"),
        ("nothing.field", "attempt to index a nil value"),
    ],
)
def test_eval_of_what_fails_raises_and_changes_nothing(puppet: ProcessHandle, code: str, text: str) -> None:
    before = puppet.state
    with pytest.raises(EvalError, match=text):
        puppet.eval("y = 1 " + code if code.startswith("error") else code)
    assert puppet.state == before


def test_eval_after_the_owner_has_changed_says_so(puppet: ProcessHandle) -> None:
    puppet.eval("Owner = 'somebody else'")
    with pytest.raises(EvalError, match="puppet: the Eval ended as inbox: the process has another Owner by now"):
        puppet.eval("1")


def test_an_eval_that_waits_has_no_value_yet(puppet: ProcessHandle) -> None:
    assert puppet.eval("7") == 7
    assert puppet.eval("Receive({Action = 'Later'})") is None


def test_eval_of_half_a_character_is_refused(puppet: ProcessHandle) -> None:
    with pytest.raises(UsageError, match="Lua for 'puppet' holds"):
        puppet.eval("'\ud800'")


def test_the_parent_is_whom_a_child_obeys(sim: Simulation, puppet: ProcessHandle) -> None:
    puppet.eval("ao.spawn(ao._module, {Name = 'child'})")
    sim.run()
    child = sim.process("child")
    assert child.eval("Owner") == puppet.id
    child.send("x = 7", Action="Eval")
    sim.run()
    assert child.read("x") == 7


def test_a_query_answers_and_leaves_no_trace(sim: Simulation, pong: ProcessHandle) -> None:
    before = sim.fingerprint, sim.counts.as_dict(), pong.state, pong.inbox, sim.now_ms
    result = pong.query("data", Action="Ping")
    assert [(one.tag("Action"), one.data) for one in result.messages] == [("Pong", "data")]
    assert result.error is None
    assert pong.query(Action="Unknown").verdict == "inbox"
    assert (sim.fingerprint, sim.counts.as_dict(), pong.state, pong.inbox, sim.now_ms) == before


def test_a_query_that_fails_has_an_error(puppet: ProcessHandle) -> None:
    result = puppet.query("error('no')", Action="Do")
    assert result.error is not None
    assert "puppet:1: no" in result.error
    assert result.messages == ()


def test_queries_between_messages_change_no_run() -> None:
    def run(*, asking: bool) -> str:
        sim = Simulation()
        code = "N = 0 Handlers.add('n', 'Next', function(m) N = N + 1 m.reply({Data = N .. math.random(1, 99)}) end)"
        process = sim.spawn(code)
        for _ in range(3):
            process.send(Action="Next")
            sim.run()
            if asking:
                process.query(Action="Next")
                process.query("x", Action="Eval")
        return sim.fingerprint

    assert run(asking=True) == run(asking=False)


def test_a_global_is_read_by_its_path(puppet: ProcessHandle) -> None:
    puppet.eval("Balances = {alice = 5, list = {'a', 'b'}}")
    assert puppet.read("Balances.alice") == 5
    assert puppet.read("Balances.list.2") == "b"
    assert puppet.read("Balances.nobody.at.all") is None
    assert puppet.read("Nothing") is None


def test_keys_that_are_booleans_are_not_taken_for_numbers(puppet: ProcessHandle) -> None:
    puppet.eval("Yes = {[true] = 'yes'} Both = {'one', [true] = 'yes', [false] = 'no'}")
    assert puppet.read("Yes") == {"true": "yes"}
    assert puppet.read("Both") == {1: "one", "true": "yes", "false": "no"}


def test_a_table_may_be_as_deep_as_a_process_can_make_it(puppet: ProcessHandle) -> None:
    puppet.eval("Deep = {} local t = Deep for _ = 1, 5000 do t.x = {} t = t.x end")
    value, depth = puppet.read("Deep"), 0
    while value:
        value, depth = value["x"], depth + 1
    assert depth == 5_000


@pytest.mark.parametrize("count", [220_000, 400_000])
def test_a_value_too_large_to_be_looked_at_is_told_with_a_way_out(puppet: ProcessHandle, count: int) -> None:
    puppet.eval(f"Big = {{}} for i = 1, {count} do Big['k' .. i] = i end")
    with pytest.raises(UsageError, match="too large, or too deep, to be looked at in one piece"):
        puppet.read("Big")
    assert puppet.read("Big.k7") == 7
    assert puppet.eval("Big.k8") == 8


def test_reading_runs_no_code_of_the_process(puppet: ProcessHandle) -> None:
    puppet.eval("Trap = setmetatable({x = 1}, {__index = function() Touched = true return 5 end, __pairs = error})")
    assert puppet.read("Trap.y") is None
    assert puppet.read("Trap") == {"x": 1}
    assert puppet.read("Touched") is None


def test_state_is_what_the_author_has_made(sim: Simulation) -> None:
    process = sim.spawn("Balances = {a = 1} Name2 = 'x' local hidden = 1")
    assert process.state == {"Balances": {"a": 1}, "Name2": "x"}
    process.state["Balances"]["a"] = 100
    assert process.read("Balances.a") == 1


def test_the_inbox_holds_what_no_handler_took(sim: Simulation, pong: ProcessHandle) -> None:
    alice = sim.wallet("alice")
    alice.send(pong, "text", Action="Else")
    sim.run()
    last = pong.inbox[-1]
    assert (last["Action"], last["Data"], last["From"]) == ("Else", "text", alice.address)


def test_output_is_plain_and_the_prompt_coloured(sim: Simulation, puppet: ProcessHandle) -> None:
    puppet.send("print(5)", Action="Do")
    sim.run()
    assert puppet.output[-1] == "5"
    assert "\x1b[32mpuppet\x1b[90m@" in puppet.prompt


def test_errors_name_file_and_line(sim: Simulation, puppet: ProcessHandle) -> None:
    sent = puppet.send("error('first')", Action="Do")
    sim.run()
    assert sent.error is not None
    assert puppet.errors == [sent.error]
    assert "puppet:1: first" in sent.error


def test_a_handle_sends_from_the_owner_unless_told_otherwise(sim: Simulation) -> None:
    alice, carol = sim.wallet("alice"), sim.wallet("carol")
    process = sim.spawn("", owner=alice)
    assert process.owner == alice.address
    assert process.send().message.sender == alice.address
    assert process.send(sender="carol").message.sender == carol.address


def test_handles_show_what_they_are(sim: Simulation, pong: ProcessHandle) -> None:
    sent = pong.send(Action="Ping")
    assert repr(pong) == f"<Process pong {pong.id[:8]}>"
    assert repr(sent) == f"<Sent {sent.id[:8]} on the way>"
    assert pong.address == pong.id


def test_a_python_process_has_state_but_no_globals(sim: Simulation) -> None:
    def remember(me: Context, message: Message) -> None:
        me.state["last"] = message.data

    process = sim.spawn(remember, name="memory")
    process.send("x")
    sim.run()
    assert process.state == {"last": "x"}
    for touch in (lambda: process.eval("1"), lambda: process.read("x"), lambda: process.inbox):
        with pytest.raises(UsageError, match="process 'memory' is no Lua process, it has no globals; use its state"):
            touch()


WAITER = """
Handlers.add("Ask", "Ask", function(m)
  local answer = Send({ Target = m.Tags.Peer, Action = "Nope" }).receive()
  print(answer.Data)
end)
"""


def test_a_handler_that_waits_is_counted_until_it_is_answered() -> None:
    fingerprints = set()
    for looks in (False, True):
        sim = Simulation()
        waiter = sim.spawn(WAITER, name="waiter")
        deaf = sim.spawn("", name="deaf")
        for _ in range(2):
            waiter.send(Action="Ask", Peer=deaf.id)
        sim.run()
        if looks:
            assert (waiter.waiting, deaf.waiting, [each.name for each in sim.waiting]) == (2, 0, ["waiter"])
        deaf.eval("Inbox[#Inbox].reply({ Data = 'at last' }) return print")
        sim.run()
        if looks:
            assert waiter.waiting == 1
        assert waiter.output[-1] == "at last"
        fingerprints.add(sim.fingerprint)
    assert len(fingerprints) == 1
