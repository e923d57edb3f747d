"""Waiting for answers: a wait is the once handler it stands for, whether or not anybody looks."""

from __future__ import annotations

from random import Random

import pytest

from aosim.message import Result

from .test_process import BOB, Bench

PEER, OTHER = "P" * 43, "q" * 43

_PROCESS = """
local function names()
  local out = {}
  for i, entry in ipairs(Handlers.list) do
    local pattern = type(entry.pattern) == "table" and tostring(entry.pattern["X-Reference"]) or type(entry.pattern)
    out[i] = tostring(entry.name) .. ":" .. pattern .. ":" .. tostring(entry.maxRuns)
  end
  return table.concat(out, " ")
end
local function add(name, handle)
  Handlers.add(name, Handlers.utils.hasMatchingTag("Action", name), handle)
end
PEER = ("P"):rep(43)
add("Ask", function(msg)
  local first = Send({ Target = PEER, Action = "Q" }).receive()
  print("first " .. first.Data)
  if msg.Twice then
    local second = ao.send({ Target = PEER, Action = "Q2" }).receive()
    print("second " .. second.Data)
  end
  if first.Data == "boom" then
    error("boom")
  end
  msg.reply({ Data = first.Data .. msg.Nonce })
end)
add("Later", function(msg)
  Send({ Target = PEER, Action = "L" }).onReply(function(m)
    print("later " .. m.Data)
    if m.Data == "boom" then
      error("late")
    end
  end)
end)
add("Table", function(msg)
  ao.send({ Target = PEER }).onReply({ [{ Data = "_" }] = function(m) print("table " .. m.Data) end })
end)
add("From", function(msg) print("from " .. Send({ Target = PEER }).receive(msg.Who).From) end)
add("Twin", function(msg)
  local sent = ao.send({ Target = PEER, Data = "twin" })
  sent.onReply(function(m) print("twin a " .. m.Data) end)
  sent.onReply(function(m) print("twin b " .. m.Data) end)
end)
add("Any", function(msg) print("any " .. Receive({ Action = "Answer" }).Data) end)
add("Seen", function(msg)
  local me = coroutine.running()
  print("seen " .. Send({ Target = PEER }).receive().Data .. tostring(me == coroutine.running()))
end)
add("Look", function(msg) print(names() .. " / " .. #Handlers.list) end)
add("Length", function(msg) print(#Handlers.list .. " " .. Handlers.add("last", "Never", print)) end)
add("Front", function(msg) Handlers.prepend("front", function(m) return m.Action == "Nope" end, print) end)
add("Away", function(msg) Handlers.remove("_once_" .. msg.Number) end)
add("Nonce", function(msg) Handlers.onceNonce = tonumber(msg.Number) end)
add("Named", function(msg) Handlers.add("_once_" .. msg.Number, "Named-Answer", function(m) print("named") end) end)
add("Fresh", function(msg)
  local kept = Handlers.list
  Handlers.list = {}
  for i = 1, #kept do Handlers.list[i] = kept[i] end
end)
add("Edit", function(msg)
  for _, entry in ipairs(Handlers.list) do
    if entry.maxRuns == 1 then entry.maxRuns = 2 return end
  end
end)
Tries = 0
Handlers.add("Go-On", function(msg) return msg.Action == "Go-On" and 1 or 0 end, function(msg)
  Tries = Tries + 1
  if Tries % 3 ~= 0 then
    print("go on")
    Send({ Target = PEER }).onReply(function(m) print("went " .. m.Data) end)
  end
end)
Handlers.add("Wait-On", function(msg) return msg.Action == "Wait-On" and 1 or 0 end, function(msg)
  Tries = Tries + 1
  if Tries % 3 ~= 0 then
    print("waited on " .. Send({ Target = PEER }).receive().Data)
  end
end)
"""

# With another once in its place every wait has its handler at once, as it always has in aos.
_PLAIN = """
local once = Handlers.once
Handlers.once = function(...) return once(...) end
"""

_ASKING = ("Ask", "Ask", "Ask", "Later", "Later", "Table", "From", "Twin", "Any", "Seen", "Go-On", "Wait-On")
_DOING = ("Look", "Length", "Front", "Away", "Nonce", "Named", "Fresh", "Edit")


