"""A client's message: the page's JavaScript as one call, and the message as the process sees it."""

import json
import re

from process_communication import block, play, show_inbox

from aosim import Simulation

BANK = """
Balances = { USER_ADDRESS = 250 }

Handlers.add("GetBalance", "GetBalance", function(msg)
  for _, name in ipairs({ "Id", "Process", "Owner", "From", "Timestamp", "Data" }) do
    print(name .. " = " .. tostring(msg[name]))
  end
  local request = require("json").decode(msg.Data)
  ao.send({
    Target = msg.From,
    Data = tostring(Balances[msg.Tags.Account]),
    ["Request-Id"] = request.requestId
  })
end)
"""


def scenario(sim: Simulation) -> None:
    bank = sim.spawn(BANK, name="bank")
    alice = sim.wallet("alice")

    javascript = block("Basic Message Sending").text
    tags = re.findall(r'{ name: "(.*?)", value: "(.*?)" }', javascript)
    fields = dict(re.findall(r'(\w+): "(.*?)"', re.findall(r"JSON.stringify\((.*?)\)", javascript)[0]))
    sent = alice.send(bank, json.dumps(fields), tags=tags)
    print(f"alice sends {tags} and {fields}")
    sim.run()
    print("the bank sees (a message has no field Process; From is there for wallets as well):")
    for line in bank.output[-1].splitlines():
        name, _, value = line.partition(" = ")
        note = {alice.address: "alice's address", sent.id: "the id alice was given"}.get(value, value)
        print(f"  {name}: {note}")
    print("and alice gets:")
    show_inbox(sim, alice)


if __name__ == "__main__":
    play(scenario)
