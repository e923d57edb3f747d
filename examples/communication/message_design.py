"""Message design: the page's good message, sent, and the tag in it that has two values."""

from process_communication import play, spawn

from aosim import Simulation

# The block makes a local table and stops; these two lines stand where its fences are.
BEFORE = (
    'Handlers.add("Pay", "Pay", function(msg)'
    " processId, recipientAddress, amount, referenceId = msg.Tags.Bank, msg.Tags.To, 100, 'invoice-17'"
)
AFTER = "ao.send(goodMessage) end)"

BANK = """
Handlers.add("Transfer", "Transfer", function(msg)
  for _, tag in ipairs(msg.TagArray) do
    if tag.name == "Reference" or tag.name == "Recipient" or tag.name == "Amount" then
      print(tag.name .. " = " .. tag.value)
    end
  end
  print("Data = " .. msg.Data)
  print("msg.Tags.Reference is " .. msg.Tags.Reference .. ", msg.Reference is " .. msg.Reference)
end)
"""


def scenario(sim: Simulation) -> None:
    payer = spawn(sim, "payer", "Message Design", before=BEFORE, after=AFTER)
    bank = sim.spawn(BANK, name="bank")

    payer.send(Action="Pay", Bank=bank.id, To="carol")
    sim.run()
    print("the bank receives (ao.send gives every message a Reference of its own, before the author's):")
    print(*[f"  {line}" for line in bank.output[-1].splitlines()], sep="\n")


if __name__ == "__main__":
    play(scenario)
