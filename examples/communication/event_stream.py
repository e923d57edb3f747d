"""Event stream: events are kept, handed to subscribers, and asked for later."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation


def scenario(sim: Simulation) -> None:
    # The stream reads Subscribers["events"], which is made by the block on pub/sub.
    stream = spawn(sim, "stream", "Pub/Sub Messaging", "Event Streaming")
    alice, bob = sim.wallet("alice"), sim.wallet("bob")

    bob.send(stream, Action="Subscribe", Topic="events")
    for kind, data in (("trade", "5 apples"), ("quote", "apples at 2"), ("trade", "3 pears")):
        alice.send(stream, data, Action="EmitEvent", EventType=kind)
    sim.run()
    print("bob has subscribed:")
    show_inbox(sim, bob)

    print("alice asks for the last trade:")
    alice.send(stream, Action="GetEvents", EventType="trade", Limit="1")
    sim.run()
    seen = show_inbox(sim, alice)

    print("with room for two events the oldest go:")
    stream.eval("MaxEvents = 2")
    alice.send(stream, "2 plums", Action="EmitEvent", EventType="trade")
    sim.run()
    print(f"  {[event['data'] for event in stream.read('Events')]}")
    print("... one per new event, so a stream that is too long stays so.")

    print("without the block on pub/sub there are no Subscribers, and every event fails:")
    alone = spawn(sim, "alone", "Event Streaming")
    sent = alice.send(alone, "5 apples", Action="EmitEvent", EventType="trade")
    sim.run()
    print(f"  {sent.fate}: {sent.error}")
    print(f"  events kept: {len(alone.read('Events'))}, answers to alice: {len(alice.inbox) - seen}")


if __name__ == "__main__":
    play(scenario)
