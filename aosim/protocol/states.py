"""The tree of states: every state a module has been in can be gone on from, at any time.

A state is a node: its parent and the call that led from there to here. Runtimes stand at some nodes,
and images of others are kept; any other state is made again from the nearest of them, by repeating
the calls in between. Nodes are small; nobody but a handle, a child, or an instance that goes on from
there keeps one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import ref

from aosim.errors import BorderError
from aosim.luavm.module import ModuleCode, ModuleFailed
from aosim.protocol.runtimes import Call, Maker, Packer, Runtime, Spoilt

T = TypeVar("T")


class Node:
    """A state. `number` is its place in the order in which states were made, over all trees of a store."""

    __slots__ = ("__weakref__", "number", "packed", "paid", "parent", "tree", "weight", "without_image")

    def __init__(
        self, tree: Tree, number: int, parent: Node | None = None, packed: Call | None = None, weight: int = 0
    ) -> None:
        self.tree = tree
        self.number = number
        self.parent = parent
        self.packed = packed
        self.weight = weight  # of the call, in ordinary ones
        self.paid = 0  # what has been repeated to get here again
        self.without_image = False  # it has been tried


class Shelf(Generic[T]):
    """Things that hang on nodes and go with them. When they are too many, or too large, the longest unused go."""

    def __init__(self, *, count_max: int, bytes_max: int) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._things: OrderedDict[int, tuple[T, int, ref[Node]]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._things)

    def __contains__(self, node: Node) -> bool:
        return node.number in self._things

    def put(self, node: Node, thing: T, size_bytes: int) -> None:
        """Hang a thing on a node; it is the last that goes."""
        self.take(node)
        number = node.number
        self._things[number] = (thing, size_bytes, ref(node, lambda _: self._drop(number)))
        self.size_bytes += size_bytes
        while len(self._things) > self._count_max or (self.size_bytes > self._bytes_max and len(self._things) > 1):
            self._drop(next(iter(self._things)))

    def look(self, node: Node) -> T | None:
        """What hangs on a node; it is in use."""
        found = self._things.get(node.number)
        if found is None:
            return None
        self._things.move_to_end(node.number)
        return found[0]

    def size_of(self, node: Node) -> int:
        """How large the thing is that hangs on a node; 0 when there is none."""
        found = self._things.get(node.number)
        return 0 if found is None else found[1]

    def take(self, node: Node) -> T | None:
        """Take it off."""
        return self._drop(node.number)

    def forget(self, tree: Tree) -> None:
        """Take everything off that hangs on nodes of a tree."""
        for number, (_, _, place) in list(self._things.items()):
            node = place()
            if node is None or node.tree is tree:
                self._drop(number)

    def _drop(self, number: int) -> T | None:
        found = self._things.pop(number, None)
        if found is None:
            return None
        self.size_bytes -= found[1]
        return found[0]


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a store may keep beside its nodes."""

    runtimes_max: int = 32
    runtime_bytes_max: int = 256 * 2**20
    image_bytes_max: int = 128 * 2**20
    # What things cost, in ordinary calls, as measured:
    image_price: int = 18  # of a small one
    image_bytes_per_call: int = 1_000  # what a larger one costs in addition, both when it is taken and when it is used
    revival_price: int = 23  # of a runtime from a small image
    birth_price: int = 6  # of a fresh one
    spacing: int = 32  # between the images that are left behind on a long way


class Store:
    """What all trees share: the numbers of nodes, the runtimes that stand somewhere, the images."""

    def __init__(self, room: Room | None = None) -> None:
        self.room = room or Room()
        self.runtimes: Shelf[Runtime] = Shelf(count_max=self.room.runtimes_max, bytes_max=self.room.runtime_bytes_max)
        self.images: Shelf[bytes] = Shelf(count_max=2**31, bytes_max=self.room.image_bytes_max)
        self.nodes_made = 0
        self.repeated = 0  # calls that were evaluated again to reach a state

    def next_number(self) -> int:
        self.nodes_made += 1
        return self.nodes_made


