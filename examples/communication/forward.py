"""Forward and acknowledge: a desk passes a question on, and later passes the answer back."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation

PRELUDE = """
function processResponse(data)
  return data:upper()
end
"""

# The page leaves out the process that does the work. It reads the names that exist on the network too.
WORKER = """
Handlers.add("ProcessData", "ProcessData", function(msg)
  ao.send({
    Target = msg.From,
    Action = "ProcessDataResponse",
    OriginalSender = msg.Tags.Originalsender,
    RequestId = msg.Tags.Requestid,
    Data = "done: " .. msg.Data
  })
end)
"""


def scenario(sim: Simulation) -> None:
    desk = spawn(sim, "desk", "Process-to-Process Messaging", "Response Handling", prelude=PRELUDE)
    worker = sim.spawn(WORKER, name="worker")
    alice = sim.wallet("alice")

    alice.send(desk, "count the sheep", Action="ForwardRequest", TargetProcess=worker.id, RequestId="req-1")
    sim.run()
    print("alice asked the desk, and got the acknowledgement first, then the answer:")
    show_inbox(sim, alice)


if __name__ == "__main__":
    play(scenario)
