"""`aosim bench module`: the module protocol, spoken with a backend that runs as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

from aosim.bench.main import Row
from aosim.errors import UnknownName, UsageError

_COMMAND = (sys.executable, "-m", "aosim.cli.main", "module")
_ENV = {"Process": {"Id": "AOS", "Owner": "OWNER", "Tags": [{"name": "Name", "value": "Bench"}]}}
_CODE = "Count = (Count or 0) + 1 Last = { Id = Id, Count = Count } return Count"


class Pattern(NamedTuple):
    """A way of going on from memories: of those there are, in the order they were made, which one is next."""

    about: str
    calls: int
    next_place: Callable[[int, int, Random], int]  # of how many memories there are, and will be


def _chain(count: int, calls: int, random: Random) -> int:
    return count - 1


def _suite(count: int, calls: int, random: Random) -> int:
    """Thirty calls to make a state, then tests of five calls, each of which begins with that state."""
    return 30 if count > 30 and (count - 31) % 5 == 0 else count - 1


def _anywhere(count: int, calls: int, random: Random) -> int:
    return random.randrange(count)


def _mostly_on(count: int, calls: int, random: Random) -> int:
    return count - 1 if random.random() < 0.8 else random.randrange(count)


def _into_a_chain(count: int, calls: int, random: Random) -> int:
    return count - 1 if count <= calls // 2 else random.randrange(calls // 2)


PATTERNS = {
    "chain": Pattern("each from the last", 10_000, _chain),
    "suite": Pattern("tests of 5 from one state", 10_000, _suite),
    "mixed": Pattern("every fifth from anywhere", 10_000, _mostly_on),
    "anywhere": Pattern("each from anywhere", 10_000, _anywhere),
    "long": Pattern("from anywhere in 5 000", 10_000, _into_a_chain),
}


def bench_module(names: Iterable[str] = (), *, quick: bool = False) -> Iterator[Row]:
    """Measure some patterns (all when none is named): the time of a call, and the most memory there was.

    Each answer is checked. Nothing is released. The time includes JSON and pipes of both sides.
    """
    wanted = list(names) or list(PATTERNS)
    for name in wanted:
        if name not in PATTERNS:
            raise UnknownName(name, PATTERNS, kind="pattern of calls")
    return _measured(wanted, quick)


def _measured(wanted: Iterable[str], quick: bool) -> Iterator[Row]:
    for name in wanted:
        pattern = PATTERNS[name]
        calls = pattern.calls // 10 if quick else pattern.calls
        each_us, most_mb = _follow(pattern, calls)
        yield Row(name, pattern.about, f"us per call of {calls:,}", each_us, 0, 0)
        yield Row(name, "", "MB at most", most_mb, 0, 0)


def _follow(pattern: Pattern, calls: int) -> tuple[float, float]:
    with subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as backend:
        instance = _ask(backend, op="open", module={"name": "aos-2.0.6"})["instance"]
        first = {**_message(0), "Id": "AOS"}
        memories = [
            (_ask(backend, op="handle", instance=instance, msg=first, env=_ENV)["memory"], 1)
        ]  # and what the next call is answered
        random = Random(7)
        began = time.perf_counter()
        for number in range(1, calls + 1):
            memory, count = memories[pattern.next_place(len(memories), calls, random)]
            answer = _ask(backend, op="handle", instance=instance, memory=memory, msg=_message(number), env=_ENV)
            if answer["result"]["Output"]["data"] != str(count + 1):
                raise UsageError(f"call {number} was answered {answer['result']!r}, not {count + 1}")
            memories.append((answer["memory"], count + 1))
        each_us = 1e6 * (time.perf_counter() - began) / calls
        assert backend.stdin is not None
        backend.stdin.close()
        _, status, used = os.wait4(backend.pid, 0)
        backend.returncode = os.waitstatus_to_exitcode(status)
    return each_us, used.ru_maxrss / 1024


def _message(number: int) -> dict[str, Any]:
    return {
        "Id": f"{number:043}",
        "From": "OWNER",
        "Owner": "OWNER",
        "Target": "AOS",
        "Module": "MODULE",
        "Timestamp": 1_700_000_000_000 + number,
        "Block-Height": 1_000_000 + number,
        "Tags": [{"name": "Action", "value": "Eval"}],
        "Data": _CODE,
    }


def _ask(backend: subprocess.Popen[bytes], **request: Any) -> Any:
    assert backend.stdin is not None
    assert backend.stdout is not None
    backend.stdin.write(json.dumps(request).encode() + b"\n")
    backend.stdin.flush()
    answer = json.loads(backend.stdout.readline())
    if not answer["ok"]:
        raise UsageError(f"the backend says: {answer['error']}")
    return answer
