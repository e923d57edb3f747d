"""Workflow: an orchestrator chains two workers; each step's result is the next one's input."""

import json

from process_communication import describe, play, readable, spawn

from aosim import Message, Observer, Simulation

# The page leaves out the workers.
WORKER = """
local words = { Shout = string.upper, Reverse = string.reverse }
for action, change in pairs(words) do
  Handlers.add(action, action, function(msg)
    ao.send({
      Target = msg.From,
      Action = "WorkflowStepComplete",
      WorkflowId = msg.Tags.Workflowid,
      StepIndex = msg.Tags.Stepindex,
      Data = change(msg.Data)
    })
  end)
end
"""


class Tracks(Observer):
    """Prints every message a process or wallet sends."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        print(f"  {describe(self._sim, message)}")


def scenario(sim: Simulation) -> None:
    boss = spawn(sim, "boss", "Workflow Orchestration")
    first, second = sim.spawn(WORKER, name="first"), sim.spawn(WORKER, name="second")
    alice = sim.wallet("alice")
    sim.observe(Tracks(sim))

    print("alice starts a workflow of two steps:")
    steps = [
        {"process": first.id, "action": "Shout", "data": "stressed"},
        {"process": second.id, "action": "Reverse"},
    ]
    alice.send(boss, json.dumps({"steps": steps}), Action="StartWorkflow")
    sim.run()

    (workflow,) = boss.read("Workflows").values()
    print(f"it is {workflow['status']}, results {workflow['results']}")
    print("but who is told? The last worker, whose message completed it; alice hears nothing:")
    for entry in second.inbox[1:]:  # the first is its Process message
        print(f"  in second's Inbox: Action={entry['Action']} {readable(sim, entry['Data'])}")
    print(f"  messages to alice: {len(alice.inbox)}")


if __name__ == "__main__":
    play(scenario)
