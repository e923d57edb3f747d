"""A net: some processes, a clock that stands still, and one queue for all messages between them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aosim.ids import address_of
from aosim.luavm.module import ModuleCode, ModuleFailed, OutOfMemory, is_failure
from aosim.message import Message, Outgoing, find_tag, flat_tags, tag_pairs
from aosim.messenger import MESSENGER_ID, Chain, pushed, signed, spawned, spawned_notice
from aosim.profiles import profile_named, profile_of
from aosim.protocol.modules import Modules
from aosim.protocol.refusals import bad_request, unknown
from aosim.protocol.runtimes import NO_FILES, Call
from aosim.protocol.states import Node, Tree
from aosim.protocol.wire import json_text
from aosim.scheduler import SCHEDULER_ID

Json = dict[str, Any]
_TOO_DEEP = "the result is nested too deeply"
_PROCESS_TAGS = (("Data-Protocol", "ao"), ("Variant", "ao.TN.1"), ("Type", "Process"))
_MODULE_TAGS = (("Data-Protocol", "ao"), ("Variant", "ao.TN.1"), ("Type", "Module"))


@dataclass
class NetClock:
    """The time of a net, in milliseconds since 1970, and the block of that time."""

    start_ms: int
    start_height: int
    block_ms: int
    passed_ms: int = 0

    @property
    def now_ms(self) -> int:
        return self.start_ms + self.passed_ms

    @property
    def height(self) -> int:
        return self.start_height + self.passed_ms // self.block_ms


@dataclass(eq=False)
class NetProcess:
    """A process of a net: who it is, and the state it is in."""

    id: str
    owner: str
    flat: tuple[str, ...]  # its tags
    module_id: str
    tree: Tree
    state: Node
    nonce: int = 0
    hash_chain: str = ""


class Item(NamedTuple):
    """A message of a net. A cron message has an id for the client only."""

    message: Message
    cron: bool = False


@dataclass(eq=False)
class Delivery:
    """A message on its way to a process, or to an address where none is."""

    item: Item
    to: str
    evaluated: bool = False


@dataclass(eq=False)
class Sent:
    """What came of an evaluation."""

    result: Json
    error: Any = None  # of a failed one
    messages: list[str] = field(default_factory=list)  # ids of what it sent
    undelivered: list[str] = field(default_factory=list)  # why some of what it asked for is not on its way


class Net:
    """Processes, a clock and a queue. Nothing is evaluated but by spawn(), evaluate() and run()."""

    def __init__(self, modules: Modules, clock: NetClock, seed: str) -> None:
        self._modules = modules
        self.clock = clock
        self._seed = seed
        self._inputs = 0  # what came from outside: tells apart two that are alike
        self._processes: dict[str, NetProcess] = {}
        self._codes: dict[str, ModuleCode] = {}  # by module id: what was opened by net.spawn
        self._items: dict[str, Item] = {}
        self.deliveries: list[Delivery] = []
        self._queue: deque[Delivery] = deque()

    # From outside

    def spawn(
        self, process_id: str | None, owner: str, flat: tuple[str, ...], data: str, code: ModuleCode
    ) -> tuple[str, Json]:
        """Make a process that trusts the messenger and evaluate its first message; its id and the result."""
        if process_id is not None and process_id in self._processes:
            raise bad_request(f"process: {process_id} is taken in this net")
        module_id = _module_id(code)
        tree = self._modules.tree(code)
        if ("Authority", MESSENGER_ID) not in zip(flat[::2], flat[1::2], strict=True):
            flat += ("Authority", MESSENGER_ID)
        for name, value in (*_PROCESS_TAGS, ("Module", module_id), ("Scheduler", SCHEDULER_ID)):
            if find_tag(flat, name) is None:
                flat += (name, value)
        message = self._signed(owner, owner, "", data, flat)
        identity = process_id or message.id
        message = message._replace(id=identity, target=identity)
        self._codes[module_id] = code
        process = NetProcess(identity, owner, flat, module_id, tree, tree.root, hash_chain=self._first_link(identity))
        self._processes[identity] = process
        delivery = Delivery(self._publish(message), identity, evaluated=True)
        self.deliveries.append(delivery)
        return identity, self._evaluate(process, delivery.item).result

    def send(
        self, sender: str, target: str, data: str | None, flat: tuple[str, ...], *, sent_for: str | None, forged: bool
    ) -> str:
        """Queue a message of a wallet, or one that is sent for a process; its id.

        One for a process comes from that process and is signed by the messenger. A forged one is
        signed by somebody who had no right to: the sender itself when it is for another process, else
        a stranger.
        """
        owner = sender
        if sent_for is not None:
            owner = sender if forged else MESSENGER_ID
            flat += ("From-Process", sent_for)
        if forged and owner in (sent_for or sender, MESSENGER_ID):  # who may sign it
            owner = address_of("stranger", self._seed)
        message = self._signed(sent_for or sender, owner, target, data, flat)
        self._enqueue(self._publish(message), target)
        return message.id

    def cron(self, target: str, data: str | None, flat: tuple[str, ...]) -> str:
        """Queue a cron message; its id, which the process does not see."""
        owner = self.process(target).owner
        message = self._signed(owner, owner, target, data, flat)
        self._enqueue(self._publish(message, cron=True), target)
        return message.id

    def evaluate(self, process_id: str, code: str) -> Sent:
        """Evaluate Lua in a process at once, as its owner's Eval; what it sends is queued."""
        process = self.process(process_id)
        message = self._signed(process.owner, process.owner, process.id, code, ("Action", "Eval"))
        return self._evaluate(process, Item(message))

    def run(self, evaluations_max: int) -> Iterator[tuple[Delivery, Sent]]:
        """Evaluate what waits, and what that causes, first in, first out."""
        done = 0
        while self._queue and done < evaluations_max:
            delivery = self._queue.popleft()
            process = self._processes.get(delivery.to)
            if process is None:
                continue  # it is kept, not evaluated
            delivery.evaluated = True
            done += 1
            yield delivery, self._evaluate(process, delivery.item)

    def is_idle(self) -> bool:
        """Whether nothing waits for a process."""
        return not any(delivery.to in self._processes for delivery in self._queue)

    def reorder(self, process_id: str, wanted: list[str]) -> None:
        """Give what waits for a process another order; the places of what waits for others stay."""
        self.process(process_id)
        places = [at for at, delivery in enumerate(self._queue) if delivery.to == process_id]
        waiting = [self._queue[at] for at in places]
        ordered = []
        for identity in wanted:
            at = next((at for at, each in enumerate(waiting) if each.item.message.id == identity), None)
            if at is None:
                raise bad_request(f"messages: {identity} does not wait for {process_id}, or not that often")
            ordered.append(waiting.pop(at))
        if waiting:
            raise bad_request(f"messages: {waiting[0].item.message.id} waits too; the new order names all that wait")
        for at, delivery in zip(places, ordered, strict=True):
            self._queue[at] = delivery

    # Looking

    def process(self, process_id: str) -> NetProcess:
        """A process. Refuses an id that is none."""
        if process_id not in self._processes:
            raise unknown("process", process_id)
        return self._processes[process_id]

    def waiting(self, process_id: str) -> list[str]:
        """The ids of what waits for a process, in order."""
        self.process(process_id)
        return [delivery.item.message.id for delivery in self._queue if delivery.to == process_id]

    def item(self, identity: str) -> Item | None:
        """A message by its id."""
        return self._items.get(identity)

    def items(self) -> Iterator[Item]:
        """All messages, oldest first."""
        return iter(self._items.values())

    # Inside

    def _signed(self, sender: str, owner: str, target: str, data: str | None, flat: tuple[str, ...]) -> Message:
        self._inputs += 1
        return signed(sender, owner, target, data, flat, cause=f"seed {self._seed}", number=self._inputs)[0]

    def _first_link(self, process_id: str) -> str:
        return address_of("log", self._seed, process_id)

    def _publish(self, message: Message, *, cron: bool = False) -> Item:
        item = self._items[message.id] = Item(message, cron)
        return item

    def _enqueue(self, item: Item, to: str) -> None:
        delivery = Delivery(item, to)
        self.deliveries.append(delivery)
        self._queue.append(delivery)

    def _evaluate(self, process: NetProcess, item: Item) -> Sent:
        message = item.message
        process.hash_chain = address_of(process.hash_chain, message.id)
        call = Call(json_text(self._message_of(process, item)), json_text(_env_of(process)), NO_FILES)
        if not item.cron:
            process.nonce += 1
        try:
            after, answer = process.tree.evaluate(process.state, call)
        except ModuleFailed as problem:
            return Sent({"Error": problem.value}, problem.value)
        except OutOfMemory as problem:
            return Sent({"Error": str(problem)}, str(problem))
        try:
            result = json.loads(answer)
        except RecursionError:
            return Sent({"Error": _TOO_DEEP}, _TOO_DEEP)
        if not isinstance(result, dict):
            process.state = after
            return Sent({"Output": result})
        if is_failure(result.get("Error")):
            return Sent(result, result["Error"])
        process.state = after
        return self._route(process, message, result)

    def _message_of(self, process: NetProcess, item: Item) -> Json:
        """A message as the scheduler hands it to a process."""
        shown = item_json(item)
        shown |= {
            "Timestamp": self.clock.now_ms,
            "Block-Height": self.clock.height,
            "Cron": item.cron,
            "Read-Only": False,
        }
        if item.cron:
            del shown["Id"]
        else:
            shown |= {"Nonce": process.nonce, "Epoch": 0, "Hash-Chain": process.hash_chain}
        return shown

    def _route(self, process: NetProcess, message: Message, result: Json) -> Sent:
        """Queue what a process asked for: messages, then spawns, then assignments."""
        sent = Sent(result)
        chain = Chain(message.pushed_for or message.id, process.hash_chain, 0)
        for number, entry in enumerate(_entries(result, "Messages")):
            asked = _outgoing(entry)
            if not asked.target and not asked.problem:
                asked = asked._replace(problem="it has no Target")
            if asked.problem:
                sent.undelivered.append(f"message {number + 1}: {asked.problem}")
                continue
            target = asked.target or ""
            letter, _ = pushed(asked, target, process.id, process.module_id, chain.pushed_for, chain.cause, number)
            self._enqueue(self._publish(letter), target)
            sent.messages.append(letter.id)
        for number, entry in enumerate(_entries(result, "Spawns")):
            self._route_spawn(process, _outgoing(entry), chain, number, sent)
        for entry in _entries(result, "Assignments"):
            self._route_assignment(entry, sent)
        return sent

    def _route_spawn(self, parent: NetProcess, asked: Outgoing, chain: Chain, number: int, sent: Sent) -> None:
        if asked.problem:
            sent.undelivered.append(f"spawn {number + 1}: {asked.problem}")
            return
        message, _ = spawned(asked, parent.id, SCHEDULER_ID, chain, number)
        module_id = find_tag(message.flat, "Module", "") or ""
        tree = self._modules.tree(self._code_of(module_id))
        child = message.id
        # The runtime sees the parent as the owner; who signed it is the messenger.
        self._processes[child] = NetProcess(
            child, parent.id, message.flat, module_id, tree, tree.root, hash_chain=self._first_link(child)
        )
        self._enqueue(self._publish(message), child)
        notice, _ = spawned_notice(asked.flat, child, parent.id, chain._replace(cause=child))
        self._enqueue(self._publish(notice), parent.id)

    def _code_of(self, module_id: str) -> ModuleCode:
        known = self._codes.get(module_id)
        return known or ModuleCode(profile=profile_named(module_id) or profile_of(module_id))

    def _route_assignment(self, entry: Json, sent: Sent) -> None:
        identity, targets = entry.get("Message"), entry.get("Processes")
        item = self._items.get(identity) if isinstance(identity, str) else None
        if item is None:
            sent.undelivered.append(f"no message {identity!r} to assign")
            return
        for target in targets if isinstance(targets, list) else ():
            self._enqueue(item, str(target))