def _said(result: Result) -> tuple[object, ...]:
    return result.messages, result.output, result.error, result.raw_error, result.verdict


def _run(bench: Bench, seed: int, count: int) -> list[tuple[object, ...]]:
    """One chance story: waits begin, answers come, and now and then somebody looks."""
    chance = Random(seed)
    said, sent = [], 0
    for _ in range(count):
        kind = chance.random()
        if kind < 0.4:
            action = chance.choice(_ASKING)
            flat = ["Action", action]
            flat += ["Twice", "yes"] if chance.random() < 0.3 else []
            flat += ["Who", chance.choice((OTHER, PEER.lower(), "_"))] if chance.random() < 0.7 else []
            result = bench.send(*flat)
        elif kind < 0.5:
            result = bench.send("Action", chance.choice(_DOING), "Number", str(chance.randrange(8)))
        else:
            reference = str(chance.randint(max(1, sent - 6), sent + 1))
            flat = ["Action", chance.choice(("Answer", "Named-Answer", "Ask")), "X-Reference", reference]
            flat += ["X-Reference", str(sent)] if chance.random() < 0.05 else []
            flat += ["From", PEER] if chance.random() < 0.05 else []
            data = "boom" if chance.random() < 0.1 else "answer"
            result = bench.send(*flat, sender=chance.choice((PEER, PEER, PEER, PEER.lower(), OTHER)), data=data)
        for message in result.messages:
            sent = max(sent, int(message.anchor))
        said.append(_said(result))
    return said


@pytest.mark.parametrize("seed", range(60))
def test_nobody_can_tell_a_wait_from_its_handler(seed: int) -> None:
    waiting, plain = Bench(_PROCESS), Bench(_PROCESS + _PLAIN)
    assert _run(waiting, seed, 40) == _run(plain, seed, 40)


def _ask(bench: Bench) -> str:
    return str(int(bench.send("Action", "Ask").messages[0].anchor))


def test_an_answer_wakes_the_one_that_asked_for_it_among_many() -> None:
    bench = Bench(_PROCESS)
    handlers = bench.eval("#Handlers.list").output
    references = [_ask(bench) for _ in range(50)]
    for reference in reversed(references):
        result = bench.send("X-Reference", reference, sender=PEER, data=f"to {reference}")
        assert result.output == f"first to {reference}"
    assert bench.eval("#Handlers.list").output == handlers


def test_those_that_wait_are_in_the_list_of_coroutines_and_the_dead_leave_later() -> None:
    bench = Bench(_PROCESS)
    first, _ = _ask(bench), _ask(bench)
    look = "s = {} for i, c in ipairs(Handlers.coroutines) do s[i] = coroutine.status(c) end return table.concat(s)"
    bench.send("X-Reference", first, sender=PEER)
    assert bench.eval(look).output == "deadsuspended"
    _ask(bench)
    assert bench.eval(look).output == "suspendedsuspended"


def test_a_handle_called_by_the_author_wakes_its_wait_once() -> None:
    bench = Bench(_PROCESS)
    reference = _ask(bench)
    assert bench.eval("Handlers.list[1].handle({ Data = 'by hand' })").output == "first by hand"
    other = _ask(bench)  # in the coroutine that has become free
    again = bench.send("X-Reference", reference, sender=PEER)
    assert (again.output, again.error, again.verdict) == ("", None, "handled")
    assert bench.send("X-Reference", other, sender=PEER, data="own").output == "first own"


def test_what_send_returned_looks_as_it_always_did() -> None:
    bench = Bench()
    bench.eval(f"R = Send({{ Target = '{BOB}' }})")
    looked = "local k = {} for name, v in pairs(R) do k[#k + 1] = name .. type(v) end return table.concat(k, ' ')"
    assert bench.eval(looked).output == "onReplyfunction outputstring receivefunction"
    assert bench.eval("R.receive == R.receive and R.output").output == "Message added to outbox"


def test_receive_asks_the_target_the_author_has_put_into_the_message() -> None:
    bench = Bench()
    bench.eval(f"local r = ao.send({{ Target = '{PEER}' }}) r.Target = '{OTHER}' print(r.receive().Data)")
    assert bench.send("X-Reference", "1", sender=PEER).verdict == "inbox"
    assert bench.send("X-Reference", "1", sender=OTHER, data="here").output == "here"
