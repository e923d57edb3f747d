"""A client of the protocol: what tests of any op need."""

from __future__ import annotations

import json
from typing import Any

from aosim.protocol.backend import Backend
from aosim.protocol.states import Room

ENV = {"Process": {"Id": "AOS", "Owner": "OWNER", "Tags": [{"name": "Name", "value": "Test"}]}}


def tag(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "value": value}


def message(data: Any = None, *tags: dict[str, Any], **fields: Any) -> dict[str, Any]:
    common = {"Id": "1234", "From": "OWNER", "Owner": "OWNER", "Target": "AOS", "Module": "M", "Block-Height": "1000"}
    return {**common, **({} if data is None else {"Data": data}), "Tags": list(tags), **fields}


def lua(code: str, **fields: Any) -> dict[str, Any]:
    return message(code, tag("Action", "Eval"), **fields)


FIRST = message(None, tag("Name", "Test"), Id="AOS")


class Client:
    """Asks a backend in the same program, by lines."""

    def __init__(self, room: Room | None = None) -> None:
        self.backend = Backend(room)
        self._requests = 0

    def line(self, line: bytes) -> Any:
        """The answer to a line; it is one line."""
        answer = self.backend.answer(line)
        assert answer.endswith(b"\n")
        assert answer.count(b"\n") == 1
        return json.loads(answer)

    def answer(self, op: str, **fields: Any) -> Any:
        self._requests += 1
        answer = self.line(json.dumps({"id": self._requests, "op": op, **fields}).encode())
        assert answer["id"] == self._requests
        return answer

    def ask(self, op: str, **fields: Any) -> Any:
        """A good answer."""
        answer = self.answer(op, **fields)
        assert answer["ok"], answer["error"]
        assert isinstance(answer["time_us"], int)
        return answer

    def error(self, op: str, **fields: Any) -> Any:
        """What a bad answer says."""
        answer = self.answer(op, **fields)
        assert not answer["ok"], answer
        return answer["error"]

    def open(self, **fields: Any) -> Opened:
        return Opened(self, self.ask("open", **fields)["instance"])

    def booted(self, **fields: Any) -> tuple[Opened, str]:
        """An instance and the memory after its first message."""
        opened = self.open(**fields)
        return opened, opened.handle(FIRST)["memory"]


class Opened:
    """An instance."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    def handle(self, msg: Any, memory: str | None = None, env: Any = ENV) -> Any:
        return self.client.ask("handle", instance=self.name, memory=memory, msg=msg, env=env)

    def error(self, msg: Any, memory: str | None = None, env: Any = ENV) -> Any:
        return self.client.error("handle", instance=self.name, memory=memory, msg=msg, env=env)

    def eval(self, code: str, memory: str | None = None) -> Any:
        """What an Eval returns, as text."""
        result = self.handle(lua(code), memory)["result"]
        assert "Error" not in result, result
        return result["Output"]["data"]

    def after(self, code: str, memory: str | None = None) -> str:
        """The memory after an Eval."""
        after: str = self.handle(lua(code), memory)["memory"]
        return after
