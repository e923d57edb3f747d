"""Which module a request means."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

from aosim.luavm.module import ModuleCode
from aosim.profiles import AOS, profile_named
from aosim.protocol import fields
from aosim.protocol.fields import Request
from aosim.protocol.refusals import bad_request
from aosim.protocol.runtimes import NO_FILES, Files, ModuleMaker
from aosim.protocol.states import Store, Tree


class Modules:
    """The trees of states, one for each module that somebody uses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._trees: WeakValueDictionary[ModuleCode, Tree] = WeakValueDictionary()

    def tree(self, code: ModuleCode) -> Tree:
        """The tree of a module; made when nobody uses one. Raises ModuleFailed for Lua that does not parse."""
        tree = self._trees.get(code)
        if tree is None:
            code.check()
            tree = self._trees[code] = Tree(ModuleMaker(code), self._store, code)
        return tree


def code_of(spec: Request) -> ModuleCode:
    """The module that a request describes.

    A name nobody knows, or none, means the default, aos 2.0.6: a backend must not fail because it
    does not know somebody's build.
    """
    name = fields.text_or_none(spec, "name")
    boot = tuple(_built_in(item) for item in _list(spec, "boot"))
    if name == "lua" or spec.get("lua") is not None:
        if boot:
            raise bad_request("module.boot is built into aos; a module of one's own has its Lua in module.lua")
        return ModuleCode(lua=fields.text(spec, "lua"))
    return ModuleCode(profile=profile_named(name or "aos") or AOS, boot=boot)


def files_of(options: Request) -> Files:
    """The files that a process may read: path to text."""
    given = fields.mapping_or_empty(options, "files")
    if not all(isinstance(text, str) for text in given.values()):
        raise bad_request("options.files: every file is a text")
    return given or NO_FILES


def _list(spec: Request, name: str) -> list[Any]:
    value = spec.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_request(f"module.{name} must be a list")
    return value


def _built_in(item: Any) -> tuple[str, str]:
    if not isinstance(item, dict):
        raise bad_request("module.boot: an item is an object with the texts name and source")
    return fields.text(item, "name"), fields.text(item, "source")
