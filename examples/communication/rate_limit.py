"""Rate limit: ten requests per window; the window of 60 is one of milliseconds."""

from process_communication import play, show_inbox, spawn

from aosim import Simulation


def scenario(sim: Simulation) -> None:
    shop = spawn(sim, "shop", "Rate Limiting")
    alice, bob = sim.wallet("alice"), sim.wallet("bob")

    for number in range(12):
        alice.send(shop, Action="RateLimitedAction", after_ms=10 + number)
    bob.send(shop, Action="RateLimitedAction")
    sim.run()
    print("twelve requests of alice's, one each millisecond, and one of bob's:")
    print(f"  let in: {let_in(sim)}")
    seen = show_inbox(sim, alice)

    # os.time() is in milliseconds on AO: the 60 "seconds" of the page are 60 ms.
    sim.run(for_ms=60)
    alice.send(shop, Action="RateLimitedAction")
    sim.run()
    print("sixty milliseconds (not seconds) later she is welcome again:")
    print(f"  let in: {let_in(sim)}, refusals: {len(alice.inbox) - seen}")


def let_in(sim: Simulation) -> dict[str, int]:
    """How many requests of each sender the shop's windows hold."""
    windows = sim.process("shop").read("RateWindows")
    return {sim.name_of(key.partition(":")[0]): len(window) for key, window in sorted(windows.items())}


if __name__ == "__main__":
    play(scenario)
