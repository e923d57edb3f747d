from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aosim import BootError, Simulation, UsageError
from aosim.disk_journal import DiskJournal
from aosim.ids import address_of
from aosim.replay import Place, import_traffic, replay, replay_process
from aosim.replay.letters import letters_of
from aosim.replay.traffic import Traffic
from replay.test_replay import make_world

LEDGER = """
Balances, Seen = {}, {}
Handlers.add("Mint", "Mint", function(msg)
  Seen[#Seen + 1] = msg.Id .. " " .. msg.Timestamp .. " " .. msg.From
  Balances[msg.From] = (Balances[msg.From] or 0) + tonumber(msg.Tags.Quantity)
  msg.reply({ Balance = tostring(Balances[msg.From]) })
  Send({ Target = ao.id, Action = "Mint", Quantity = "1000" })
end)
"""
LEDGER_ID, ALICE, BOB = address_of("ledger"), address_of("alice"), address_of("bob")
START_MS = 1_700_000_000_000


def _tags(**tags: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in tags.items()]


def _message(number: int, sender: str = ALICE, **fields: Any) -> dict[str, Any]:
    return {
        "Id": address_of("message", str(number)),
        "From": sender,
        "Owner": sender,
        "Target": LEDGER_ID,
        "Data": "",
        "Tags": _tags(Action="Mint", Quantity=str(number)),
        "Timestamp": START_MS + 1_000 * number,
        **fields,
    }


def test_messages_keep_their_ids_senders_and_times_and_the_process_its_address(tmp_path: Path) -> None:
    messages = [_message(1), _message(2, BOB), _message(5)]
    found = import_traffic(messages, {"ledger": LEDGER}, journal=tmp_path / "run.db")
    sim = found.simulation
    ledger = sim.process("ledger")
    assert ledger.id == LEDGER_ID
    assert ledger.read("Seen") == [f"{one['Id']} {one['Timestamp']} {one['From']}" for one in messages]
    assert ledger.read("Balances") == {ALICE: 6, BOB: 2}
    assert (found.messages, found.remarks, dict(found.elsewhere)) == (3, (), {})
    assert sim.counts.dropped == 3  # what it sent to itself: the traffic holds what it got
    assert sim.message(messages[0]["Id"]) is not None
    assert sim.start_ms == START_MS + 1_000
    sim.close()
    assert replay(tmp_path / "run.db")
    assert replay_process(tmp_path / "run.db", "ledger")
    with closing(Simulation.resume(tmp_path / "run.db")) as again:
        assert again.process("ledger").read("Balances") == {ALICE: 6, BOB: 2}
        again.run()


def test_answers_reach_the_wallets_of_those_who_asked() -> None:
    sim = import_traffic([_message(1)], {"ledger": LEDGER}).simulation
    wallet = sim._engine.wallets[ALICE]
    assert [message.tag("Balance") for message in wallet.inbox] == ["1"]


SHAPES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "a list": lambda messages: messages,
    "tags as a table": lambda messages: [
        {**one, "Tags": {tag["name"]: tag["value"] for tag in one["Tags"]}} for one in messages
    ],
    "a gateway": lambda messages: {"data": {"transactions": {"edges": [{"node": _node(one)} for one in messages]}}},
    "pages of a gateway": lambda messages: [
        {"data": {"transactions": {"edges": [{"node": _node(one)} for one in messages[at : at + 2]]}}}
        for at in range(len(messages))
    ],
    "a scheduler": lambda messages: {
        "page_info": {"has_next_page": False},
        "edges": [{"cursor": "1", "node": _assigned(number, one)} for number, one in enumerate(messages)],
    },
}


