"""The value of Lua in a process as it stands, without a trace."""

from __future__ import annotations

from typing import Any

from aosim.engine import Engine
from aosim.errors import EvalError
from aosim.luavm.process import LuaProcess
from aosim.messenger import signed
from aosim.outside import CLIENT_TAGS, eval_owner
from aosim.residents import Resident


def peek(engine: Engine, resident: Resident, lua: LuaProcess, code: str) -> Any:
    """Evaluate Lua in a copy of a process, as an Eval of its owner at this moment, and return the value.

    The process itself is not touched. Raises EvalError when the code fails.
    """
    owner = eval_owner(resident)
    flat = ("Action", "Eval", *CLIENT_TAGS)
    message, _ = signed(owner, owner, resident.id, code, flat, cause="peek")
    copy = lua.clone()
    result = copy.handle(engine.scheduler.outside_log(message, resident.id))
    if result.error is not None:
        raise EvalError(resident.name, result.error)
    if result.verdict not in ("handled", "waiting"):
        raise EvalError(resident.name, f"the Eval ended as {result.verdict}: the process has another Owner by now")
    return copy.last_value() if result.verdict == "handled" else None
