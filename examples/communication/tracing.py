"""Tracing: what a process notes about one message, asked for by the id of the message."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation

PRELUDE = """
function processMessage(msg)
  return msg.Data:reverse()
end
"""


def scenario(sim: Simulation) -> None:
    mill = spawn(sim, "mill", "Message Tracing", prelude=PRELUDE)
    alice = sim.wallet("alice")

    sent = alice.send(mill, "stressed", Action="TracedAction")
    sim.run()
    print("alice gets her answer:")
    seen = show_inbox(sim, alice)

    alice.send(mill, Action="GetTrace", MessageId=sent.id)
    sim.run()
    print("and the trace; its timestamps are equal, for time stands still within a message:")
    seen = show_inbox(sim, alice, seen)

    alice.send(mill, Action="GetTrace", MessageId="no such message")
    sim.run()
    print("of a message it has not seen it knows nothing:")
    show_inbox(sim, alice, seen)


if __name__ == "__main__":
    play(scenario)
