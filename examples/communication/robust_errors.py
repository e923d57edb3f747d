"""Robust errors: every failure becomes an answer, with the line where it happened."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation

PRELUDE = """
Handled = 0

function processMessage(msg)
  Handled = Handled + 1
  return 100 // tonumber(msg.Tags.Requiredfield)
end
"""


def scenario(sim: Simulation) -> None:
    desk = spawn(sim, "desk", "Error Handling", prelude=PRELUDE)
    alice = sim.wallet("alice")

    alice.send(desk, Action="RobustAction", RequiredField="7")
    alice.send(desk, Action="RobustAction")
    alice.send(desk, Action="RobustAction", RequiredField="0")
    sim.run()
    print("a good message, one without the field, one that divides by zero:")
    show_inbox(sim, alice)
    print("an error that is caught undoes nothing: what was done before it stays done.")
    print(f"  Handled = {desk.read('Handled')}, failed messages: {sim.counts.failed}")


if __name__ == "__main__":
    play(scenario)
