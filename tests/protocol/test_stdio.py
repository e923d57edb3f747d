"""The backend as a program: lines on standard input and output."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from aosim.protocol.stdio import serve
from protocol.client import ENV, FIRST, lua

COMMAND = [sys.executable, "-m", "aosim.cli.main", "module"]
Program = subprocess.Popen[bytes]


@pytest.fixture
def program() -> Iterator[Program]:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        yield running
        if running.poll() is None:
            running.kill()


def ask(program: Program, **request: Any) -> Any:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps({"id": 1, **request}).encode() + b"\n")
    program.stdin.flush()
    return json.loads(program.stdout.readline())


def test_each_answer_comes_before_the_next_request_is_made(program: Program) -> None:
    assert ask(program, op="hello")["protocol"] == "ao-module/1"
    instance = ask(program, op="open", module={"name": "aos-2.0.6"})["instance"]
    memory = ask(program, op="handle", instance=instance, memory=None, msg=FIRST, env=ENV)["memory"]
    large = "x" * 3_000_000
    answer = ask(program, op="handle", instance=instance, memory=memory, msg=lua(f"return '{large}'"), env=ENV)
    assert answer["result"]["Output"]["data"] == large
    assert program.communicate() == (b"", b"")
    assert program.returncode == 0


def test_nothing_but_answers_comes_out(program: Program) -> None:
    prints = lua("print('printed') io.write('written') io.stdout:write('too')")
    requests = [
        {"id": 1, "op": "open"},
        {"id": 2, "op": "handle", "instance": "i1", "msg": FIRST, "env": ENV},
        {"id": 3, "op": "handle", "instance": "i1", "msg": prints, "env": ENV},
    ]
    lines = b"".join(json.dumps(request).encode() + b"\n" for request in requests) + b"no JSON"
    out, told = program.communicate(lines)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1, 2, 3, None]
    assert told == b""


def test_interrupted_it_ends_without_a_word(program: Program) -> None:
    ask(program, op="hello")
    program.send_signal(signal.SIGINT)
    assert program.communicate() == (b"", b"")
    assert program.returncode == -signal.SIGINT


def test_a_client_that_goes_away_is_no_failure(program: Program) -> None:
    ask(program, op="hello")
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdout.close()
    program.stdin.write(b'{"op": "hello"}\n' * 10)
    program.stdin.close()
    assert program.wait(10) == 0
    assert program.stderr is not None
    assert program.stderr.read() == b""


def test_the_last_line_needs_no_end() -> None:
    answers = io.BytesIO()
    serve(io.BytesIO(b'{"id": 1, "op": "hello"}\n{"id": 2, "op": "hello"}'), answers)
    assert [json.loads(line)["id"] for line in answers.getvalue().splitlines()] == [1, 2]
