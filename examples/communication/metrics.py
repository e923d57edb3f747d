"""Metrics: counts and averages, and the order of calls that makes them infinite."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation

PRELUDE = """
-- The page defines updateMetrics and leaves open who calls it.
Handlers.add("Note", "Note", function(msg)
  local tags = msg.Tags
  updateMetrics(tags.Kind, tonumber(tags.Ms), tags.Success ~= "false")
end)
"""


def scenario(sim: Simulation) -> None:
    meter = spawn(sim, "meter", "Communication Metrics", prelude=PRELUDE)
    alice = sim.wallet("alice")

    sim.run(for_ms=5_000)
    alice.send(meter, Action="Note", Kind="sent")
    alice.send(meter, Action="Note", Kind="received", Ms="20")
    alice.send(meter, Action="Note", Kind="received", Ms="40", Success="false")
    alice.send(meter, Action="GetMetrics")
    sim.run()
    print("one sent, two received, one of them with an error (uptime is in milliseconds):")
    show_inbox(sim, alice)

    print("a response time before anything was received divides by zero, and JSON has no infinity:")
    fresh = spawn(sim, "fresh", "Communication Metrics", prelude=PRELUDE)
    alice.send(fresh, Action="Note", Kind="sent", Ms="20")
    sent = alice.send(fresh, Action="GetMetrics")
    sim.run()
    print(f"  {sent.fate}: {sent.error}")


if __name__ == "__main__":
    play(scenario)
