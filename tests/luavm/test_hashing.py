"""What .crypto asks for is offered; what the services compute is tested in tests/lib/test_crypto_*.py."""

from __future__ import annotations

import re
from pathlib import Path

from aosim.luavm.hashing import SERVICES
from aosim.luavm.services import find_service
from aosim.luavm.source import lua_folder

_ASKED = re.compile(r'"(hashing\.\w+)"')


def _asked(folder: Path) -> set[str]:
    return {name for path in folder.rglob("*.lua") for name in _ASKED.findall(path.read_text(encoding="utf-8"))}


def test_every_service_that_lua_asks_for_is_there_and_no_other() -> None:
    asked = _asked(lua_folder())
    assert {f"hashing.{name.decode()}" for name in SERVICES} == asked
    assert all(find_service(name.encode()) is SERVICES[name.partition(".")[2].encode()] for name in asked)
