"""Encryption: the page's placeholder on its way from one process to another, and what others see."""

from process_communication import describe, play, spawn

from aosim import Message, Observer, Simulation

PRELUDE = """
function getEncryptionKey(address)
  return "the key of " .. address
end

function processEncryptedMessage(data)
  print("read: " .. data)
end

-- The page shows the receiver; this is the sender.
Handlers.add("Whisper", "Whisper", function(msg)
  local to = msg.Tags.To
  ao.send({ Target = to, Encrypted = "true", Data = encryptData(msg.Data, getEncryptionKey(to)) })
end)
"""


class Wire(Observer):
    """Prints what anybody sees of the messages between processes."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        if message.tag("Encrypted"):
            print(f"  on the wire: {describe(self._sim, message)}")


def scenario(sim: Simulation) -> None:
    ann = spawn(sim, "ann", "Message Encryption", prelude=PRELUDE)
    ben = spawn(sim, "ben", "Message Encryption", prelude=PRELUDE)
    sim.observe(Wire(sim))

    print("ann whispers to ben (the page's cipher is a placeholder, and everybody can read it):")
    ann.send("meet me at noon", Action="Whisper", To=ben.id)
    sim.run()
    print(f"  ben {ben.output[-1]}")

    print("data that was never encrypted is let through, the tag is all that counts:")
    sim.wallet("mallory").send(ben, "meet me at midnight", Encrypted="true")
    sim.run()
    print(f"  ben {ben.output[-1]}")


if __name__ == "__main__":
    play(scenario)
