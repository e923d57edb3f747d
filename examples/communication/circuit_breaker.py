"""Circuit breaker: it opens when its error is caught, and never when it is not."""

from process_communication import play, spawn

from aosim import ProcessHandle, Simulation

# A call fails when ao.send refuses its data; whether the service answers, the breaker does not ask.
PRELUDE = """
local function call(msg)
  local data = msg.Tags.Broken and { 1, mixed = "keys" } or "ping"
  callExternalService("weather", msg.Tags.To, "Ask", data)
  print("called")
end

Handlers.add("Call", "Call", call)

Handlers.add("Careful-Call", "Careful-Call", function(msg)
  local ok, reason = pcall(call, msg)
  if not ok then
    print(reason)
  end
end)
"""


def scenario(sim: Simulation) -> None:
    service = sim.spawn('Handlers.add("Ask", "Ask", function() end)', name="service")
    careful = spawn(sim, "careful", "Circuit Breaker Pattern", prelude=PRELUDE)
    careless = spawn(sim, "careless", "Circuit Breaker Pattern", prelude=PRELUDE)

    print("five failures, caught by the caller, open the circuit:")
    for _ in range(5):
        call(sim, careful, "Careful-Call", service, broken=True)
    print("then not even a good call goes out:")
    call(sim, careful, "Careful-Call", service)
    # os.time() is in milliseconds on AO: the breaker's 60 "seconds" are 60 ms.
    sim.run(for_ms=61)
    print("61 ms later (its timeout = 60 counts milliseconds) it is tried again, and closes:")
    call(sim, careful, "Careful-Call", service)

    print("uncaught, the error undoes the message, and the count of failures with it:")
    for _ in range(6):
        call(sim, careless, "Call", service, broken=True)


def call(sim: Simulation, caller: ProcessHandle, action: str, service: ProcessHandle, *, broken: bool = False) -> None:
    """Have the caller call the service, and print how that went."""
    tags = {"Broken": "yes"} if broken else {}
    sent = caller.send(Action=action, To=service.id, tags=tags)
    sim.run()
    breaker = caller.read("CircuitBreakers.weather")
    state = f"{breaker['state']}, {breaker['failures']} failures" if breaker else "no breaker"
    print(f"  {caller.name}: {sent.error or caller.output[-1]} ({state})")


if __name__ == "__main__":
    play(scenario)
