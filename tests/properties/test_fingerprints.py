"""One fingerprint: in every interpreter, whatever PYTHONHASHSEED says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = r'''
from aosim import Simulation, Uniform

WALKER = """
local function key() end
local weak = setmetatable({}, { __mode = "k" })
Odd = { [key] = "function", [{}] = "table", [true] = "yes", [1.5] = "float", [2] = "two", [print] = "print" }
for i = 1, 40 do Odd["name-" .. i * 7919 % 41] = i end
for i = 1, 5 do Odd[{}] = i Odd[function() return i end] = -i weak[{}] = i end
Handlers.add("walk", "Walk", function(msg)
  local seen = {}
  for k, v in pairs(Odd) do
    seen[#seen + 1] = tostring(k) .. "=" .. tostring(v)
  end
  for k, v in next, Odd do
    seen[#seen + 1] = string.format("%s %s", k, v)
  end
  for k, v in pairs(msg) do
    seen[#seen + 1] = tostring(k)
  end
  print(table.concat(seen, " "))
  print({ b = 1, a = 2, c = { d = 1, e = 2 } })
  print(tostring(msg) .. tostring(Odd) .. tostring(coroutine.create(print)) .. tostring(weak))
  print(math.random(1, 1000000) .. os.date("%c", os.time() // 1000) .. os.clock() .. tostring(collectgarbage("count")))
  table.sort(seen)
  local data = require("json").encode({ z = 1, y = 2, x = { w = 3, v = 4 }, u = #seen })
  msg.reply({ Data = data, Zeta = "1", Alpha = "2" })
  Odd["new-" .. msg.Nonce] = msg
  Send({ Target = "ledger", Tags = { Beta = "1", Action = "Walk", Gamma = "2" }, Depth = "1" })
  if msg.Nonce % 5 == 4 then error({}) end
end)
"""
sim = Simulation(seed=11, latency=Uniform(1, 500))
for name in ("shop", "bank"):
    sim.spawn(WALKER, name=name, cron="7-seconds")
LEDGER = "Handlers.add('walk', 'Walk', function(m) for k in pairs(m.Tags) do Last = k end print(Last) end)"
sim.spawn(LEDGER, name="ledger")
alice = sim.wallet("alice")
for number in range(12):
    tags = {f"Tag{n * 31 % 7}": str(n) for n in range(7)}
    alice.send(("shop", "bank")[number % 2], str(number), Action="Walk", tags=tags)
sim.run(for_ms=30_000)
assert sim.counts.failed, "the failing path must be on the way"
print(sim.fingerprint)
'''


def test_three_interpreters_and_two_hash_seeds_give_one_fingerprint() -> None:
    runs = []
    for hash_seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        runs.append(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                env=environment,
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    answers = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], answers
    assert len({out for out, _ in answers}) == 1, answers
