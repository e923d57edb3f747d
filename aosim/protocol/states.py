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

    __slots__ = ("__weakref__", "left", "number", "packed", "parent", "tree", "without_image")

    def __init__(self, tree: Tree, number: int, parent: Node | None = None, packed: Call | None = None) -> None:
        self.tree = tree
        self.number = number
        self.parent = parent
        self.packed = packed
        self.left = 0  # how often a runtime moved on from here
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

    def take(self, node: Node) -> T | None:
        """Take it off."""
        return self._drop(node.number)

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
    runtime_bytes_max: int = 512 * 2**20
    image_bytes_max: int = 128 * 2**20
    spacing: int = 64  # calls between the images that are left behind where calls are repeated
    worth: int = 4  # repeated calls that are worth an image at once


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
        self.root = Node(self, store.next_number())

    def evaluate(self, node: Node, call: Call) -> tuple[Node, bytes]:
        """Evaluate a call in a state: the state after it, and the result as JSON in UTF-8.

        The state it began with is what it was. Raises ModuleFailed when the module threw; then there
        is no state after it.
        """
        while True:
            runtime = self._runtime_at(node)
            try:
                answer = runtime.answer(call)
            except Spoilt:
                continue
            after = Node(self, self._store.next_number(), node, self._packer.pack(call))
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
            node = Node(self, self._store.next_number(), node, self._packer.pack(call))
        return node

    def _runtime_at(self, node: Node) -> Runtime:
        """A runtime in this state, which nobody else has."""
        while True:
            try:
                return self._moved_to(node)
            except Spoilt:
                continue

    def _moved_to(self, node: Node) -> Runtime:
        """The nearest of those that can be had, moved on to a node."""
        runtimes, images = self._store.runtimes, self._store.images
        way = []
        for step in _way_up(node):
            way.append(step)
            if step in runtimes or step in images:
                break
        base = way.pop()
        # Without another copy a runtime is used up by moving it, wherever to: the nearest one repeats the least.
        runtime = runtimes.take(base)
        if runtime is None:
            image = images.look(base)
            runtime = self._maker.fresh() if image is None else self._maker.revive(image)
        self._leave(base, runtime, ending=base is node, since_image=None)
        done = 0
        while way:
            step = way.pop()
            self._repeat(runtime, step)
            done += 1
            if self._leave(step, runtime, ending=step is node, since_image=done):
                done = 0
        return runtime

    def _repeat(self, runtime: Runtime, step: Node) -> None:
        assert step.packed is not None  # only the root has none, and the way down begins there at the earliest
        try:
            runtime.answer(self._packer.unpack(step.packed))
        except ModuleFailed as problem:
            raise BorderError(f"a message that was answered before fails when it is repeated: {problem}") from problem
        self._store.repeated += 1

    def _leave(self, node: Node, runtime: Runtime, *, ending: bool, since_image: int | None) -> bool:
        """A runtime is about to move on. The second time that happens to a node an image may be worth its price.

        `ending` is where the way to a state ends, from where a new call is evaluated; `since_image`
        counts the calls since the last image, where that is known. Whether an image was taken.
        """
        node.left += 1
        if node.left < 2 or node.parent is None or node.without_image or node in self._store.images:
            return False
        if since_image is None:
            since_image = self._distance(node)
        room = self._store.room
        if since_image < room.spacing and not (ending and (since_image >= room.worth or node.left > 2)):
            return False
        image = runtime.image()
        if image is None:
            node.without_image = True
            return False
        self._store.images.put(node, image, len(image))
        return True

    def _distance(self, node: Node) -> int:
        """How many calls a node is away from an image or the root, as far as that matters."""
        for distance, step in enumerate(_way_up(node)):
            if step in self._store.images or distance >= self._store.room.spacing:
                return distance
        return distance


def _way_up(node: Node) -> Iterator[Node]:
    step: Node | None = node
    while step is not None:
        yield step
        step = step.parent
