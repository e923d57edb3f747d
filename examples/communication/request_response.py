"""Request-response: two processes run the same block, one as the service, one as its client."""

from process_communication import describe, play, show_inbox, spawn

from aosim import Simulation

HEADING = "Request-Response Pattern"
PRELUDE = """
function handleServiceRequest(data)
  return { length = #data }
end

function handleServiceResponse(requestId, result)
  print(requestId .. " is answered: length " .. result.length)
end

-- The page shows how answers come back, not how questions leave.
Handlers.add("Ask", "Ask", function(msg)
  ao.send({ Target = msg.Tags.Service, Action = "ServiceRequest", RequestId = msg.Tags.Id, Data = msg.Data })
end)
"""


def scenario(sim: Simulation) -> None:
    service = spawn(sim, "service", HEADING, prelude=PRELUDE)
    client = spawn(sim, "client", HEADING, prelude=PRELUDE)
    alice, mallory = sim.wallet("alice"), sim.wallet("mallory")

    for number, word in enumerate(("hello", "communication"), 1):
        alice.send(client, word, Action="Ask", Service=service.id, Id=f"req-{number}")
    sim.run()
    print("the client prints:")
    print(*[f"  {line}" for line in client.output if line], sep="\n")

    print("a wallet may ask as well; without a RequestId the id of its message is used:")
    sent = alice.send(service, "hi", Action="ServiceRequest")
    sim.run()
    show_inbox(sim, alice)
    print(f"  (its message was {sent.id[:6]}…)")

    print("PendingRequests is never filled, so an answer nobody asked for is believed:")
    forged = mallory.send(client, '{"length":666}', Action="ServiceResponse", RequestId="req-1")
    print(f"  {describe(sim, forged.message)}")
    sim.run()
    print(f"  {client.output[-1]}")


if __name__ == "__main__":
    play(scenario)
