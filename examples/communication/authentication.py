"""Authentication: a list of who may do what, and three senders who try."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation


def scenario(sim: Simulation) -> None:
    vault = spawn(sim, "vault", "Authentication")
    alice, mallory = sim.wallet("alice"), sim.wallet("mallory")

    print("at first nobody is authorized:")
    alice.send(vault, Action="SensitiveAction")
    sim.run()
    seen = show_inbox(sim, alice)

    print("the owner authorizes alice; whoever is let in gets no refusal:")
    vault.eval(f'AuthorizedSenders.SensitiveAction = {{ "{alice.address}" }}')
    sent = alice.send(vault, Action="SensitiveAction")
    sim.run()
    print(f"  alice: {sent.fate}, refusals: {len(alice.inbox) - seen}")

    print("mallory claims to be alice by a tag From; the sender comes from the signature:")
    mallory.send(vault, Action="SensitiveAction", tags={"From": alice.address, "Owner": alice.address})
    sim.run()
    show_inbox(sim, mallory)


if __name__ == "__main__":
    play(scenario)
