"""The forwarding desk in network fidelity: as printed it fails, with four names changed it works.

On the network tag names arrive in title case (RequestId as Requestid) and `json` is no global.
Run it with `--fidelity network`; in docs fidelity both desks work.
"""

from forward import PRELUDE, WORKER
from process_communication import PAGE, play, show_inbox, source, spawn

from aosim import Simulation

HEADINGS = ("Process-to-Process Messaging", "Response Handling")
CHANGES = {
    "msg.Tags.TargetProcess": "msg.Tags.Targetprocess",
    "msg.Tags.RequestId": "msg.Tags.Requestid",
    "msg.Tags.OriginalSender": "msg.Tags.Originalsender",
    "json.encode": 'require("json").encode',
}


def scenario(sim: Simulation) -> None:
    printed = spawn(sim, "printed", *HEADINGS, prelude=PRELUDE)
    text = source(*HEADINGS, prelude=PRELUDE)
    for old, new in CHANGES.items():
        text = text.replace(old, new)
    changed = sim.spawn(text, name="changed", file=PAGE.name)
    worker = sim.spawn(WORKER, name="worker")
    alice = sim.wallet("alice")

    for desk in (printed, changed):
        sent = alice.send(desk, "count the sheep", Action="ForwardRequest", TargetProcess=worker.id, RequestId="req-1")
        seen = len(alice.inbox)
        sim.run()
        print(f"the desk as {desk.name}: {sent.fate}")
        if sent.error:
            print(f"  {sent.error}")
        show_inbox(sim, alice, seen)


if __name__ == "__main__":
    play(scenario, fidelity="network")