def _node(one: dict[str, Any]) -> dict[str, Any]:
    """As a gateway tells of it: owner and block are objects, the data only a size."""
    return {
        "id": one["Id"],
        "recipient": one["Target"],
        "owner": {"address": one["Owner"], "key": "..."},
        "tags": one["Tags"],
        "data": {"size": "0"},
        "block": {"height": 5, "timestamp": one["Timestamp"] // 1_000},
    }


def _assigned(number: int, one: dict[str, Any]) -> dict[str, Any]:
    owner = {"address": one["Owner"], "key": "..."}
    message = {"id": one["Id"], "owner": owner, "tags": one["Tags"], "data": "", "anchor": None, "target": LEDGER_ID}
    placed = _tags(Process=LEDGER_ID, Nonce=str(number), Timestamp=str(one["Timestamp"]), Type="Assignment")
    return {"message": message, "assignment": {"id": address_of("assignment"), "owner": owner, "tags": placed}}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_traffic_gives_the_same_run(shape: str, tmp_path: Path) -> None:
    messages = [_message(1), _message(2, BOB), _message(3)]
    file = tmp_path / "traffic.json"
    file.write_text(json.dumps(SHAPES[shape](messages)))
    found = import_traffic(file, {"ledger": LEDGER})
    seen = found.simulation.process("ledger").read("Seen")
    assert seen == [f"{one['Id']} {one['Timestamp']} {one['From']}" for one in messages]
    assert ("of which a gateway only tells the size" in str(found)) == ("gateway" in shape)


def test_one_object_per_line_is_traffic_too(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    file.write_text("\n".join(json.dumps(_message(number)) for number in (1, 2)))
    assert import_traffic(file, {"ledger": LEDGER}).messages == 2


def test_messages_are_taken_in_the_order_of_their_nonces() -> None:
    messages = [_message(3, Nonce=30), _message(1, Nonce="10"), _message(2, Nonce=20)]
    sim = import_traffic(messages, {"ledger": LEDGER}).simulation
    assert [text.split()[1][-4:] for text in sim.process("ledger").read("Seen")] == ["1000", "2000", "3000"]


def test_what_could_not_be_kept_is_told() -> None:
    messages = [_message(3, Nonce=1), _message(1, Nonce=2), {**_message(2, Nonce=3), "Id": None, "Timestamp": None}]
    found = import_traffic(messages, {"ledger": LEDGER})
    assert found.remarks == (
        "1 message has no time: arrived right after the one before",
        "1 message has an id that is none: got one made from the content",
        "1 message older than the one before: arrived with it, as time has gone on",
    )
    assert found.simulation.counts.handled == 4


def test_two_messages_of_one_id_are_refused_unless_they_are_one_message() -> None:
    once, again = _message(1), {**_message(2), "Id": _message(1)["Id"]}
    assert import_traffic([once, once], {"ledger": LEDGER}).messages == 1
    with pytest.raises(UsageError, match="messages 1 and 2 are different and have one Id"):
        import_traffic([once, {**again, "Data": "another"}], {"ledger": LEDGER})


def test_a_message_without_a_target_is_refused() -> None:
    with pytest.raises(UsageError, match=r"message 2 \(.*\) has no Target"):
        import_traffic([_message(1), {**_message(2), "Target": ""}], {"ledger": LEDGER})


def test_several_processes_are_told_apart_by_their_addresses() -> None:
    other = address_of("other")
    messages = [_message(1), {**_message(2), "Target": other}, {**_message(3), "Target": BOB}]
    with pytest.raises(UsageError, match=r"for several processes, say which one it was\. Messages are to"):
        import_traffic(messages, {"ledger": LEDGER})
    found = import_traffic(messages, {"ledger": Place(LEDGER, LEDGER_ID), "other": Place(LEDGER, other)})
    assert [process.id for process in found.simulation.processes] == [LEDGER_ID, other]
    assert (found.messages, dict(found.elsewhere)) == (2, {BOB: 1})
    assert "1 messages to 1 others left out" in str(found)
    with pytest.raises(UsageError, match="nothing in the traffic is to"):
        import_traffic(messages, {"ledger": Place(LEDGER, address_of("nobody"))})


def test_the_owner_and_tags_of_a_process_come_from_its_own_message() -> None:
    birth = {
        **_message(0, BOB),
        "Id": LEDGER_ID,
        "Target": "",
        "Tags": _tags(Type="Process", Name="Ledger", Authority=ALICE, Colour="green"),
    }
    evaluated = {**_message(9, BOB), "Data": "Evaluated = Owner .. ao.env.Process.Tags.Colour"}
    evaluated["Tags"] = _tags(Action="Eval")
    sim = import_traffic([birth, _message(1), evaluated], {"ledger": LEDGER}).simulation
    assert sim.process("ledger").read("Evaluated") == f"{BOB}green"
    assert sim.process("ledger").read("Balances") == {ALICE: 1}


@pytest.mark.parametrize(
    ("traffic", "told"),
    [
        ({"some": "thing"}, "it is no traffic"),
        ([5], "message 1 is 5"),
        ([{**_message(1), "Tags": 5}], "message 1: its tags are 5"),
        ([{**_message(1), "Tags": [{"name": "x"}]}], "message 1: a tag is"),
        ([{**_message(1), "Data": [1]}], r"message 1: \[1\] is no text"),
        ([], "holds no message"),
    ],
)
def test_what_is_no_traffic_is_refused_with_its_place(traffic: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        import_traffic(traffic, {"ledger": LEDGER})


def test_files_that_are_no_json_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{not json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\xff")
    for name, told in (("bad.json", "no JSON"), ("bytes.json", "no text"), ("none.json", "No such file")):
        with pytest.raises(UsageError, match=told):
            import_traffic(tmp_path / name, {"ledger": LEDGER})


def test_a_process_that_cannot_be_made_leaves_no_record(tmp_path: Path) -> None:
    with pytest.raises(BootError):
        import_traffic([_message(1)], {"ledger": "error('no')"}, journal=tmp_path / "run.db")
    assert list(tmp_path.iterdir()) == []


def _exported(path: Path, name: str) -> list[dict[str, Any]]:
    """What a process of a recorded run got, as another network would tell it."""
    with DiskJournal.look(path) as journal:
        traffic = Traffic(journal)
        given = [one.assignment for one in traffic.of(traffic.member(name)) if not one.assignment.cron]
    return [
        {
            "Id": one.message.id,
            "From": one.message.sender,
            "Owner": one.message.owner,
            "Target": one.process_id,
            "Data": one.message.data,
            "Anchor": one.message.anchor,
            "Tags": [tag._asdict() for tag in one.message.tags],
            "Timestamp": one.timestamp_ms,
            "Nonce": one.nonce,
        }
        for one in given
    ]


@settings(max_examples=8)
@given(actions=st.lists(st.sampled_from(("Add", "Ask", "Unknown", "run")), max_size=15))
def test_what_a_process_got_here_imported_again_leaves_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    path = tmp_path_factory.mktemp("run") / "run.db"
    with closing(make_world(path, actions)) as sim:
        state, errors = sim.process("one").state, sim.process("one").errors
        code = next(one.given[5][0] for one in sim.journal.inputs() if one.name == "spawn")  # type: ignore[attr-defined]
    again = import_traffic(_exported(path, "one"), {"one": code}).simulation.process("one")
    assert (again.state, again.errors) == (state, errors)


def test_messages_that_come_twice_are_taken_once() -> None:
    assert len(letters_of([_message(1), _message(1), _message(2)])) == 2
