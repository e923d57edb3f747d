"""Batches: messages wait until there are ten of them, or until one comes late."""

from process_communication import play, show_inbox, spawn

from aosim import ProcessHandle, Simulation

PRELUDE = """
Processed = {}

function processMessage(message)
  if message == "bad" then
    error("a bad message")
  end
  table.insert(Processed, message)
end

-- The page defines addToBatch and leaves open who calls it.
Handlers.add("Add", "Add", function(msg)
  addToBatch(msg.Data)
end)
"""


def scenario(sim: Simulation) -> None:
    plant = spawn(sim, "plant", "Performance Optimization", prelude=PRELUDE)
    alice, owner = sim.wallet("alice"), sim.wallet("owner")

    print("LastBatchTime begins at 0, so the first message is a batch of its own:")
    alice.send(plant, "item 0", Action="Add")
    sim.run()
    seen = show_inbox(sim, owner)
    show_state(plant)

    print("twelve at once, one of them bad (errors are swallowed): ten go, two wait:")
    for number in range(1, 13):
        alice.send(plant, "bad" if number == 4 else f"item {number}", Action="Add")
    # They wait for one another only within 5 ms of the last batch, so it is set to when they arrive.
    plant.eval(f"LastBatchTime = {sim.now_ms + 10}")
    sim.run()
    seen = show_inbox(sim, owner, seen)
    show_state(plant)

    # os.time() is in milliseconds on AO: the "5 second timeout" is one of 5 ms. And no clock looks
    # at it: a batch that is not full waits for the next message, however long that takes.
    sim.run(for_ms=60_000)
    print("a minute later they still wait; only the next message takes them along:")
    show_state(plant)
    alice.send(plant, "item 13", Action="Add")
    sim.run()
    show_inbox(sim, owner, seen)
    show_state(plant)


def show_state(plant: ProcessHandle) -> None:
    """Print how many messages are done and how many wait."""
    print(f"  processed: {len(plant.read('Processed'))}, waiting: {len(plant.read('MessageBatch'))}")


if __name__ == "__main__":
    play(scenario)
