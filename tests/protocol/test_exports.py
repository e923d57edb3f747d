"""export and import: a state as bytes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest

from aosim.protocol import exports
from protocol.client import Client, lua

BOOT = {"name": "aos-2.0.6", "boot": [{"name": ".x", "source": "Built = 'in'"}]}


def exported(client: Client, memory: str) -> bytes:
    answer = client.ask("export", memory=memory)
    assert answer["encoding"] == "base64"
    return b64decode(answer["data"])


def imported(client: Client, data: bytes, **fields: Any) -> Any:
    return client.answer("import", data=b64encode(data).decode(), **fields)


@pytest.mark.parametrize("module", [{"name": "aos-2.0.6"}, {"name": "aos-2.0.3"}, BOOT])
def test_a_state_goes_on_in_another_run_as_it_would_have_here(module: Any) -> None:
    here, there = Client(), Client()
    opened, _ = here.booted(module=module, options={"files": {"/data/x": "file"}})
    memory = opened.after("F = (function() local n = 0 return function() n = n + 1 return n end end)() F()")
    memory = opened.after("Got = Receive({ Action = 'Go' }).Data", memory)
    other = there.open(module=module, options={"files": {"/data/x": "file"}})
    there_memory = imported(there, exported(here, memory), module=module)["memory"]
    for message in (lua("return F() .. tostring(Built) .. math.random(1, 1000)"), lua("return ao.reference")):
        assert other.handle(message, there_memory)["result"] == opened.handle(message, memory)["result"]


def test_the_bytes_of_a_state_are_the_same_in_every_run() -> None:
    def run() -> bytes:
        client = Client()
        opened, _ = client.booted()
        return exported(client, opened.after("X = 1"))

    assert run() == run()


def test_files_of_earlier_calls_are_part_of_the_state() -> None:
    here, there = Client(), Client()
    opened, _ = here.booted(options={"files": {"/data/x": "file"}})
    memory = opened.after("X = io.open('/data/x'):read('a')")
    there_memory = imported(there, exported(here, memory))["memory"]
    assert there.open().eval("return X .. tostring(io.open('/data/x'))", there_memory) == "filenil"


@pytest.fixture(scope="module")
def data() -> bytes:
    client = Client()
    return exported(client, client.booted()[1])


@pytest.mark.parametrize("cut", [0, 5, 12, 30, -1])
def test_torn_bytes_are_refused(data: bytes, cut: int) -> None:
    assert imported(Client(), data[:cut])["error"]["kind"] == "bad-request"


def test_changed_bytes_are_refused(data: bytes) -> None:
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert imported(Client(), changed)["error"]["kind"] == "bad-request", at


def test_bytes_of_another_version_are_refused_and_told(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(exports, "__version__", "9.9.9")
    error = imported(Client(), data)["error"]
    assert error["kind"] == "bad-request"
    assert "9.9.9" in error["message"]


def test_a_state_of_another_module_is_refused(data: bytes) -> None:
    error = imported(Client(), data, module={"name": "aos-2.0.1"})["error"]
    assert error["message"] == "data is a state of aos-2.0.6, not of aos-2.0.1"