def item_json(item: Item) -> Json:
    """A message as a data item: its own fields, without those of an evaluation."""
    message = item.message
    shown: Json = {"Id": message.id, "From": message.sender, "Owner": message.owner, "Target": message.target}
    if message.data is not None:
        shown["Data"] = message.data
    shown["Tags"] = [{"name": tag.name, "value": tag.value} for tag in message.tags]
    if message.anchor:
        shown["Anchor"] = message.anchor
    if message.owner == MESSENGER_ID and message.sender != MESSENGER_ID:
        shown["Forwarded-By"] = message.owner
    return shown


def _module_id(code: ModuleCode) -> str:
    if code.lua is None and not code.boot:
        return code.profile.module_id
    return address_of("module", code.profile.name, code.lua or "", *(part for pair in code.boot for part in pair))


def _env_of(process: NetProcess) -> Json:
    tags = [{"name": name, "value": value} for name, value in tag_pairs(process.flat)]
    module_tags = [{"name": name, "value": value} for name, value in _MODULE_TAGS]
    return {
        "Process": {"Id": process.id, "Owner": process.owner, "Tags": tags},
        "Module": {"Id": process.module_id, "Owner": SCHEDULER_ID, "Tags": module_tags},
    }


def _entries(result: Json, name: str) -> list[Json]:
    found = result.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _outgoing(entry: Json) -> Outgoing:
    """What a process asked for; the network signs texts only."""
    problem = ""
    texts: dict[str, str | None] = {}
    for name in ("Target", "Data", "Anchor"):
        value = entry.get(name)
        if value is not None and not isinstance(value, str):
            problem = f"its {name} is no text: {value!r}"
        texts[name] = value if isinstance(value, str) else None
    tags = []
    for tag in entry["Tags"] if isinstance(entry.get("Tags"), list) else ():
        pair: tuple[Any, Any] = (tag.get("name"), tag.get("value")) if isinstance(tag, dict) else (None, None)
        tag_name, value = pair
        if not isinstance(tag_name, str) or not isinstance(value, str):
            problem = f"its tag {tag_name!r} is no text: {value!r}"
        tags.append((str(tag_name), str(value)))
    return Outgoing(texts["Target"], texts["Data"], texts["Anchor"] or "", flat_tags(tags), problem)
