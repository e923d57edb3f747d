"""The live log: every message as it is handled, what was printed, what failed."""

from __future__ import annotations

from collections.abc import Iterable

from aosim.cli.paper import Paper, clean
from aosim.fates import FATE_OF_VERDICT, DeadLetter
from aosim.faults import Fault, Hold, Partition, Strike
from aosim.ids import is_address
from aosim.message import Assignment, Message, Result
from aosim.observers import Observer
from aosim.simulation import Simulation

#: Tags that a client or messenger writes by itself: a reader of the log has no use for them.
_DULL = {
    *("Data-Protocol", "Variant", "Type", "SDK", "Reference", "X-Reference", "From-Process", "From-Module"),
    *("Pushed-For", "Content-Type"),
}
_VALUE_MAX = 40  # characters of a value shown


class LiveLog(Observer):
    """Prints one line per message, and one per thing that came of it."""

    def __init__(self, sim: Simulation, paper: Paper, names: Iterable[str] = ()) -> None:
        """`names` are those that will come, so that their column has its width from the first line on."""
        self._sim = sim
        self._paper = paper
        self._lost_by = ""  # the fault that loses the message that is being sent
        self._sender_width = self._target_width = max(map(len, names), default=0)

    def on_sent(self, message: Message, due_ms: tuple[int, ...]) -> None:
        if not due_ms:
            self._message(self._sim.now_ms, message, message.target)
            self._note(
                self._sim.now_ms, message.target, "lost", self._lost_by or "on the way, by the network", "yellow"
            )
            self._lost_by = ""
            self._paper.object("lost", at_ms=self._since(self._sim.now_ms), id=message.id)

    def on_assigned(self, assignment: Assignment) -> None:
        sender = "cron" if assignment.cron else None
        self._message(self._sim.now_ms, assignment.message, assignment.process_id, sender, assignment.nonce)

    def on_result(self, assignment: Assignment, result: Result) -> None:
        at_ms, process = self._sim.now_ms, assignment.process_id
        output = clean(result.output)
        self._paper.object(
            "result",
            at_ms=self._since(at_ms),
            process=self._name(process),
            id=assignment.message.id,
            fate=str(FATE_OF_VERDICT[result.verdict]),
            output=output,
            error=result.error,
        )
        lines = output.split("\n") if output else []
        if result.verdict == "inbox" and lines and lines[-1].startswith("New Message From "):
            lines.pop()  # the default handler's own line: the one below says it with names
        if result.verdict in ("untrusted", "not-assignable"):
            sender, owner = map(self._name, (assignment.message.sender, assignment.message.owner))
            self._note(at_ms, process, "refused", f"{result.verdict}: From {sender}, Owner {owner}", "yellow")
            return
        for line in lines:
            self._note(at_ms, process, "print", line, "green")
        if result.verdict == "waiting":
            self._note(at_ms, process, "waits", "its handler goes on with a later message", "dim")
        if result.verdict == "inbox" and assignment.message.id != process:
            self._note(at_ms, process, "inbox", "no handler took it", "dim")
        if result.error is not None:
            self._note(at_ms, process, "error", clean(result.error), "red")

    def on_delivered(self, message: Message, now_ms: int) -> None:
        self._message(now_ms, message, message.target)

    def on_fault(self, fault: Fault | Hold, message: Message | None, now_ms: int) -> None:
        identity = message.id if message is not None else None
        self._paper.object("fault", at_ms=self._since(now_ms), fault=str(fault), id=identity)
        if isinstance(fault, Strike) and fault.kind == "lose":
            self._lost_by = str(fault)  # told when it is sent
        elif message is None:
            self._line(
                now_ms, self._paper.paint(" " * self._width, "cyan"), self._paper.paint(f"fault  {fault}", "yellow")
            )
        else:
            if isinstance(fault, Partition | Hold):
                self._message(now_ms, message, message.target)
            lost = isinstance(fault, Partition) and fault.lose
            self._note(now_ms, message.target, "lost" if lost else "fault", str(fault), "yellow")

    def on_dead_letter(self, letter: DeadLetter) -> None:
        self._message(letter.at_ms, letter.message, letter.message.target)
        self._note(letter.at_ms, letter.message.target, "dead", letter.reason, "yellow")
        self._paper.object("dead_letter", at_ms=self._since(letter.at_ms), id=letter.message.id, reason=letter.reason)

    def _message(
        self, at_ms: int, message: Message, target: str, sender: str | None = None, nonce: int | None = None
    ) -> None:
        sender, name = sender or self._name(message.sender), self._name(target) or "nobody"
        if self._paper.as_json:
            self._paper.object(
                "message",
                at_ms=self._since(at_ms),
                id=message.id,
                sender=sender,
                target=name,
                nonce=nonce,
                tags=[list(tag) for tag in message.tags],
                data=message.data,
            )
            return
        self._sender_width = max(self._sender_width, len(sender))
        self._target_width = max(self._target_width, len(name))
        ends = f"{sender:<{self._sender_width}} → {name:<{self._target_width}}"
        spawned = message.tag("Type") == "Process"
        text = "spawned" if spawned else self._content(message)
        self._line(at_ms, self._paper.paint(ends, "cyan"), text)

    def _note(self, at_ms: int, address: str, what: str, text: str, colour: str) -> None:
        name = self._name(address) or "nobody"
        ends = f"{name:<{self._width}}"
        for number, line in enumerate(text.split("\n")):
            label = what if number == 0 else ""
            self._line(at_ms, self._paper.paint(ends, "cyan"), self._paper.paint(f"{label:<6} {line}", colour))

    @property
    def _width(self) -> int:
        return self._sender_width + 3 + self._target_width

    def _line(self, at_ms: int, ends: str, text: str) -> None:
        self._paper.line(f"  {clock_text(self._since(at_ms))}  {ends}  {text}".rstrip())

    def _content(self, message: Message) -> str:
        parts = [f"{name}={self._value(value)}" for name, value in message.tags if name not in _DULL]
        if message.data is not None and message.data.strip():
            parts.append(f"Data={self._value(message.data)}")
        return " ".join(parts)

    def _value(self, value: str) -> str:
        text = clean(self._name(value)).replace("\n", "\\n")
        if len(text) > _VALUE_MAX:
            text = text[: _VALUE_MAX - 1] + "…"
        return f"'{text}'" if " " in text or not text else text

    def _name(self, address: str) -> str:
        name = self._sim.name_of(address)
        return name[:8] + "…" if is_address(name) else name

    def _since(self, at_ms: int) -> int:
        return at_ms - self._sim.start_ms


def clock_text(milliseconds: int) -> str:
    """Time since the start: 00:12.345 is twelve seconds; hours and days are put in front when there are any."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes:02}:{seconds:02}.{rest:03}"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days}d " if days else "") + f"{hours:02}:{minutes:02}:{seconds:02}.{rest:03}"
