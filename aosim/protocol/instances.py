"""The ops for one process: instances of modules, and handles to states."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable
from typing import Any

from aosim.protocol import fields
from aosim.protocol.exports import export_state, import_state
from aosim.protocol.fields import Request
from aosim.protocol.modules import Modules, code_of, files_of
from aosim.protocol.refusals import bad_request, unknown
from aosim.protocol.runtimes import Call, Files
from aosim.protocol.states import Node, Tree
from aosim.protocol.wire import Raw, json_text

Answer = dict[str, Any]


class Instance:
    """A module somebody opened, and where it goes on when it is not told."""

    def __init__(self, tree: Tree, files: Files) -> None:
        self.tree = tree
        self.files = files
        self.state = tree.root


class Instances:
    """What `open` opened, and the memories that `handle` answered and nobody has released."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._instances: dict[str, Instance] = {}
        self._memories: dict[str, Node] = {}
        self._opened = 0
        self._remembered = 0

    def ops(self) -> dict[str, Callable[[Request], Answer]]:
        """The ops by their names."""
        return {
            "open": self.open,
            "handle": self.handle,
            "release": self.release,
            "export": self.export,
            "import": self.import_,
            "close": self.close,
        }

    def open(self, request: Request) -> Answer:
        """An instance of a module; it shares nothing with others."""
        code = code_of(fields.mapping_or_empty(request, "module"))
        files = files_of(fields.mapping_or_empty(request, "options"))
        instance = Instance(self._modules.tree(code), files)
        self._opened += 1
        name = f"i{self._opened}"
        self._instances[name] = instance
        return {"instance": name, "module": "lua" if code.lua is not None else code.profile.name}

    def handle(self, request: Request) -> Answer:
        """Evaluate one message."""
        instance = self._instance(request)
        state = instance.state if request.get("memory") is None else self._memory(request, instance.tree)
        env = fields.mapping(request, "env")
        call = Call(json_text(fields.mapping(request, "msg")), json_text(env), instance.files)
        after, result = instance.tree.evaluate(state, call)
        instance.state = after
        return {"memory": self._remember(after), "gas": 0, "result": Raw(result)}

    def release(self, request: Request) -> Answer:
        """Forget handles; those that nobody knows are not counted."""
        found = [self._memories.pop(name, None) for name in fields.texts(request, "memories")]
        return {"released": sum(node is not None for node in found)}

    def export(self, request: Request) -> Answer:
        """A state as text."""
        node = self._memory(request)
        data = export_state(node.tree.code, node.tree.calls_to(node))
        return {"encoding": "base64", "data": b64encode(data).decode()}

    def import_(self, request: Request) -> Answer:
        """A state from text."""
        wanted = code_of(fields.mapping(request, "module")) if request.get("module") is not None else None
        if request.get("encoding", "base64") != "base64":
            raise bad_request("encoding: data is base64")
        try:
            data = b64decode(fields.text(request, "data"), validate=True)
        except (NoBase64, ValueError):
            raise bad_request("data is no base64") from None
        code, calls = import_state(data)
        if wanted is not None and wanted.profile != code.profile:
            raise bad_request(f"data is a state of {code.profile.name}, not of {wanted.profile.name}")
        return {"memory": self._remember(self._modules.tree(code).follow(calls))}

    def close(self, request: Request) -> Answer:
        """End an instance; memories it answered stay."""
        self._instance(request)
        del self._instances[request["instance"]]
        return {}

    def _instance(self, request: Request) -> Instance:
        name = fields.text(request, "instance")
        if name not in self._instances:
            raise unknown("instance", name)
        return self._instances[name]

    def _memory(self, request: Request, tree: Tree | None = None) -> Node:
        name = fields.text(request, "memory")
        node = self._memories.get(name)
        if node is None:
            raise unknown("memory", name)
        if tree is not None and node.tree is not tree:
            raise bad_request(f"{name} is a memory of another module than this instance is made from")
        return node

    def _remember(self, node: Node) -> str:
        self._remembered += 1
        name = f"m{self._remembered}"
        self._memories[name] = node
        return name
