"""Whatever a line holds, it gets one answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aosim.luavm.module import OutOfMemory
from aosim.protocol.backend import error_of
from protocol.client import ENV, FIRST, Client, lua

KINDS = {
    "module",
    "memory",
    "unknown-instance",
    "unknown-memory",
    "unknown-net",
    "unknown-process",
    "unsupported",
    "bad-request",
}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"hello\n",
        b"{\n",
        b'{"id": 1, "op": "hello"',
        b"[]\n",
        b"5\n",
        b'"hello"\n',
        b"\xff\xfe{}\n",
        b'{"id": NaN}\n',
        b"[" * 100_000 + b"\n",
        b'{"id": ' + b"1" * 5_000,
        b"\x00\n",
    ],
)
def test_a_bad_line_is_answered_without_an_id(line: bytes) -> None:
    answer = Client().line(line)
    assert (answer["id"], answer["ok"], answer["error"]["kind"]) == (None, False, "bad-request")


@pytest.mark.parametrize("identity", [1, "a", None, 1.5, [1, {"x": None}], {"y": "ü"}, True, 10**30, ""])
def test_an_answer_repeats_the_id_whatever_it_is(identity: object) -> None:
    line = json.dumps({"id": identity, "op": "hello"}).encode()
    assert Client().line(line)["id"] == identity
    assert Client().line(line.replace(b"hello", b"unheard-of"))["id"] == identity


@pytest.mark.parametrize("depth", [100, 500, 900, 950, 980, 990, 995, 1_000, 5_000])
@pytest.mark.parametrize("field", ["id", "msg"])
def test_what_is_nested_too_deeply_is_told(depth: int, field: str) -> None:
    client = Client()
    client.open()
    nested = b'{"id":1,"op":"handle","instance":"i1","env":{},"%b":{"x":%b%b}}'
    answer = client.line(nested % (field.encode(), b"[" * depth, b"]" * depth))
    assert answer["error"]["kind"] in ("bad-request", "module")


def test_a_request_without_an_id_is_answered_without_one() -> None:
    assert Client().line(b'{"op": "hello"}\r\n')["id"] is None


@pytest.mark.parametrize(
    ("op", "fields", "kind"),
    [
        ("unheard-of", {}, "bad-request"),
        ("", {}, "bad-request"),
        ("open", {"module": 5}, "bad-request"),
        ("open", {"module": {"name": 5}}, "bad-request"),
        ("open", {"module": {"boot": {}}}, "bad-request"),
        ("open", {"module": {"boot": [5]}}, "bad-request"),
        ("open", {"module": {"boot": [{"name": "x"}]}}, "bad-request"),
        ("open", {"module": {"lua": "return {}", "boot": [{"name": "x", "source": ""}]}}, "bad-request"),
        ("open", {"options": {"files": {"/x": 5}}}, "bad-request"),
        ("handle", {}, "bad-request"),
        ("handle", {"instance": 5}, "bad-request"),
        ("handle", {"instance": "i9", "msg": {}, "env": {}}, "unknown-instance"),
        ("handle", {"instance": "i1", "memory": "m9", "msg": {}, "env": {}}, "unknown-memory"),
        ("handle", {"instance": "i1", "memory": 5, "msg": {}, "env": {}}, "bad-request"),
        ("handle", {"instance": "i1", "env": {}}, "bad-request"),
        ("handle", {"instance": "i1", "msg": "text", "env": {}}, "bad-request"),
        ("handle", {"instance": "i1", "msg": {}, "env": []}, "bad-request"),
        ("handle", {"instance": "i1", "msg": {}}, "bad-request"),
        ("net.advance", {"net": "n1"}, "bad-request"),
        ("release", {}, "bad-request"),
        ("release", {"memories": "m1"}, "bad-request"),
        ("release", {"memories": [1]}, "bad-request"),
        ("export", {"memory": "m9"}, "unknown-memory"),
        ("import", {"data": 5}, "bad-request"),
        ("import", {"data": "not base64!"}, "bad-request"),
        ("import", {"data": "aGVsbG8="}, "bad-request"),
        ("import", {"data": "aGVsbG8=", "encoding": "hex"}, "bad-request"),
        ("close", {"instance": "i9"}, "unknown-instance"),
        ("net.run", {"net": "n9"}, "unknown-net"),
        ("net.close", {"net": "n9"}, "unknown-net"),
        ("net.open", {"clock": {"start": -1}}, "bad-request"),
        ("net.open", {"clock": {"blockMs": 0}}, "bad-request"),
        ("net.open", {"seed": []}, "bad-request"),
        ("net.spawn", {"net": "n1"}, "bad-request"),
        ("net.spawn", {"net": "n1", "owner": "a", "tags": {}}, "bad-request"),
        ("net.spawn", {"net": "n1", "owner": "a", "tags": [{"name": "a", "value": 1}]}, "bad-request"),
        ("net.send", {"net": "n1", "from": "a"}, "bad-request"),
        ("net.send", {"net": "n1", "from": "a", "target": "b", "forged": 1}, "bad-request"),
        ("net.cron", {"net": "n1", "target": "nobody"}, "unknown-process"),
        ("net.run", {"net": "n1", "max": True}, "bad-request"),
        ("net.eval", {"net": "n1", "process": "nobody", "code": "return 1"}, "unknown-process"),
        ("net.inbox", {"net": "n1", "process": "nobody"}, "unknown-process"),
        ("net.queue", {"net": "n1", "process": "nobody"}, "unknown-process"),
        ("net.reorder", {"net": "n1", "process": "nobody", "messages": []}, "unknown-process"),
        ("net.advance", {"net": "n1", "ms": -1}, "bad-request"),
        ("net.advance", {"net": "n1", "ms": 1.5}, "bad-request"),
    ],
)
def test_a_wrong_request_is_told_its_kind_of_error(op: str, fields: dict[str, Any], kind: str) -> None:
    client = Client()
    client.ask("open")
    client.ask("net.open")
    error = client.error(op, **fields)
    assert error["kind"] == kind
    assert error["message"]


def test_an_error_of_the_module_carries_what_it_threw() -> None:
    error = Client().open(module={"lua": "return { handle = function() error('no', 0) end }"}).error({})
    assert error == {"kind": "module", "message": "no", "value": "no"}


def test_a_shortage_of_memory_and_a_fault_of_ours_have_kinds_of_their_own() -> None:
    assert error_of(OutOfMemory("not enough memory"))["kind"] == "memory"
    assert error_of(MemoryError())["kind"] == "memory"
    assert error_of(ZeroDivisionError("division by zero"))["kind"] == "internal"


def test_requests_sent_ahead_are_answered_in_order() -> None:
    client = Client()
    opened, _ = client.booted()
    requests = [
        {"id": n, "op": "handle", "instance": opened.name, "msg": lua("X = (X or 0) + 1 return X"), "env": ENV}
        for n in range(5)
    ]
    lines = [json.dumps(request).encode() + b"\n" for request in requests]
    answers = [json.loads(client.backend.answer(line)) for line in lines]
    assert [(answer["id"], answer["result"]["Output"]["data"]) for answer in answers] == [
        (n, str(n + 1)) for n in range(5)
    ]


def test_one_instance_that_fails_harms_no_other() -> None:
    client = Client()
    well, first = client.booted()
    ill, _ = client.booted()
    for code in (
        "local function f() return f() + 1 end return f()",
        "return ('x'):rep(2^62)",
        "ao = nil Handlers = nil print = nil",
        "return setmetatable({}, { __pairs = error, __index = error })",
    ):
        ill.client.answer("handle", instance=ill.name, msg=lua(code), env=ENV)
    assert well.eval("return 'well'", first) == "well"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["instance", "memory", "msg", "env", "module", "options", "memories", "data", "net", "process", "tags", "code"]
OPS = [
    "hello",
    "open",
    "handle",
    "release",
    "export",
    "import",
    "close",
    "net.open",
    "net.spawn",
    "net.send",
    "net.run",
]


@given(st.binary(max_size=60))
def test_every_line_of_bytes_is_survived(line: bytes) -> None:
    answer = Client().line(line)
    assert not answer["ok"]


@given(op=st.sampled_from(OPS), request=st.dictionaries(st.sampled_from(NAMES), JSON | st.just("i1") | st.just("n1")))
def test_every_request_is_survived(op: str, request: dict[str, Any]) -> None:
    client = SHARED
    line = json.dumps({"id": 1, "op": op, **request}).encode()
    answer = client.line(line)
    if not answer["ok"]:
        assert answer["error"]["kind"] in KINDS, answer


SHARED = Client()
SHARED.open().handle(FIRST)
SHARED.ask("net.open")
