"""Pub/sub: a publisher, a process and a wallet as subscribers, a publication that finds nobody."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation

# The page shows the publisher only.
SUBSCRIBER = """
Handlers.add("Follow", "Follow", function(msg)
  ao.send({ Target = msg.Tags.Publisher, Action = "Subscribe", Topic = msg.Tags.Topic })
end)

Handlers.add("Message", "Message", function(msg)
  print(msg.Topic .. ": " .. msg.Data .. ", published at " .. msg.Timestamp .. ", os.time() is a " .. type(os.time()))
end)
"""


def scenario(sim: Simulation) -> None:
    news = spawn(sim, "news", "Pub/Sub Messaging")
    radio = sim.spawn(SUBSCRIBER, name="radio")
    alice, bob = sim.wallet("alice"), sim.wallet("bob")

    alice.send(radio, Action="Follow", Publisher=news.id, Topic="weather")
    bob.send(news, Action="Subscribe", Topic="weather")
    bob.send(news, Action="Subscribe", Topic="weather")
    sim.run()
    print(f"bob subscribed twice, the publisher counts {len(news.read('Subscribers.weather'))} subscribers:")
    seen = show_inbox(sim, bob)

    alice.send(news, "rain", Action="Publish", Topic="weather")
    alice.send(news, "1:0", Action="Publish", Topic="sport")
    sim.run()
    print("what the publications came to:")
    show_inbox(sim, bob, seen)
    show_inbox(sim, alice)
    print("the radio prints (its clock is the publisher's: the tag Timestamp replaces the message's own):")
    print(f"  {radio.output[-1]}")


if __name__ == "__main__":
    play(scenario)
