"""A module evaluated as a compute unit does it: with undo and without, images, files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aosim import Simulation
from aosim.luavm.imaged_module import ImagedModule
from aosim.luavm.module import ModuleCode, ModuleFailed, ModuleInstance, ModuleRuntime, json_bytes

ENV = {"Process": {"Id": "AOS", "Owner": "OWNER", "Tags": []}}
COMMON = {"From": "OWNER", "Owner": "OWNER", "Target": "AOS", "Module": "M", "Block-Height": "1000"}
FIRST = {**COMMON, "Id": "AOS", "Tags": []}


def lua(code: str) -> dict[str, Any]:
    return {**COMMON, "Id": "1", "Tags": [{"name": "Action", "value": "Eval"}], "Data": code}


def shown(instance: ModuleInstance, code: str) -> Any:
    return instance.handle(lua(code), ENV)["Output"]["data"]


def booted(kind: type[ModuleRuntime] = ModuleRuntime, **code: Any) -> Any:
    runtime = kind(ModuleCode(**code))
    runtime.answer(json_bytes(FIRST), json_bytes(ENV))
    return runtime


def answer(runtime: ModuleRuntime, code: str) -> Any:
    return json.loads(runtime.answer(json_bytes(lua(code)), json_bytes(ENV)))["Output"]["data"]


@pytest.mark.parametrize(("undo", "left"), [(True, "nil"), (False, "1")])
def test_a_failing_message_leaves_no_trace_unless_nothing_is_undone(undo: bool, left: str) -> None:
    instance = ModuleInstance(undo=undo)
    instance.handle(FIRST, ENV)
    assert "no" in instance.handle(lua("X = 1 error('no')"), ENV)["Error"]
    assert shown(instance, "return tostring(X)") == left


@pytest.mark.parametrize("undo", [True, False])
def test_a_dry_run_leaves_no_trace(undo: bool) -> None:
    instance = ModuleInstance(undo=undo)
    instance.handle(FIRST, ENV)
    instance.handle(lua("X = 1"), ENV, dry_run=True)
    assert shown(instance, "return tostring(X)") == "nil"


def test_without_undo_failures_are_repeated_when_the_process_is_made_again() -> None:
    instance = ModuleInstance(undo=False)
    instance.handle(FIRST, ENV)
    instance.handle(lua("X = (X or 0) + 1 error('no')"), ENV)
    instance.handle(lua("X = 100"), ENV, dry_run=True)
    assert shown(instance, "return X") == "1"


def test_an_image_is_the_state() -> None:
    runtime = booted(ImagedModule)
    answer(runtime, "local n = 5 Next = function() n = n + 1 return n end Next()")
    image = runtime.image()
    assert image is not None
    other = ImagedModule.revived(ModuleCode(), image)
    for _ in range(3):
        code = "return Next() .. ' ' .. math.random(1, 99)"
        assert answer(other, code) == answer(runtime, code)


def test_what_is_built_in_and_a_module_of_ones_own_are_in_the_image() -> None:
    boot = ((".x", "X = 'built in' return { y = 5 }"),)
    image = booted(ImagedModule, boot=boot).image()
    assert answer(ImagedModule.revived(ModuleCode(boot=boot), image), "return X .. require('.x').y") == "built in5"
    code = ModuleCode(lua="local n = 0 return { handle = function() n = n + 1 return n end }")
    runtime = ImagedModule(code)
    assert runtime.answer(b"{}", b"{}") == b"1"
    bare_image = runtime.image()
    assert bare_image is not None
    assert ImagedModule.revived(code, bare_image).answer(b"{}", b"{}") == b"2"


def test_an_image_of_a_process_that_has_not_begun_boots() -> None:
    code = ModuleCode(boot=((".x", "X = 'built in'"),))
    image = ImagedModule(code).image()
    assert image is not None
    runtime = ImagedModule.revived(code, image)
    runtime.answer(json_bytes(FIRST), json_bytes(ENV))
    assert answer(runtime, "return X") == "built in"


def test_a_process_that_waits_has_no_image() -> None:
    runtime = booted(ImagedModule)
    answer(runtime, "Receive({ Action = 'Go' })")
    assert runtime.image() is None


def test_files_are_those_that_were_opened_last() -> None:
    runtime = booted()
    read = "local f = io.open('/data/x') return f and f:read('a') or 'none'"
    runtime.open_files({"/data/x": "one", "/data/y": "y"})
    assert answer(runtime, read) == "one"
    runtime.open_files({"/data/x": "two"})
    assert answer(runtime, read) == "two"
    assert answer(runtime, "return tostring(io.open('/data/y'))") == "nil"
    runtime.open_files({})
    assert answer(runtime, read) == "none"


def test_what_a_module_throws_is_a_value() -> None:
    runtime = ModuleRuntime(ModuleCode(lua="return { handle = function(m) error(m.value) end }"))
    for value, told in ((None, None), ({"a": [1]}, {"a": [1]}), ("text", '[string ".process"]:1: text')):
        with pytest.raises(ModuleFailed) as thrown:
            runtime.answer(json_bytes({"value": value}), b"{}")
        assert thrown.value.value == told


def test_lua_that_does_not_parse_is_told_before_it_is_used() -> None:
    for code in (ModuleCode(lua="return ="), ModuleCode(boot=((".x", "x ="),))):
        with pytest.raises(ModuleFailed, match="unexpected symbol"):
            code.check()
    ModuleCode().check()


@pytest.mark.parametrize("code", ["Send(5)", "Send(nil)", "ao.send = nil Send({ Target = 'x' })"])
def test_an_error_in_the_runtime_shows_no_place_that_nobody_can_find(code: str) -> None:
    instance = ModuleInstance()
    instance.handle(FIRST, ENV)
    error = instance.handle(lua(code), ENV)["Error"]
    assert "attempt to" in error
    assert "?:-1:" not in error
    shown = Simulation().spawn("x = 1").query(code, Action="Eval").error
    assert shown is not None
    assert shown.startswith('[string "aos"]:1: attempt to')