class Tree:
    """All states of one module. Its root is the fresh state."""

    def __init__(self, maker: Maker, store: Store, code: ModuleCode) -> None:
        self.code = code
        self._maker = maker
        self._store = store
        self._packer = Packer()
        self._image_bytes = 0  # of the last one taken
        self.root = Node(self, store.next_number())

    def evaluate(self, node: Node, call: Call) -> tuple[Node, bytes]:
        """Evaluate a call in a state: the state after it, and the result as JSON in UTF-8.

        The state it began with is what it was. Raises ModuleFailed when the module threw; then there
        is no state after it.
        """
        while True:
            try:
                runtime = self._moved_to(node)
                answer = runtime.answer(call)
            except Spoilt:  # so are all others that lack the same
                self._store.runtimes.forget(self)
                self._store.images.forget(self)
                continue
            after = Node(self, self._store.next_number(), node, self._packer.pack(call), _weight(call))
            self._store.runtimes.put(after, runtime, runtime.size_bytes())
            return after, answer

    def calls_to(self, node: Node) -> list[Call]:
        """What led to a state, from the beginning."""
        packed = [step.packed for step in _way_up(node) if step.packed is not None]
        return [self._packer.unpack(call) for call in reversed(packed)]

    def follow(self, calls: list[Call]) -> Node:
        """The state after calls that have been evaluated elsewhere; nothing is evaluated yet."""
        node = self.root
        for call in calls:
            node = Node(self, self._store.next_number(), node, self._packer.pack(call), _weight(call))
        return node

    def _moved_to(self, node: Node) -> Runtime:
        """A runtime in this state, which nobody else has: the one that is had with the least work, moved on."""
        way = self._way_from_base(node)
        base = way.pop()
        room = self._store.room
        repeated = sum(step.weight for step in way)
        node.paid += repeated
        price = room.image_price + self._image_bytes // room.image_bytes_per_call
        spacing = max(room.spacing, 2 * price)
        wanted = node.paid >= price and not node.without_image
        runtime = self._leaving(base, imageable=wanted or repeated >= spacing)
        since_image = 0
        while way:
            step = way.pop()
            self._repeat(runtime, step)
            since_image += step.weight
            if since_image >= spacing or (wanted and step is node):
                self._take_image(step, runtime)
                since_image = 0
        return runtime

    def _way_from_base(self, node: Node) -> list[Node]:
        """The steps to a node, the last one first; the first one is where it is best to begin."""
        room = self._store.room
        way: list[Node] = []
        distance, least, length = 0, 2**62, 0
        for step in _way_up(node):
            if distance >= least:
                break
            way.append(step)
            if step in self._store.runtimes:
                cost = distance
            elif step in self._store.images:
                bytes_ = self._store.images.size_of(step)
                cost = distance + room.revival_price + bytes_ // room.image_bytes_per_call
            elif step.parent is None:
                cost = distance + room.birth_price
            else:
                cost = 2**62
            if cost < least:
                least, length = cost, len(way)
            distance += step.weight
        return way[:length]

    def _leaving(self, base: Node, *, imageable: bool) -> Runtime:
        """A runtime in the state of a base: one that stands there, one from its image, a fresh one at the root."""
        runtime = self._store.runtimes.take(base)
        if runtime is not None:
            return runtime
        image = self._store.images.look(base)
        return self._maker.fresh(imageable=imageable) if image is None else self._maker.revive(image)

    def _repeat(self, runtime: Runtime, step: Node) -> None:
        assert step.packed is not None  # only the root has none, and nobody comes there from elsewhere
        try:
            runtime.answer(self._packer.unpack(step.packed))
        except ModuleFailed as problem:
            raise BorderError(f"a message that was answered before fails when it is repeated: {problem}") from problem
        self._store.repeated += 1

    def _take_image(self, node: Node, runtime: Runtime) -> None:
        if node.without_image or not runtime.imageable or node in self._store.images:
            return
        image = runtime.image()
        if image is None:
            node.without_image = True
        else:
            self._store.images.put(node, image, len(image))
            self._image_bytes = len(image)


def _way_up(node: Node) -> Iterator[Node]:
    step: Node | None = node
    while step is not None:
        yield step
        step = step.parent


def _weight(call: Call) -> int:
    """How much work a call is, roughly, in ordinary calls. A large message is code to be loaded, or data."""
    return 1 + len(call.message) // 2048
