"""Message queue: sorted by priority, one message for each ProcessQueue, retries for what cannot be sent."""

from process_communication import play, show_inbox, spawn

from aosim import ProcessHandle, Simulation

PRELUDE = """
local made = 0
function generateId()
  made = made + 1
  return "m" .. made
end

-- The page defines queueMessage and leaves open who calls it.
Handlers.add("Enqueue", "Enqueue", function(msg)
  queueMessage(msg.Tags.To, "Job", msg.Data, tonumber(msg.Tags.Priority))
end)
"""
NOBODY = "nobody-lives-at-this-address-0123456789-abc"


def scenario(sim: Simulation) -> None:
    queue = spawn(sim, "queue", "Message Queuing", prelude=PRELUDE)
    alice, bob = sim.wallet("alice"), sim.wallet("bob")

    alice.send(queue, "sweep", Action="Enqueue", To=bob.address, Priority="1")
    alice.send(queue, "fire!", Action="Enqueue", To=bob.address, Priority="9")
    alice.send(queue, "dinner", Action="Enqueue", To=bob.address, Priority="5")
    sim.run()
    work(sim, queue, 4)
    print("bob gets his jobs by priority; alice, who asked once too often, is told:")
    show_inbox(sim, bob)
    show_inbox(sim, alice)

    print("ao.send fails for data that JSON cannot hold; such a message is tried three times:")
    queue.eval(f'queueMessage("{bob.address}", "Job", {{ 1, mixed = "keys" }})')
    for _ in range(3):
        work(sim, queue, 1)
        waiting = [f"{each['id']} after {each['attempts']}" for each in queue.read("MessageQueue")]
        failed = [f"{each['id']} after {each['attempts']}" for each in queue.read("FailedMessages")]
        print(f"  waiting: {waiting}, failed: {failed}")

    print("a message that reaches nobody was sent all the same, so the queue forgets it:")
    alice.send(queue, "hello?", Action="Enqueue", To=NOBODY)
    sim.run()
    work(sim, queue, 1)
    print(f"  waiting: {len(queue.read('MessageQueue'))}, failed: {len(queue.read('FailedMessages'))}")
    for letter in sim.dead_letters:
        print(f"  dead letter “{letter.message.data}”")


def work(sim: Simulation, queue: ProcessHandle, times: int) -> None:
    """Have the queue send this many messages."""
    for _ in range(times):
        sim.wallet("alice").send(queue, Action="ProcessQueue")
        sim.run()


if __name__ == "__main__":
    play(scenario)
